import { z } from 'zod';

import { trimmed } from '../../shared/input';
import { ENDPOINT_STATUSES, TESTIMONIAL_STATUSES, TESTIMONIAL_TYPES } from '../../shared/schemas';

/** What users, expressions and AI models may put into the fields of the action. */

/** A text that must not be empty. */
export const textInput = z.preprocess(
	trimmed,
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
	trimmed,
	z
		.string({ message: 'must be a web address that begins with https://' })
		.refine(isWebAddress, 'must be a web address that begins with https://'),
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
	trimmed,
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
