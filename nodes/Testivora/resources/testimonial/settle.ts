import type { IDataObject, NodeApiError } from 'n8n-workflow';

import { hasStatus, isOutcomeUnknown, isTransient, neverArrived } from '../../../shared/errors';
import { contentKey, likeness } from './sameness';

/**
 * Finds out what became of creates whose answer was lost, so that an import ends without doubt and nothing is created twice.
 *
 * Each is looked for in its space, by its content. Found, the testimonial is the answer. Not found although the list had time to show it,
 * it is sent again if the API had answered with a 5xx: that answer ended the request. After a time-out or a reset the request may still
 * be under way, so it is not sent again. Wherever this cannot be told, the create ends with the message that it may have been created.
 */

/** A create whose outcome is unknown. Times are {@link Service.now}. */
export interface OpenCreate {
	itemIndex: number;
	/** What was sent: `space_id`, `text`, `author` and so on. */
	body: IDataObject;
	/** What the latest request ended with. */
	error: NodeApiError;
	/** When the first request began. */
	begun: number;
	/** When the latest request ended. */
	ended: number;
	/** How often it was sent. */
	sent: number;
	/** Milliseconds since 1970 by the API's clock: the first request was certainly not handled earlier. Undefined while not known. */
	handledFrom?: number;
}

/** How a create ended: with its testimonial, or with an error, after which the testimonial may still be there or is surely not. */
export type Settled = { testimonial: IDataObject } | { error: Error; inDoubt: boolean };

/** What settling needs of the world. */
export interface Service {
	/** All testimonials of a space, in any order. */
	list(spaceId: string): AsyncIterable<IDataObject>;
	/** Sends a create again. @throws NodeApiError */
	send(open: OpenCreate): Promise<IDataObject>;
	/** @throws when the execution is cancelled, also with 0 */
	wait(ms: number): Promise<void>;
	/** Milliseconds from any fixed moment. */
	now(): number;
	/** Whether a testimonial was there before the import began; undefined where the space was not read then. */
	wasThere(spaceId: string, id: string): boolean | undefined;
	/** {@link OpenCreate.handledFrom} from what is known by now. */
	handledFrom(open: OpenCreate): number | undefined;
	/** Whether the API gives out texts as they were sent; where it changes them, nothing can be looked for. */
	givesBackContent(): boolean;
}

/** How long the list may take to show a new testimonial: an assumption, as nothing is published. */
const LIST_LAG_MS = 15_000;
/** How long a request without an answer may still be under way at the API. */
const UNDER_WAY_MS = 30_000;
/** How long a space that cannot be read is tried again. */
const OUTAGE_MS = 60_000;
/** How far `created_at` may lie before the moment of the request, because servers' clocks differ or it is in whole seconds. */
const CLOCK_SKEW_MS = 1_000;
/** How often one create is sent at most. */
const MAX_SENT = 4;
/** After so many lost answers in a row, the rest is not sent again: the API is down. */
const MAX_LOST_IN_A_ROW = 5;
const FIRST_PAUSE_MS = 1_000;
const MAX_PAUSE_MS = 8_000;
/** What one page of a list costs of the read limit: 120 a minute (published). */
const PAGE_ALLOWANCE_MS = 500;
const PAGE_SIZE = 100;

/** Whether a create ended so that the testimonial may be there or not. A 429 refuses the request before it does anything. */
export function isCreateInDoubt(error: unknown): error is NodeApiError {
	if (!isOutcomeUnknown(error)) return false;
	const { httpCode = '' } = error;
	return !['425', '429'].includes(httpCode ?? '') && !neverArrived({ request: 'POST', code: httpCode ?? '' });
}

/**
 * Settles creates whose outcome is unknown; see the top of this file.
 *
 * @param claimed IDs of testimonials that are the answer to another create of this import; those that are found are added
 * @throws when the execution is cancelled
 */
export async function settle(
	creates: OpenCreate[],
	claimed: Set<string>,
	service: Service,
): Promise<Map<OpenCreate, Settled>> {
	const results = new Map<OpenCreate, Settled>();
	const giveUp = (create: OpenCreate) => results.set(create, { error: create.error, inDoubt: true });
	let open = creates;
	let pause = open.every((create) => hadTime(create, service.now())) ? 0 : FIRST_PAUSE_MS;
	while (open.length > 0) {
		if (pause > 0) await service.wait(pause);
		const again: OpenCreate[] = [];
		let read = 0;
		for (const [spaceId, inSpace] of grouped(open, ({ body }) => body.space_id as string)) {
			const since = service.now();
			const look = await lookFor(inSpace, spaceId, claimed, service);
			await service.wait(0);
			read += look.read;
			for (const create of inSpace) {
				const found = look.found.get(create);
				if (found) results.set(create, { testimonial: found });
				else if (look.error && (!isTransient(look.error) || since - create.ended >= OUTAGE_MS)) giveUp(create);
				else if (look.error || !hadTime(create, since)) continue;
				else if (!isAnswered(create.error) || look.unclear.has(create) || !service.givesBackContent()) giveUp(create);
				else again.push(create);
			}
		}
		await sendAgain(again, results, claimed, service);
		open = open.filter((create) => !results.has(create));
		const next = again.length > 0 ? FIRST_PAUSE_MS : Math.min(2 * pause || FIRST_PAUSE_MS, MAX_PAUSE_MS);
		pause = Math.max(next, (read / PAGE_SIZE) * PAGE_ALLOWANCE_MS);
	}
	return results;
}

function grouped(creates: OpenCreate[], keyOf: (create: OpenCreate) => string): Map<string, OpenCreate[]> {
	const groups = new Map<string, OpenCreate[]>();
	for (const create of creates) {
		const key = keyOf(create);
		const group = groups.get(key);
		if (group) group.push(create);
		else groups.set(key, [create]);
	}
	return groups;
}

/** Whether the API answered, which ended the request whatever it had done before. */
function isAnswered(error: NodeApiError): boolean {
	return /^5\d\d$/.test(error.httpCode ?? '');
}

/** Whether a testimonial would be in the list by now if it had been created. Behind a gateway that timed out (504), the request may still be under way. */
function hadTime({ error, ended }: OpenCreate, now: number): boolean {
	return now - ended >= (isAnswered(error) && !hasStatus(error, 504) ? LIST_LAG_MS : UNDER_WAY_MS);
}

interface Look {
	found: Map<OpenCreate, IDataObject>;
	/** Those of which a testimonial with the same content is there that may be theirs or may have been there before. */
	unclear: Set<OpenCreate>;
	/** Entries read. */
	read: number;
	/** What ended the reading before the end of the list. */
	error?: unknown;
}

/** Reads a space until all are found, or to its end. */
async function lookFor(creates: OpenCreate[], spaceId: string, claimed: Set<string>, service: Service): Promise<Look> {
	const byContent = grouped(creates, ({ body }) => contentKey(body));
	const candidates: Candidate[] = [];
	const unclear: Array<{ create: OpenCreate; id: string }> = [];
	const look: Look = { found: new Map(), unclear: new Set(), read: 0 };
	try {
		for await (const testimonial of service.list(spaceId)) {
			look.read += 1;
			if (claimed.has(testimonial.id as string)) continue;
			for (const create of byContent.get(contentKey(testimonial)) ?? []) {
				const origin = originOf(testimonial, create, spaceId, service);
				if (origin === 'unclear') unclear.push({ create, id: testimonial.id as string });
				if (origin === 'request') candidates.push({ create, testimonial, likeness: likeness(create.body, testimonial) });
			}
			if (candidates.length >= creates.length && matched(candidates).size === creates.length) break;
		}
	} catch (error) {
		look.error = error;
	}
	look.found = matched(candidates);
	for (const { id } of look.found.values()) claimed.add(id as string);
	for (const { create, id } of unclear) if (!claimed.has(id)) look.unclear.add(create);
	return look;
}

interface Candidate {
	create: OpenCreate;
	testimonial: IDataObject;
	likeness: number;
}

/** Pairs each create with at most one testimonial and the other way round, those first that agree in most fields. */
function matched(candidates: Candidate[]): Map<OpenCreate, IDataObject> {
	const pairs = new Map<OpenCreate, IDataObject>();
	const taken = new Set<unknown>();
	for (const { create, testimonial } of [...candidates].sort((one, other) => other.likeness - one.likeness)) {
		if (pairs.has(create) || taken.has(testimonial.id)) continue;
		pairs.set(create, testimonial);
		taken.add(testimonial.id);
	}
	return pairs;
}

/**
 * Whether a testimonial comes from the request or was there before it. Assumption A4: `created_at` is when the API created the
 * testimonial, by the clock of its other testimonials, and within {@link CLOCK_SKEW_MS} of that of its `Date` headers.
 */
function originOf(testimonial: IDataObject, create: OpenCreate, spaceId: string, service: Service): 'request' | 'before' | 'unclear' {
	const wasThere = service.wasThere(spaceId, testimonial.id as string);
	if (wasThere !== undefined) return wasThere ? 'before' : 'request';
	const from = service.handledFrom(create);
	const created = Date.parse(String(testimonial.created_at));
	if (from === undefined || Number.isNaN(created)) return 'unclear';
	if (created >= from) return 'request';
	return created < from - CLOCK_SKEW_MS ? 'before' : 'unclear';
}

/** Sends again what is surely not there, and puts those that are settled by it into the results. */
async function sendAgain(
	creates: OpenCreate[],
	results: Map<OpenCreate, Settled>,
	claimed: Set<string>,
	service: Service,
): Promise<void> {
	let lostInARow = 0;
	for (const create of creates) {
		if (create.sent >= MAX_SENT || lostInARow >= MAX_LOST_IN_A_ROW) {
			results.set(create, { error: notCreated(create), inDoubt: false });
			continue;
		}
		await service.wait(0);
		create.sent += 1;
		try {
			const testimonial = await service.send(create);
			claimed.add(testimonial.id as string);
			results.set(create, { testimonial });
			lostInARow = 0;
		} catch (error) {
			if (!isCreateInDoubt(error)) {
				results.set(create, { error: error as Error, inDoubt: false });
				continue;
			}
			lostInARow += 1;
			create.error = error;
			create.ended = service.now();
		}
	}
}

/** The last error of a create that was looked for and is not there. */
function notCreated({ error, sent }: OpenCreate): NodeApiError {
	error.description = `It was sent ${sent === 1 ? 'once' : `${sent} times`} and is not in the space, so it was not created. Try again in a few minutes.`;
	return error;
}
