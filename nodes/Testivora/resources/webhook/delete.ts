import type { IExecuteFunctions } from 'n8n-workflow';

import { request, segment } from '../../../shared/api';
import { inputError, isMethodRefused } from '../../../shared/errors';
import { isSameWord } from '../../../shared/filters';
import { endpointSchema } from '../../../shared/schemas';
import { MESSAGES } from '../../messages';
import type { Operation } from '../operation';
import { idOf } from '../parameters';
import { webhookIdField } from './fields';
import { withWebhookApi } from './webhookApi';

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
		const path = `/v1/webhooks/${segment(id)}`;
		const deleting = request(context, { method: 'DELETE', path, itemIndex }).catch(
			async (error: unknown) => {
				if (isMethodRefused(error)) await disable(context, path, itemIndex);
				throw error;
			},
		);
		await withWebhookApi(context, deleting, { itemIndex });
		return { deleted: true };
	},
};

/**
 * Disables an endpoint that the API does not delete: an API that has webhooks may still refuse DELETE (assumption A1).
 *
 * @throws NodeOperationError that says so, once the endpoint is disabled; NodeApiError if the API does not have the endpoint or does not
 *   let it be changed either
 */
async function disable(context: IExecuteFunctions, path: string, itemIndex: number): Promise<void> {
	await request(context, { method: 'GET', path, itemIndex }, endpointSchema);
	const source = { method: 'PATCH', path, body: { status: 'disabled' }, itemIndex } as const;
	const { status } = await request(context, source, endpointSchema);
	if (!isSameWord(status, 'disabled')) return;
	throw inputError(
		context.getNode(),
		MESSAGES.webhookDisabled,
		'Until then nothing is sent to its URL.',
		itemIndex,
	);
}
