import { request, segment } from '../../../shared/api';
import { endpointSchema } from '../../../shared/schemas';
import type { Operation } from '../operation';
import { idOf } from '../parameters';
import { webhookIdField } from './fields';
import { withWebhookApi, withoutSecrets } from './webhookApi';

export const get: Operation = {
	option: {
		name: 'Get',
		value: 'get',
		action: 'Get webhook by ID',
		description: 'Get one webhook endpoint: its URL, events and status, never its secret',
	},
	fields: [webhookIdField],

	async execute(context, itemIndex) {
		const id = idOf(context, 'webhookId', 'Webhook', itemIndex);
		const getting = request(
			context,
			{ method: 'GET', path: `/v1/webhooks/${segment(id)}`, itemIndex },
			endpointSchema,
		);
		return withoutSecrets(await withWebhookApi(context, getting, { itemIndex }));
	},
};
