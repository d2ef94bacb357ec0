import type { IDataObject } from 'n8n-workflow';

import type { Caller } from '../../../shared/api';
import { inputError, isGone, isMethodRefused } from '../../../shared/errors';
import { canListWebhooks, hasNoWebhooks } from '../../../shared/webhookSupport';
import { MESSAGES } from '../../messages';

/** A copy of an endpoint for the output, without secrets at any depth. */
export function withoutSecrets(endpoint: unknown): IDataObject {
	return JSON.parse(
		JSON.stringify(endpoint, (name, value: unknown) =>
			/secret/i.test(name) || (typeof value === 'string' && value.includes('whsec_'))
				? undefined
				: value,
		),
	) as IDataObject;
}

/**
 * Waits for a request about webhooks, and explains its error if the API has no webhooks (assumption A1).
 *
 * @param isCollection whether the request is to `/v1/webhooks` itself, where a 404 means that the API has no webhooks
 */
export async function withWebhookApi<Answer>(
	context: Caller,
	pending: Promise<Answer>,
	{ itemIndex, isCollection = false }: { itemIndex?: number; isCollection?: boolean } = {},
): Promise<Answer> {
	return await pending.catch(async (error: unknown) => {
		if (!isCollection && isMethodRefused(error) && (await canListWebhooks(context, itemIndex)))
			throw inputError(context.getNode(), MESSAGES.webhookRefused, undefined, itemIndex);
		if ((isCollection || !isGone(error)) && (await hasNoWebhooks(context, error, itemIndex))) {
			throw inputError(
				context.getNode(),
				MESSAGES.noWebhookApi,
				'Testivora Trigger works all the same: set its Webhook Setup to Manual.',
				itemIndex,
			);
		}
		// A 404 to one endpoint may mean that this endpoint is missing, or that the API has no webhooks at all.
		if (isGone(error)) {
			error.description = `${error.description} If the API of your account has no webhooks at all, manage endpoints in Testivora under Settings → Webhooks.`;
		}
		throw error;
	});
}
