import { Ledger } from './ledger';
import { newer } from './slot';
import type { Registration } from './slot';

/** Webhooks remembered in one process; past that, the one unused for longest falls back on what is stored. */
const MAX_WEBHOOKS = 1_000;

/** How old the credential's secrets may be when a delivery is verified with them. A secret that was taken out stops working after it. */
const MAX_AGE_MS = 10_000;

/** The shortest time between two look-ups of a webhook's credential: forged deliveries must not cost one each. */
const MIN_INTERVAL_MS = 1_000;

/** The signing secrets that a credential gives, for each Webhook Setup. */
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
	 * Notes the derived secret of a delivery that no known registration verified: it belongs to a newer one. A registration may have been
	 * noted while the delivery waited for the credential.
	 */
	learn(derived: string, stored: Registration | undefined): void {
		const known = this.newest(stored);
		if (known?.derived === derived) this.registration = known;
		else
			this.registration = {
				...known,
				derived,
				registeredAt: Math.max(Date.now(), (known?.registeredAt ?? 0) + 1),
			};
	}

	/** The credential's secrets as they were at most 10 s ago. @param read looks them up; called at most once a second */
	async recentSecrets(read: () => Promise<CredentialSecrets>): Promise<CredentialSecrets> {
		return await this.secretsWithin(MAX_AGE_MS, read);
	}

	/** The credential's secrets as they were at most a second ago. @param read looks them up; called at most once a second */
	async freshSecrets(read: () => Promise<CredentialSecrets>): Promise<CredentialSecrets> {
		return await this.secretsWithin(MIN_INTERVAL_MS, read);
	}

	private async secretsWithin(
		maxAge: number,
		read: () => Promise<CredentialSecrets>,
	): Promise<CredentialSecrets> {
		const age = this.lookUp ? Date.now() - this.lookUp.startedAt : Infinity;
		// The age is below 0 where the clock was set back.
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
	// The last in the map is the one used last.
	memories.delete(whole);
	memories.set(whole, memory);
	if (memories.size > MAX_WEBHOOKS) memories.delete(memories.keys().next().value as string);
	return memory;
}
