import { createHmac, randomUUID } from 'node:crypto';
import { sleep } from 'n8n-workflow';
import type { IDataObject, IHookFunctions, IN8nHttpFullResponse } from 'n8n-workflow';

import { pages } from '../shared/api';
import { inputError } from '../shared/errors';
import { newestOf, whyUnwanted } from '../shared/filters';
import { APPROVED, DELETED } from '../shared/schemas';
import { filtersOf } from '../shared/triggerFields';
import { isManual, registerEndpoint } from './endpoint';
import { deriveSecret } from './secrets';
import { webhookName } from './slot';

/**
 * Execute step with Options → Sample: the latest testimonial is delivered to the node's own test URL, signed as Testivora would. Nothing is
 * registered at Testivora, so no public address is needed.
 */

/** Pages of the list that are looked at, since its order is not published: 1,000 testimonials. */
const MAX_PAGES = 10;
/** The time to find a testimonial in, in milliseconds: n8n's editor waits. */
const BUDGET_MS = 10_000;
/** n8n puts the test webhook in place for good, and the editor begins to wait, once the lifecycle method is over. */
const HEAD_START_MS = 1_000;
const TRIES = 5;
const TIMEOUT_MS = 10_000;

/** Where n8n listens unless told otherwise: a public address may not lead from n8n back to itself. */
const LOCAL_ORIGIN = 'http://127.0.0.1:5678';

/** Whether this is a test that asks for a sample. */
export function wantsSample(hook: IHookFunctions): boolean {
	const { sample } = hook.getNodeParameter('options', {}) as { sample?: string };
	return sample === 'latest' && hook.getActivationMode() === 'manual';
}

/**
 * Starts the delivery of a sample, which comes after this has returned. Where there is none, registers the test URL as usual instead.
 *
 * @throws NodeOperationError or NodeApiError with what to do where neither is possible
 */
export async function prepareSample(hook: IHookFunctions): Promise<void> {
	const event = await sampleEvent(hook);
	if (!event) {
		hook.logger.info(
			'Testivora Trigger: there is no testimonial to show yet, so Execute step waits for the next event',
		);
		if (isManual(hook)) return;
		await registerEndpoint(hook).catch((error: Error) => {
			error.message = `There is no testimonial to show yet, and the next event cannot be waited for. ${error.message}`;
			throw error;
		});
		return;
	}
	const secret = await secretOf(hook);
	const url = await addressOf(hook);
	void deliver(hook, url, JSON.stringify(event), secret).catch((error: Error) => {
		hook.logger.warn(
			`Testivora Trigger: the sample was not taken (${error.message}). Click Execute step again.`,
		);
	});
}

/** The newest testimonial as the first chosen event that it can be, in the shape of a delivery; undefined where there is none. */
async function sampleEvent(hook: IHookFunctions): Promise<IDataObject | undefined> {
	const chosen = hook.getNodeParameter('events', []) as string[];
	const name = chosen.find((event) => event !== DELETED);
	if (name === undefined) return undefined;
	const filters = filtersOf(hook);
	const found: IDataObject[] = [];
	let read = 0;
	for await (const { entries } of pages(hook, {
		path: '/v1/testimonials',
		deadline: Date.now() + BUDGET_MS,
	})) {
		const fitting = (entries as IDataObject[]).filter(
			(entry) =>
				(name !== APPROVED || entry.status === 'approved') &&
				whyUnwanted(entry, filters) === undefined,
		);
		found.push(...fitting);
		read += 1;
		if (read === MAX_PAGES) break;
	}
	const newest = newestOf(found);
	if (!newest) return undefined;
	// As in a delivery: see the published sample of an event.
	const data: IDataObject = { ...newest };
	delete data.object;
	delete data.space_id;
	return {
		id: `sample_${randomUUID()}`,
		object: 'event',
		event: name,
		version: '1.0',
		created: new Date().toISOString(),
		attempt: 1,
		data,
	};
}

/** The secret of the test URL alone, also in the manual set-up: whoever sees a sample on its way cannot send it to the published workflow. */
async function secretOf(hook: IHookFunctions): Promise<string> {
	const { apiKey } = await hook.getCredentials('testivoraApi');
	return deriveSecret(apiKey, webhookName(hook.getNode(), urlOf(hook))) as string;
}

/**
 * The first address at which this node answers: as n8n gives it, or where n8n listens on its own machine.
 *
 * @throws NodeOperationError where it answers at none
 */
async function addressOf(hook: IHookFunctions): Promise<string> {
	const { origin, pathname } = new URL(urlOf(hook));
	const origins = [origin, ...originOf(hook.getInstanceBaseUrl()), LOCAL_ORIGIN];
	for (const candidate of new Set(origins)) {
		const url = `${candidate}${pathname}`;
		// Unsigned, so that the node refuses it and changes nothing.
		const { statusCode, body } = await post(hook, url, '{}', {}).catch(() => ({
			statusCode: 0,
			body: undefined,
		}));
		if (statusCode === 401 && (body as IDataObject | undefined)?.received === false) return url;
	}
	throw inputError(
		hook.getNode(),
		'This n8n does not reach itself, so a sample cannot be delivered',
		`Tried: ${[...new Set(origins)].join(', ')}. Set WEBHOOK_URL (N8N_WEBHOOK_URL from n8n 2.41 on) to an address of your n8n that leads to it from its own machine, too; or set Sample for Execute Step to Wait for the Next Event.`,
	);
}

function originOf(url: string): string[] {
	return URL.canParse(url) ? [new URL(url).origin] : [];
}

async function deliver(
	hook: IHookFunctions,
	url: string,
	body: string,
	secret: string,
): Promise<void> {
	for (let tries = 1; ; tries++) {
		await sleep(HEAD_START_MS);
		const seconds = Math.floor(Date.now() / 1000);
		const mac = createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex');
		const { statusCode } = await post(hook, url, body, {
			'Testivora-Signature': `t=${seconds},v1=${mac}`,
		});
		if (statusCode === 200) return;
		if (tries === TRIES) throw new Error(`answered with ${statusCode}`);
	}
}

async function post(
	hook: IHookFunctions,
	url: string,
	body: string,
	headers: Record<string, string>,
): Promise<IN8nHttpFullResponse> {
	return (await hook.helpers.httpRequest({
		method: 'POST',
		url,
		body,
		headers: { 'Content-Type': 'application/json', ...headers },
		timeout: TIMEOUT_MS,
		disableFollowRedirect: true,
		ignoreHttpStatusErrors: true,
		returnFullResponse: true,
	})) as IN8nHttpFullResponse;
}

function urlOf(hook: IHookFunctions): string {
	return hook.getNodeWebhookUrl('default') as string;
}
