import { NodeApiError, NodeOperationError } from 'n8n-workflow';
import type { INode, JsonObject } from 'n8n-workflow';

import { describeFault, isCertificateRefused, isForeignAnswer, neverArrived } from './fault';
import type { Fault } from './fault';

/**
 * The error a user sees for a request that did not succeed.
 *
 * `httpCode` holds the status or the network code as a string, `context.type` the API's error type, and `context.neverArrived` whether
 * the request certainly never reached the API, so that callers can distinguish cases without reading messages. It is built from texts
 * only, so it carries no header or body of the request.
 *
 * Like {@link inputError}, it has none of n8n's own itemIndex, for which the editor would add a number that is counted from zero.
 */
export function apiError(node: INode, fault: Fault): NodeApiError {
	const { message, description } = describeFault(fault);
	const error = new NodeApiError(node, { message } as JsonObject, {
		message,
		description,
		httpCode: fault.status === undefined ? (fault.code ?? 'ENETWORK') : String(fault.status),
	});
	// For network codes the constructor replaces both with general sentences; restore the specific ones.
	error.message = message;
	error.description = description;
	Object.assign(error.context, { type: fault.type, neverArrived: neverArrived(fault) });
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
	return new NodeOperationError(node, `${message}${where}`, { description });
}

/**
 * Makes message and description say the same: what happened and what to do. Where a workflow could not be published, n8n shows only the
 * message, and older versions only the description.
 */
export function forPublication<Failure extends Error & { description?: string | null }>(
	error: Failure,
): Failure {
	if (error.description)
		error.message = error.description = `${error.message}. ${error.description}`;
	return error;
}

/** Whether an error is an answer with one of these HTTP statuses, whoever sent it; see also {@link isGone}. */
export function hasStatus(error: unknown, ...statuses: number[]): error is NodeApiError {
	return error instanceof NodeApiError && statuses.map(String).includes(error.httpCode ?? '');
}

/** Whether the API itself, by its error envelope, refuses what a request asks for, such as a parameter's value: 400 or 422. */
export function isRefused(error: unknown): error is NodeApiError {
	return hasStatus(error, 400, 422) && typeof error.context.type === 'string';
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
	return (
		error instanceof NodeApiError && !isForeignAnswer(Number(error.httpCode), error.context.type)
	);
}

/** Whether a retry may succeed: no answer, too many requests, or a server error. Not 501, which says "not implemented". */
export function isTransient(error: unknown): error is NodeApiError {
	if (!(error instanceof NodeApiError)) return false;
	const status = Number(error.httpCode ?? Number.NaN);
	// A network code is no number.
	if (Number.isNaN(status)) return !isCertificateRefused(error.httpCode ?? '');
	return [408, 425, 429].includes(status) || (status >= 500 && status !== 501);
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
