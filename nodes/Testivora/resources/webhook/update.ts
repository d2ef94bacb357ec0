import { request, segment } from '../../../shared/api';
import { inputError } from '../../../shared/errors';
import { endpointSchema } from '../../../shared/schemas';
import { MESSAGES } from '../../messages';
import type { Operation } from '../operation';
import { changesOf, idOf } from '../parameters';
import {
	endpointOf,
	eventsField,
	secretField,
	statusField,
	urlField,
	webhookIdField,
} from './fields';
import { withWebhookApi, withoutSecrets } from './webhookApi';

export const update: Operation = {
	option: {
		name: 'Update',
		value: 'update',
		action: 'Update webhook',
		description:
			'Change the URL, events, status or secret of a webhook endpoint, for instance pause or resume it',
	},
	fields: [
		webhookIdField,
		{
			displayName: 'Update Fields',
			name: 'updateFields',
			type: 'collection',
			placeholder: 'Add Field',
			default: {},
			options: [eventsField, secretField, statusField, urlField],
		},
	],

	async execute(context, itemIndex) {
		const id = idOf(context, 'webhookId', 'Webhook', itemIndex);
		const body = await endpointOf(context, changesOf(context, itemIndex), itemIndex);
		if (Object.keys(body).length === 0) {
			throw inputError(
				context.getNode(),
				MESSAGES.nothingToUpdate,
				'Choose what to change under Update Fields. Fields whose expression gives nothing are left out.',
				itemIndex,
			);
		}
		const updating = request(
			context,
			{ method: 'PATCH', path: `/v1/webhooks/${segment(id)}`, body, itemIndex },
			endpointSchema,
		);
		return withoutSecrets(await withWebhookApi(context, updating, { itemIndex }));
	},
};
