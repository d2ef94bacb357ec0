import type { ZodTypeAny } from 'zod';

import type { Fault } from './fault';
import { redact } from './redact';
import { errorSchema, firstIssue } from './schemas';

/** An HTTP answer as n8n's request helpers give it, its body as bytes or text. */
export interface HttpAnswer {
	statusCode: number;
	headers: Record<string, unknown>;
	body: unknown;
}

/** The result of sending a request once. */
export type Outcome = { answer: unknown } | Fault;

export function isFault(outcome: Outcome): outcome is Fault {
	return 'request' in outcome;
}

/**
 * Checks an answer of the API.
 *
 * @param request method and path, e.g. "GET /v1/spaces"
 * @param schema what the answer must look like; absent where no body is expected
 * @param secrets values that must not show in a message, should the answer repeat them
 * @returns the answer's JSON as it came, undefined without a schema; or the fault
 */
export function readAnswer(
	request: string,
	{ statusCode: status, headers, body }: HttpAnswer,
	schema: ZodTypeAny | undefined,
	secrets: string[],
): Outcome {
	const json = parse(body);
	if (status < 200 || status >= 300) {
		const mask = (_name: string, value: unknown) =>
			typeof value === 'string' ? redact(value, secrets) : value;
		const masked = JSON.stringify(errorSchema.safeParse(json).data?.error ?? {}, mask);
		const { type, message, ...details } = JSON.parse(masked) as { type?: string; message?: string };
		return {
			request,
			status,
			type,
			message,
			details,
			retryAfter: headers['retry-after'] as string | undefined,
		};
	}
	// Even where no body is expected, a non-JSON body means that something else answered, such as a proxy with a log-in page.
	const expectsJson = schema !== undefined || String(body ?? '').trim() !== '';
	if (expectsJson && json === undefined) return { request, status, message: 'it is not JSON' };
	if (!schema) return { answer: undefined };
	const checked = schema.safeParse(json);
	// Return the JSON as it came, not zod's result: zod drops unknown fields, and copying a list costs more than the rest of the check.
	return checked.success
		? { answer: json }
		: { request, status, message: `it ${firstIssue(checked.error)}` };
}

/**
 * The fault of a request that got no answer.
 *
 * @param error from n8n's request helpers. It carries the request with its headers, key included, so only its code and text are used.
 */
export function noAnswer(request: string, error: unknown, secrets: string[]): Fault {
	const { httpCode, code, message } = error as {
		httpCode?: string;
		code?: string;
		message?: string;
	};
	return {
		request,
		code: networkCode(httpCode, code, message),
		message: message && redact(message, secrets),
	};
}

function parse(body: unknown): unknown {
	try {
		return JSON.parse(String(body));
	} catch {
		return undefined;
	}
}

/** Older versions of n8n have the code in the text only; an answer that is cut off has none. */
function networkCode(...sources: Array<string | undefined>): string | undefined {
	const text = sources.join(' ');
	if (/stream has been aborted/.test(text)) return 'ECONNRESET';
	// Those of an untrusted certificate do not begin with an E.
	return text.match(/\b([A-Z_]*CERT[A-Z_]*|UNABLE_TO_VERIFY_LEAF_SIGNATURE|E[A-Z_]{4,})\b/)?.[0];
}
