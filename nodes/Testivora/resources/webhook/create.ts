import { request } from '../../../shared/api';
import { endpointSchema } from '../../../shared/schemas';
import type { Operation } from '../operation';
import { optionalFieldsOf } from '../parameters';
import { endpointOf, eventsField, secretField, statusField, urlField } from './fields';
import { withWebhookApi, withoutSecrets } from './webhookApi';

export const create: Operation = {
	option: {
		name: 'Create',
		value: 'create',
		action: 'Create webhook',
		description:
			'Register an address that Testivora sends events to. A Testivora Trigger registers its own.',
	},
	fields: [
		{ ...urlField, required: true },
		{ ...eventsField, required: true },
		{
			displayName: 'Additional Fields',
			name: 'additionalFields',
			type: 'collection',
			placeholder: 'Add Field',
			default: {},
			options: [
				{
					...secretField,
					description: `${secretField.description} Without one, Testivora makes it and shows it under Settings → Webhooks.`,
				},
				statusField,
			],
		},
	],

	async execute(context, itemIndex) {
		const body = await endpointOf(
			context,
			{
				url: context.getNodeParameter('url', itemIndex, '') ?? '',
				events: context.getNodeParameter('events', itemIndex, []) ?? [],
				...optionalFieldsOf(context, 'additionalFields', itemIndex),
			},
			itemIndex,
		);
		const creating = request(
			context,
			{ method: 'POST', path: '/v1/webhooks', body, itemIndex },
			endpointSchema,
		);
		return withoutSecrets(
			await withWebhookApi(context, creating, { itemIndex, isCollection: true }),
		);
	},
};
