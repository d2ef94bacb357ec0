import type { IDataObject, IWebhookFunctions, IWebhookResponseData } from 'n8n-workflow';

import { webhookSecretsOf } from '../shared/credential';
import { toItem } from '../shared/eventItem';
import { whyUnwanted } from '../shared/filters';
import { DELETED, eventSchema, firstIssue } from '../shared/schemas';
import type { TestivoraEvent } from '../shared/schemas';
import { filtersOf } from '../shared/triggerFields';
import { memoryOf } from './memory';
import type { CredentialSecrets, WebhookMemory } from './memory';
import { deriveSecret } from './secrets';
import { findSecret, isUsable, readSignatures } from './signature';
import type { Headers, Signed } from './signature';
import { newer, readSlot, secretsOf, webhookName, writeSlot } from './slot';
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

/** Seconds after which the sender may try again. */
const RETRY_AFTER_S = 5;

const REFUSALS = {
	unsigned: 'This delivery is not signed.',
	malformed: 'The signature of this delivery cannot be read.',
	stale: 'This delivery was signed too long ago, or the clocks of sender and receiver differ.',
	mismatch: 'The signature of this delivery does not match.',
	noSecret: 'No signing secret is known for this webhook.',
};

/** For n8n's log: publishing again gives the endpoint a secret that can be derived from the API key. */
const REPUBLISH =
	' If it came from Testivora, unpublish (deactivate) the workflow and publish (activate) it again.';

/**
 * Takes one delivery from bytes to items: verify → parse → filter → deduplicate → emit.
 *
 * Never throws for anything a sender can send: n8n would answer 500 and record a failed execution.
 */
export async function receive(webhook: IWebhookFunctions): Promise<IWebhookResponseData> {
	const request = webhook.getRequestObject();
	const body = request.rawBody ?? (await unreadBodyOf(request));
	const options = webhook.getNodeParameter('options', {}) as {
		deduplicate?: boolean;
		tolerance?: number;
	};
	const tolerance = toleranceOf(evaluated(webhook, options.tolerance));

	// Verify: first what needs no secret. Everything after the verification comes from Testivora.
	const signatures = readSignatures(request.headers as Headers, Date.now() / 1000, tolerance);
	if (typeof signatures === 'string') return refuse(webhook, 401, REFUSALS[signatures]);
	const known = knowledgeOf(webhook);
	const verdict = await verify(webhook, known, signatures, body);
	if (verdict === 'unreadable') return putOff(webhook);
	if (verdict !== 'verified') {
		return refuse(
			webhook,
			401,
			REFUSALS[verdict],
			verdict === 'mismatch' && isAutomatic(webhook) ? REPUBLISH : undefined,
		);
	}

	// Parse.
	const event = parse(webhook, body);
	if (typeof event === 'string')
		return refuse(webhook, 400, `This is not a Testivora event: it ${event}.`);

	// Filter.
	const why = whyIgnored(webhook, event);
	if (why) return ignore(webhook, event, why);

	// The sender timed out and will retry, perhaps against another process: the event must not run in both.
	if (webhook.getResponseObject().destroyed) return abandon(webhook);

	const items = [
		[toItem(event, evaluated(webhook, webhook.getNodeParameter('simplify', true) as boolean))],
	];
	// A test is one delivery long, and a person who tests sends the same event again.
	if (isTest(webhook)) return { workflowData: items, webhookResponse: accepted(event) };

	// Deduplicate.
	const ledger =
		evaluated(webhook, options.deduplicate) === false ? undefined : known.memory.ledger;
	ledger?.merge(known.slot.seen);
	// n8n ends its answer even where the sender has hung up.
	const response = webhook.getResponseObject();
	const standing = ledger?.begin(event.id, Date.now(), () => response.writableEnded);
	if (standing === 'known') return duplicate(webhook, event);
	if (standing === 'accepting') return busy(webhook, event);

	// Emit. n8n reads the acknowledgement after it has stored the execution and right before it saves static data. The event is
	// remembered only then, so a delivery that n8n did not take over is no duplicate when it is sent again.
	return {
		workflowData: items,
		get webhookResponse() {
			writeBack(webhook, known, ledger?.accept(event.id, Date.now()));
			return accepted(event);
		},
	};
}

/** What is known of the webhook that a delivery came to. */
interface Knowledge {
	name: string;
	memory: WebhookMemory;
	slot: Slot;
}

function knowledgeOf(webhook: IWebhookFunctions): Knowledge {
	// Not the path of the request, which a sender may spell in several ways; but n8n gives the production URL in tests, too.
	const url = isTest(webhook)
		? webhook.getRequestObject().path
		: String(webhook.getNodeWebhookUrl('default'));
	const name = webhookName(webhook.getNode(), url);
	const slot = readSlot(webhook.getWorkflowStaticData('global'), webhook.getNode(), name);
	return { name, memory: memoryOf(webhook.getWorkflow().id, name), slot };
}

/**
 * Verifies a delivery with the secrets of the registration, and only where those do not match with what the credential gives.
 *
 * @returns 'unreadable' where the credential cannot be read
 */
async function verify(
	webhook: IWebhookFunctions,
	{ name, memory, slot }: Knowledge,
	signatures: Signed[],
	body: Buffer,
): Promise<'verified' | 'mismatch' | 'noSecret' | 'unreadable'> {
	const setup = isAutomatic(webhook) ? 'automatic' : 'manual';
	// In the manual set-up a person registers the endpoint.
	const registration = setup === 'automatic' ? memory.newest(slot.registration) : undefined;
	if (registration && findSecret(signatures, body, secretsOf(registration))) {
		memory.registration = registration;
		return 'verified';
	}

	const read = async () => await credentialSecrets(webhook, name);
	try {
		let secrets = (await memory.recentSecrets(read))[setup];
		let secret = findSecret(signatures, body, secrets);
		if (secret === undefined) {
			secrets = (await memory.freshSecrets(read))[setup];
			secret = findSecret(signatures, body, secrets);
		}
		if (secret === undefined)
			return [...secretsOf(registration), ...secrets].some(isUsable) ? 'mismatch' : 'noSecret';
		if (setup === 'automatic') memory.learn(secret, slot.registration);
		return 'verified';
	} catch (error) {
		webhook.logger.warn(
			`Testivora Trigger: the credential could not be read (${(error as Error).message})`,
		);
		return 'unreadable';
	}
}

async function credentialSecrets(
	webhook: IWebhookFunctions,
	name: string,
): Promise<CredentialSecrets> {
	const credential = await webhook.getCredentials('testivoraApi');
	const derived = deriveSecret(credential.apiKey, name);
	const automatic = derived === undefined ? [] : [derived];
	// In the manual set-up, too, a sample is signed with the secret of the test URL.
	return {
		automatic,
		manual: [...webhookSecretsOf(credential), ...(isTest(webhook) ? automatic : [])],
	};
}

/**
 * Stores the accepted event, and the registration where n8n has overwritten it with an older one.
 *
 * @param seen the ledger's text; absent where events are not deduplicated
 */
function writeBack(
	webhook: IWebhookFunctions,
	{ name, memory, slot }: Knowledge,
	seen: string | undefined,
): void {
	const registration = isAutomatic(webhook)
		? newer(slot.registration, memory.registration)
		: slot.registration;
	if (seen === undefined && registration === slot.registration) return;
	writeSlot(webhook.getWorkflowStaticData('global'), webhook.getNode(), name, {
		registration,
		seen: seen ?? slot.seen,
	});
}

function isAutomatic(webhook: IWebhookFunctions): boolean {
	return webhook.getNodeParameter('setup', 'automatic') === 'automatic';
}

function isTest(webhook: IWebhookFunctions): boolean {
	return webhook.getMode() === 'manual';
}

/** The bytes of a content type that n8n leaves unread; none where they cannot be had any more. */
async function unreadBodyOf(
	request: ReturnType<IWebhookFunctions['getRequestObject']>,
): Promise<Buffer> {
	await request.readRawBody().catch(() => undefined);
	return request.rawBody ?? Buffer.alloc(0);
}

/**
 * The value of a field that takes no expressions, but did in version 0.1.0: n8n hands on one that was saved then as the text that follows
 * its "=".
 */
function evaluated<Value>(webhook: IWebhookFunctions, value: Value): Value {
	return typeof value === 'string' ? (webhook.evaluateExpression(value) as Value) : value;
}

/** Only a number of seconds counts: anything else would leave the window open. */
function toleranceOf(tolerance: unknown): number {
	return Number.isFinite(tolerance) && Number(tolerance) >= 0
		? Number(tolerance)
		: DEFAULT_TOLERANCE_S;
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
	return /^application\/json(; *charset=utf-8)?$/i.test(
		webhook.getRequestObject().headers['content-type'] ?? '',
	);
}

function whyIgnored(
	webhook: IWebhookFunctions,
	{ event: name, data }: TestivoraEvent,
): string | undefined {
	const events = webhook.getNodeParameter('events', []) as string[];
	if (!events.includes(name)) return 'this workflow does not listen to such events';
	if (name === DELETED) return undefined;
	return whyUnwanted(data, filtersOf(webhook));
}

function accepted({ id }: TestivoraEvent): IDataObject {
	return { received: true, event: shortened(id) };
}

/** An answer stays small whatever the id is; those of Testivora are shorter. */
function shortened(id: string): string {
	return id.slice(0, 64);
}

/** @param advice what the log says besides */
function refuse(
	webhook: IWebhookFunctions,
	status: 400 | 401,
	message: string,
	advice = '',
): IWebhookResponseData {
	return answer(webhook, {
		status,
		body: { received: false, message },
		log: `refused with ${status}: ${message}${advice}`,
	});
}

/** The credential may be readable again when the sender retries. */
function putOff(webhook: IWebhookFunctions): IWebhookResponseData {
	return answer(webhook, {
		status: 503,
		body: { received: false, message: 'This delivery cannot be verified right now.' },
		headers: { 'Retry-After': String(RETRY_AFTER_S) },
		log: 'put off, as its signature cannot be verified right now',
	});
}

function ignore(
	webhook: IWebhookFunctions,
	{ id }: TestivoraEvent,
	why: string,
): IWebhookResponseData {
	// Which filters the workflow has is not for the sender; the log says it.
	const body = {
		received: true,
		event: shortened(id),
		ignored: true,
		message: 'This workflow does not want this event.',
	};
	return answer(webhook, { status: 200, body, log: `ignored, as ${why}` });
}

function duplicate(webhook: IWebhookFunctions, { id }: TestivoraEvent): IWebhookResponseData {
	const body = {
		received: true,
		event: shortened(id),
		duplicate: true,
		message: 'This event was received before.',
	};
	return answer(webhook, { status: 200, body, log: 'ignored, as the event was received before' });
}

function busy(webhook: IWebhookFunctions, { id }: TestivoraEvent): IWebhookResponseData {
	return answer(webhook, {
		status: 503,
		body: {
			received: false,
			event: shortened(id),
			message: 'This event is being received right now.',
		},
		headers: { 'Retry-After': String(RETRY_AFTER_S) },
		log: 'put off, as the same event is being received right now',
	});
}

function abandon(webhook: IWebhookFunctions): IWebhookResponseData {
	webhook.logger.debug(
		'Testivora Trigger: a delivery was dropped, as its sender hung up before n8n came to it and will send it again',
	);
	return { noWebhookResponse: true };
}

/** Answers by hand, because n8n sends every answer of a node as 200, and starts no execution. */
function answer(
	webhook: IWebhookFunctions,
	{ status, body, headers = {}, log }: Answer,
): IWebhookResponseData {
	const refused = status === 400 || status === 401;
	webhook.logger[refused ? 'warn' : 'debug'](`Testivora Trigger: a delivery was ${log}`);
	webhook.getResponseObject().set(headers).status(status).json(body);
	return { noWebhookResponse: true };
}
