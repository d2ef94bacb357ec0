import { sleep } from 'n8n-workflow';
import type { IExecuteFunctions } from 'n8n-workflow';

/** How long to wait before a request is sent again, and the waiting itself. */

const BACKOFF_MS = 500;
/** The longest single wait of an execution. */
const MAX_WAIT_MS = 60 * 60 * 1000;
/** The most that one call may lose in all while a person in the editor, or n8n while it activates a workflow, waits for its result. */
const MAX_ATTENDED_MS = 10_000;
/** How often a wait checks whether the execution was cancelled. */
const WAIT_SLICE_MS = 200;

/** Milliseconds that each attended call has lost so far: one call sends many requests, and all of them share its limit. */
const lost = new WeakMap<object, number>();

/**
 * Whether a call may wait before it tries again.
 *
 * @param caller n8n's context of the call. An execution, which can be cancelled, may wait long; any other call is attended.
 * @param ms the wait, in milliseconds
 * @param spent milliseconds that the unsuccessful try took
 */
export function mayWait(caller: object, ms: number, spent: number): boolean {
	if ('getExecutionCancelSignal' in caller) return ms <= MAX_WAIT_MS;
	const before = (lost.get(caller) ?? 0) + spent;
	const may = before + ms <= MAX_ATTENDED_MS;
	lost.set(caller, may ? before + ms : before);
	return may;
}

/** Waits; throws the error as soon as the execution is cancelled. */
export async function waitUnlessCancelled(caller: object, ms: number, error: Error): Promise<void> {
	const signal = (caller as Partial<IExecuteFunctions>).getExecutionCancelSignal?.();
	for (let left = ms; left > 0 && !signal?.aborted; left -= WAIT_SLICE_MS)
		await sleep(Math.min(left, WAIT_SLICE_MS));
	if (signal?.aborted) throw error;
}

/**
 * Milliseconds to wait after a 429.
 *
 * @param header the answer's `Retry-After`. One that asks for no wait at all is taken as absent: without a pause, every retry would be refused too.
 * @param refusals how many 429 came before this one in a row
 */
export function afterRefusal(header: string | undefined, refusals: number): number {
	return retryAfterMs(header, Date.now()) || backoff(refusals);
}

/** The wait that a `Retry-After` header asks for, in milliseconds; the header holds seconds or a date (RFC 9110, section 10.2.3). */
export function retryAfterMs(header: string | undefined, now: number): number | undefined {
	if (header === undefined) return undefined;
	if (/^\s*-?\d+(\.\d+)?\s*$/.test(header)) return Math.max(0, Number(header) * 1000);
	const date = Date.parse(header);
	return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

/** Milliseconds of exponential backoff, with jitter so that requests which failed together do not return together. */
export function backoff(tries: number): number {
	const longest = BACKOFF_MS * 2 ** Math.min(tries, 6);
	return longest / 2 + (Math.random() * longest) / 2;
}
