import { sleep } from 'n8n-workflow';
import type { IExecuteFunctions } from 'n8n-workflow';

/** How long to wait before a request is sent again, and the waiting itself. */

/** The longest first wait of a backoff; each further one is up to twice as long. */
const BACKOFF_MS = 500;
const MAX_DOUBLINGS = 6;
/** The longest single wait of an execution. */
const MAX_WAIT_MS = 60 * 60 * 1000;
/** The most that one call may lose in all while somebody waits for it: a person in the editor, or n8n while it activates a workflow. */
const MAX_ATTENDED_MS = 10_000;
/** How often a wait checks whether the execution was cancelled. */
const WAIT_SLICE_MS = 200;

/** Milliseconds that each attended call has lost so far. A call may send many requests, which share its limit. */
const lostMs = new WeakMap<object, number>();

/**
 * Whether a call may wait before it tries again. For an attended call, what is allowed is counted as lost.
 *
 * @param caller n8n's context of the call. An execution, which can be cancelled, may wait long; any other call is attended.
 * @param ms the wait, in milliseconds
 * @param triedMs how long the unsuccessful try took, in milliseconds
 */
export function mayWait(caller: object, ms: number, triedMs: number): boolean {
	if ('getExecutionCancelSignal' in caller) return ms <= MAX_WAIT_MS;
	const lost = (lostMs.get(caller) ?? 0) + triedMs;
	const may = lost + ms <= MAX_ATTENDED_MS;
	lostMs.set(caller, may ? lost + ms : lost);
	return may;
}

/** Waits, and throws the error as soon as the execution is cancelled. */
export async function waitUnlessCancelled(caller: object, ms: number, error: Error): Promise<void> {
	const signal = (caller as Partial<IExecuteFunctions>).getExecutionCancelSignal?.();
	for (let left = ms; left > 0 && !signal?.aborted; left -= WAIT_SLICE_MS)
		await sleep(Math.min(left, WAIT_SLICE_MS));
	if (signal?.aborted) throw error;
}

/**
 * Milliseconds to wait after a 429.
 *
 * @param header the answer's `Retry-After`. One that asks for no wait is ignored: without a pause, every retry would be refused too.
 * @param before how many 429 this request was answered with before
 */
export function rateLimitDelay(header: string | undefined, before: number): number {
	return retryAfterMs(header, Date.now()) || backoff(before);
}

/** The wait that a `Retry-After` header asks for, in milliseconds; the header holds seconds or a date (RFC 9110, section 10.2.3). */
export function retryAfterMs(header: string | undefined, now: number): number | undefined {
	if (header === undefined) return undefined;
	if (/^\s*-?\d+(\.\d+)?\s*$/.test(header)) return Math.max(0, Number(header) * 1000);
	const date = Date.parse(header);
	return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

/**
 * Milliseconds of exponential backoff, with jitter, so that requests which failed at the same time are not retried at the same time.
 *
 * @param before how many waits came before this one
 */
export function backoff(before: number): number {
	const longest = BACKOFF_MS * 2 ** Math.min(before, MAX_DOUBLINGS);
	return longest / 2 + (Math.random() * longest) / 2;
}
