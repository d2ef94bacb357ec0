import type { ILoadOptionsFunctions, INodeListSearchResult } from 'n8n-workflow';

import { hasStatus } from '../../shared/errors';
import { isSameWord } from '../../shared/filters';
import { search } from '../../shared/listSearch/search';
import type { Search } from '../../shared/listSearch/search';

const MAX_QUOTE_LENGTH = 60;

/** Begins a cursor in the list of those that wait for approval, which comes first. */
const WAITING = 'pending ';

/**
 * The testimonials of the account, each as `Ana López (approved): "I signed three clients…"`. The name comes first, because the editor cuts
 * off long lines.
 *
 * Those that wait for approval come first, by a list of their own: the list of all may not show them (assumption A3).
 */
export async function searchTestimonials(
	this: ILoadOptionsFunctions,
	filter?: string,
	cursor = WAITING,
): Promise<INodeListSearchResult> {
	if (!cursor.startsWith(WAITING)) return await listed(this, { filter, cursor }, false);
	const waiting = await listed(
		this,
		{ filter, cursor: cursor.slice(WAITING.length) || undefined, query: { status: 'pending' } },
		true,
	).catch((error: Error): INodeListSearchResult => {
		// An API that does not know the status has nothing with it.
		if (hasStatus(error, 400, 422)) return { results: [] };
		throw error;
	});
	if (waiting.paginationToken)
		return { ...waiting, paginationToken: `${WAITING}${waiting.paginationToken}` };
	const rest = await listed(this, { filter }, false);
	return { ...rest, results: [...waiting.results, ...rest.results] };
}

/** The testimonials in a list that wait for approval, or all others in it. */
async function listed(
	context: ILoadOptionsFunctions,
	source: Search,
	isWaiting: boolean,
): Promise<INodeListSearchResult> {
	return await search(
		context,
		'/v1/testimonials',
		source,
		(testimonial) => ({ name: labelOf(testimonial), value: String(testimonial.id) }),
		({ id, text, author }) => [id, text, ...Object.values(author ?? {})],
		({ status }) => isSameWord(status, 'pending') === isWaiting,
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
