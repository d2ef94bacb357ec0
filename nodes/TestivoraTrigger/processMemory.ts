import { Ledger } from './ledger';
import { newer, timeAfter } from './slot';
import type { Registration } from './slot';

/** Webhooks that a process remembers. Beyond that, the least recently used one falls back on static data. */
const MAX_WEBHOOKS = 1_000;

/**
 * How old the credential's secrets may be when a delivery is verified with them, in milliseconds. A secret that was taken out of the
 * credential works until then.
 */
export const MAX_AGE_MS = 10_000;

/** The shortest time between two look-ups of a webhook's credential in milliseconds, so that forged deliveries do not cost one each. */
export const MIN_INTERVAL_MS = 1_000;

/** The signing secrets that follow from a credential, for each Webhook Setup. */
export type CredentialSecrets = Record<'automatic' | 'manual', string[]>;

/** What one process of n8n knows of one webhook. Static data is a cache that may lose it; see Slot. */
export class WebhookMemory {
	readonly ledger = new Ledger();

	registration?: Registration;

	private lookUp?: LookUp;

	/** The newest registration that this process or static data knows. */
	newest(stored: Registration | undefined): Registration | undefined {
		return newer(this.registration, stored);
	}

	/**
	 * Notes a derived secret that has just verified a delivery which no known registration verified: the endpoint was registered anew.
	 *
	 * A secret made for the registration before is dropped, because that one may have been of another account, whose secret would allow
	 * forgeries for good. A lifecycle method may have noted the new registration while the delivery waited for the credential.
	 */
	learn(derived: string, stored: Registration | undefined): void {
		const known = this.newest(stored);
		this.registration =
			known?.derived === derived
				? known
				: { id: known?.id, url: known?.url, derived, registeredAt: timeAfter(known) };
	}

	/**
	 * The credential's secrets, looked up at most once a second.
	 *
	 * @param maxAge how old they may be, in milliseconds
	 * @returns the same object until they are looked up again
	 */
	async secrets(
		maxAge: number,
		read: () => Promise<CredentialSecrets>,
	): Promise<CredentialSecrets> {
		const age = this.lookUp ? Date.now() - this.lookUp.startedAt : Infinity;
		// The age is negative where the clock was set back.
		if (!this.lookUp || age < 0 || age >= (this.lookUp.failed ? MIN_INTERVAL_MS : maxAge))
			this.lookUp = start(read);
		return await this.lookUp.secrets;
	}
}

interface LookUp {
	/** Milliseconds since 1970. */
	startedAt: number;
	secrets: Promise<CredentialSecrets>;
	failed?: boolean;
}

function start(read: () => Promise<CredentialSecrets>): LookUp {
	const lookUp: LookUp = { startedAt: Date.now(), secrets: read() };
	lookUp.secrets.catch(() => {
		lookUp.failed = true;
	});
	return lookUp;
}

const memories = new Map<string, WebhookMemory>();

/**
 * This process's memory of one webhook.
 *
 * @param name the webhook's; see `webhookName`
 */
export function memoryOf(workflowId: string | undefined, name: string): WebhookMemory {
	const whole = `${workflowId}:${name}`;
	const memory = memories.get(whole) ?? new WebhookMemory();
	// Keep the map ordered by last use.
	memories.delete(whole);
	memories.set(whole, memory);
	if (memories.size > MAX_WEBHOOKS) memories.delete(memories.keys().next().value as string);
	return memory;
}
