import type { IDataObject } from 'n8n-workflow';

/** What the trigger keeps of one webhook URL in the workflow's static data. */
export interface Slot {
	/** ID of the endpoint at Testivora; absent while none is registered. */
	id?: string;
	/** Signing secret. It outlives the endpoint, so that a stale save of static data never holds another one. */
	secret?: string;
	/** What was registered last. */
	url?: string;
	events?: string[];
	/** Event ids that were accepted; see Ledger. */
	seen?: string;
}

/**
 * The slot of one webhook in static data, made when there is none.
 *
 * Slots stand under the webhook's path: test and production URLs differ in it, while a new WEBHOOK_URL only changes the
 * host and then finds its endpoint again. They stand in the workflow's global static data, because data under the node's
 * name is lost when the node is renamed.
 *
 * @param staticData the workflow's global static data
 */
export function slotOf(staticData: IDataObject, webhookUrl: string): Slot {
	const slots = slotsIn(staticData);
	return (slots[new URL(webhookUrl).pathname] ??= {});
}

/**
 * The slot that a request was registered under.
 *
 * @param path the request's path as n8n saw it; a reverse proxy may have taken a prefix off
 */
export function slotFor(staticData: IDataObject, path: string): Slot | undefined {
	const slots = slotsIn(staticData);
	const key = Object.keys(slots).find((candidate) => candidate === path || candidate.endsWith(path));
	return key === undefined ? undefined : slots[key];
}

function slotsIn(staticData: IDataObject): Record<string, Slot> {
	return (staticData.testivoraTrigger ??= {}) as Record<string, Slot>;
}
