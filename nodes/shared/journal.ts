/** What the requests of one caller have measured. */
export interface Journal {
	/** Milliseconds waited because of 429. */
	waitedMs: number;
	/** When the latest POST was sent, by {@link elapsed}. A POST that is sent again after a 429 counts from then. */
	postedAt?: number;
	/** The least by which the API's clock is ahead of {@link elapsed}, in milliseconds; undefined before the first answer with a date. */
	aheadMs?: number;
}

const journals = new WeakMap<object, Journal>();

/** @param caller n8n's context, which is a new object for each try of a run */
export function journalOf(caller: object): Journal {
	const journal = journals.get(caller) ?? { waitedMs: 0 };
	journals.set(caller, journal);
	return journal;
}

/**
 * Compares the API's clock with ours, on receipt of an answer. Every answer gives a lower bound of the difference, so the highest holds.
 *
 * @param date the `Date` header (RFC 9110, section 6.6.1). It is cut off to whole seconds, and the answer took time to arrive.
 */
export function noteDate(caller: object, date: unknown): void {
	const ahead = Date.parse(String(date)) - elapsed();
	const journal = journalOf(caller);
	if (!Number.isNaN(ahead)) journal.aheadMs = Math.max(journal.aheadMs ?? -Infinity, ahead);
}

/** Milliseconds since this process began. Unlike `Date.now()`, it does not jump when the system's clock is set. */
export function elapsed(): number {
	return performance.now();
}
