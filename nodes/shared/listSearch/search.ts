import type {
	ILoadOptionsFunctions,
	INodeListSearchItems,
	INodeListSearchResult,
} from 'n8n-workflow';

import { pages } from '../api';

/** Pages looked through for one answer to the editor: 1,000 entries, an eighth of the reads of a minute. */
const MOST_PAGES = 10;
/** Matches that fill the list in the editor, so that it can be scrolled for more. */
const ENOUGH = 20;

/**
 * Entries for the list of a resource locator. The API has no search, so the pages are looked through here.
 *
 * @param filter what the user typed; upper and lower case are the same
 * @param cursor where the answer before this one ended
 * @param toItem an entry as it stands in the list
 * @param textsOf what of an entry is searched
 */
export async function search(
	context: ILoadOptionsFunctions,
	path: string,
	{ filter = '', cursor }: { filter?: string; cursor?: string },
	toItem: (entry: Record<string, unknown>) => INodeListSearchItems,
	textsOf: (entry: Record<string, unknown>) => unknown[],
): Promise<INodeListSearchResult> {
	const wanted = filter.trim().toLowerCase();
	const results: INodeListSearchItems[] = [];
	let looked = 0;
	for await (const { entries, next } of pages(context, { path }, { cursor })) {
		const matching = entries.filter((entry) =>
			textsOf(entry).join('\n').toLowerCase().includes(wanted),
		);
		results.push(...matching.map(toItem));
		looked += 1;
		if (next === undefined || results.length >= ENOUGH || looked === MOST_PAGES) {
			return { results, paginationToken: next };
		}
	}
	return { results };
}
