import { z } from 'zod';

/**
 * What goes over the wire, and what users may type. Sources: the guide "Webhooks and API" for events, the API's
 * reference for the envelopes; assumptions are marked. Only what this package relies on is required, so a field that
 * Testivora adds or changes never makes a read fail. Answers of the API are validated here and passed on unchanged.
 */

/** Assumption A3: the statuses a testimonial can have. */
export const TESTIMONIAL_STATUSES = ['pending', 'approved', 'rejected'] as const;

/** Assumption A3: the kinds of testimonials. */
export const TESTIMONIAL_TYPES = ['text', 'video'] as const;

/** Assumption A1: the statuses of a webhook endpoint. */
export const ENDPOINT_STATUSES = ['active', 'disabled'] as const;

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
			// It may become a segment of a path, where these two mean another path.
			.refine((id) => id !== '.' && id !== '..', 'has an "id" that is a step in a path'),
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

/** A list's page (published). `has_more` is required: without it a list could be cut short unnoticed. */
export const pageSchema = z.object(
	{
		data: z.array(z.unknown(), { message: 'has no list in "data"' }),
		has_more: z.boolean({ message: 'does not say in "has_more" whether there is more' }),
		next_cursor: z.string({ message: 'has a "next_cursor" that is no text' }).nullish(),
	},
	{ message: 'is not an object' },
);

/** The error envelope (published). */
export const errorSchema = z.object({
	error: z.object({ type: z.string().optional(), message: z.string().optional() }).passthrough(),
});

const blank = (value: unknown) => (typeof value === 'string' ? value.trim() : value);

/** A text that must not be empty. */
export const textInput = z.preprocess(
	blank,
	z.string({ message: 'must be text' }).min(1, 'must not be empty'),
);

/** One of the known values, regardless of case. Other values pass, because only the API can say whether they exist. */
function optionInput(known: readonly string[]) {
	return textInput.transform((text) => known.find((value) => value === text.toLowerCase()) ?? text);
}

export const testimonialStatusInput = optionInput(TESTIMONIAL_STATUSES);
export const testimonialTypeInput = optionInput(TESTIMONIAL_TYPES);
export const endpointStatusInput = optionInput(ENDPOINT_STATUSES);

/** How much of a testimonial goes out to an AI model. */
export const outputInput = z.enum(['raw', 'selectedFields', 'simplified'], {
	message: 'must be raw, selectedFields or simplified',
});

const RATING = 'must be a whole number from 1 to 5';

/** A whole number from 1 to 5 (assumption A3), also as a string, which expressions and AI models often give. */
export const ratingInput = z.preprocess(
	(value) =>
		typeof value === 'string' && /^\s*\d+(\.0+)?\s*$/.test(value) ? Number(value) : value,
	z.number({ message: RATING }).int(RATING).min(1, RATING).max(5, RATING),
);

/** An absolute http or https address. */
export const urlInput = z.preprocess(
	blank,
	z
		.string({ message: 'must be a web address that begins with https://' })
		.refine(isWebAddress, 'must be a web address that begins with https://'),
);

/** An ID as one segment of a path: never empty, never a step up or to another path. */
export const idInput = z.preprocess(
	(value) => blank(Number.isSafeInteger(value) && Number(value) > 0 ? String(value) : value),
	z
		.string({ message: 'must be an ID' })
		.min(1, 'must not be empty')
		.max(255, 'must be an ID of at most 255 characters')
		.refine((id) => id !== '.' && id !== '..', 'must be an ID, not a path'),
);

/** A boolean, also as the string "true" or "false", which expressions often give. */
export const booleanInput = z.preprocess(
	(value) => {
		const text = typeof value === 'string' ? value.trim().toLowerCase() : value;
		return text === 'true' || text === 'false' ? text === 'true' : value;
	},
	z.boolean({ message: 'must be true or false' }),
);

const LIMIT = 'must be a whole number of at least 1';

/** The most entries of a list that are wanted. */
export const limitInput = z.preprocess(
	(value) => (typeof value === 'string' && value.trim() !== '' ? Number(value) : value),
	z.number({ message: LIMIT }).int(LIMIT).min(1, LIMIT),
);

const MAX_ITEMS = 'must be a whole number from 1 to 1,000';

/** How many items one execution may get at the most. */
export const maxItemsInput = z.preprocess(
	(value) => (typeof value === 'string' && value.trim() !== '' ? Number(value) : value),
	z.number({ message: MAX_ITEMS }).int(MAX_ITEMS).min(1, MAX_ITEMS).max(1_000, MAX_ITEMS),
);

const TEXTS = 'must be a comma-separated text or a list of texts';

/** Tags as a comma-separated text, a list of texts, or such a list as JSON; empty ones are dropped. */
export const tagsInput = z.preprocess(
	(value) => (typeof value === 'string' ? (jsonList(value) ?? value.split(',')) : value),
	z
		.array(z.string({ message: TEXTS }), { message: TEXTS })
		.transform((texts) => texts.map((text) => text.trim()).filter((text) => text !== '')),
);

/** Tags to filter by, in the forms of {@link tagsInput}: blanks alone are refused, as a filter by nothing would let everything pass. */
export const tagsFilterInput = tagsInput.refine(
	(tags) => tags.length > 0,
	'must hold at least one tag',
);

/** The events of a webhook endpoint, as a list or a comma-separated text; at least one. */
export const eventsInput = tagsInput.refine(
	(events) => events.length > 0,
	'must hold at least one event',
);

/** Kinds of testimonials to filter by, in the forms of {@link tagsInput}, regardless of case; at least one. */
export const testimonialTypesInput = tagsInput
	.refine((types) => types.length > 0, 'must hold at least one type')
	.transform((types) => types.map((type) => testimonialTypeInput.parse(type)));

/** Assumption A1: a signing secret that the user chose; long enough not to be guessed. */
export const secretInput = z.preprocess(
	blank,
	z
		.string({ message: 'must be text' })
		.regex(
			/^whsec_[\w+/-]{24,}={0,2}$/,
			'must be whsec_ and then base64 of at least 18 random bytes',
		),
);

/** AI models that are asked for a text give a list as a JSON string. */
function jsonList(text: string): unknown[] | undefined {
	if (!/^\s*\[/.test(text)) return undefined;
	try {
		const value: unknown = JSON.parse(text);
		return Array.isArray(value) ? value : undefined;
	} catch {
		return undefined;
	}
}

function isWebAddress(value: string): boolean {
	return URL.canParse(value) && /^https?:$/.test(new URL(value).protocol);
}
