import type { ILoadOptionsFunctions, INodeListSearchResult } from 'n8n-workflow';

import { search } from '../../shared/listSearch/search';

const MAX_QUOTE_LENGTH = 60;

/** The testimonials of the account, each as `Ana López (approved): "I signed three clients…"`. The name comes first, because the editor cuts off long lines. */
export async function searchTestimonials(
	this: ILoadOptionsFunctions,
	filter?: string,
	cursor?: string,
): Promise<INodeListSearchResult> {
	return await search(
		this,
		'/v1/testimonials',
		{ filter, cursor },
		(testimonial) => ({ name: labelOf(testimonial), value: String(testimonial.id) }),
		({ id, text, author }) => [id, text, ...Object.values(author ?? {})],
	);
}

function labelOf({ id, text, type, status, author }: Record<string, unknown>): string {
	const { name } = (author ?? {}) as { name?: string };
	const content =
		typeof text === 'string' && text.trim() !== '' ? `"${shortened(text)}"` : String(type ?? id);
	return `${name || 'Unnamed'}${status ? ` (${String(status)})` : ''}: ${content}`;
}

function shortened(text: string): string {
	const line = [...text.replace(/\s+/g, ' ').trim()];
	return line.length > MAX_QUOTE_LENGTH
		? `${line.slice(0, MAX_QUOTE_LENGTH).join('').trimEnd()}…`
		: line.join('');
}
