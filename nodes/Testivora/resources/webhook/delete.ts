import { request, segment } from '../../../shared/api';
import type { Operation } from '../operation';
import { idOf } from '../parameters';
import { webhookIdField, withWebhookApi } from './endpoint';

export const remove: Operation = {
	option: {
		name: 'Delete',
		value: 'delete',
		action: 'Delete webhook',
		description: 'Delete a webhook endpoint for good. To pause it, update its status instead.',
	},
	fields: [webhookIdField],

	async execute(context, itemIndex) {
		const id = idOf(context, 'webhookId', 'Webhook', itemIndex);
		const asking = request(context, {
			method: 'DELETE',
			path: `/v1/webhooks/${segment(id)}`,
			itemIndex,
		});
		await withWebhookApi(context, asking, { itemIndex });
		return { deleted: true };
	},
};
