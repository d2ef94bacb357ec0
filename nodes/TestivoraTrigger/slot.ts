import type { IDataObject, INode } from 'n8n-workflow';

/** The endpoint that was registered at Testivora for a webhook, as far as it is known. */
export interface Registration {
	/** Tells where to look first. Whether the endpoint is this webhook's is told by its URL. */
	id?: string;
	/** The webhook URL that was registered. */
	url?: string;
	/** The signing secret that was derived from the API key at that time. */
	derived?: string;
	/** The signing secret that Testivora made itself, or version 0.1.0 did. It cannot be derived again. */
	made?: string;
	/** Milliseconds since 1970; the newest registration is the one that counts. */
	registeredAt: number;
}

/**
 * What static data holds of one webhook. It is a cache: n8n may overwrite it with an old copy at any moment, so nothing may depend on
 * finding it.
 */
export interface Slot {
	registration?: Registration;
	/** The event ids that were accepted; see Ledger. */
	seen?: string;
}

/**
 * The name of a webhook, the same for its lifecycle methods and its deliveries, and as long as the node lives: the end of the webhook
 * URL. What comes before it changes with WEBHOOK_URL.
 *
 * @param url the webhook's URL or path
 */
export function webhookName({ webhookId }: INode, url: string): string {
	// "webhook" or "webhook-test", then "<webhookId>/webhook"; a node without a webhook ID has "<workflow>/<node name>/webhook" instead.
	const segments = webhookId === undefined ? 4 : 3;
	return url.replace(/\/+$/, '').split('/').slice(-segments).join('/');
}

/** Reads the slot of one webhook and changes nothing: any write makes n8n save its copy of all static data over what others saved. */
export function readSlot(staticData: IDataObject, node: INode, name: string): Slot {
	const slots = slotsIn(staticData);
	const stored = (slots[name] ?? slots[oldNameOf(slots, node, name) ?? '']) as
		(Slot & OldSlot) | undefined;
	const { registration, seen, id, url, secret } = stored ?? {};
	if (registration) return { registration, seen };
	return secret ? { registration: { id, url, made: secret, registeredAt: 0 }, seen } : { seen };
}

/** Stores the slot of one webhook; one that holds nothing is removed. */
export function writeSlot(staticData: IDataObject, node: INode, name: string, slot: Slot): void {
	const replaced = [name, oldNameOf(slotsIn(staticData), node, name)];
	const others = Object.entries(slotsIn(staticData)).filter(([other]) => !replaced.includes(other));
	const { registration, seen } = slot;
	const kept = { ...(registration && { registration }), ...(seen && { seen }) };
	// Assigned as a whole: n8n does not notice a change inside an object that was added since it loaded the data.
	staticData.testivoraTrigger = Object.fromEntries(
		Object.keys(kept).length > 0 ? [...others, [name, kept]] : others,
	) as IDataObject;
}

/** The secrets that may have signed a delivery. */
export function secretsOf({ derived, made }: Partial<Registration> = {}): string[] {
	return [derived, made].filter((secret) => typeof secret === 'string');
}

/** The newer of two registrations; the first where they are equally new. */
export function newer(
	one: Registration | undefined,
	other: Registration | undefined,
): Registration | undefined {
	if (!one || !other) return one ?? other;
	return other.registeredAt > one.registeredAt ? other : one;
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

/**
 * The workflow's global static data holds the slots: data under the node's name would be lost when the node is renamed.
 */
function slotsIn({ testivoraTrigger: slots }: IDataObject): Record<string, unknown> {
	return (slots ?? {}) as Record<string, unknown>;
}
