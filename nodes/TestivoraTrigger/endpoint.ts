import { NodeApiError, NodeOperationError, sleep } from 'n8n-workflow';
import type { IDataObject, IHookFunctions } from 'n8n-workflow';
import { z } from 'zod';

import { list, request, segment } from '../shared/api';
import { baseUrlOf } from '../shared/credential';
import {
	hasStatus,
	inputError,
	isGone,
	isMethodRefused,
	isOutcomeUnknown,
	isWebhookApiMissing,
} from '../shared/errors';
import { objectSchema } from '../shared/schemas';
import { memoryOf } from './memory';
import { deriveSecret, isSecret } from './secrets';
import { readSlot, webhookName, writeSlot } from './slot';
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

/** How often a removal is tried whose outcome is unknown, and the pauses between: the first, twice as long, three times as long. */
const MAX_REMOVALS = 4;
const REMOVAL_PAUSE_MS = 1_000;

/** Milliseconds that looking at an endpoint may take: n8n's older engine looks at one after another when it starts. */
const LOOK_MS = 10_000;

/**
 * Whether the endpoint stands as the node's parameters want it, with the secret that the API key gives today.
 *
 * At n8n's start, an endpoint that cannot be checked is taken to stand: a throw would make n8n's older engine delete it.
 */
export async function endpointStands(hook: IHookFunctions): Promise<boolean> {
	const known = knownRegistration(hook);
	const isStartup = STARTUP_MODES.includes(hook.getActivationMode());
	if (known?.id === undefined && !isStartup) return false;
	const deadline = Date.now() + LOOK_MS;
	try {
		// Without an ID, the question is only whether Testivora answers, so that the endpoint can be looked for.
		const path = known?.id === undefined ? PATH : pathOf(known.id);
		const standing = await request(hook, { method: 'GET', path, deadline }, z.unknown());
		return isAsWanted(standing, hook) && known?.derived === (await derivedSecret(hook));
	} catch (error) {
		const { message } = error as Error;
		const isOurs = known?.url === undefined || isSameUrl(known.url, urlOf(hook));
		const isKept = isStartup && !isGone(error) && isOurs;
		if (isKept)
			hook.logger.warn(
				`Testivora Trigger: the webhook endpoint could not be checked and is taken as it was (${message})`,
			);
		else
			hook.logger.debug(`Testivora Trigger: the webhook endpoint is registered anew (${message})`);
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
	if (eventsOf(hook).length === 0)
		throw inputError(hook.getNode(), 'Choose at least one event in Trigger On');
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
 * Does not throw where that cannot be done, but says in n8n's log what is left: n8n 1 would go on running the workflow.
 */
export async function removeEndpoint(hook: IHookFunctions): Promise<void> {
	for (let tries = 1; ; tries++) {
		const error = await removeAll(hook).catch((thrown: Error) => thrown);
		if (!error) return;
		if (!isOutcomeUnknown(error) || tries === MAX_REMOVALS) {
			hook.logger.warn(
				`Testivora Trigger: the webhook endpoint could not be deleted (${error.message}). Delete it in Testivora under Settings → Webhooks; its URL is ${urlOf(hook)}`,
			);
			return;
		}
		await sleep(tries * REMOVAL_PAUSE_MS);
	}
}

async function removeAll(hook: IHookFunctions): Promise<undefined> {
	const known = knownRegistration(hook)?.id;
	// In the manual set-up, an endpoint at this URL is the user's, but for one that was registered before the set-up was changed.
	if (isManual(hook) && known === undefined) return;
	// Testivora was never given a URL that it cannot reach.
	if (known === undefined && (await whyNotGiven(hook))) return;
	const here = await endpointsHere(hook).catch((error: Error) => {
		if (isWebhookApiMissing(error) && known === undefined) return [];
		throw error;
	});
	const ours = here.filter((id) => !isManual(hook) || id === known);
	const isGone = [];
	for (const id of ours) isGone.push(await deleteEndpoint(hook, id));
	// One that was only disabled is repaired by the next registration, and may sign with a secret that only this one knows.
	if (isGone.every(Boolean)) remember(hook, undefined);
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
	return memoryOf(hook.getWorkflow().id, nameOf(hook)).newest(slot.registration);
}

/** Keeps a registration in this process and in static data, with the events that deliveries have noted here meanwhile. */
function remember(hook: IHookFunctions, registration: Registration | undefined): void {
	const [staticData, name] = [hook.getWorkflowStaticData('global'), nameOf(hook)];
	const memory = memoryOf(hook.getWorkflow().id, name);
	memory.registration = registration;
	writeSlot(staticData, hook.getNode(), name, {
		registration,
		seen: memory.ledger.merge(readSlot(staticData, hook.getNode(), name).seen),
	});
}

async function derivedSecret(hook: IHookFunctions): Promise<string | undefined> {
	return deriveSecret((await hook.getCredentials('testivoraApi')).apiKey, nameOf(hook));
}

function isAsWanted(standing: unknown, hook: IHookFunctions): boolean {
	const { url, events, status } = (standing ?? {}) as IDataObject;
	const sorted = (names: unknown) =>
		Array.isArray(names) ? [...new Set(names)].sort().join() : undefined;
	return (
		isSameUrl(url, urlOf(hook)) && status === 'active' && sorted(events) === sorted(eventsOf(hook))
	);
}

async function repairOrCreate(hook: IHookFunctions): Promise<void> {
	const known = knownRegistration(hook);
	const derived = await derivedSecret(hook);
	const wanted = { url: urlOf(hook), events: eventsOf(hook), status: 'active', secret: derived };
	const note = (id: string, made: string | undefined) =>
		remember(hook, {
			id,
			url: wanted.url,
			derived,
			made,
			registeredAt: Math.max(Date.now(), (known?.registeredAt ?? 0) + 1),
		});

	let isRepaired = false;
	for (const id of await endpointsHere(hook)) {
		// Another one with the same URL would only deliver twice.
		if (isRepaired || !(await repair(hook, id, wanted))) await deleteEndpoint(hook, id);
		else {
			isRepaired = true;
			// A secret that Testivora made stays, because the API may ignore ours.
			note(id, id === known?.id ? known.made : undefined);
		}
	}
	if (isRepaired) return;

	const { id, secret } = await create(hook, wanted);
	const made = isSecret(secret) && secret !== derived ? secret : undefined;
	note(id, made);
	if (typeof secret !== 'string' || secret === derived) return;
	// The answer names another secret, or masks it. One that Testivora made could be remembered in n8n's static data alone: ask for the one
	// that can be derived. Both count.
	await request(hook, { method: 'PATCH', path: pathOf(id), body: { secret: derived } }).catch(
		(error: Error) => {
			hook.logger.info(
				`Testivora Trigger: the webhook endpoint keeps the signing secret that Testivora made (${error.message})`,
			);
		},
	);
}

/** Sets what is wanted of an endpoint. @returns false where it is gone, or the API does not let endpoints be changed */
async function repair(hook: IHookFunctions, id: string, wanted: IDataObject): Promise<boolean> {
	return await request(hook, { method: 'PATCH', path: pathOf(id), body: wanted }).then(
		() => true,
		(error: Error) => {
			if (isGone(error) || isMethodRefused(error)) return false;
			throw error;
		},
	);
}

/** Registers an endpoint. @returns its ID, and the secret that the answer names */
async function create(
	hook: IHookFunctions,
	body: IDataObject,
): Promise<{ id: string; secret?: unknown }> {
	const post = async () => await request(hook, { method: 'POST', path: PATH, body }, objectSchema);
	return await post().catch(async (error: Error) => {
		if (!isOutcomeUnknown(error) || hasStatus(error, 429)) throw error;
		// It may stand, with a secret that only the lost answer named: replace it.
		for (const id of await endpointsHere(hook)) await deleteEndpoint(hook, id);
		return await post();
	});
}

/**
 * The IDs of the endpoints with this webhook's URL, the one that is known first: it is the one to repair.
 *
 * The known endpoint may stand at another address: that of an n8n whose database was copied, or this n8n's former one. It is left alone,
 * and the log says so.
 */
async function endpointsHere(hook: IHookFunctions): Promise<string[]> {
	const known = knownRegistration(hook);
	const here: string[] = [];
	let knownUrl: unknown;
	// Not checked in full: an odd entry, which may be another program's, must not stand in the way.
	for await (const entry of list(hook, { path: PATH }, { schema: z.unknown() })) {
		if (!objectSchema.safeParse(entry).success) continue;
		const { id, url } = entry as { id: string; url?: unknown };
		if (isSameUrl(url, urlOf(hook))) here.push(id);
		if (id === known?.id) knownUrl = url ?? '';
	}
	await sayWhatBecameOf(hook, known, knownUrl);
	return here.sort((one, other) => Number(other === known?.id) - Number(one === known?.id));
}

/** @param url where the endpoint that static data or this process knows stands now; absent where it is gone */
async function sayWhatBecameOf(
	hook: IHookFunctions,
	known: Registration | undefined,
	url: unknown,
): Promise<void> {
	if (known?.id === undefined || isSameUrl(url, urlOf(hook))) return;
	if (url !== undefined) {
		hook.logger.warn(
			`Testivora Trigger: the webhook endpoint ${known.id} stands at another address, ${String(url)}, and was left alone. If no n8n uses that address any more, delete it in Testivora under Settings → Webhooks`,
		);
	} else if (known.derived !== (await derivedSecret(hook))) {
		hook.logger.warn(
			`Testivora Trigger: the webhook endpoint ${known.id} is not in the Testivora account of this API key. If the credential now belongs to another account, delete the endpoint in the old one under Settings → Webhooks`,
		);
	}
}

/** Deletes an endpoint, or disables it where the API does not let it be deleted. @returns whether it is gone */
async function deleteEndpoint(hook: IHookFunctions, id: string): Promise<boolean> {
	return await request(hook, { method: 'DELETE', path: pathOf(id) }).then(
		() => true,
		async (error: Error) => {
			if (isGone(error)) return true;
			if (!isMethodRefused(error)) throw error;
			await request(hook, { method: 'PATCH', path: pathOf(id), body: { status: 'disabled' } });
			hook.logger.warn(
				`Testivora Trigger: Testivora does not let webhook endpoints be deleted through the API, so the endpoint ${id} was disabled instead. Delete it in Testivora under Settings → Webhooks`,
			);
			return false;
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
		if (error instanceof NodeApiError && hook.getMode() !== 'manual')
			error.description = `${error.message}. ${error.description}`;
		throw error;
	});
}
