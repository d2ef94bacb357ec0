import { randomBytes } from 'node:crypto';

import { NodeApiError, NodeOperationError } from 'n8n-workflow';
import type { IDataObject, IHookFunctions } from 'n8n-workflow';

import { list, request, segment } from '../shared/api';
import { baseUrlOf } from '../shared/credential';
import { inputError, isGone, isOutcomeUnknown, isWebhookApiMissing } from '../shared/errors';
import { endpointSchema } from '../shared/schemas';
import type { Endpoint } from '../shared/schemas';
import { slotOf } from './slot';
import type { Slot } from './slot';
import { whyUnreachable } from './webhookUrl';

/**
 * The endpoint at Testivora that belongs to one webhook URL: register, find, repair, remove.
 *
 * n8n calls these in orders and numbers that differ by version (twice, again after a fault, not at all after an import), so each looks at
 * what stands at Testivora and brings it to what is wanted. Routes and fields: assumption A1.
 */

const PATH = '/v1/webhooks';

/**
 * Whether the endpoint stands as the node's parameters want it.
 *
 * A fault that may pass counts as yes while what is registered is known to be right: no would make n8n register anew, and
 * a throw would make its older engine delete a healthy endpoint.
 */
export async function endpointStands(hook: IHookFunctions): Promise<boolean> {
	const wanted = wantedBy(hook);
	const slot = slotIn(hook);
	if (!slot.id || !slot.secret) return false;
	try {
		const standing = await request(hook, { method: 'GET', path: pathOf(slot.id) }, endpointSchema);
		return isAsWanted(standing, wanted);
	} catch (error) {
		const unknown = isGone(error) || !(isOutcomeUnknown(error) || atStartup(hook));
		if (unknown || !isAsWanted({ url: slot.url, events: slot.events, status: 'active' }, wanted)) {
			hook.logger.debug(`Testivora Trigger: the webhook endpoint is registered anew (${(error as Error).message})`);
			return false;
		}
		hook.logger.warn(
			`Testivora Trigger: the webhook endpoint could not be checked and is taken as it was (${(error as Error).message})`,
		);
		return true;
	}
}

/**
 * Makes the endpoint stand: takes over the one with this URL, or registers one. Never makes a second.
 *
 * @throws NodeOperationError with what to do where the URL cannot be reached, or the account has no webhook API
 */
export async function registerEndpoint(hook: IHookFunctions): Promise<void> {
	const wanted = wantedBy(hook);
	if (wanted.events.length === 0) {
		throw inputError(hook.getNode(), 'Choose at least one event in Trigger On');
	}
	const why = await whyNotGiven(hook);
	if (why) {
		throw inputError(
			hook.getNode(),
			`Testivora cannot reach this workflow: the webhook URL ${why}. Set the environment variable WEBHOOK_URL (N8N_WEBHOOK_URL from n8n 2.41 on) to the public https:// address of your n8n, restart n8n and try again.`,
			`The webhook URL is ${wanted.url}. On a computer of your own, a tunnel gives it a public address.`,
		);
	}

	const slot = slotIn(hook);
	// Kept for the life of the slot: see there.
	slot.secret ??= `whsec_${randomBytes(32).toString('base64')}`;
	const endpoint = await explained(hook, wanted.url, takeOverOrCreate(hook, slot, wanted));
	slot.id = endpoint.id;
	slot.url = wanted.url;
	slot.events = wanted.events;
	if (endpoint.secret) slot.secret = endpoint.secret;
}

/**
 * Removes the endpoint, and any other with this webhook's URL. One that is gone already is no fault.
 *
 * @throws NodeApiError only where trying again can mend it
 */
export async function removeEndpoint(hook: IHookFunctions): Promise<void> {
	const slot = slotIn(hook);
	await deleteAll(hook, slot).catch((error: Error) => {
		if (isOutcomeUnknown(error)) throw error;
		if (isWebhookApiMissing(error)) return;
		hook.logger.warn(
			`Testivora Trigger: the webhook endpoint could not be deleted (${error.message}). Delete it in Testivora under Settings → Webhooks; its URL is ${urlOf(hook)}`,
		);
	});
	delete slot.id;
	delete slot.url;
	delete slot.events;
}

/** Whether a person registers the endpoint in Testivora. */
export function isManual(hook: IHookFunctions): boolean {
	return hook.getNodeParameter('setup', 'automatic') === 'manual';
}

interface Wanted {
	url: string;
	events: string[];
}

function urlOf(hook: IHookFunctions): string {
	return hook.getNodeWebhookUrl('default') as string;
}

function slotIn(hook: IHookFunctions): Slot {
	return slotOf(hook.getWorkflowStaticData('global'), new URL(urlOf(hook)).pathname);
}

function wantedBy(hook: IHookFunctions): Wanted {
	return { url: urlOf(hook), events: hook.getNodeParameter('events', []) as string[] };
}

function pathOf(id: string): string {
	return `${PATH}/${segment(id)}`;
}

/** At n8n's start nobody is there to mend a credential, and the endpoint that stands may well still deliver. */
function atStartup(hook: IHookFunctions): boolean {
	return hook.getActivationMode() === 'init';
}

function isAsWanted({ url, events, status }: Partial<Endpoint>, wanted: Wanted): boolean {
	const sorted = (names: string[] = []) => [...new Set(names)].sort().join();
	return url === wanted.url && status === 'active' && sorted(events) === sorted(wanted.events);
}

async function deleteAll(hook: IHookFunctions, slot: Slot): Promise<void> {
	if (slot.id !== undefined && (await deleteEndpoint(hook, slot.id))) return;
	// What static data does not know, or knows wrongly, is found by its URL: a registration that broke half-way, say.
	// Set up by hand, what stands at the URL is the user's; and where Testivora was never given the URL, nothing does.
	if (isManual(hook) || (await whyNotGiven(hook))) return;
	for (const { id } of await endpointsAt(hook, urlOf(hook))) await deleteEndpoint(hook, id);
}

async function takeOverOrCreate(hook: IHookFunctions, slot: Slot, wanted: Wanted): Promise<Endpoint> {
	const known = slot.id === undefined ? undefined : await bringToWanted(hook, slot.id, slot, wanted);
	if (known) return known;

	const found = await takeOver(hook, slot, wanted);
	if (found) return found;

	return await create(hook, slot, wanted).catch(async (error: Error) => {
		// Without a readable answer it is open whether an endpoint was made. If so it is ours to keep, or to undo.
		const made = isOutcomeUnknown(error) ? await takeOver(hook, slot, wanted) : undefined;
		if (!made) throw error;
		return made;
	});
}

/** The endpoint as POST and PATCH take it. */
function bodyOf({ secret }: Slot, wanted: Wanted): IDataObject {
	return { ...wanted, secret, status: 'active' };
}

async function create(hook: IHookFunctions, slot: Slot, wanted: Wanted): Promise<Endpoint> {
	return await request(hook, { method: 'POST', path: PATH, body: bodyOf(slot, wanted) }, endpointSchema);
}

/** The endpoint with this URL, brought to what is wanted; others with the same URL would only deliver twice. */
async function takeOver(hook: IHookFunctions, slot: Slot, wanted: Wanted): Promise<Endpoint | undefined> {
	let taken: Endpoint | undefined;
	for (const { id } of await endpointsAt(hook, wanted.url)) {
		if (taken) await deleteEndpoint(hook, id);
		else taken = await bringToWanted(hook, id, slot, wanted);
	}
	return taken;
}

/** Sets URL, events, status and secret of an endpoint; undefined when it is gone. */
async function bringToWanted(hook: IHookFunctions, id: string, slot: Slot, wanted: Wanted): Promise<Endpoint | undefined> {
	const body = bodyOf(slot, wanted);
	const changed = await unlessGone(request(hook, { method: 'PATCH', path: pathOf(id), body }, endpointSchema));
	// Whatever ID the answer names: this is the endpoint that was found, and that is deleted one day.
	return changed && { ...changed, id };
}

async function endpointsAt(hook: IHookFunctions, url: string): Promise<Endpoint[]> {
	const found: Endpoint[] = [];
	for await (const endpoint of list(hook, { path: PATH }, { schema: endpointSchema })) {
		if (endpoint.url === url) found.push(endpoint);
	}
	return found;
}

/** Whether there was something to delete. */
async function deleteEndpoint(hook: IHookFunctions, id: string): Promise<boolean> {
	const deleted = request(hook, { method: 'DELETE', path: pathOf(id) }).then(() => true);
	return (await unlessGone(deleted)) ?? false;
}

async function unlessGone<T>(answer: Promise<T>): Promise<T | undefined> {
	return await answer.catch((error: Error) => {
		if (isGone(error)) return undefined;
		throw error;
	});
}

/** Why Testivora is not given this webhook's URL; the end of a sentence that begins "the webhook URL …". */
async function whyNotGiven(hook: IHookFunctions): Promise<string | undefined> {
	const base = baseUrlOf(await hook.getCredentials('testivoraApi'), hook.getNode());
	// A sandbox that is plain HTTP itself is on this machine or network, and may deliver there.
	return base.startsWith('http:') ? undefined : whyUnreachable(urlOf(hook));
}

/** What n8n shows of a registration that did not succeed. */
async function explained<T>(hook: IHookFunctions, url: string, registration: Promise<T>): Promise<T> {
	return await registration.catch((error: Error) => {
		if (isWebhookApiMissing(error)) {
			throw new NodeOperationError(
				hook.getNode(),
				`This Testivora account cannot register webhooks through the API. Set Webhook Setup to Manual, add an endpoint in Testivora under Settings → Webhooks with the URL ${url} and put its signing secret into the Testivora credential.`,
			);
		}
		// Older versions of n8n show, of such an error, the description alone.
		if (error instanceof NodeApiError && hook.getMode() !== 'manual') error.description = `${error.message}. ${error.description}`;
		throw error;
	});
}
