import { list } from '../../../shared/api';
import { checkInput } from '../../../shared/errors';
import { endpointSchema, textInput } from '../../../shared/schemas';
import type { Operation } from '../operation';
import { collectionOf, isGiven, limitOf, listFields, take } from '../parameters';
import { statusOptions, withWebhookApi, withoutSecrets } from './endpoint';

export const getAll: Operation = {
	option: {
		name: 'Get Many',
		value: 'getAll',
		action: 'Get many webhooks',
		description: 'Get the webhook endpoints of the account: their URLs, events and status, never their secrets',
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
					description: 'Only endpoints with this status',
				},
			],
		},
	],

	async execute(context, itemIndex) {
		const limit = limitOf(context, itemIndex);
		const { status } = collectionOf(context, 'filters', itemIndex);
		const query = isGiven(status)
			? { status: checkInput(textInput, status, 'Status', context.getNode(), itemIndex) }
			: {};
		const endpoints = list(context, { path: '/v1/webhooks', query, itemIndex }, { atMost: limit, schema: endpointSchema });
		const taken = await withWebhookApi(context, take(endpoints, limit), { itemIndex, isCollection: true });
		return taken.map(withoutSecrets);
	},
};
