import { createHash } from 'node:crypto';

/**
 * Which event ids one webhook has accepted, so that an event that is sent again does not run twice.
 *
 * An id is kept as a fingerprint of fixed length, so what is kept stays bounded whatever the ids are like. The whole ledger
 * also exists as one text, which the caller stores; every process merges what it knows with what it finds stored,
 * because the last of two that save wins.
 */

/** Ids remembered for each webhook. At least the last 1,000 stay known even where two processes mix theirs. */
export const CAPACITY = 2_000;

/** Characters of a fingerprint: 72 bits, so that two ids never meet by chance. */
const WIDTH = 12;

/**
 * Milliseconds after which a delivery that neither was accepted nor got an answer no longer holds its id back. That only
 * happens when the sender hung up and n8n then failed as well.
 */
const LEASE_MS = 120_000;

/** Ledgers held in one process; past that, the one unused for longest falls back on what is stored. */
const MOST_LEDGERS = 1_000;

export type Standing = 'new' | 'accepting' | 'known';

export class Ledger {
	private known = new Set<string>();

	/** The same fingerprints as one text, oldest first: what is stored. */
	private text = '';

	/** Fingerprints on their way through n8n, with the time each set out. */
	private accepting = new Map<string, number>();

	/**
	 * Takes in what is stored; costs next to nothing while that is what this ledger last stored itself.
	 *
	 * Both texts are read from their ends and take turns, so what both know to be recent survives the bound.
	 */
	merge(stored: unknown): void {
		if (typeof stored !== 'string' || stored === this.text) return;
		const lists = [split(this.text), split(stored)];
		const newestFirst = new Set<string>();
		for (let age = 0; age < CAPACITY && newestFirst.size < CAPACITY; age++) {
			for (const list of lists) if (age < list.length) newestFirst.add(list[list.length - 1 - age]);
		}
		const kept = [...newestFirst].slice(0, CAPACITY).reverse();
		this.known = new Set(kept);
		this.text = kept.join('');
	}

	/**
	 * Begins to accept an event, unless it is known or being accepted already.
	 *
	 * @param now milliseconds since 1970
	 * @returns 'new' where the event may run now; then `accept` or `release` must follow
	 */
	begin(id: string, now: number): Standing {
		const print = fingerprint(id);
		if (this.known.has(print)) return 'known';
		for (const [oldest, since] of this.accepting) {
			if (now - since < LEASE_MS) break;
			this.accepting.delete(oldest);
		}
		if (this.accepting.has(print)) return 'accepting';
		this.accepting.set(print, now);
		return 'new';
	}

	/** Remembers an event that n8n has taken over for good. Returns the text to store. */
	accept(id: string): string {
		const print = fingerprint(id);
		this.accepting.delete(print);
		if (!this.known.has(print)) {
			this.known.add(print);
			this.text = (this.text + print).slice(-CAPACITY * WIDTH);
			if (this.known.size > CAPACITY) this.known.delete(this.known.values().next().value as string);
		}
		return this.text;
	}

	/** Lets an event be tried again that n8n did not take over. */
	release(id: string): void {
		this.accepting.delete(fingerprint(id));
	}
}

const ledgers = new Map<string, Ledger>();

/** This process's ledger of one webhook. @param webhook the same text for the same webhook, always */
export function ledgerOf(webhook: string): Ledger {
	const ledger = ledgers.get(webhook) ?? new Ledger();
	// Last in the map is last used.
	ledgers.delete(webhook);
	ledgers.set(webhook, ledger);
	if (ledgers.size > MOST_LEDGERS) ledgers.delete(ledgers.keys().next().value as string);
	return ledger;
}

function fingerprint(id: string): string {
	return createHash('sha256').update(id).digest('base64url').slice(0, WIDTH);
}

function split(text: string): string[] {
	return text.match(/[\w-]{12}/g) ?? [];
}
