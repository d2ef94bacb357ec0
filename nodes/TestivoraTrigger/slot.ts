import type { IDataObject, INode } from 'n8n-workflow';

/** What is known of the endpoint that was registered at Testivora for a webhook. */
export interface Registration {
	/** A hint where to look first: only an endpoint's URL tells whether it is this webhook's. */
	id?: string;
	/** The webhook URL that was registered. */
	url?: string;
	/** The signing secret that was derived from the API key at that time. */
	derived?: string;
	/** A signing secret that cannot be derived again: Testivora made it, or version 0.1.0 did. */
	made?: string;
	/**
	 * A derived secret that was replaced, until a delivery was verified with the one that replaced it: an API that ignores secrets in changes
	 * still signs with it.
	 */
	former?: string;
	/** Milliseconds since 1970; only the newest registration counts. */
	registeredAt: number;
}

/** What static data holds of one webhook. It is a cache: n8n may overwrite it with an old copy at any moment. */
export interface Slot {
	registration?: Registration;
	/** The event ids that were accepted; see Ledger. */
	seen?: string;
}

/**
 * The name of a webhook: the end of its URL, since what comes before it changes with WEBHOOK_URL. It is the same in lifecycle methods and
 * deliveries, and stays as long as the node exists.
 *
 * @param url the webhook's URL or path
 */
export function webhookName({ webhookId }: INode, url: string): string {
	// "webhook" or "webhook-test", then "<webhookId>/webhook"; a node without a webhook ID has "<workflow>/<node name>/webhook" instead.
	const segments = webhookId === undefined ? 4 : 3;
	return url.replace(/\/+$/, '').split('/').slice(-segments).join('/');
}

/** Reads the slot of one webhook. Changes nothing, because any write makes n8n save its copy of all static data over what others saved. */
export function readSlot(staticData: IDataObject, node: INode, name: string): Slot {
	const slots = slotsIn(staticData);
	const stored = (slots[name] ?? slots[oldNameOf(slots, node, name) ?? '']) as
		(Slot & OldSlot) | undefined;
	const { registration, seen, id, url, secret } = stored ?? {};
	if (registration) return { registration, seen };
	return secret ? { registration: { id, url, made: secret, registeredAt: 0 }, seen } : { seen };
}

/** Stores the slot of one webhook; removes one that holds nothing. */
export function writeSlot(staticData: IDataObject, node: INode, name: string, slot: Slot): void {
	const replaced = [name, oldNameOf(slotsIn(staticData), node, name)];
	const others = Object.entries(slotsIn(staticData)).filter(([other]) => !replaced.includes(other));
	const { registration, seen } = slot;
	const kept = { ...(registration && { registration }), ...(seen && { seen }) };
	// Assigned as a whole, because n8n does not notice a change inside an object that was added since it loaded the data.
	staticData.testivoraTrigger = Object.fromEntries(
		Object.keys(kept).length > 0 ? [...others, [name, kept]] : others,
	) as IDataObject;
}

/** The secrets that may have signed a delivery. */
export function signingSecretsOf({ derived, made, former }: Partial<Registration> = {}): string[] {
	return [derived, made, former].filter((secret) => typeof secret === 'string');
}

/** The newer of two registrations; the first where they are equally new. */
export function newer(
	one: Registration | undefined,
	other: Registration | undefined,
): Registration | undefined {
	if (!one || !other) return one ?? other;
	return other.registeredAt > one.registeredAt ? other : one;
}

/** The time of a registration that replaces another one, whatever the clock says. @returns milliseconds since 1970 */
export function timeAfter(replaced: Registration | undefined): number {
	return Math.max(Date.now(), (replaced?.registeredAt ?? 0) + 1);
}

/** What version 0.1.0 stored, under the whole path of the webhook URL. */
interface OldSlot {
	id?: string;
	url?: string;
	secret?: string;
}

function oldNameOf(slots: Record<string, unknown>, node: INode, name: string): string | undefined {
	return Object.keys(slots).find(
		(candidate) => candidate !== name && webhookName(node, candidate) === name,
	);
}

/** The slots by their webhooks' names, in the workflow's global static data: those of a node are lost when it is renamed. */
function slotsIn({ testivoraTrigger: slots }: IDataObject): Record<string, unknown> {
	return (slots ?? {}) as Record<string, unknown>;
}
