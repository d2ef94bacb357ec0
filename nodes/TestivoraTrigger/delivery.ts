import type {
	IDataObject,
	INodeParameters,
	IWebhookFunctions,
	IWebhookResponseData,
} from 'n8n-workflow';

import { webhookSecretsOf } from '../shared/credential';
import { toItem, whenContentIsRead } from '../shared/eventItem';
import { whyUnwanted } from '../shared/filters';
import { DELETED, eventSchema, firstIssue } from '../shared/schemas';
import type { TestivoraEvent } from '../shared/schemas';
import { filtersOf } from '../shared/triggerFields';
import { MAX_AGE_MS, memoryOf, MIN_INTERVAL_MS } from './processMemory';
import type { CredentialSecrets, WebhookMemory } from './processMemory';
import { MESSAGES } from './messages';
import { deriveSecret } from './secrets';
import { findSecret, isUsable, readSignatures } from './signature';
import type { Headers, Signed } from './signature';
import { newer, readSlot, signingSecretsOf, timeAfter, webhookName, writeSlot } from './slot';
import type { Slot } from './slot';

/** The answer to a delivery that does not start the workflow. Of the delivery it repeats only the event's ID, shortened. */
interface Answer {
	status: number;
	body: IDataObject;
	headers?: Record<string, string>;
}

const DEFAULT_TOLERANCE_S = 300;

/** Seconds after which the sender may try again. */
const RETRY_AFTER_S = 5;

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
		sample?: string;
	};
	const tolerance = toleranceOf(
		evaluated(webhook, options.tolerance, (saved) => optionsIn(saved).tolerance),
	);

	// Verify, first without a secret. Whatever is verified comes from Testivora.
	const signatures = readSignatures(request.headers as Headers, Date.now() / 1000, tolerance);
	if (typeof signatures === 'string') {
		// A sample looks for this n8n's address with unsigned requests.
		const isSearch = signatures === 'unsigned' && isTest(webhook) && options.sample === 'latest';
		return refuse(webhook, 401, MESSAGES[signatures], { level: isSearch ? 'debug' : 'warn' });
	}
	const known = knowledgeOf(webhook);
	const verdict = await verify(webhook, known, signatures, body);
	if (verdict === 'unreadable') return putOff(webhook);
	if (verdict !== 'verified') {
		const isRepairable = verdict === 'mismatch' && isAutomatic(webhook);
		return refuse(webhook, 401, MESSAGES[verdict], {
			log: isRepairable ? 'refusedMismatch' : 'refused',
		});
	}

	// Parse.
	const event = parse(webhook, body);
	if (typeof event === 'string') return refuse(webhook, 400, MESSAGES.notAnEvent(event));

	// Filter.
	const why = whyIgnored(webhook, event);
	if (why) return ignore(webhook, event, why);

	// The sender timed out and will retry, perhaps against another process: the event must not run in both.
	if (webhook.getResponseObject().destroyed) return abandon(webhook);

	const simplify = evaluated(
		webhook,
		webhook.getNodeParameter('simplify', true) as boolean,
		(saved) => saved.simplify,
	);
	const items = [[toItem(event, simplify)]];
	// A test ends with its first event, and the next test may well get the same one.
	if (isTest(webhook)) return { workflowData: items, webhookResponse: accepted(event) };

	// Deduplicate.
	const deduplicate = evaluated(
		webhook,
		options.deduplicate,
		(saved) => optionsIn(saved).deduplicate,
	);
	const ledger = deduplicate === false ? undefined : known.memory.ledger;
	ledger?.merge(known.slot.seen);
	// n8n ends its response even where the sender has hung up, so that this tells when n8n is done with the delivery.
	const response = webhook.getResponseObject();
	const standing = ledger?.begin(event.id, Date.now(), () => response.writableEnded);
	if (standing === 'known') return duplicate(webhook, event);
	if (standing === 'accepting') return busy(webhook, event);
	whenContentIsRead(items[0], () => ledger?.hold(event.id));

	// Emit. n8n reads the acknowledgement after it has stored the execution and right before it saves static data. Only then is the event
	// remembered, so a retry of a delivery for which n8n stored no execution is no duplicate.
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
	// Outside tests, not the path of the request, which a sender may spell in several ways. In tests, n8n gives the production URL.
	const url = isTest(webhook)
		? webhook.getRequestObject().path
		: String(webhook.getNodeWebhookUrl('default'));
	const name = webhookName(webhook.getNode(), url);
	const slot = readSlot(webhook.getWorkflowStaticData('global'), webhook.getNode(), name);
	return { name, memory: memoryOf(webhook.getWorkflow().id, name), slot };
}

/**
 * Verifies a delivery with the secrets of the registration and, only where none matches, with those that follow from the credential.
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
	// In the manual set-up a person registers the endpoint, so a registration here is an old one.
	const registration = setup === 'automatic' ? memory.newest(slot.registration) : undefined;
	const known = registration && findSecret(signatures, body, signingSecretsOf(registration));
	if (registration && known) {
		const isRenewed = registration.former !== undefined && known === registration.derived;
		memory.registration = isRenewed
			? { ...registration, former: undefined, registeredAt: timeAfter(registration) }
			: registration;
		return 'verified';
	}

	const read = async () => await credentialSecrets(webhook, name);
	try {
		let secrets = (await memory.secrets(MAX_AGE_MS, read))[setup];
		let secret = findSecret(signatures, body, secrets);
		if (secret === undefined) {
			// The credential may have been changed since.
			const fresh = (await memory.secrets(MIN_INTERVAL_MS, read))[setup];
			if (fresh !== secrets) secret = findSecret(signatures, body, fresh);
			secrets = fresh;
		}
		if (secret === undefined)
			return [...signingSecretsOf(registration), ...secrets].some(isUsable)
				? 'mismatch'
				: 'noSecret';
		if (setup === 'automatic') memory.learn(secret, slot.registration);
		return 'verified';
	} catch (error) {
		webhook.logger.warn(MESSAGES.credentialUnreadable((error as Error).message));
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
	// A sample (see sample.ts) is signed with the derived secret of the test URL, in the manual set-up too.
	return {
		automatic,
		manual: [...webhookSecretsOf(credential), ...(isTest(webhook) ? automatic : [])],
	};
}

/**
 * Stores the accepted event, and the registration where static data has lost it or holds an older one.
 *
 * @param seen the ledger's text; undefined where events are not deduplicated
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

/** The body of a request whose content type n8n leaves unread; empty where something else has read it. */
async function unreadBodyOf(
	request: ReturnType<IWebhookFunctions['getRequestObject']>,
): Promise<Buffer> {
	await request.readRawBody().catch(() => undefined);
	return request.rawBody ?? Buffer.alloc(0);
}

/**
 * The value of a field that takes no expressions any more. Of an expression that was saved with version 0.1.0, n8n 2 loads the text
 * without its "=". n8n 1 gives the result; a text in it may be a sender's, and must not be evaluated again.
 *
 * @param savedIn reads the field in the node as n8n has loaded it
 */
function evaluated<Value>(
	webhook: IWebhookFunctions,
	value: Value,
	savedIn: (parameters: INodeParameters) => unknown,
): Value {
	const isUntouched = typeof value === 'string' && savedIn(webhook.getNode().parameters) === value;
	return isUntouched ? (webhook.evaluateExpression(value) as Value) : value;
}

function optionsIn({ options }: INodeParameters): INodeParameters {
	return (options ?? {}) as INodeParameters;
}

/** The default for anything but a number of seconds, which would leave the replay window open. */
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

/** Whether n8n has parsed the body as UTF-8, as is done here. The content type is not signed and may name another charset. */
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

/** Keeps an answer small, whatever the ID. Those of Testivora are shorter. */
function shortened(id: string): string {
	return id.slice(0, 64);
}

/** @param log the message under which the log repeats the answer */
function refuse(
	webhook: IWebhookFunctions,
	status: 400 | 401,
	message: string,
	{
		log = 'refused',
		level = 'warn',
	}: { log?: 'refused' | 'refusedMismatch'; level?: 'debug' | 'warn' } = {},
): IWebhookResponseData {
	webhook.logger[level](MESSAGES[log](String(status), message));
	return answer(webhook, { status, body: { received: false, message } });
}

/** The credential may be readable again when the sender retries. */
function putOff(webhook: IWebhookFunctions): IWebhookResponseData {
	debug(webhook, 'put off, as its signature cannot be verified right now');
	return answer(webhook, {
		status: 503,
		body: { received: false, message: MESSAGES.unverifiable },
		headers: { 'Retry-After': String(RETRY_AFTER_S) },
	});
}

/** @param why for the log alone: the sender is not told which filters the workflow has */
function ignore(
	webhook: IWebhookFunctions,
	{ id }: TestivoraEvent,
	why: string,
): IWebhookResponseData {
	debug(webhook, `ignored, as ${why}`);
	return answer(webhook, {
		status: 200,
		body: { received: true, event: shortened(id), ignored: true, message: MESSAGES.unwanted },
	});
}

function duplicate(webhook: IWebhookFunctions, { id }: TestivoraEvent): IWebhookResponseData {
	debug(webhook, 'ignored, as the event was received before');
	return answer(webhook, {
		status: 200,
		body: { received: true, event: shortened(id), duplicate: true, message: MESSAGES.duplicate },
	});
}

function busy(webhook: IWebhookFunctions, { id }: TestivoraEvent): IWebhookResponseData {
	debug(webhook, 'put off, as the same event is being received right now');
	return answer(webhook, {
		status: 503,
		body: { received: false, event: shortened(id), message: MESSAGES.accepting },
		headers: { 'Retry-After': String(RETRY_AFTER_S) },
	});
}

function abandon(webhook: IWebhookFunctions): IWebhookResponseData {
	debug(webhook, 'dropped, as its sender hung up before n8n came to it and will send it again');
	return { noWebhookResponse: true };
}

function debug(webhook: IWebhookFunctions, what: string): void {
	webhook.logger.debug(`Testivora Trigger: a delivery was ${what}`);
}

/** Answers directly, because n8n sends every answer of a node with status 200. Starts no execution. */
function answer(
	webhook: IWebhookFunctions,
	{ status, body, headers = {} }: Answer,
): IWebhookResponseData {
	webhook.getResponseObject().set(headers).status(status).json(body);
	return { noWebhookResponse: true };
}
