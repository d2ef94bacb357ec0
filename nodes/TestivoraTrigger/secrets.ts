import { createHmac } from 'node:crypto';

/** Separates this use of the API key from any other. A change to it changes every derived secret. */
const LABEL = 'n8n-nodes-testivora: signing secret of a webhook, version 1';

/**
 * Derives the signing secret of a webhook, so that nothing has to be stored to know it. The API key cannot be derived from the secret.
 *
 * @param apiKey of the credential
 * @param name the webhook's name; see `webhookName`
 * @returns `whsec_` and base64 of 32 bytes (assumption A1); undefined without an API key, since anyone could derive that secret
 */
export function deriveSecret(apiKey: unknown, name: string): string | undefined {
	const trimmed = String(apiKey ?? '').trim();
	if (trimmed === '') return undefined;
	return `whsec_${createHmac('sha256', trimmed).update(`${LABEL}\n${name}`).digest('base64')}`;
}

/** A value with fewer different characters is taken for a mask, such as `whsec_xxxxxxxxxxxxxxxx`, which anyone can guess. */
const MIN_CHARACTERS = 8;

/** Whether a value in an answer of the API is a secret rather than a mask of one. */
export function isSecret(value: unknown): value is string {
	return (
		typeof value === 'string' &&
		/^whsec_[\w+/-]{16,}={0,2}$/.test(value) &&
		new Set(value.slice(6)).size >= MIN_CHARACTERS
	);
}
