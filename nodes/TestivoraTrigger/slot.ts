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
 * The slot of one webhook in static data, or undefined when there is none.
 *
 * Slots stand under the webhook's path: test and production URLs differ in it, while a new WEBHOOK_URL may change the host,
 * or put the path below another and then still finds its endpoint. They stand in the workflow's global static data,
 * because data under the node's name is lost when the node is renamed.
 *
 * @param staticData the workflow's global static data
 * @param path of the webhook URL, or of a request; where a reverse proxy takes a prefix off, the latter is the end of the former
 */
export function findSlot(staticData: IDataObject, path: string): Slot | undefined {
	const slots = slotsIn(staticData);
	const key = Object.keys(slots).find((candidate) => isSameWebhook(candidate, path));
	return key === undefined ? undefined : slots[key];
}

/** The slot of one webhook, made when there is none; see {@link findSlot}. */
export function slotOf(staticData: IDataObject, path: string): Slot {
	return findSlot(staticData, path) ?? (slotsIn(staticData)[path] = {});
}

/** Paths begin with a slash, so that one ends with another only where whole segments come before it. */
function isSameWebhook(one: string, other: string): boolean {
	// n8n takes a slash at the end for none.
	const [a, b] = [one.replace(/\/$/, ''), other.replace(/\/$/, '')];
	return a.endsWith(b) || b.endsWith(a);
}

function slotsIn(staticData: IDataObject): Record<string, Slot> {
	return (staticData.testivoraTrigger ??= {}) as Record<string, Slot>;
}
