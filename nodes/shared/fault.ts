import { MESSAGES } from './messages';
import { redact } from './redact';
import { retryAfterMs } from './waiting';

/** A request that did not succeed: what is known of it, before it is described to a user. */
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

/** What happened, and what the user can do. */
interface Description {
	message: string;
	description: string;
}

/** The most characters of a text of the API that a message quotes. */
const MAX_QUOTE = 300;

/** Describes a fault to the user, in the API's own words where those say best what to correct. */
export function describeFault(fault: Fault): Description {
	const { request, status, code = '', type } = fault;
	const said = quote(fault.message).replace(/[.!]+$/, '');
	if (status === undefined && isCertificateRefused(code)) {
		return {
			message: MESSAGES.certificateRefused,
			description: `${request} was not sent (${code}). Check the Base URL in the Testivora credential, and the clock of this n8n. Where a company's proxy uses a certificate of its own, whoever runs n8n can make it known in the environment variable NODE_EXTRA_CA_CERTS.`,
		};
	}
	if (status === undefined) {
		return {
			message: BY_CODE[code] ?? (said ? MESSAGES.unreachableBecause(said) : MESSAGES.unreachable),
			description: `${request} got no answer.${creationWarning(fault)} Check the Base URL in the Testivora credential and the network of your n8n.`,
		};
	}
	const answered = `${request} was answered with ${status}`;
	const answeredSaying = said ? `${answered}: ${said}` : answered;
	if (status < 300) {
		return {
			message: MESSAGES.unreadable(said),
			description: `${answered}.${creationWarning(fault)} Check the Base URL in the Testivora credential: it should be https://api.testivora.com unless you were given another one.`,
		};
	}
	if (status < 400) {
		return {
			message: MESSAGES.redirected(String(status)),
			description:
				'Redirects are not followed, so that the API key reaches no other host. Put the final address into Base URL in the Testivora credential.',
		};
	}
	if (status >= 500 || status === 408) {
		return {
			message: MESSAGES.notWorking(String(status)),
			description: `${answeredSaying}.${creationWarning(fault) || ' Try again in a few minutes.'}`,
		};
	}
	const describedType = Object.hasOwn(BY_TYPE, type ?? '') ? type : TYPE_OF_STATUS[status];
	if (describedType !== undefined) {
		const { message, description } = BY_TYPE[describedType](fault);
		return { message, description: said ? `${description} Testivora says: ${said}.` : description };
	}
	if (isForeignAnswer(status, type)) {
		return {
			message: MESSAGES.noApiHere,
			description: `${answered}, and not in the form in which the API answers: something else is at this address.`,
		};
	}
	if (status === 404) {
		return {
			message: MESSAGES.idNotFound,
			description: `Choose it from the list or find it with Get Many, and check that the credential belongs to the account it is in. ${answeredSaying}.`,
		};
	}
	return {
		message: said ? MESSAGES.notAcceptedBecause(said) : MESSAGES.notAccepted(String(status)),
		description: `${answered}${type ? ` (${quote(type)})` : ''}. Correct what it names and try again.`,
	};
}

const BY_CODE: Record<string, string> = {
	ECONNREFUSED: MESSAGES.connectionRefused,
	ECONNRESET: MESSAGES.connectionClosed,
	ENOTFOUND: MESSAGES.addressUnknown,
	EAI_AGAIN: MESSAGES.lookUpFailed,
	ETIMEDOUT: MESSAGES.timedOut,
	ECONNABORTED: MESSAGES.timedOut,
};

const CHECK_KEY =
	'Paste a key from Settings → API in Testivora into the Testivora credential, then test it.';

/** The error types in the API's reference (published, "Errors") that call for more than their own text; `forbidden` is any other 403. */
const BY_TYPE: Record<string, (fault: Fault) => Description> = {
	unauthorized: () => ({ message: MESSAGES.keyMissing, description: CHECK_KEY }),
	invalid_api_key: () => ({ message: MESSAGES.keyUnknown, description: CHECK_KEY }),
	quota_exceeded: ({ details }) => {
		const figures = quotaFigures(details);
		return {
			message: figures ? MESSAGES.quotaUsedUpOf(figures) : MESSAGES.quotaUsedUp,
			description:
				'Wait for the next month or upgrade the plan in Testivora. This item was not created; run it and those after it again then.',
		};
	},
	plan_required: () => ({
		message: MESSAGES.planRequired,
		description:
			'The API needs the Growth or the Agency plan. Upgrade in Testivora, then try again.',
	}),
	insufficient_scope: ({ request }) => ({
		message: request.startsWith('GET ') ? MESSAGES.keyMayNotRead : MESSAGES.keyMayOnlyRead,
		description:
			'Create a key with the scopes "read" and "write" in Testivora under Settings → API, and put it into the Testivora credential.',
	}),
	forbidden: () => ({
		message: MESSAGES.forbidden,
		description:
			'Check in Testivora that your plan includes the API (Growth or Agency), and that the key has the scopes "read" and "write".',
	}),
	rate_limited: ({ retryAfter }) => ({
		message: MESSAGES.rateLimited,
		description: `Wait ${waitOf(retryAfter)} and try again. Run fewer workflows with the same key at once, or give each a key of its own.`,
	}),
};

/** The type that is assumed for a status when the answer names none, or one that the API's reference does not have. */
const TYPE_OF_STATUS: Record<number, string | undefined> = {
	401: 'invalid_api_key',
	402: 'quota_exceeded',
	403: 'forbidden',
	429: 'rate_limited',
};

/** A text from outside, made safe to quote in a message: without secrets, on one line and of bounded length. */
function quote(text = ''): string {
	const clean = redact(text).replace(/\s+/g, ' ').trim();
	return clean.length > MAX_QUOTE ? `${clean.slice(0, MAX_QUOTE)}…` : clean;
}

/** A warning for a create whose outcome is unknown; empty for every other request. */
function creationWarning(fault: Fault): string {
	return fault.request.startsWith('POST ') && !neverArrived(fault)
		? ' It may have been created all the same: look in Testivora before you run this item again.'
		: '';
}

/** The time that a `Retry-After` header asks for, in words. */
function waitOf(retryAfter: string | undefined): string {
	const minutes = Math.ceil((retryAfterMs(retryAfter, Date.now()) ?? 0) / 60_000);
	return minutes > 1 ? `${minutes} minutes` : 'a minute';
}

/** For example "100 of 100, Growth plan"; empty where the API gives no figures. */
function quotaFigures({ used, limit, tier }: Record<string, unknown> = {}): string {
	if (typeof used !== 'number' || typeof limit !== 'number') return '';
	return `${used} of ${limit}${typeof tier === 'string' ? `, ${tier} plan` : ''}`;
}

/**
 * Whether something else than the API answered, such as a web server at a wrong Base URL: a 404 or 405 without the API's error
 * envelope, in which every error of the API comes (published).
 */
export function isForeignAnswer(status: number, type: unknown): boolean {
	return (status === 404 || status === 405) && typeof type !== 'string';
}

/** Whether the network code says that the other side's certificate is not trusted, so that nothing was sent to it. */
export function isCertificateRefused(code: string): boolean {
	// In an alert, it is the other side that refuses this one.
	return /CERT|^UNABLE_TO_VERIFY_LEAF_SIGNATURE$/.test(code) && !code.includes('ALERT');
}

/** Network codes of a connection that was never made. */
const NEVER_CONNECTED = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN'];

/** Network codes that occur while connecting, and on an established connection too. */
const UNREACHABLE = ['EHOSTUNREACH', 'ENETUNREACH'];

/** Whether the request certainly never reached the API, so that even a create can safely be sent again. */
export function neverArrived({ status, code = '', message = '' }: Fault): boolean {
	if (status !== undefined) return false;
	// Node.js names the system call: "connect EHOSTUNREACH …", "read EHOSTUNREACH".
	return (
		NEVER_CONNECTED.includes(code) ||
		isCertificateRefused(code) ||
		(UNREACHABLE.includes(code) && /\bconnect E/.test(message))
	);
}
