import { Ledger } from './ledger';
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

	/**
	 * The secrets that the credential gives: first as they were known lately, then as they are now.
	 *
	 * @param read looks them up; called at most once a second
	 * @throws what `read` threw
	 */
	async *credentialSecrets(read: () => Promise<CredentialSecrets>): AsyncGenerator<CredentialSecrets> {
		let { lookUp } = this;
		if (!isYoung(lookUp, MAX_AGE_MS)) lookUp = this.start(read);
		yield await lookUp.secrets;
		if (isYoung(lookUp, MIN_INTERVAL_MS)) return;
		// Another delivery may have looked them up meanwhile.
		if (!isYoung(this.lookUp, MIN_INTERVAL_MS)) this.start(read);
		yield await this.lookUp!.secrets;
	}

	private start(read: () => Promise<CredentialSecrets>): LookUp {
		const lookUp: LookUp = { startedAt: Date.now(), secrets: read() };
		this.lookUp = lookUp;
		lookUp.secrets.catch(() => {
			lookUp.failed = true;
		});
		return lookUp;
	}
}

interface LookUp {
	/** Milliseconds since 1970. */
	startedAt: number;
	secrets: Promise<CredentialSecrets>;
	failed?: boolean;
}

function isYoung(lookUp: LookUp | undefined, maxAge: number): lookUp is LookUp {
	if (!lookUp) return false;
	const age = Date.now() - lookUp.startedAt;
	// The age is below 0 where the clock was set back.
	return age >= 0 && age < (lookUp.failed ? Math.min(maxAge, MIN_INTERVAL_MS) : maxAge);
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
