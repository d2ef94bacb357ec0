import type {
	IDataObject,
	ILoadOptionsFunctions,
	INodeListSearchItems,
	INodeListSearchResult,
} from 'n8n-workflow';

import { pages } from '../api';

/** Pages read for one answer to the editor: 1,000 entries, a twelfth of the reads that a minute allows. */
const MAX_PAGES = 10;
/** Matches that fill the list in the editor, so that it can be scrolled for more. */
const MIN_RESULTS = 20;

/** What to search. */
export interface Search {
	/** What the user typed; case does not matter. */
	filter?: string;
	/** Where the answer before this one ended. */
	cursor?: string;
	query?: IDataObject;
}

/**
 * Entries for the list of a resource locator. The API has no search, so the pages are searched here.
 *
 * @param toItem how the list shows an entry
 * @param textsOf the texts of an entry that are searched
 * @param isListed whether an entry belongs to the list
 */
export async function search(
	context: ILoadOptionsFunctions,
	path: string,
	{ filter = '', cursor, query }: Search,
	toItem: (entry: Record<string, unknown>) => INodeListSearchItems,
	textsOf: (entry: Record<string, unknown>) => unknown[],
	isListed: (entry: Record<string, unknown>) => boolean = () => true,
): Promise<INodeListSearchResult> {
	const wanted = filter.trim().toLowerCase();
	const results: INodeListSearchItems[] = [];
	let pagesRead = 0;
	for await (const { entries, next } of pages(context, { path, query }, { cursor })) {
		const matching = entries.filter(
			(entry) => isListed(entry) && textsOf(entry).join('\n').toLowerCase().includes(wanted),
		);
		results.push(...matching.map(toItem));
		pagesRead += 1;
		if (next === undefined || results.length >= MIN_RESULTS || pagesRead === MAX_PAGES) {
			return { results, paginationToken: next };
		}
	}
	return { results };
}
