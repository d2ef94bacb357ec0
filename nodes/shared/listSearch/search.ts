import type {
	ILoadOptionsFunctions,
	INodeListSearchItems,
	INodeListSearchResult,
} from 'n8n-workflow';

import { pages } from '../api';

/** Pages of a list read for one answer to the editor: 1,000 entries, a twelfth of the reads that a minute allows. */
const MAX_PAGES = 10;
/** Matches that fill the list in the editor, so that it can be scrolled for more. */
const MIN_RESULTS = 20;

/**
 * Entries for the list of a resource locator. The API has no search, so the pages are searched here.
 *
 * @param filter what the user typed
 * @param cursor where the answer before this one ended
 * @param toItem how the list shows an entry
 * @param textsOf the texts of an entry that are searched
 * @param isListed whether an entry belongs to the list
 */
export async function search(
	context: ILoadOptionsFunctions,
	path: string,
	{ filter, cursor }: { filter?: string; cursor?: string },
	toItem: (entry: Record<string, unknown>) => INodeListSearchItems,
	textsOf: (entry: Record<string, unknown>) => unknown[],
	isListed: (entry: Record<string, unknown>) => boolean = () => true,
): Promise<INodeListSearchResult> {
	const results: INodeListSearchItems[] = [];
	let pagesRead = 0;
	for await (const { entries, next } of pages(context, { path }, { cursor })) {
		const matching = entries.filter((entry) => isListed(entry) && isMatch(textsOf(entry), filter));
		results.push(...matching.map(toItem));
		pagesRead += 1;
		if (next === undefined || results.length >= MIN_RESULTS || pagesRead === MAX_PAGES) {
			return { results, paginationToken: next };
		}
	}
	return { results };
}

/** Whether one of the texts contains what the user typed; case does not matter. */
export function isMatch(texts: unknown[], filter = ''): boolean {
	return texts.join('\n').toLowerCase().includes(filter.trim().toLowerCase());
}
