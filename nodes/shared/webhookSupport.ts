import { request } from './api';
import type { Caller } from './api';
import { hasStatus, isWebhookApiMissing } from './errors';
import { accountSchema } from './schemas';

/** Milliseconds that asking for the account may take. */
const ASKING_MS = 10_000;

/**
 * Whether the API of this account has no webhooks, as the error of a request below `/v1/webhooks` shows (assumption A1).
 *
 * A 404 or 405 without the API's error envelope may come from the API, too, where it does not know the path at all; or from something else
 * at a wrong Base URL. The account, whose path is published, tells which.
 */
export async function hasNoWebhooks(
	caller: Caller,
	error: unknown,
	itemIndex?: number,
): Promise<boolean> {
	if (isWebhookApiMissing(error)) return true;
	if (!hasStatus(error, 404, 405)) return false;
	const deadline = Date.now() + ASKING_MS;
	return await request(
		caller,
		{ method: 'GET', path: '/v1/account', deadline, itemIndex },
		accountSchema,
	).then(
		() => true,
		() => false,
	);
}
