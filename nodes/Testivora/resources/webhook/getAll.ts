import { list } from '../../../shared/api';
import { isSameWord } from '../../../shared/filters';
import { endpointSchema } from '../../../shared/schemas';
import { endpointStatusInput } from '../inputs';
import type { Endpoint } from '../../../shared/schemas';
import type { Operation } from '../operation';
import { limitOf, listFields, optionalStatusOf, take } from '../parameters';
import { statusOptions } from './fields';
import { withWebhookApi, withoutSecrets } from './webhookApi';

export const getAll: Operation = {
	option: {
		name: 'Get Many',
		value: 'getAll',
		action: 'Get many webhooks',
		description:
			'Get the webhook endpoints of the account: their URLs, events and status, never their secrets',
	},
	fields: [
		...listFields,
		{
			displayName: 'Filters',
			name: 'filters',
			type: 'collection',
			placeholder: 'Add Filter',
			default: {},
			options: [
				{
					displayName: 'Status',
					name: 'status',
					type: 'options',
					options: statusOptions,
					default: 'active',
					description: 'Only endpoints with this status: active or disabled',
				},
			],
		},
	],

	async execute(context, itemIndex) {
		const limit = limitOf(context, itemIndex);
		const status = optionalStatusOf(context, endpointStatusInput, itemIndex);
		const endpoints = list(
			context,
			{ path: '/v1/webhooks', query: { status }, itemIndex },
			// With a status, read full pages: any number of entries may have to be read to find enough that match.
			{ atMost: status === undefined ? limit : Infinity, schema: endpointSchema },
		);
		const taken = await withWebhookApi(context, take(withStatus(endpoints, status), limit), {
			itemIndex,
			isCollection: true,
		});
		return taken.map(withoutSecrets);
	},
};

/** The endpoints with this status, also if the API ignores the parameter (assumption A1). */
async function* withStatus(
	endpoints: AsyncIterable<Endpoint>,
	status: string | undefined,
): AsyncGenerator<Endpoint> {
	for await (const endpoint of endpoints) {
		if (status === undefined || isSameWord(endpoint.status, status)) yield endpoint;
	}
}
