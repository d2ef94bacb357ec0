import { z } from 'zod';

import { trimmed } from '../../shared/input';
import { ENDPOINT_STATUSES, TESTIMONIAL_STATUSES, TESTIMONIAL_TYPES } from '../../shared/schemas';
import { INPUT_FAULTS } from '../messages';

/**
 * Schemas for the fields of the action. They accept what expressions and AI models give for a field as well, such as the text "5" for a
 * number or a list as JSON.
 */

/** A text that must not be empty. */
export const textInput = z.preprocess(
	trimmed,
	z.string({ message: INPUT_FAULTS.text }).min(1, INPUT_FAULTS.empty),
);

/** One of the known values, in any case. Unknown values pass unchanged: Testivora may have added some since. */
function optionInput(known: readonly string[]) {
	return textInput.transform((text) => known.find((value) => value === text.toLowerCase()) ?? text);
}

export const testimonialStatusInput = optionInput(TESTIMONIAL_STATUSES);
export const testimonialTypeInput = optionInput(TESTIMONIAL_TYPES);
export const endpointStatusInput = optionInput(ENDPOINT_STATUSES);

/** How much of each testimonial an AI model gets. */
export const outputInput = z.enum(['raw', 'selectedFields', 'simplified'], {
	message: INPUT_FAULTS.output,
});

/** A whole number from 1 to 5 (assumption A3), or a text with one, such as "4" or "4.0". */
export const ratingInput = z.preprocess(
	(value) =>
		typeof value === 'string' && /^\s*\d+(\.0+)?\s*$/.test(value) ? Number(value) : value,
	z
		.number({ message: INPUT_FAULTS.rating })
		.int(INPUT_FAULTS.rating)
		.min(1, INPUT_FAULTS.rating)
		.max(5, INPUT_FAULTS.rating),
);

/** An absolute http or https address. */
export const urlInput = z.preprocess(
	trimmed,
	z.string({ message: INPUT_FAULTS.url }).refine(isWebAddress, INPUT_FAULTS.url),
);

/** A boolean, or the text "true" or "false" in any case. */
export const booleanInput = z.preprocess(
	(value) => {
		const text = typeof value === 'string' ? value.trim().toLowerCase() : value;
		return text === 'true' || text === 'false' ? text === 'true' : value;
	},
	z.boolean({ message: INPUT_FAULTS.switch }),
);

/** The maximum number of entries to return: a whole number of at least 1, or a text with one. */
export const limitInput = z.preprocess(
	(value) => (typeof value === 'string' && value.trim() !== '' ? Number(value) : value),
	z.number({ message: INPUT_FAULTS.limit }).int(INPUT_FAULTS.limit).min(1, INPUT_FAULTS.limit),
);

/** Tags as a comma-separated text, a list of texts, or such a list as JSON. Empty tags are dropped. */
export const tagsInput = z.preprocess(
	(value) => (typeof value === 'string' ? (jsonList(value) ?? value.split(',')) : value),
	z
		.array(z.string({ message: INPUT_FAULTS.texts }), { message: INPUT_FAULTS.texts })
		.transform((texts) => texts.map((text) => text.trim()).filter((text) => text !== '')),
);

/** Tags to filter by, in the forms of {@link tagsInput}. At least one, because an empty filter would let every testimonial pass. */
export const tagsFilterInput = tagsInput.refine((tags) => tags.length > 0, INPUT_FAULTS.noTag);

/** The events of a webhook endpoint, in the forms of {@link tagsInput}; at least one. */
export const eventsInput = tagsInput.refine((events) => events.length > 0, INPUT_FAULTS.noEvent);

/** Types of testimonials to filter by, in the forms of {@link tagsInput} and in any case; at least one. */
export const testimonialTypesInput = tagsInput
	.refine((types) => types.length > 0, INPUT_FAULTS.noType)
	.transform((types) => types.map((type) => testimonialTypeInput.parse(type)));

/** A signing secret chosen by the user (assumption A1), of at least 18 bytes (24 characters of base64), so that it cannot be guessed. */
export const secretInput = z.preprocess(
	trimmed,
	z.string({ message: INPUT_FAULTS.text }).regex(/^whsec_[\w+/-]{24,}={0,2}$/, INPUT_FAULTS.secret),
);

/** The list in a text that is JSON; undefined for any other text. AI models often give a list as JSON in a text field. */
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
