import type { IDataObject } from 'n8n-workflow';

/**
 * What two testimonials of the same content have in common: the text and the author's name, white space and case aside.
 *
 * @param testimonial as it is sent or as the API gives it out (assumption A3)
 */
export function contentKey({ text, author }: IDataObject): string {
	return JSON.stringify([folded(text), folded((author as IDataObject | null | undefined)?.name)]);
}

function folded(text: unknown): string {
	return typeof text === 'string'
		? text.normalize('NFKC').replace(/\s+/g, ' ').trim().toLowerCase()
		: '';
}

/** In how many fields a testimonial is as it was sent. Tells rows apart that have the same {@link contentKey}. */
export function likeness(sent: IDataObject, testimonial: IDataObject): number {
	return Object.entries(sent).reduce((count, [field, value]) => {
		if (!isObject(value))
			return count + Number(JSON.stringify(value) === JSON.stringify(testimonial[field]));
		const other = testimonial[field];
		return count + (isObject(other) ? likeness(value, other) : 0);
	}, 0);
}

function isObject(value: unknown): value is IDataObject {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}
