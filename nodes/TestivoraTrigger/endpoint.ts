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
	forPublication,
} from '../shared/errors';
import { objectSchema } from '../shared/schemas';
import { hasNoWebhooks } from '../shared/webhookSupport';
import { memoryOf } from './processMemory';
import { MESSAGES } from './messages';
import { deriveSecret, isSecret } from './secrets';
import { readSlot, timeAfter, webhookName, writeSlot } from './slot';
import type { Registration } from './slot';
import { isSameUrl, whyUnreachable } from './webhookUrl';

/**
 * The endpoint at Testivora that belongs to one webhook URL: register, find, repair, remove.
 *
 * How often and in which order n8n calls these depends on its version, so each first reads what Testivora has. An endpoint is ours when
 * its URL is this webhook's URL; of several, removal takes the one that is known to be registered. Routes and fields: assumption A1.
 */

const PATH = '/v1/webhooks';

/** How often a removal whose outcome is unknown is tried, and the first pause between two tries; each next one is a second longer. */
const MAX_REMOVALS = 4;
const REMOVAL_PAUSE_MS = 1_000;

/** Milliseconds that all tries of a removal may take together: a person waits for n8n to unpublish. */
const REMOVAL_MS = 30_000;

/** Milliseconds that checking an endpoint may take: n8n's legacy engine checks one after another when it starts. */
const CHECK_MS = 10_000;

/**
 * Whether the endpoint is as the node's parameters want it, and its secret is the one that the API key gives today.
 *
 * At n8n's start, a known endpoint that cannot be checked, or whose secret cannot be renewed, counts as registered: `false` leads to
 * `registerEndpoint`, and where that throws, n8n's legacy engine deletes a healthy endpoint. Where nothing is known, there may be none, so
 * the registration is tried.
 */
export async function isRegistered(hook: IHookFunctions): Promise<boolean> {
	const known = knownRegistration(hook);
	const isStartup = isStartupOf(hook);
	if (!known || (known.id === undefined && !isStartup)) return false;
	const deadline = Date.now() + CHECK_MS;
	try {
		// Without an ID, this only tells whether Testivora answers, so that the endpoint can be looked for.
		const path = known.id === undefined ? PATH : pathOf(known.id);
		const endpoint = await request(hook, { method: 'GET', path, deadline }, z.unknown());
		if (known.id === undefined || !isAsWanted(endpoint, hook)) return false;
		const isCurrent = known.derived === (await derivedSecret(hook));
		if (isStartup && !isCurrent) await renewSecret(hook, known.id, known, deadline);
		return isStartup || isCurrent;
	} catch (error) {
		const { message } = error as Error;
		const mayBeHere = known.url === undefined || isSameUrl(known.url, urlOf(hook));
		const isKept = isStartup && !isGone(error) && mayBeHere;
		if (isKept) hook.logger.warn(MESSAGES.endpointUnchecked(message));
		else
			hook.logger.debug(`Testivora Trigger: the webhook endpoint is registered anew (${message})`);
		return isKept;
	}
}

/** Whether n8n starts, or another main process takes over, so that nobody is there to correct anything. */
export function isStartupOf(hook: IHookFunctions): boolean {
	return ['init', 'leadershipChange'].includes(hook.getActivationMode());
}

/**
 * Sets the secret that the API key gives today in place of the known one, which is of a former key or of version 0.1.0. Where that fails,
 * the known one goes on verifying deliveries.
 */
async function renewSecret(
	hook: IHookFunctions,
	id: string,
	known: Registration,
	deadline: number,
): Promise<void> {
	const derived = await derivedSecret(hook);
	const body = { secret: derived };
	await request(hook, { method: 'PATCH', path: pathOf(id), body, deadline }).then(
		() =>
			remember(hook, {
				...known,
				derived,
				former: known.former ?? known.derived,
				registeredAt: timeAfter(known),
			}),
		(error: Error) => hook.logger.warn(MESSAGES.secretNotRenewed(error.message)),
	);
}

/**
 * Repairs the endpoint with this webhook's URL, or registers one. Never makes a second.
 *
 * @throws NodeOperationError with what to do where the URL cannot be reached, or the account has no webhook API; NodeApiError where
 *   Testivora does not carry it out
 */
export async function registerEndpoint(hook: IHookFunctions): Promise<void> {
	const url = urlOf(hook);
	if (eventsOf(hook).length === 0) throw inputError(hook.getNode(), MESSAGES.noEvents);
	const why = await whyUrlRefused(hook);
	if (why) {
		throw inputError(
			hook.getNode(),
			MESSAGES.unreachable(why),
			`The webhook URL is ${url}. On a computer of your own, a tunnel gives it a public address.`,
		);
	}
	// At n8n's start, other workflows wait.
	const deadline = isStartupOf(hook) ? Date.now() + CHECK_MS : undefined;
	await withSetupAdvice(hook, repairOrCreate(hook, deadline));
}

/**
 * Removes the endpoint that was registered; where it is not known which one that is, every endpoint with this webhook's URL. One that is
 * gone already is no fault.
 *
 * Does not throw where that cannot be done, but says in n8n's log what is left: after a throw, n8n 1 would go on running the workflow.
 */
export async function removeEndpoint(hook: IHookFunctions): Promise<void> {
	const deadline = Date.now() + REMOVAL_MS;
	for (let tries = 1; ; tries++) {
		const error = await removeAll(hook, deadline).catch((thrown: Error) => thrown);
		if (!error) return;
		const pause = tries * REMOVAL_PAUSE_MS;
		if (!isOutcomeUnknown(error) || tries === MAX_REMOVALS || Date.now() + pause >= deadline) {
			hook.logger.warn(MESSAGES.endpointNotDeleted(error.message, urlOf(hook)));
			return;
		}
		await sleep(pause);
	}
}

async function removeAll(hook: IHookFunctions, deadline: number): Promise<undefined> {
	const knownId = knownRegistration(hook)?.id;
	// In the manual set-up, an endpoint at this URL is the user's, except one that was registered before the set-up was changed.
	if (isManual(hook) && knownId === undefined) return;
	// Testivora was never given a URL that it cannot reach.
	if (knownId === undefined && (await whyUrlRefused(hook))) return;
	const here = await endpointsHere(hook, deadline).catch(async (error: Error) => {
		if (knownId === undefined && (await hasNoWebhooks(hook, error))) return [];
		throw error;
	});
	const isKnownHere = here.some((id) => id === knownId);
	let areGone = true;
	for (const id of here) {
		if (id === knownId || (!isKnownHere && !isManual(hook)))
			areGone = (await deleteEndpoint(hook, id, deadline)) && areGone;
		// The user may have made it for the manual set-up: n8n takes a workflow down with the parameters from before the change.
		else if (!isManual(hook)) hook.logger.warn(MESSAGES.endpointNotOurs(id, urlOf(hook)));
	}
	// Keep the registration of an endpoint that was only disabled: its secret may be known nowhere else.
	if (areGone) remember(hook, undefined);
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

/** Keeps a registration in this process and in static data, together with the events that this process has accepted meanwhile. */
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

function isAsWanted(endpoint: unknown, hook: IHookFunctions): boolean {
	const { url, events, status } = (endpoint ?? {}) as IDataObject;
	const sorted = (names: unknown) =>
		Array.isArray(names) ? [...new Set(names)].sort().join() : undefined;
	return (
		isSameUrl(url, urlOf(hook)) && status === 'active' && sorted(events) === sorted(eventsOf(hook))
	);
}

/** @param deadline milliseconds since 1970 */
async function repairOrCreate(hook: IHookFunctions, deadline?: number): Promise<void> {
	const known = knownRegistration(hook);
	const derived = await derivedSecret(hook);
	const wanted = { url: urlOf(hook), events: eventsOf(hook), status: 'active', secret: derived };
	const note = (id: string, kept: Pick<Registration, 'made' | 'former'>) =>
		remember(hook, { id, url: wanted.url, derived, ...kept, registeredAt: timeAfter(known) });

	let isRepaired = false;
	for (const id of await endpointsHere(hook, deadline)) {
		// A second endpoint with the same URL would only deliver twice.
		if (isRepaired || !(await repair(hook, id, wanted, known, deadline)))
			await deleteEndpoint(hook, id, deadline);
		else {
			isRepaired = true;
			// The secrets that the endpoint had still count, because the API may ignore ours.
			const former = known?.derived === derived ? known?.former : (known?.former ?? known?.derived);
			note(id, id === known?.id ? { made: known.made, former } : { made: undefined });
		}
	}
	if (isRepaired) return;

	const { id, secret } = await create(hook, wanted, deadline);
	note(id, { made: isSecret(secret) && secret !== derived ? secret : undefined });
	if (typeof secret !== 'string' || secret === derived) return;
	// The answer names another secret, or masks it. Static data alone would hold that one, and may lose it, so ask for the derived one. Both
	// count.
	const body = { secret: derived };
	await request(hook, { method: 'PATCH', path: pathOf(id), body, deadline }).catch(
		(error: Error) => {
			hook.logger.info(MESSAGES.serverSecretKept(error.message));
		},
	);
}

/**
 * Sets what is wanted of an endpoint.
 *
 * @returns false where it is gone, or the API does not let endpoints be changed
 * @throws NodeApiError where Testivora does not carry it out
 */
async function repair(
	hook: IHookFunctions,
	id: string,
	wanted: IDataObject,
	known: Registration | undefined,
	deadline?: number,
): Promise<boolean> {
	const isSecretKnown = id === known?.id && (known.derived ?? wanted.secret) === wanted.secret;
	const patch = async (body: IDataObject) =>
		await request(hook, { method: 'PATCH', path: pathOf(id), body, deadline }).then(() => true);
	return await patch(wanted).catch(async (error: Error) => {
		if (isGone(error) || isMethodRefused(error)) return false;
		// The API may not let the secret be changed. Where the endpoint keeps one that is known, repair the rest.
		if (isSecretKnown && hasStatus(error, 400, 422))
			return await patch({ ...wanted, secret: undefined });
		throw error;
	});
}

/** Registers an endpoint. @returns its ID, and the secret that the answer names */
async function create(
	hook: IHookFunctions,
	body: IDataObject,
	deadline?: number,
): Promise<{ id: string; secret?: unknown }> {
	const post = async () =>
		await request(hook, { method: 'POST', path: PATH, body, deadline }, objectSchema);
	return await post().catch(async (error: Error) => {
		if (!isOutcomeUnknown(error) || hasStatus(error, 429)) throw error;
		// It may have been carried out, with a secret that only the lost answer named: replace it.
		for (const id of await endpointsHere(hook, deadline)) await deleteEndpoint(hook, id, deadline);
		return await post();
	});
}

/**
 * The IDs of the endpoints with this webhook's URL. The known one comes first, since that is the one to repair.
 *
 * The known endpoint may be at another address: that of an n8n whose database was copied, or a former one of this n8n. It is left alone,
 * and the log says so.
 *
 * @param deadline milliseconds since 1970
 */
async function endpointsHere(hook: IHookFunctions, deadline?: number): Promise<string[]> {
	const known = knownRegistration(hook);
	const here: string[] = [];
	let knownUrl: unknown;
	// Entries are not checked in full, so that an odd one, which may be another program's, blocks nothing.
	for await (const entry of list(hook, { path: PATH, deadline }, { schema: z.unknown() })) {
		if (!objectSchema.safeParse(entry).success) continue;
		const { id, url } = entry as { id: string; url?: unknown };
		if (isSameUrl(url, urlOf(hook))) here.push(id);
		if (id === known?.id) knownUrl = url ?? '';
	}
	await warnAboutKnown(hook, known, knownUrl);
	return here.sort((one, other) => Number(other === known?.id) - Number(one === known?.id));
}

/**
 * Says in the log where the known endpoint is not at this webhook's URL.
 *
 * @param url the known endpoint's URL at Testivora; undefined where the account has no such endpoint
 */
async function warnAboutKnown(
	hook: IHookFunctions,
	known: Registration | undefined,
	url: unknown,
): Promise<void> {
	if (known?.id === undefined || isSameUrl(url, urlOf(hook))) return;
	if (url !== undefined) hook.logger.warn(MESSAGES.endpointElsewhere(known.id, String(url)));
	else if (known.derived !== (await derivedSecret(hook)))
		hook.logger.warn(MESSAGES.endpointOfOtherAccount(known.id));
}

/**
 * Deletes an endpoint, or disables it where the API does not let it be deleted.
 *
 * @param deadline milliseconds since 1970
 * @returns whether it is gone
 */
async function deleteEndpoint(
	hook: IHookFunctions,
	id: string,
	deadline?: number,
): Promise<boolean> {
	const path = pathOf(id);
	return await request(hook, { method: 'DELETE', path, deadline }).then(
		() => true,
		async (error: Error) => {
			if (isGone(error)) return true;
			if (!isMethodRefused(error)) throw error;
			await request(hook, { method: 'PATCH', path, body: { status: 'disabled' }, deadline });
			hook.logger.warn(MESSAGES.endpointDisabled(id));
			return false;
		},
	);
}

/** Why Testivora is not given this webhook's URL; the end of a sentence that begins "the webhook URL …". */
async function whyUrlRefused(hook: IHookFunctions): Promise<string | undefined> {
	const base = baseUrlOf(await hook.getCredentials('testivoraApi'), hook.getNode());
	// A sandbox under plain HTTP is on this machine or network, and can deliver there.
	return base.startsWith('http:') ? undefined : whyUnreachable(urlOf(hook));
}

/** Adds to the error of a registration what the user can do, where n8n shows it. */
async function withSetupAdvice(hook: IHookFunctions, registration: Promise<void>): Promise<void> {
	await registration.catch(async (error: Error) => {
		if (await hasNoWebhooks(hook, error)) {
			throw new NodeOperationError(hook.getNode(), MESSAGES.noWebhookApi(urlOf(hook)));
		}
		throw error instanceof NodeApiError && hook.getMode() !== 'manual'
			? forPublication(error)
			: error;
	});
}
