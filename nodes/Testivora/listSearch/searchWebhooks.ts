import type { ILoadOptionsFunctions, INodeListSearchResult } from 'n8n-workflow';

import { withWebhookApi } from '../resources/webhook/webhookApi';
import { search } from '../../shared/listSearch/search';

/** The webhook endpoints of the account, each as `https://example.com/hook (active)`. */
export async function searchWebhooks(
	this: ILoadOptionsFunctions,
	filter?: string,
	cursor?: string,
): Promise<INodeListSearchResult> {
	const searching = search(
		this,
		'/v1/webhooks',
		{ filter, cursor },
		({ id, url, status }) => ({
			name: `${String(url || id)}${status ? ` (${String(status)})` : ''}`,
			value: String(id),
		}),
		({ id, url }) => [id, url],
	);
	return await withWebhookApi(this, searching, { isCollection: true });
}
