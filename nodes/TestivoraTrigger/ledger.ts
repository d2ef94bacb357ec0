import { createHash } from 'node:crypto';

/**
 * Remembers which event IDs one webhook has accepted, so that an event that is sent again does not run twice.
 *
 * An ID is kept as a fingerprint with the time at which it was accepted, so the size is bounded whatever the IDs are. The whole ledger is
 * also one text, which the caller stores. Concurrent saves overwrite each other, and what is stored may be many saves old, so every process
 * merges what it knows with what it finds. Merging keeps the newest entries, and is commutative and idempotent.
 */

/** The number of IDs remembered for each webhook: the last ones that any process accepted. */
export const CAPACITY = 1_500;

/** Characters of a fingerprint: 60 bits, so that no two IDs have the same one by chance. */
const PRINT_WIDTH = 10;

/** Characters of a time: seconds since 1970 in base 36, so that texts sort as times do. */
const TIME_WIDTH = 7;

const WIDTH = TIME_WIDTH + PRINT_WIDTH;

/** Milliseconds after which an event may be tried again although n8n has neither begun to store its execution nor answered its delivery. */
const LEASE_MS = 120_000;

/** The same where n8n has begun to store the execution: n8n never answers when a person stops or deletes it while it waits for its turn. */
const HOLD_MS = 60 * 60 * 1000;

/** 'accepting': another delivery of the event is being processed by n8n. */
export type Standing = 'new' | 'accepting' | 'known';

/** An event that n8n is processing. */
interface Accepting {
	print: string;
	/** Milliseconds since 1970. */
	since: number;
	/** Whether n8n has begun to store the execution. */
	isHeld: boolean;
	isOver: () => boolean;
}

export class Ledger {
	/** What is stored: each entry a time and a fingerprint, oldest first. */
	private text = '';

	/** The fingerprints in `text`. */
	private known = new Set<string>();

	/** IDs of events that n8n is processing, in the order in which it began. */
	private accepting = new Map<string, Accepting>();

	/**
	 * Merges what is stored. Fast where this ledger itself has stored it, even some events ago.
	 *
	 * @returns the text to store
	 */
	merge(stored: unknown): string {
		if (typeof stored !== 'string' || this.isOwn(stored)) return this.text;
		// Evicted entries do not come back with an old save.
		const oldest = this.isFull() ? this.text.slice(0, TIME_WIDTH) : '';
		const added = entriesOf(stored).filter(
			(entry) => entry.slice(0, TIME_WIDTH) > oldest && !this.known.has(printOf(entry)),
		);
		if (added.length === 0) return this.text;
		const all = [
			...new Map(
				[...entriesOf(this.text), ...added].map((entry) => [printOf(entry), entry]),
			).values(),
		];
		const kept = all.sort(byTime).slice(-CAPACITY);
		this.known = new Set(kept.map(printOf));
		this.text = kept.join('');
		return this.text;
	}

	/** Whether a stored text holds nothing new: apart from evicted entries, this ledger's text begins with it. */
	private isOwn(stored: string): boolean {
		const evicted = this.isFull() ? stored.indexOf(this.text.slice(0, WIDTH)) : 0;
		return evicted >= 0 && this.text.slice(0, stored.length - evicted) === stored.slice(evicted);
	}

	private isFull(): boolean {
		return this.known.size >= CAPACITY;
	}

	/**
	 * Begins to accept an event, unless it is known or being accepted already.
	 *
	 * @param now milliseconds since 1970
	 * @param isOver tells whether n8n has finished with this delivery; if so, and without `accept`, the event may be tried again
	 * @returns 'new' where the event may run now
	 */
	begin(id: string, now: number, isOver: () => boolean): Standing {
		const print = fingerprint(id);
		if (this.known.has(print)) return 'known';
		for (const [oldest, { since, isHeld, isOver: isOldestOver }] of this.accepting) {
			if (now - since < LEASE_MS) break;
			if (!isHeld || now - since >= HOLD_MS || isOldestOver()) this.accepting.delete(oldest);
		}
		if (this.accepting.get(id)?.isOver() === false) return 'accepting';
		// Keep the map in order of `since`.
		this.accepting.delete(id);
		this.accepting.set(id, { print, since: now, isHeld: false, isOver });
		return 'new';
	}

	/** Notes that n8n has begun to store the execution of an event, which then may wait long for its turn. */
	hold(id: string): void {
		const entry = this.accepting.get(id);
		if (entry) entry.isHeld = true;
	}

	/**
	 * Remembers an event for which n8n has stored an execution.
	 *
	 * @param now milliseconds since 1970
	 * @returns the text to store
	 */
	accept(id: string, now: number): string {
		const print = this.accepting.get(id)?.print ?? fingerprint(id);
		this.accepting.delete(id);
		if (!this.known.has(print)) {
			if (this.isFull()) {
				this.known.delete(printOf(this.text));
				this.text = this.text.slice(WIDTH);
			}
			// Not before the last entry, which may be from a process whose clock is ahead, so that the text stays in order.
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

/** The entries of a stored text; anything else in it is skipped. */
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
