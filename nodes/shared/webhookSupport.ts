import type { ZodTypeAny } from 'zod';

import { request } from './api';
import type { ApiRequest, Caller } from './api';
import { hasStatus, isWebhookApiMissing } from './errors';
import { accountSchema, pageSchema } from './schemas';

/** What to ask an API in order to learn whether it is there, and whether it has webhooks. */
const ACCOUNT = { path: '/v1/account' };
const WEBHOOKS = { path: '/v1/webhooks', query: { limit: 1 } };

/** Milliseconds that asking may take. */
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
	return await answers(caller, ACCOUNT, accountSchema, itemIndex);
}

/** Whether the API lists the webhooks of this account. */
export async function canListWebhooks(caller: Caller, itemIndex?: number): Promise<boolean> {
	return await answers(caller, WEBHOOKS, pageSchema, itemIndex);
}

async function answers(
	caller: Caller,
	source: Pick<ApiRequest, 'path' | 'query'>,
	schema: ZodTypeAny,
	itemIndex: number | undefined,
): Promise<boolean> {
	const deadline = Date.now() + ASKING_MS;
	return await request(caller, { method: 'GET', ...source, deadline, itemIndex }, schema).then(
		() => true,
		() => false,
	);
}
