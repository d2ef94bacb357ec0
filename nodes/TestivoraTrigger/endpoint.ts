import { NodeApiError, NodeOperationError } from 'n8n-workflow';
import type { IDataObject, IHookFunctions } from 'n8n-workflow';
import { z } from 'zod';

import { list, request, segment } from '../shared/api';
import { baseUrlOf } from '../shared/credential';
import { hasStatus, inputError, isGone, isOutcomeUnknown, isWebhookApiMissing } from '../shared/errors';
import { objectSchema } from '../shared/schemas';
import { memoryOf } from './memory';
import { deriveSecret, isSecret } from './secrets';
import { newer, readSlot, webhookName, writeSlot } from './slot';
import type { Registration } from './slot';
import { isSameUrl, whyUnreachable } from './webhookUrl';

/**
 * The endpoint at Testivora that belongs to one webhook URL: register, find, repair, remove.
 *
 * n8n calls these in orders and numbers that differ by version (twice, again after a fault, not at all after an import), so each looks at
 * what stands at Testivora and changes what differs from what is wanted. An endpoint is ours when its URL is this webhook's; static data
 * only gives hints. Routes and fields: assumption A1.
 */

const PATH = '/v1/webhooks';

/** n8n starts, or another main process takes over: nobody is there to repair a credential. */
const STARTUP_MODES = ['init', 'leadershipChange'];

/** Secrets kept of one registration: the derived one, the server's own, and those of a key that was changed meanwhile. */
const MAX_SECRETS = 4;

/**
 * Whether the endpoint stands as the node's parameters want it.
 *
 * At n8n's start, an endpoint that cannot be checked is taken as it was registered: a throw would make n8n's older engine delete it.
 */
export async function endpointStands(hook: IHookFunctions): Promise<boolean> {
	const registration = knownRegistration(hook);
	if (registration?.id === undefined) return false;
	try {
		const standing = await request(hook, { method: 'GET', path: pathOf(registration.id) }, objectSchema);
		return isAsWanted(standing, hook);
	} catch (error) {
		const { message } = error as Error;
		const isKept = STARTUP_MODES.includes(hook.getActivationMode()) && !isGone(error) && isSameUrl(registration.url, urlOf(hook));
		if (isKept) hook.logger.warn(`Testivora Trigger: the webhook endpoint could not be checked and is taken as it was (${message})`);
		else hook.logger.debug(`Testivora Trigger: the webhook endpoint is registered anew (${message})`);
		return isKept;
	}
}

/**
 * Makes the endpoint stand: repairs the one with this URL, or registers one. Never makes a second.
 *
 * @throws NodeOperationError with what to do where the URL cannot be reached, or the account has no webhook API
 */
export async function registerEndpoint(hook: IHookFunctions): Promise<void> {
	const url = urlOf(hook);
	if (eventsOf(hook).length === 0) throw inputError(hook.getNode(), 'Choose at least one event in Trigger On');
	const why = await whyNotGiven(hook);
	if (why) {
		throw inputError(
			hook.getNode(),
			`Testivora cannot reach this workflow: the webhook URL ${why}. Set the environment variable WEBHOOK_URL (N8N_WEBHOOK_URL from n8n 2.41 on) to the public https:// address of your n8n, restart n8n and try again; or use Testivora Poll Trigger, which needs no public address.`,
			`The webhook URL is ${url}. On a computer of your own, a tunnel gives it a public address.`,
		);
	}
	await withSetupAdvice(hook, repairOrCreate(hook));
}

/**
 * Removes every endpoint with this webhook's URL. One that is gone already is no fault.
 *
 * @throws NodeApiError only where trying again can mend it
 */
export async function removeEndpoint(hook: IHookFunctions): Promise<void> {
	await deleteAll(hook).then(
		() => remember(hook, undefined),
		(error: Error) => {
			if (isOutcomeUnknown(error)) throw error;
			// What is known stays: the endpoint may stand, and sign with a secret that only the registration names.
			const id = knownRegistration(hook)?.id;
			if (id === undefined && isWebhookApiMissing(error)) return;
			hook.logger.warn(
				`Testivora Trigger: the webhook endpoint could not be deleted (${error.message}). Delete it in Testivora under Settings → Webhooks; its URL is ${urlOf(hook)}`,
			);
		},
	);
}

/** Whether a person registers the endpoint in Testivora. */
export function isManual(hook: IHookFunctions): boolean {
	return hook.getNodeParameter('setup', 'automatic') === 'manual';
}

function urlOf(hook: IHookFunctions): string {
	return hook.getNodeWebhookUrl('default') as string;
}

function nameOf(hook: IHookFunctions): string {
	return webhookName(hook.getNode(), urlOf(hook));
}

function eventsOf(hook: IHookFunctions): string[] {
	return hook.getNodeParameter('events', []) as string[];
}

function pathOf(id: string): string {
	return `${PATH}/${segment(id)}`;
}

function knownRegistration(hook: IHookFunctions): Registration | undefined {
	const slot = readSlot(hook.getWorkflowStaticData('global'), hook.getNode(), nameOf(hook));
	return newer(slot.registration, memoryOf(hook.getWorkflow().id, nameOf(hook)).registration);
}

/** Keeps a registration in this process and in static data, with the events that deliveries have noted here meanwhile. */
function remember(hook: IHookFunctions, registration: Registration | undefined): void {
	const [staticData, name] = [hook.getWorkflowStaticData('global'), nameOf(hook)];
	const memory = memoryOf(hook.getWorkflow().id, name);
	memory.registration = registration;
	writeSlot(staticData, hook.getNode(), name, { registration, seen: memory.ledger.merge(readSlot(staticData, hook.getNode(), name).seen) });
}

function isAsWanted({ url, events, status }: IDataObject, hook: IHookFunctions): boolean {
	const sorted = (names: unknown) => (Array.isArray(names) ? [...new Set(names)].sort().join() : undefined);
	return isSameUrl(url, urlOf(hook)) && status === 'active' && sorted(events) === sorted(eventsOf(hook));
}

async function deleteAll(hook: IHookFunctions): Promise<void> {
	const known = knownRegistration(hook)?.id;
	// In the manual set-up, an endpoint at this URL is the user's, but for one that was registered before the set-up was changed.
	if (isManual(hook) && known === undefined) return;
	// Testivora was never given a URL that it cannot reach.
	if (known === undefined && (await whyNotGiven(hook))) return;
	for (const id of await endpointsHere(hook)) {
		if (!isManual(hook) || id === known) await deleteEndpoint(hook, id);
	}
}

async function repairOrCreate(hook: IHookFunctions): Promise<void> {
	const { apiKey } = await hook.getCredentials('testivoraApi');
	const known = knownRegistration(hook);
	const derived = deriveSecret(apiKey, nameOf(hook));
	const wanted = { url: urlOf(hook), events: eventsOf(hook), status: 'active', secret: derived };
	const note = (id: string, secrets: Array<string | undefined>) => {
		const unique = [...new Set(secrets)].filter((secret) => secret !== undefined).slice(0, MAX_SECRETS);
		remember(hook, { id, url: wanted.url, secrets: unique, registeredAt: Math.max(Date.now(), (known?.registeredAt ?? 0) + 1) });
	};

	let repaired: string | undefined;
	for (const id of await endpointsHere(hook)) {
		// Another one with the same URL would only deliver twice.
		if (repaired !== undefined) await deleteEndpoint(hook, id);
		else if (await isDone(request(hook, { method: 'PATCH', path: pathOf(id), body: wanted }))) repaired = id;
	}
	// Secrets of the same endpoint stay, because an API may ignore a new one.
	if (repaired !== undefined) return note(repaired, [derived, ...(repaired === known?.id ? known.secrets : [])]);

	const { id, secret } = await create(hook, wanted);
	note(id, [derived, secret]);
	if (secret === undefined || secret === derived) return;
	// The API made a secret of its own, which only n8n's static data could remember: ask for the one that can be derived. Both count.
	await request(hook, { method: 'PATCH', path: pathOf(id), body: { secret: derived } }).catch((error: Error) => {
		hook.logger.debug(`Testivora Trigger: the webhook endpoint keeps the secret that Testivora made (${error.message})`);
	});
}

/**
 * Registers an endpoint.
 *
 * @returns its ID, and the secret that the answer names
 */
async function create(hook: IHookFunctions, body: IDataObject): Promise<{ id: string; secret?: string }> {
	const post = async () => await request(hook, { method: 'POST', path: PATH, body }, objectSchema);
	const made = await post().catch(async (error: Error) => {
		if (!isOutcomeUnknown(error) || hasStatus(error, 429)) throw error;
		// It may stand, with a secret that only the lost answer named: replace it.
		for (const id of await endpointsHere(hook)) await deleteEndpoint(hook, id);
		return await post();
	});
	const { id, secret } = made as { id: string; secret?: unknown };
	return { id, secret: isSecret(secret) ? secret : undefined };
}

/**
 * The IDs of the endpoints with this webhook's URL.
 *
 * The endpoint that static data names may stand at another address: that of an n8n whose database was copied, or this n8n's former one.
 * It is left alone, and the log says so.
 */
async function endpointsHere(hook: IHookFunctions): Promise<string[]> {
	const known = knownRegistration(hook);
	const here: string[] = [];
	let isKnownFound = known?.id === undefined;
	// Not checked in full: an odd entry, which may be another program's, must not stand in the way.
	for await (const entry of list(hook, { path: PATH }, { schema: z.unknown() })) {
		const { id, url } = (objectSchema.safeParse(entry).success ? entry : {}) as { id?: string; url?: unknown };
		if (id === undefined) continue;
		isKnownFound ||= id === known?.id;
		// The one that is known comes first: it is the one to repair.
		if (isSameUrl(url, urlOf(hook))) here[id === known?.id ? 'unshift' : 'push'](id);
		else if (id === known?.id) {
			hook.logger.warn(
				`Testivora Trigger: the webhook endpoint ${id} stands at another address, ${String(url)}, and was left alone. If no n8n uses that address any more, delete it in Testivora under Settings → Webhooks`,
			);
		}
	}
	if (!isKnownFound) {
		hook.logger.info(
			`Testivora Trigger: the webhook endpoint ${known!.id} is not in this Testivora account any more. If the credential now belongs to another account, delete it in the old one under Settings → Webhooks`,
		);
	}
	return here;
}

async function deleteEndpoint(hook: IHookFunctions, id: string): Promise<void> {
	await isDone(request(hook, { method: 'DELETE', path: pathOf(id) })).catch(async (error: Error) => {
		if (!hasStatus(error, 405, 501)) throw error;
		await isDone(request(hook, { method: 'PATCH', path: pathOf(id), body: { status: 'disabled' } }));
		hook.logger.warn(
			`Testivora Trigger: Testivora does not let webhook endpoints be deleted through the API, so the endpoint ${id} was disabled instead. Delete it in Testivora under Settings → Webhooks`,
		);
	});
}

/** Whether a change to an endpoint was carried out: it was not where the endpoint is gone. */
async function isDone(change: Promise<unknown>): Promise<boolean> {
	return await change.then(
		() => true,
		(error: Error) => {
			if (isGone(error)) return false;
			throw error;
		},
	);
}

/** Why Testivora is not given this webhook's URL; the end of a sentence that begins "the webhook URL …". */
async function whyNotGiven(hook: IHookFunctions): Promise<string | undefined> {
	const base = baseUrlOf(await hook.getCredentials('testivoraApi'), hook.getNode());
	// A sandbox that is plain HTTP itself is on this machine or network, and may deliver there.
	return base.startsWith('http:') ? undefined : whyUnreachable(urlOf(hook));
}

/** Adds to the error of a registration what the user can do, where n8n shows it. */
async function withSetupAdvice(hook: IHookFunctions, registration: Promise<void>): Promise<void> {
	await registration.catch((error: Error) => {
		if (isWebhookApiMissing(error)) {
			throw new NodeOperationError(
				hook.getNode(),
				`This Testivora account cannot register webhooks through the API. Set Webhook Setup to Manual, add an endpoint in Testivora under Settings → Webhooks with the URL ${urlOf(hook)} and put its signing secret into the Testivora credential.`,
			);
		}
		// Older versions of n8n show, of such an error, the description alone.
		if (error instanceof NodeApiError && hook.getMode() !== 'manual') error.description = `${error.message}. ${error.description}`;
		throw error;
	});
}
