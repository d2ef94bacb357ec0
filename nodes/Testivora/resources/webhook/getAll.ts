import { list } from '../../../shared/api';
import { checkInput } from '../../../shared/errors';
import { endpointSchema, endpointStatusInput } from '../../../shared/schemas';
import type { Operation } from '../operation';
import { limitOf, listFields, optionalFieldsOf, take } from '../parameters';
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
					description: 'Only endpoints with this status: active or disabled',
				},
			],
		},
	],

	async execute(context, itemIndex) {
		const limit = limitOf(context, itemIndex);
		const { status } = optionalFieldsOf(context, 'filters', itemIndex);
		const query = status
			? { status: checkInput(endpointStatusInput, status, 'Status', context.getNode(), itemIndex) }
			: {};
		const endpoints = list(context, { path: '/v1/webhooks', query, itemIndex }, { atMost: limit, schema: endpointSchema });
		const taken = await withWebhookApi(context, take(endpoints, limit), { itemIndex, isCollection: true });
		return taken.map(withoutSecrets);
	},
};
