import type { IDataObject } from 'n8n-workflow';

/**
 * The text and the author's name of a testimonial as one key: two testimonials with the same key count as the same content. White space,
 * case and Unicode's variants of a character do not matter.
 *
 * @param testimonial a request body or a testimonial from the API (assumption A3)
 */
export function contentKey({ text, author }: IDataObject): string {
	return JSON.stringify([
		normalized(text),
		normalized((author as IDataObject | null | undefined)?.name),
	]);
}

function normalized(text: unknown): string {
	return typeof text === 'string'
		? text.normalize('NFKC').replace(/\s+/g, ' ').trim().toLowerCase()
		: '';
}

/**
 * The number of fields that a testimonial has exactly as they were sent. When several testimonials have the same {@link contentKey}, the
 * highest number tells which of them a row most likely became.
 */
export function matchingFields(sent: IDataObject, testimonial: IDataObject): number {
	return Object.entries(sent).reduce((count, [field, value]) => {
		const other = testimonial[field];
		if (isObject(value)) return count + (isObject(other) ? matchingFields(value, other) : 0);
		return count + Number(JSON.stringify(value) === JSON.stringify(other));
	}, 0);
}

function isObject(value: unknown): value is IDataObject {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}
