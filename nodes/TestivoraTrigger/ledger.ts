import { createHash } from 'node:crypto';

/**
 * Which event ids one webhook has accepted, so that an event that is sent again does not run twice.
 *
 * An id is kept as a fingerprint of fixed length with the time it was accepted, so what is kept stays bounded whatever the ids
 * are like. The whole ledger also exists as one text, which the caller stores. The last of two that save wins, and what is
 * found stored may be many saves old: so every process merges what it knows with what it finds, newest kept, and merging in
 * whatever order, and however often, comes to the same.
 */

/** Ids remembered for each webhook: the last that any process accepted. */
export const CAPACITY = 1_500;

/** Characters of a fingerprint: 60 bits, so that two ids never meet by chance. */
const PRINT_WIDTH = 10;

/** Characters of a time: seconds since 1970 in base 36, whose order as texts is their order in time. */
const TIME_WIDTH = 7;

const WIDTH = TIME_WIDTH + PRINT_WIDTH;

/** Milliseconds after which a delivery no longer holds its id back, should n8n neither accept nor answer it. */
const LEASE_MS = 120_000;

export type Standing = 'new' | 'accepting' | 'known';

export class Ledger {
	/** Fingerprints with their times, oldest first: what is stored. */
	private text = '';

	/** The fingerprints in it. */
	private known = new Set<string>();

	/** Ids on their way through n8n, with the time each set out. */
	private accepting = new Map<string, { print: string; since: number; isOver: () => boolean }>();

	/**
	 * Merges what is stored, and returns the text to store. Costs next to nothing while that is what this ledger stored itself, now or some
	 * events ago.
	 */
	merge(stored: unknown): string {
		if (typeof stored !== 'string' || this.isOwn(stored)) return this.text;
		// Evicted entries do not come back with an old save.
		const oldest = this.isFull() ? this.text.slice(0, TIME_WIDTH) : '';
		const news = entriesOf(stored).filter(
			(entry) => entry.slice(0, TIME_WIDTH) > oldest && !this.known.has(printOf(entry)),
		);
		if (news.length === 0) return this.text;
		const all = [
			...new Map(
				[...entriesOf(this.text), ...news].map((entry) => [printOf(entry), entry]),
			).values(),
		];
		const kept = all.sort(byTime).slice(-CAPACITY);
		this.known = new Set(kept.map(printOf));
		this.text = kept.join('');
		return this.text;
	}

	/** Whether nothing in a stored text is new: but for what was dropped since for want of room, it is how this ledger's text begins. */
	private isOwn(stored: string): boolean {
		const dropped = this.isFull() ? stored.indexOf(this.text.slice(0, WIDTH)) : 0;
		return dropped >= 0 && this.text.slice(0, stored.length - dropped) === stored.slice(dropped);
	}

	private isFull(): boolean {
		return this.known.size >= CAPACITY;
	}

	/**
	 * Begins to accept an event, unless it is known or being accepted already.
	 *
	 * @param now milliseconds since 1970
	 * @param isOver whether n8n is through with this delivery: without `accept` before, the event may be tried again
	 * @returns 'new' where the event may run now
	 */
	begin(id: string, now: number, isOver: () => boolean): Standing {
		const print = fingerprint(id);
		if (this.known.has(print)) return 'known';
		for (const [oldest, { since }] of this.accepting) {
			if (now - since < LEASE_MS) break;
			this.accepting.delete(oldest);
		}
		if (this.accepting.get(id)?.isOver() === false) return 'accepting';
		// Last in the map set out last.
		this.accepting.delete(id);
		this.accepting.set(id, { print, since: now, isOver });
		return 'new';
	}

	/**
	 * Remembers an event that n8n has taken over for good. Returns the text to store.
	 *
	 * @param now milliseconds since 1970
	 */
	accept(id: string, now: number): string {
		const print = this.accepting.get(id)?.print ?? fingerprint(id);
		this.accepting.delete(id);
		if (!this.known.has(print)) {
			if (this.isFull()) {
				this.known.delete(printOf(this.text));
				this.text = this.text.slice(WIDTH);
			}
			// Never before the last one, also where another process's clock is ahead: the text stays in order.
			const last = this.text.slice(-WIDTH).slice(0, TIME_WIDTH);
			const current = timeText(now);
			this.known.add(print);
			this.text += (current > last ? current : last) + print;
		}
		return this.text;
	}
}

function fingerprint(id: string): string {
	return createHash('sha256').update(id).digest('base64url').slice(0, PRINT_WIDTH);
}

function timeText(ms: number): string {
	return Math.floor(ms / 1000)
		.toString(36)
		.padStart(TIME_WIDTH, '0');
}

/** The entries of a stored text, each a time and a fingerprint. */
function entriesOf(text: string): string[] {
	return text.slice(-CAPACITY * WIDTH).match(/[\da-z]{7}[\w-]{10}/g) ?? [];
}

/** The fingerprint of an entry, or of the first entry of a text. */
function printOf(entry: string): string {
	return entry.slice(TIME_WIDTH, WIDTH);
}

function byTime(one: string, other: string): number {
	const [a, b] = [one.slice(0, TIME_WIDTH), other.slice(0, TIME_WIDTH)];
	return a < b ? -1 : a > b ? 1 : 0;
}
