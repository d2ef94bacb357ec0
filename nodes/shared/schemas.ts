import { z } from 'zod';
import type { ZodError } from 'zod';

/**
 * What Testivora sends. Sources: the guide "Webhooks and API" for events, the API's reference for the envelopes; assumptions are
 * marked. Only fields that this package relies on are required, so that no other change at Testivora makes a read fail.
 */

/** Assumption A3: the statuses a testimonial can have. */
export const TESTIMONIAL_STATUSES = ['pending', 'approved', 'rejected'] as const;

/** Assumption A3: the kinds of testimonials. */
export const TESTIMONIAL_TYPES = ['text', 'video'] as const;

/** Assumption A1: the statuses of a webhook endpoint. */
export const ENDPOINT_STATUSES = ['active', 'disabled'] as const;

/** The events that Testivora sends (published). The triggers' fields repeat them, as n8n's lint wants literals there; a test compares both. */
export const CREATED = 'testimonial.created';
export const APPROVED = 'testimonial.approved';
export const DELETED = 'testimonial.deleted';

/** A delivery's envelope (published). `attempt` counts from 1. */
export const eventSchema = z.object(
	{
		id: z
			.string({ message: 'must have an "id"' })
			.min(1, 'must have an "id"')
			.max(255, 'has an "id" of more than 255 characters'),
		event: z.string({ message: 'must name its "event"' }).min(1, 'must name its "event"'),
		data: z.object({}, { message: 'must have "data"' }),
	},
	{ message: 'is not an object' },
);

/** A webhook delivery's envelope; see {@link eventSchema}. */
export interface TestivoraEvent {
	id: string;
	event: string;
	created?: string;
	attempt?: number;
	data: Record<string, unknown>;
	[field: string]: unknown;
}

/** Anything with an ID: testimonials, spaces, walls. */
export const objectSchema = z.object(
	{
		id: z
			.string({ message: 'has no "id"' })
			.min(1, 'has an empty "id"')
			// An ID may become a segment of a path, where these two lead to another path.
			.refine((id) => id !== '.' && id !== '..', 'has "." or ".." for an "id"'),
	},
	{ message: 'is not an object' },
);

/** The account: published as tier, API access flag and usage, without the names of the fields. */
export const accountSchema = z.object({}, { message: 'is not an object' });

/** Assumption A1: a webhook endpoint. */
export const endpointSchema = objectSchema.and(
	z.object({
		url: z.string({ message: 'has no "url"' }),
		events: z.array(z.string(), { message: 'has no "events"' }),
		status: z.string({ message: 'has no "status"' }),
		secret: z.string().nullish(),
	}),
);

/** A webhook endpoint; see {@link endpointSchema}. */
export interface Endpoint {
	id: string;
	url: string;
	events: string[];
	status: string;
	secret?: string | null;
	[field: string]: unknown;
}

/** A page of a list (published). `has_more` is required: without it, a list could be cut short in silence. */
export const pageSchema = z.object(
	{
		data: z.array(z.unknown(), { message: 'has no list in "data"' }),
		has_more: z.boolean({ message: 'does not say in "has_more" whether there is more' }),
		next_cursor: z.string({ message: 'has a "next_cursor" that is not text' }).nullish(),
	},
	{ message: 'is not an object' },
);

/** The error envelope (published). */
export const errorSchema = z.object({
	error: z.object({ type: z.string().optional(), message: z.string().optional() }).passthrough(),
});

/** The first issue that a schema found, as the end of a sentence. */
export function firstIssue(error: ZodError): string {
	return error.issues[0]?.message ?? 'is not as expected';
}
