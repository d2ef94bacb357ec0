import { NodeApiError, NodeOperationError } from 'n8n-workflow';
import type { INode, JsonObject } from 'n8n-workflow';
import type { ZodError, ZodTypeAny, infer as Infer } from 'zod';

/** What went wrong between this package and the API, before it is put into words. */
export interface Fault {
	/** What was being asked for, e.g. "GET /v1/spaces". */
	request: string;
	/** HTTP status of the answer; absent when there was none. */
	status?: number;
	/** Network code such as ECONNREFUSED; absent when there was an answer. */
	code?: string;
	/** `error.type` of the API's envelope. */
	type?: string;
	/** `error.message` of the API's envelope, or what is wrong with the answer. */
	message?: string;
	/** Other fields of the envelope's `error`, e.g. `limit`, `used` and `tier` with `quota_exceeded`. */
	details?: Record<string, unknown>;
}

interface Wording {
	message: string;
	description: string;
}

const CHECK_KEY =
	'Open the Testivora credential and paste a key from Settings → API keys in Testivora, then test it.';

/**
 * One sentence on what happened and one on what to do, for each error type in the API's reference
 * (testivora.md section 1, "Errors").
 */
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
		description: 'The API needs the Growth or the Agency plan. Upgrade in Testivora, then try again.',
	}),
	insufficient_scope: () => ({
		message: 'This API key may only read',
		description:
			'Create a key with the "write" scope in Testivora and put it into the Testivora credential.',
	}),
	rate_limited: () => ({
		message: 'Testivora is receiving too many requests with this API key',
		description:
			'Wait a minute and run the workflow again, or run fewer workflows with the same key at once.',
	}),
};

const BY_STATUS: Record<number, string> = {
	400: 'missing_parameter',
	401: 'invalid_api_key',
	402: 'quota_exceeded',
	403: 'insufficient_scope',
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

/** The codes with which a request is sure never to have reached the API. */
const NEVER_ARRIVED = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'];

/** Whether a request that got no answer surely never reached the API, so that even a create may be sent again. */
export function neverArrived({ status, code }: Fault): boolean {
	return status === undefined && NEVER_ARRIVED.includes(code ?? '');
}

/** What a create leaves open that got no answer, or none that tells what became of it. */
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

/** Takes API keys and signing secrets out of a text that came from outside. */
export function redact(text: string): string {
	return text.replace(/tv_live_[\w-]+/g, 'tv_live_…').replace(/whsec_[\w+/=-]+/g, 'whsec_…');
}

/** A text from outside, fit to stand in a message: without secrets and of bounded length. */
function quote(text: string | undefined): string {
	const clean = redact(text ?? '').replace(/\s+/g, ' ').trim();
	return clean.length > 300 ? `${clean.slice(0, 300)}…` : clean;
}

function words(fault: Fault): Wording {
	const { request, status, code, message } = fault;
	const said = quote(message).replace(/[.!]+$/, '');
	if (status === undefined) {
		const how = NETWORK[code ?? ''] ?? `could not be reached${said ? ` (${said})` : ''}`;
		return {
			message: `Testivora ${how}`,
			description: `${request} got no answer, also not when it was tried again where that is safe.${perhapsCreated(fault)} Check the Base URL in the Testivora credential and the network of your n8n.`,
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
	// An endpoint that answers in its own words keeps them; ours are for the cases that need a way out.
	if (known) {
		const wording = known(fault);
		return { ...wording, description: said ? `${wording.description} Testivora says: ${said}.` : wording.description };
	}
	if (status === 404 && fault.type === undefined) {
		return {
			message: 'Testivora has nothing under this address',
			description: `${request} was answered with 404, and not in the words of the API. Check the Base URL in the Testivora credential: it should be https://api.testivora.com unless you were given another one.`,
		};
	}
	if (status === 404) {
		return {
			message: 'Testivora has nothing with this ID in your account',
			description: `Choose it from the list or find it with Get Many, and check that the credential belongs to the account it is in. ${request} was answered with 404${said ? `: ${said}` : ''}.`,
		};
	}
	return {
		message: said ? `Testivora did not accept this: ${said}` : `Testivora did not accept this (${status})`,
		description: `${request} was answered with ${status}${fault.type ? ` (${quote(fault.type)})` : ''}. Correct what it names and try again.`,
	};
}

/**
 * The error a user sees for a request that did not succeed.
 *
 * `httpCode` holds the status or the network code as a string, `context.type` the API's error type, so that callers
 * can tell cases apart without reading messages. Built from texts only: no header or body of the request hangs on it.
 */
export function apiError(node: INode, fault: Fault, itemIndex?: number): NodeApiError {
	const { message, description } = words(fault);
	const error = new NodeApiError(node, { message } as JsonObject, {
		message,
		description,
		httpCode: fault.status === undefined ? (fault.code ?? 'ENETWORK') : String(fault.status),
		itemIndex,
	});
	// The constructor swaps sentences of its own in for network codes; ours say more.
	error.message = message;
	error.description = description;
	error.context.type = fault.type;
	return error;
}

/** The error a user sees for something to mend in the node itself, before anything is sent. */
export function inputError(
	node: INode,
	message: string,
	description?: string,
	itemIndex?: number,
): NodeOperationError {
	const where = itemIndex === undefined ? '' : ` [item ${itemIndex + 1}]`;
	return new NodeOperationError(node, `${message}${where}`, { description, itemIndex });
}

/** Whether an error is an answer of the API with one of these HTTP statuses. */
export function hasStatus(error: unknown, ...statuses: number[]): error is NodeApiError {
	return error instanceof NodeApiError && statuses.map(String).includes(error.httpCode ?? '');
}

/**
 * Whether trying the same request later may succeed: no answer, too many requests, or a fault of the server. 501 is none:
 * it says that there is no such thing.
 */
export function isPassing(error: unknown): error is NodeApiError {
	if (!(error instanceof NodeApiError)) return false;
	const answer = /^([1-4]\d\d|501)$/.test(error.httpCode ?? '');
	return !answer || ['408', '425', '429'].includes(error.httpCode ?? '');
}

/** Whether the API, or something on the way that spoke for it, answered with what cannot be read: what became of the request is open. */
export function isUnreadable(error: unknown): error is NodeApiError {
	return error instanceof NodeApiError && /^2\d\d$/.test(error.httpCode ?? '');
}

/**
 * What a user typed, checked.
 *
 * @param label the field's label in the editor, e.g. "Rating"
 * @throws NodeOperationError that names the label, what is expected and the item
 */
export function checkInput<Schema extends ZodTypeAny>(
	schema: Schema,
	value: unknown,
	label: string,
	node: INode,
	itemIndex?: number,
): Infer<Schema> {
	const result = schema.safeParse(value);
	if (result.success) return result.data as Infer<Schema>;
	throw inputError(
		node,
		`${label} ${firstIssue(result.error)}`,
		'Correct the field, or the expression in it, and run this again. Nothing was sent to Testivora for this item.',
		itemIndex,
	);
}

/** The first thing a schema found wrong, without the path. */
export function firstIssue(error: ZodError): string {
	return error.issues[0]?.message ?? 'is not as expected';
}
