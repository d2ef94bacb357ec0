import { NodeApiError, NodeOperationError } from 'n8n-workflow';
import type { INode, JsonObject } from 'n8n-workflow';
import type { ZodError } from 'zod';

/** A request that did not succeed, before it is described to a user. */
export interface Fault {
	/** Method and path of the request, e.g. "GET /v1/spaces". */
	request: string;
	/** HTTP status of the answer; absent when there was none. */
	status?: number;
	/** Network code such as ECONNREFUSED; absent when there was an answer. */
	code?: string;
	/** `error.type` of the API's envelope. */
	type?: string;
	/** `error.message` of the API's envelope, or what is wrong with the answer. */
	message?: string;
	/** The answer's `Retry-After`. */
	retryAfter?: string;
	/** Other fields of the envelope's `error`, e.g. `limit`, `used` and `tier` with `quota_exceeded`. */
	details?: Record<string, unknown>;
}

interface Wording {
	message: string;
	description: string;
}

const CHECK_KEY =
	'Open the Testivora credential and paste a key from Settings → API in Testivora, then test it.';

/** What happened and what to do, for each error type in the API's reference (published, "Errors"), and for a 403 of another type. */
const BY_TYPE: Record<string, (fault: Fault) => Wording> = {
	unauthorized: () => ({
		message: 'Testivora did not get an API key with the request',
		description: CHECK_KEY,
	}),
	invalid_api_key: () => ({
		message: 'Testivora does not know this API key, or it was revoked',
		description: CHECK_KEY,
	}),
	quota_exceeded: ({ details }) => ({
		message: `The monthly quota of your Testivora plan is used up${quotaFigures(details)}`,
		description:
			'Wait for the next month or upgrade the plan in Testivora. Nothing was created; run the remaining items again then.',
	}),
	plan_required: () => ({
		message: 'Your Testivora plan does not include the API',
		description:
			'The API needs the Growth or the Agency plan. Upgrade in Testivora, then try again.',
	}),
	insufficient_scope: ({ request }) => ({
		message: request.startsWith('GET ')
			? 'This API key may not read'
			: 'This API key may only read',
		description:
			'Create a key with the scopes "read" and "write" in Testivora under Settings → API, and put it into the Testivora credential.',
	}),
	forbidden: () => ({
		message: 'Testivora does not allow this with this API key',
		description:
			'Check in Testivora that your plan includes the API (Growth or Agency), and that the key has the scopes "read" and "write".',
	}),
	rate_limited: () => ({
		message: 'Testivora is receiving too many requests with this API key',
		description:
			'Wait a minute and try again. Run fewer workflows with the same key at once, or give each a key of its own.',
	}),
};

const BY_STATUS: Record<number, string> = {
	400: 'missing_parameter',
	401: 'invalid_api_key',
	402: 'quota_exceeded',
	403: 'forbidden',
	404: 'not_found',
	422: 'invalid',
	429: 'rate_limited',
};

const NETWORK: Record<string, string> = {
	ECONNREFUSED: 'refused the connection',
	ECONNRESET: 'closed the connection before it had answered',
	ENOTFOUND: 'could not be found under that address',
	EAI_AGAIN: 'could not be looked up',
	ETIMEDOUT: 'did not answer in time',
	ECONNABORTED: 'did not answer in time',
};

/** Network codes that prove that the request never reached the API. */
const NEVER_ARRIVED = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN'];

/** Network codes that prove it only if it was the connection that they prevented; a connection that stands can end with them too. */
const UNREACHABLE = ['EHOSTUNREACH', 'ENETUNREACH'];

/** Whether the request certainly never reached the API, so that even a create can safely be sent again. */
export function neverArrived({ status, code = '', message = '' }: Fault): boolean {
	if (status !== undefined) return false;
	// Node.js names the system call: "connect EHOSTUNREACH …", "read EHOSTUNREACH".
	return (
		NEVER_ARRIVED.includes(code) || (UNREACHABLE.includes(code) && /\bconnect E/.test(message))
	);
}

/** A warning to add for a create whose outcome is unknown; empty for every other request. */
function perhapsCreated(fault: Fault): string {
	return fault.request.startsWith('POST ') && !neverArrived(fault)
		? ' It may have been created all the same: look in Testivora before you run this item again.'
		: '';
}

function quotaFigures(details: Record<string, unknown> = {}): string {
	const { used, limit, tier } = details;
	if (typeof used !== 'number' || typeof limit !== 'number') return '';
	return ` (${used} of ${limit}${typeof tier === 'string' ? `, ${tier} plan` : ''})`;
}

/**
 * Masks API keys and signing secrets in a text that came from outside.
 *
 * @param secrets values of the credential, whatever their form; also found where JSON or a URL has escaped them
 */
export function redact(text: string, secrets: string[] = []): string {
	const forms = secrets.flatMap((secret) => [
		secret,
		JSON.stringify(secret).slice(1, -1),
		encodeURIComponent(secret),
	]);
	// The longest first, so that of two secrets of which one begins with the other nothing is left.
	return forms
		.sort((one, other) => other.length - one.length)
		.reduce((masked, form) => masked.replaceAll(form, '…'), text)
		.replace(/tv_live_[\w-]+/g, 'tv_live_…')
		.replace(/whsec_[\w+/=%-]+/g, 'whsec_…');
}

/** A text from outside, made safe to quote in a message: without secrets, on one line and of bounded length. */
function quote(text: string | undefined): string {
	const clean = redact(text ?? '')
		.replace(/\s+/g, ' ')
		.trim();
	return clean.length > 300 ? `${clean.slice(0, 300)}…` : clean;
}

function describeFault(fault: Fault): Wording {
	const { request, status, code, message } = fault;
	const said = quote(message).replace(/[.!]+$/, '');
	if (status === undefined) {
		const how = NETWORK[code ?? ''] ?? `could not be reached${said ? ` (${said})` : ''}`;
		return {
			message: `Testivora ${how}`,
			description: `${request} got no answer.${perhapsCreated(fault)} Check the Base URL in the Testivora credential and the network of your n8n.`,
		};
	}
	if (status >= 300 && status < 400) {
		return {
			message: `The Base URL sends requests on to another address (${status})`,
			description:
				'Redirects are not followed, so that the API key reaches no other host. Put the final address into Base URL in the Testivora credential.',
		};
	}
	if (status >= 500) {
		return {
			message: `Testivora is not working at the moment (${status})`,
			description: `${request} was answered with ${status}${said ? `: ${said}` : ''}.${perhapsCreated(fault) || ' Try again in a few minutes.'}`,
		};
	}
	if (status < 300) {
		return {
			message: `Testivora sent an answer that could not be read: ${said}`,
			description: `${request} was answered with ${status}.${perhapsCreated(fault)} Check the Base URL in the Testivora credential: it should be https://api.testivora.com unless you were given another one.`,
		};
	}
	const known = BY_TYPE[fault.type ?? ''] ?? BY_TYPE[BY_STATUS[status]];
	// For other types the API's own text says best what is wrong: see the end.
	if (known) {
		const wording = known(fault);
		return {
			...wording,
			description: said ? `${wording.description} Testivora says: ${said}.` : wording.description,
		};
	}
	if (isForeign(status, fault.type)) {
		return {
			// What to do stands in the message: n8n shows no description in lists, nor for a workflow that it could not publish.
			message:
				'No Testivora API at this Base URL. Open the Testivora credential and set Base URL to https://api.testivora.com, unless you were given another one',
			description: `${request} was answered with ${status}, and not in the form in which the API answers: something else is at this address.`,
		};
	}
	if (status === 404) {
		return {
			message: 'Testivora has nothing with this ID in your account',
			description: `Choose it from the list or find it with Get Many, and check that the credential belongs to the account it is in. ${request} was answered with 404${said ? `: ${said}` : ''}.`,
		};
	}
	return {
		message: said
			? `Testivora did not accept this: ${said}`
			: `Testivora did not accept this (${status})`,
		description: `${request} was answered with ${status}${fault.type ? ` (${quote(fault.type)})` : ''}. Correct what it names and try again.`,
	};
}

/**
 * The error a user sees for a request that did not succeed.
 *
 * `httpCode` holds the status or the network code as a string, `context.type` the API's error type, so that callers
 * can distinguish cases without reading messages. It is built from texts only, so it carries no header or body of the request.
 */
export function apiError(node: INode, fault: Fault, itemIndex?: number): NodeApiError {
	const { message, description } = describeFault(fault);
	const error = new NodeApiError(node, { message } as JsonObject, {
		message,
		description,
		httpCode: fault.status === undefined ? (fault.code ?? 'ENETWORK') : String(fault.status),
		itemIndex,
	});
	// For network codes the constructor replaces both with general sentences; restore the specific ones.
	error.message = message;
	error.description = description;
	error.context.type = fault.type;
	return error;
}

/** The error a user sees for something to correct in the node itself, before anything is sent. */
export function inputError(
	node: INode,
	message: string,
	description?: string,
	itemIndex?: number,
): NodeOperationError {
	const where = itemIndex === undefined ? '' : ` [item ${itemIndex + 1}]`;
	return new NodeOperationError(node, `${message}${where}`, { description, itemIndex });
}

/**
 * Whether something else than the API answered, such as a web server at a wrong Base URL: a 404 or 405 without the API's error
 * envelope, in which every error of the API comes (published).
 */
function isForeign(status: number, type: unknown): boolean {
	return (status === 404 || status === 405) && typeof type !== 'string';
}

/** Whether an error is an answer with one of these HTTP statuses, whoever sent it; see also {@link isGone}. */
export function hasStatus(error: unknown, ...statuses: number[]): error is NodeApiError {
	return error instanceof NodeApiError && statuses.map(String).includes(error.httpCode ?? '');
}

/** Whether the API itself says that the object of the request does not exist (404) or exists no longer (410). */
export function isGone(error: unknown): error is NodeApiError {
	return isOwnAnswer(error) && hasStatus(error, 404, 410);
}

/**
 * What an API without webhook management answers to `/v1/webhooks` (assumption A1): 404 or 405 in the API's error envelope, or 501.
 * A 404 to `/v1/webhooks/{id}` only says that this endpoint does not exist: {@link isGone}.
 */
export function isWebhookApiMissing(error: unknown): error is NodeApiError {
	return hasStatus(error, 501) || (isOwnAnswer(error) && hasStatus(error, 404, 405));
}

/**
 * Whether the API refuses the method of a request whatever the object is: 405, or 501 for "not implemented". An API that has webhooks
 * may still refuse to change or delete one (assumption A1).
 */
export function isMethodRefused(error: unknown): error is NodeApiError {
	return hasStatus(error, 405, 501);
}

function isOwnAnswer(error: unknown): error is NodeApiError {
	return error instanceof NodeApiError && !isForeign(Number(error.httpCode), error.context.type);
}

/** Whether a retry may succeed: no answer, too many requests, or a server error. Not 501, which says "not implemented". */
export function isTransient(error: unknown): error is NodeApiError {
	if (!(error instanceof NodeApiError)) return false;
	const answer = /^([1-4]\d\d|501)$/.test(error.httpCode ?? '');
	return !answer || ['408', '425', '429'].includes(error.httpCode ?? '');
}

/** Whether a request got no answer in time. */
export function isTimeout(error: unknown): error is NodeApiError {
	return (
		error instanceof NodeApiError && ['ETIMEDOUT', 'ECONNABORTED'].includes(error.httpCode ?? '')
	);
}

/** Whether the outcome of the request is unknown, so that a retry may settle it: a transient error, or a 2xx answer that is unreadable. */
export function isOutcomeUnknown(error: unknown): error is NodeApiError {
	return (
		isTransient(error) || (error instanceof NodeApiError && /^2\d\d$/.test(error.httpCode ?? ''))
	);
}

/** The first issue a schema found, without the path to the value. */
export function firstIssue(error: ZodError): string {
	return error.issues[0]?.message ?? 'is not as expected';
}
