import { createHash, createHmac } from 'node:crypto';
import type { IDataObject } from 'n8n-workflow';

/**
 * What polls remember: which testimonials were seen, and whether each was approved then.
 *
 * The memory is kept as one object in the node's static data, with all testimonials in one text, so that it is written by one
 * assignment and stays small. n8n may hand back an older copy of it at any moment: see {@link merge}.
 */
export interface Memory {
	/** Fingerprint of what is read: base URL and space. */
	scope: string;
	/** Fingerprint of the API key. A key belongs to one account (published), so the same key means the same account. */
	key: string;
	/** When the last complete reading began, in milliseconds since 1970; 0 before the first one. */
	at: number;
	/** For each testimonial's fingerprint whether it was approved, those absent for longest first. Absent until a first reading was complete. */
	seen?: Map<string, boolean>;
	/** While there was no complete reading yet: when the first attempt began, in milliseconds since 1970. */
	since?: number;
}

/** The most testimonials that are remembered, and that a list may hold. */
export const CAPACITY = 10_000;

/** Characters of a testimonial's fingerprint: 54 bits, so that even among {@link CAPACITY} two are not equal by chance. */
const PRINT_WIDTH = 9;

/** Of what stands in static data; another version is not read. */
const VERSION = 1;

/** The fingerprint under which a testimonial is remembered. */
export function fingerprint(id: string): string {
	return createHash('sha256').update(id).digest('base64url').slice(0, PRINT_WIDTH);
}

/** The fingerprint of what is read. @param space ID; absent for all spaces */
export function scopeOf(baseUrl: string, space: string | undefined): string {
	return createHash('sha256')
		.update(JSON.stringify([baseUrl, space]))
		.digest('base64url')
		.slice(0, PRINT_WIDTH);
}

/** The fingerprint of an API key. It tells nothing about the key: keys are 128 random bits. */
export function keyPrint(apiKey: string): string {
	return createHmac('sha256', apiKey)
		.update('Testivora Poll Trigger')
		.digest('base64url')
		.slice(0, PRINT_WIDTH);
}

/** The memory as it is kept in static data. */
export function toStored({ scope, key, at, seen, since }: Memory): IDataObject {
	return {
		version: VERSION,
		scope,
		key,
		at,
		...(seen && {
			seen: [...seen].map(([print, isApproved]) => print + (isApproved ? '1' : '0')).join(''),
		}),
		...(since !== undefined && { since }),
	};
}

/** The memory that stands in static data, or undefined where there is none that can be read. */
export function fromStored(stored: unknown): Memory | undefined {
	if (typeof stored !== 'object' || stored === null) return undefined;
	const { version, scope, key, at, seen, since } = stored as IDataObject;
	if (
		version !== VERSION ||
		typeof scope !== 'string' ||
		typeof key !== 'string' ||
		typeof at !== 'number'
	)
		return undefined;
	return {
		scope,
		key,
		at,
		...(typeof seen === 'string' && { seen: new Map(entriesOf(seen)) }),
		...(typeof since === 'number' && { since }),
	};
}

function entriesOf(text: string): Array<[string, boolean]> {
	const entries = text.match(/[\w-]{9}[01]/g) ?? [];
	return entries.map((entry) => [entry.slice(0, PRINT_WIDTH), entry.endsWith('1')]);
}

/**
 * What two copies of a memory know together. Everything either has seen counts as seen; of one testimonial, the later copy's word
 * counts. Copies of different scopes or keys do not mix: the later one is taken.
 */
export function merge(one: Memory | undefined, other: Memory | undefined): Memory | undefined {
	if (!one || !other) return one ?? other;
	const [earlier, later] = one.at <= other.at ? [one, other] : [other, one];
	if (earlier.scope !== later.scope || earlier.key !== later.key || !earlier.seen) return later;
	// Nothing that the later copy has is evicted: it may hold more than fits, while lists break off.
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
