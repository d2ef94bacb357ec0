import { createHmac, randomUUID } from 'node:crypto';
import { sleep } from 'n8n-workflow';
import type { IDataObject, IHookFunctions, IN8nHttpFullResponse } from 'n8n-workflow';

import { inputError, isTransient } from '../shared/errors';
import { newestOf, whyUnwanted } from '../shared/filters';
import { APPROVED, DELETED } from '../shared/schemas';
import { testimonials } from '../shared/testimonialList';
import { filtersOf } from '../shared/triggerFields';
import { isManual, registerEndpoint } from './endpoint';
import { MESSAGES } from './messages';
import { deriveSecret } from './secrets';
import { webhookName } from './slot';

/**
 * Execute step with Options → Sample for Execute Step → Latest Testimonial: delivers the latest testimonial to the node's own test URL,
 * signed as Testivora would sign it. Nothing is registered at Testivora, so no public address is needed.
 */

/** Testimonials that are read: the order of the list is not published, so the newest may be anywhere. */
const MAX_READ = 1_000;
/** Milliseconds that reading the list may take: n8n's editor waits. */
const BUDGET_MS = 10_000;
/**
 * Milliseconds before each delivery: only after the lifecycle method has returned does n8n finish registering the test webhook, and the
 * editor begin to wait.
 */
const HEAD_START_MS = 1_000;
const TRIES = 5;
const TIMEOUT_MS = 10_000;

/** Where n8n listens by default. Its public address may not be reachable from its own machine. */
const LOCAL_ORIGIN = 'http://127.0.0.1:5678';

/** Whether this is a test that asks for a sample. */
export function wantsSample(hook: IHookFunctions): boolean {
	const { sample } = hook.getNodeParameter('options', {}) as { sample?: string };
	return sample === 'latest' && hook.getActivationMode() === 'manual';
}

/**
 * Starts the delivery of a sample, which arrives after this has returned. Where there is none, registers the test URL as usual instead.
 *
 * @throws NodeOperationError or NodeApiError with what to do where neither is possible
 */
export async function prepareSample(hook: IHookFunctions): Promise<void> {
	const shown = eventsOf(hook).filter((name) => name !== DELETED);
	const event = await sampleEvent(hook, shown);
	if (!event) {
		hook.logger.info(shown.length > 0 ? MESSAGES.noSample : MESSAGES.noDeletionSample);
		if (isManual(hook)) return;
		await registerEndpoint(hook).catch((error: Error) => {
			error.message =
				shown.length > 0
					? MESSAGES.noSampleNorEvent(error.message)
					: MESSAGES.noDeletionSampleNorEvent(error.message);
			throw error;
		});
		return;
	}
	const secret = await secretOf(hook);
	const url = await addressOf(hook);
	void deliver(hook, url, JSON.stringify(event), secret).catch((error: Error) => {
		hook.logger.warn(MESSAGES.sampleNotTaken(error.message));
	});
}

/**
 * The newest testimonial in the shape of a delivery, as the first of the events that any testimonial fits.
 *
 * @param names of the events, deletions not among them
 * @returns undefined where there is none
 */
async function sampleEvent(
	hook: IHookFunctions,
	names: string[],
): Promise<IDataObject | undefined> {
	if (names.length === 0) return undefined;
	const matching = await matchingTestimonials(hook);
	for (const name of names) {
		const newest = newestOf(
			matching.filter(({ status }) => name !== APPROVED || status === 'approved'),
		);
		if (newest) return eventOf(name, newest);
	}
	return undefined;
}

/** The testimonials that pass the trigger's filters, of those that can be read in time. */
async function matchingTestimonials(hook: IHookFunctions): Promise<IDataObject[]> {
	const filters = filtersOf(hook);
	const found: IDataObject[] = [];
	const read = async () => {
		const deadline = Date.now() + BUDGET_MS;
		let count = 0;
		for await (const testimonial of testimonials(hook, { deadline })) {
			if (whyUnwanted(testimonial, filters) === undefined) found.push(testimonial);
			if (++count === MAX_READ) break;
		}
	};
	await read().catch((error: Error) => {
		if (found.length === 0 || !isTransient(error)) throw error;
	});
	return found;
}

/** An event as the guide "Webhooks and API" shows one: its testimonial has neither `object` nor `space_id`. */
function eventOf(name: string, testimonial: IDataObject): IDataObject {
	const data: IDataObject = { ...testimonial };
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

/** The secret of the test URL alone, in the manual set-up too: a sample that is intercepted must not start the published workflow. */
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
		// Unsigned, so that the node refuses it and nothing changes.
		const { statusCode, body } = await post(hook, url, '{}', {}).catch(() => ({
			statusCode: 0,
			body: undefined,
		}));
		if (statusCode === 401 && (body as IDataObject | undefined)?.received === false) return url;
	}
	throw inputError(
		hook.getNode(),
		MESSAGES.sampleUndeliverable,
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
	let mayBeTaken = false;
	for (let tries = 1; ; tries++) {
		await sleep(HEAD_START_MS);
		const seconds = Math.floor(Date.now() / 1000);
		const mac = createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex');
		const outcome = await post(hook, url, body, {
			'Testivora-Signature': `t=${seconds},v1=${mac}`,
		}).then(
			({ statusCode }) => {
				// n8n knows the test URL no longer once it has taken an event there.
				const isTaken = statusCode === 200 || (mayBeTaken && statusCode === 404);
				return isTaken ? undefined : `answered with ${statusCode}`;
			},
			// n8n may be too busy to answer itself in time.
			({ message }: Error) => {
				mayBeTaken = true;
				return message;
			},
		);
		if (outcome === undefined) return;
		if (tries === TRIES) throw new Error(outcome);
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

function eventsOf(hook: IHookFunctions): string[] {
	return hook.getNodeParameter('events', []) as string[];
}

function urlOf(hook: IHookFunctions): string {
	return hook.getNodeWebhookUrl('default') as string;
}
