import { NodeOperationError } from 'n8n-workflow';
import type { ICredentialDataDecryptedObject, INode } from 'n8n-workflow';

import { MESSAGES } from './messages';

/** The address of the API (published). */
export const DEFAULT_BASE_URL = 'https://api.testivora.com';

/** Shorter values are not masked: they are no secrets, and messages would become unreadable. */
const MIN_SECRET_LENGTH = 6;

/** The most secrets tried for one delivery. A rotation needs two. */
const MAX_SECRETS = 25;

/**
 * The address to which "/v1/…" is appended: without trailing slashes, and without a "/v1" that was pasted with it.
 *
 * @throws NodeOperationError when the credential's Base URL is not a plain http or https address
 */
export function baseUrlOf(credential: ICredentialDataDecryptedObject, node: INode): string {
	const typed = String(credential.baseUrl ?? '').trim() || DEFAULT_BASE_URL;
	const url = URL.canParse(typed) ? new URL(typed) : undefined;
	if (
		!url ||
		!/^https?:$/.test(url.protocol) ||
		url.username ||
		url.password ||
		url.search ||
		url.hash
	) {
		throw new NodeOperationError(node, MESSAGES.baseUrlInvalid, {
			description: `It should look like ${DEFAULT_BASE_URL}. Open the credential and correct it.`,
		});
	}
	return `${url.origin}${url.pathname}`.replace(/\/+$/, '').replace(/\/v1$/, '');
}

/** The signing secrets that a user entered in the credential, for endpoints that were registered by hand. */
export function webhookSecretsOf(credential: ICredentialDataDecryptedObject): string[] {
	return String(credential.webhookSecret ?? '')
		.split(',')
		.map((secret) => secret.trim())
		.filter((secret) => secret !== '')
		.slice(0, MAX_SECRETS);
}

/** The values of the credential that messages must not show. */
export function secretsOf({ apiKey, webhookSecret }: ICredentialDataDecryptedObject): string[] {
	return [apiKey, ...String(webhookSecret ?? '').split(',')]
		.map((secret) => String(secret ?? '').trim())
		.filter((secret) => secret.length >= MIN_SECRET_LENGTH);
}

/** The `Authorization` header (published). White space around the key is dropped, as it is easily copied along. */
export function authorizationOf({ apiKey }: ICredentialDataDecryptedObject): string {
	return `Bearer ${String(apiKey ?? '').trim()}`;
}
