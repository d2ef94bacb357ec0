/** What the requests of one caller met on their way. */
export interface Journal {
	/** Milliseconds waited because of 429. */
	waitedMs: number;
	/** When the last POST was sent, by {@link elapsed}; those that are sent again after a 429 count anew. */
	postedAt?: number;
	/**
	 * By how many milliseconds the API's clock is at least ahead of {@link elapsed}, from the `Date` headers of its answers; undefined
	 * before the first one.
	 */
	aheadMs?: number;
}

const journals = new WeakMap<object, Journal>();

/** @param caller n8n's context, of which there is one for each run of a node */
export function journalOf(caller: object): Journal {
	const journal = journals.get(caller) ?? { waitedMs: 0 };
	journals.set(caller, journal);
	return journal;
}

/**
 * Notes when the API answered, by its own clock.
 *
 * @param date the `Date` header (RFC 9110, section 6.6.1), in whole seconds: the answer was sent then or up to a second later, and
 *   before now
 */
export function noteDate(caller: object, date: unknown): void {
	const ahead = Date.parse(String(date)) - elapsed();
	const journal = journalOf(caller);
	if (!Number.isNaN(ahead)) journal.aheadMs = Math.max(journal.aheadMs ?? -Infinity, ahead);
}

/** Milliseconds since this process began; unlike `Date.now()`, it never jumps when somebody sets the clock. */
export function elapsed(): number {
	return performance.now();
}
