import { createHash, createHmac } from 'node:crypto';
import type { IDataObject } from 'n8n-workflow';

/** Of which list a reading is, and when it began. */
export interface Mark {
	/** Fingerprint of base URL and space. */
	scope: string;
	/** Fingerprint of the API key. A key belongs to one account (published), so the same key means the same account. */
	key: string;
	/** Milliseconds since 1970. */
	at: number;
}

/**
 * What polls remember: which testimonials were seen, and whether each was approved then. The mark is that of the last complete reading;
 * before the first one, its time is 0.
 *
 * It is kept as one object in the node's static data, written by one assignment, with all testimonials in one text to stay small. n8n
 * may hand back an older copy of it at any moment; see {@link merge}.
 */
export interface Memory extends Mark {
	/** Whether each testimonial was approved, by its fingerprint; those missing from the list for longest come first. Absent before the first complete reading. */
	seen?: Map<string, boolean>;
	/** The first attempt to read the list that was asked for last, if nothing came of it; absent after a complete reading. */
	attempt?: Mark;
}

/** Maximum number of testimonials that are remembered, and that a list may hold. */
export const CAPACITY = 10_000;

/** Characters of a fingerprint. They hold 54 bits, enough that no two of {@link CAPACITY} are equal by chance. */
const PRINT_WIDTH = 9;

/** Version of the form in static data; another one is not read. */
const VERSION = 1;

/** The fingerprint of a testimonial's ID. */
export function fingerprint(id: string): string {
	return createHash('sha256').update(id).digest('base64url').slice(0, PRINT_WIDTH);
}

/** The fingerprint of what a node reads. @param space ID; absent for all spaces */
export function scopeOf(baseUrl: string, space: string | undefined): string {
	return createHash('sha256')
		.update(JSON.stringify([baseUrl, space]))
		.digest('base64url')
		.slice(0, PRINT_WIDTH);
}

/** The fingerprint of an API key. The key cannot be guessed from it, because keys are long and random. */
export function keyPrint(apiKey: string): string {
	return createHmac('sha256', apiKey)
		.update('Testivora Poll Trigger')
		.digest('base64url')
		.slice(0, PRINT_WIDTH);
}

/** The memory as it is kept in static data. */
export function toStored({ scope, key, at, seen, attempt }: Memory): IDataObject {
	return {
		version: VERSION,
		scope,
		key,
		at,
		...(seen && {
			seen: [...seen].map(([print, isApproved]) => print + (isApproved ? '1' : '0')).join(''),
		}),
		...(attempt && { attempt: { ...attempt } }),
	};
}

/** The memory in static data, or undefined where there is none that can be read. */
export function fromStored(stored: unknown): Memory | undefined {
	if (typeof stored !== 'object' || stored === null) return undefined;
	const { version, seen, attempt: tried } = stored as IDataObject;
	const mark = markIn(stored);
	if (version !== VERSION || !mark) return undefined;
	const attempt = markIn(tried);
	return {
		...mark,
		...(typeof seen === 'string' && { seen: new Map(entriesOf(seen)) }),
		...(attempt && { attempt }),
	};
}

function markIn(stored: unknown): Mark | undefined {
	const { scope, key, at } = (stored ?? {}) as IDataObject;
	const isMark = typeof scope === 'string' && typeof key === 'string' && typeof at === 'number';
	return isMark ? { scope, key, at } : undefined;
}

function entriesOf(text: string): Array<[string, boolean]> {
	const entries = text.match(/[\w-]{9}[01]/g) ?? [];
	return entries.map((entry) => [entry.slice(0, PRINT_WIDTH), entry.endsWith('1')]);
}

/**
 * Merges two copies of a memory. What either has seen counts as seen; where both have a testimonial, the later copy decides whether it
 * was approved. Of copies with different scopes or keys, the later one is taken alone.
 */
export function merge(one: Memory | undefined, other: Memory | undefined): Memory | undefined {
	if (!one || !other) return one ?? other;
	const [earlier, later] = one.at <= other.at ? [one, other] : [other, one];
	if (earlier.scope !== later.scope || earlier.key !== later.key || !earlier.seen) return later;
	// Nothing of the later copy is evicted. After incomplete readings it may hold more than CAPACITY.
	const own = later.seen ?? new Map<string, boolean>();
	const others = without(earlier.seen, own);
	const room = Math.max(0, CAPACITY - own.size);
	return { ...later, seen: new Map([...others.slice(Math.max(0, others.length - room)), ...own]) };
}

/** The entries of a map whose keys are not in another. */
export function without<Value>(
	map: Map<string, Value>,
	other: Map<string, unknown>,
): Array<[string, Value]> {
	return [...map].filter(([key]) => !other.has(key));
}

/** Evicts the first entries over {@link CAPACITY}. */
export function bounded(seen: Map<string, boolean>): Map<string, boolean> {
	return seen.size <= CAPACITY ? seen : new Map([...seen].slice(-CAPACITY));
}
