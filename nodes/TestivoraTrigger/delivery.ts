import type { IDataObject, IWebhookFunctions, IWebhookResponseData } from 'n8n-workflow';

import { webhookSecretsOf } from '../shared/credential';
import { toItem } from '../shared/eventItem';
import { whyUnwanted } from '../shared/filters';
import { eventSchema } from '../shared/schemas';
import type { TestivoraEvent } from '../shared/schemas';
import { firstIssue } from '../shared/errors';
import { filtersOf } from '../shared/triggerFields';
import { ledgerOf } from './ledger';
import { verify } from './signature';
import type { Headers } from './signature';
import { findSlot, slotOf } from './slot';
import type { Slot } from './slot';

/** The answer to a delivery that does not start the workflow. Nothing stands in it but the event's id, shortened. */
interface Answer {
	status: number;
	body: IDataObject;
	headers?: Record<string, string>;
	/** For n8n's log: a refusal at warn level, anything else at debug level. */
	log: string;
}

const DEFAULT_TOLERANCE_S = 300;

/** Seconds after which the sender may try an event again that is being accepted right now. */
const RETRY_AFTER_S = 5;

const REFUSALS = {
	unsigned: 'This delivery is not signed.',
	malformed: 'The signature of this delivery cannot be read.',
	stale: 'This delivery was signed too long ago, or the clocks of sender and receiver differ.',
	mismatch: 'The signature of this delivery does not match.',
	noSecret: 'No signing secret is known for this webhook.',
};

/**
 * One delivery, from bytes to items: verify → parse → want it? → seen it? → emit.
 *
 * Never throws for anything a sender can send: n8n would answer 500 and record a run that did not succeed.
 */
export async function receive(webhook: IWebhookFunctions): Promise<IWebhookResponseData> {
	const request = webhook.getRequestObject();
	const { headers, path } = request;
	const body = request.rawBody ?? (await unreadBodyOf(request));
	const slot = findSlot(webhook.getWorkflowStaticData('global'), path);

	// Verify. Everything after this line comes from Testivora.
	const options = webhook.getNodeParameter('options', {}) as { deduplicate?: boolean; tolerance?: number };
	const secrets = await secretsOf(webhook, slot);
	const verdict = verify(body, headers as Headers, secrets, Date.now() / 1000, toleranceOf(options.tolerance));
	if (!verdict.verified) return refuse(webhook, 401, REFUSALS[verdict.why]);

	// Parse.
	const parsed = parse(webhook, body);
	if (typeof parsed === 'string') return refuse(webhook, 400, `This is not a Testivora event: it ${parsed}.`);
	const event = parsed;

	// Want it?
	const why = whyIgnored(webhook, event);
	if (why) return ignore(webhook, event, why);

	// A sender that has hung up, tired of waiting, sends the event again, maybe to another process: it must not run for both.
	if (webhook.getResponseObject().destroyed) return abandon(webhook);

	// Seen it? A test is one delivery long: sending the same event again is what a person testing does.
	const items = [[toItem(event, webhook.getNodeParameter('simplify', true) as boolean)]];
	if (options.deduplicate === false || webhook.getMode() === 'manual') {
		return { workflowData: items, webhookResponse: accepted(event) };
	}
	const ledger = ledgerOf(`${webhook.getWorkflow().id}:${webhook.getNode().name}`);
	ledger.merge(slot?.seen);
	// n8n ends its answer also where the sender has hung up, and nobody hears it.
	const response = webhook.getResponseObject();
	const standing = ledger.begin(event.id, Date.now(), () => response.writableEnded);
	if (standing === 'known') return duplicate(webhook, event);
	if (standing === 'accepting') return busy(webhook, event);

	// Emit. n8n reads the acknowledgement after it has stored the execution and right before it saves static data: only then is
	// the event remembered, and a delivery that n8n did not take over is no duplicate when it comes again.
	return {
		workflowData: items,
		get webhookResponse() {
			// Set up by hand, a webhook has no slot before its first event.
			slotOf(webhook.getWorkflowStaticData('global'), path).seen = ledger.accept(event.id, Date.now());
			return accepted(event);
		},
	};
}

/** The bytes of a content type that n8n leaves unread; none where they cannot be had any more. */
async function unreadBodyOf(request: ReturnType<IWebhookFunctions['getRequestObject']>): Promise<Buffer> {
	await request.readRawBody().catch(() => undefined);
	return request.rawBody ?? Buffer.alloc(0);
}

/** The one secret of an endpoint this node registered, or those of the credential where a person did. */
async function secretsOf(webhook: IWebhookFunctions, slot: Slot | undefined): Promise<string[]> {
	if (webhook.getNodeParameter('setup', 'automatic') === 'automatic') return slot?.secret ? [slot.secret] : [];
	return webhookSecretsOf(await webhook.getCredentials('testivoraApi'));
}

/** Only a number of seconds counts: anything else would leave the window open. */
function toleranceOf(tolerance: unknown): number {
	return Number.isFinite(tolerance) && Number(tolerance) >= 0 ? Number(tolerance) : DEFAULT_TOLERANCE_S;
}

/** The event, or what is wrong with it. */
function parse(webhook: IWebhookFunctions, body: Buffer): TestivoraEvent | string {
	let json: unknown;
	try {
		json = isParsed(webhook) ? webhook.getBodyData() : JSON.parse(body.toString('utf8'));
	} catch {
		return 'is not JSON';
	}
	const checked = eventSchema.safeParse(json);
	return checked.success ? (json as TestivoraEvent) : firstIssue(checked.error);
}

/** Whether n8n has parsed these bytes already, just as it is done here: the header is not signed, and may name another charset. */
function isParsed(webhook: IWebhookFunctions): boolean {
	return /^application\/json(; *charset=utf-8)?$/i.test(webhook.getRequestObject().headers['content-type'] ?? '');
}

function whyIgnored(webhook: IWebhookFunctions, { event: name, data }: TestivoraEvent): string | undefined {
	const events = webhook.getNodeParameter('events', []) as string[];
	if (!events.includes(name)) return 'this workflow does not listen to such events';
	if (name === 'testimonial.deleted') return undefined;
	return whyUnwanted(data, filtersOf(webhook));
}

function accepted({ id }: TestivoraEvent): IDataObject {
	return { received: true, event: shortened(id) };
}

/** An answer stays small whatever the id is; those of Testivora are shorter. */
function shortened(id: string): string {
	return id.slice(0, 64);
}

function refuse(webhook: IWebhookFunctions, status: 400 | 401, message: string): IWebhookResponseData {
	return answer(webhook, { status, body: { received: false, message }, log: `refused with ${status}: ${message}` });
}

function ignore(webhook: IWebhookFunctions, { id }: TestivoraEvent, why: string): IWebhookResponseData {
	// Which filters the workflow has is not for the sender; the log says it.
	const body = { received: true, event: shortened(id), ignored: true, message: 'This workflow does not want this event.' };
	return answer(webhook, { status: 200, body, log: `ignored, as ${why}` });
}

function duplicate(webhook: IWebhookFunctions, { id }: TestivoraEvent): IWebhookResponseData {
	const body = { received: true, event: shortened(id), duplicate: true, message: 'This event was received before.' };
	return answer(webhook, { status: 200, body, log: 'ignored, as the event was received before' });
}

function busy(webhook: IWebhookFunctions, { id }: TestivoraEvent): IWebhookResponseData {
	return answer(webhook, {
		status: 503,
		body: { received: false, event: shortened(id), message: 'This event is being received right now.' },
		headers: { 'Retry-After': String(RETRY_AFTER_S) },
		log: 'put off, as the same event is being received right now',
	});
}

function abandon(webhook: IWebhookFunctions): IWebhookResponseData {
	webhook.logger.debug('Testivora Trigger: a delivery was dropped, as its sender hung up before n8n came to it and will send it again');
	return { noWebhookResponse: true };
}

/** Answers by hand, because n8n sends every answer of a node as 200, and starts no execution. */
function answer(webhook: IWebhookFunctions, { status, body, headers = {}, log }: Answer): IWebhookResponseData {
	const refused = status === 400 || status === 401;
	webhook.logger[refused ? 'warn' : 'debug'](`Testivora Trigger: a delivery was ${log}`);
	webhook.getResponseObject().set(headers).status(status).json(body);
	return { noWebhookResponse: true };
}
