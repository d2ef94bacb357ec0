import type { ILoadOptionsFunctions, INodeListSearchResult } from 'n8n-workflow';

import { search } from './search';

/** The spaces of the account, most recent first. */
export async function searchSpaces(
	this: ILoadOptionsFunctions,
	filter?: string,
	cursor?: string,
): Promise<INodeListSearchResult> {
	return await search(
		this,
		'/v1/spaces',
		{ filter, cursor },
		({ id, name }) => ({ name: String(name || id), value: String(id) }),
		({ id, name }) => [id, name],
	);
}
