import type { IDataObject, NodeApiError } from 'n8n-workflow';

import { isOutcomeUnknown, isTransient } from '../../../shared/errors';
import { neverArrived } from '../../../shared/fault';
import { createdAt } from '../../../shared/filters';
import { contentKey, likeness } from './sameness';

/**
 * Finds out what became of creates whose answer was lost, so that an import ends without doubt and nothing is created twice.
 *
 * Each is looked for in its space, by its content. Found, the testimonial is the answer. Not found although the list had time to show it,
 * it is sent again if the API had answered with a 5xx: that answer ended the request. After a time-out or a reset the request may still
 * be under way, so it is not sent again. Nor is it when the space has a testimonial of about that time that no other create accounts for:
 * the API may have changed its text. Wherever this cannot be told, the create ends with the message that it may have been created.
 */

/** A create whose outcome is unknown. Times are {@link Service.now}. */
export interface OpenCreate {
	itemIndex: number;
	/** What was sent: `space_id`, `text`, `author` and so on. */
	body: IDataObject;
	/** What the latest request ended with. */
	error: NodeApiError;
	/** When the first request began; requests that were refused (429) or never arrived do not count. */
	begun: number;
	/** When the latest request ended. */
	ended: number;
	/** How often it was sent. */
	sent: number;
	/** `created_at` of what this import created before, in milliseconds since 1970; undefined where there is none. */
	lastCreated?: number;
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
	/** Whether a testimonial was there before the create began; undefined where that is not known. */
	wasThere(create: OpenCreate, id: string): boolean | undefined;
	/** What the API's clock showed at least at a moment of {@link now}, in milliseconds since 1970; undefined while not known. */
	apiTime(moment: number): number | undefined;
	/** How long it took to read a space to its end, in milliseconds; 0 while not known. */
	readingMs(): number;
	/** Whether the API gives out texts as they were sent; where it changes them, nothing can be looked for. */
	givesBackContent(): boolean;
}

/** How long the list may take to show a new testimonial: an assumption, as nothing is published. */
export const LIST_LAG_MS = 15_000;
/** How long a request without an answer may still be under way at the API. */
const UNDER_WAY_MS = 30_000;
/** How long a space that cannot be read is tried again. */
const OUTAGE_MS = 60_000;
/** By how much the clocks of the API's servers may differ. */
const CLOCK_SKEW_MS = 60_000;
/** 504 of RFC 9110, and what Cloudflare answers when the server behind it gave no answer that it could use: 520, 522, 524. */
const GATEWAY_TIMEOUTS = ['504', '520', '522', '524'];
/** How often one create is sent at most. */
const MAX_SENT = 4;
/** After so many lost answers in a row, the rest is not sent again: the API is down. */
const MAX_LOST_IN_A_ROW = 5;
/** A space that takes longer to read is read once, when the list had time to show everything, and not also before. */
const SLOW_READING_MS = 5_000;
const FIRST_PAUSE_MS = 1_000;
const MAX_PAUSE_MS = 8_000;
/** What one page of a list costs of the read limit: 120 a minute (published). */
const PAGE_ALLOWANCE_MS = 500;
const PAGE_SIZE = 100;

/** Whether a create ended so that the testimonial may be there or not. A 429 refuses the request before it does anything. */
export function isCreateInDoubt(error: unknown): error is NodeApiError {
	if (!isOutcomeUnknown(error)) return false;
	const code = error.httpCode ?? '';
	return (
		!['425', '429'].includes(code) &&
		!neverArrived({ request: 'POST', code, message: error.message })
	);
}

/**
 * Settles creates of one account whose outcome is unknown; see the top of this file.
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
	const giveUp = (create: OpenCreate) =>
		results.set(create, { error: create.error, inDoubt: true });
	const began = service.now();
	let open = creates;
	const firstPause = () => {
		const untilAll = open.reduce((ms, create) => Math.max(ms, dueAt(create) - service.now()), 0);
		return service.readingMs() > SLOW_READING_MS ? untilAll : Math.min(untilAll, FIRST_PAUSE_MS);
	};
	let pause = firstPause();
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
				else if (
					look.error &&
					(!isTransient(look.error) || since - Math.max(create.ended, began) >= OUTAGE_MS)
				)
					giveUp(create);
				else if (look.error || since < dueAt(create)) continue;
				else if (
					!isAnswered(create.error) ||
					look.unclear.has(create) ||
					!service.givesBackContent()
				)
					giveUp(create);
				else again.push(create);
			}
		}
		await sendAgain(again, results, claimed, service);
		open = open.filter((create) => !results.has(create));
		const next =
			again.length > 0 ? firstPause() : Math.min(2 * pause || FIRST_PAUSE_MS, MAX_PAUSE_MS);
		pause = Math.max(next, (read / PAGE_SIZE) * PAGE_ALLOWANCE_MS);
	}
	return results;
}

function grouped(
	creates: OpenCreate[],
	keyOf: (create: OpenCreate) => string,
): Map<string, OpenCreate[]> {
	const groups = new Map<string, OpenCreate[]>();
	for (const create of creates) {
		const key = keyOf(create);
		const group = groups.get(key);
		if (group) group.push(create);
		else groups.set(key, [create]);
	}
	return groups;
}

/** Whether the API answered, which ended the request whatever it had done before. Behind a gateway that gave up, it may still be under way. */
function isAnswered({ httpCode }: NodeApiError): boolean {
	return /^5\d\d$/.test(httpCode ?? '') && !GATEWAY_TIMEOUTS.includes(httpCode ?? '');
}

/** When a testimonial would be in the list if it had been created. */
function dueAt({ error, ended }: OpenCreate): number {
	return ended + (isAnswered(error) ? LIST_LAG_MS : UNDER_WAY_MS);
}

interface Look {
	found: Map<OpenCreate, IDataObject>;
	/** Those that are not found although a testimonial is there that may be theirs. */
	unclear: Set<OpenCreate>;
	/** Entries read. */
	read: number;
	/** What ended the reading before the end of the list. */
	error?: unknown;
}

/** Reads a space until all are found, or to its end. */
async function lookFor(
	creates: OpenCreate[],
	spaceId: string,
	claimed: Set<string>,
	service: Service,
): Promise<Look> {
	const byContent = grouped(creates, ({ body }) => contentKey(body));
	const spans = new Map(creates.map((create) => [create, spanOf(create, service)]));
	const earliest = creates.reduce(
		(time, create) => Math.min(time, spans.get(create)!.from),
		Infinity,
	);
	const candidates: Candidate[] = [];
	const [withCandidate, eligible] = [new Set<OpenCreate>(), new Set<unknown>()];
	const recent: IDataObject[] = [];
	const look: Look = { found: new Map(), unclear: new Set(), read: 0 };
	try {
		for await (const testimonial of service.list(spaceId)) {
			look.read += 1;
			const id = testimonial.id as string;
			if (claimed.has(id)) continue;
			if (!(createdAt(testimonial) < earliest - CLOCK_SKEW_MS)) recent.push(testimonial);
			const matching = (byContent.get(contentKey(testimonial)) ?? []).filter(
				(create) =>
					!(service.wasThere(create, id) ?? !isAfter(testimonial, spans.get(create)!.from)),
			);
			for (const create of matching) {
				candidates.push({ create, testimonial, likeness: likeness(create.body, testimonial) });
				withCandidate.add(create);
				eligible.add(id);
			}
			const mayBeAll =
				matching.length > 0 &&
				withCandidate.size === creates.length &&
				eligible.size >= creates.length;
			if (mayBeAll && matched(candidates).size === creates.length) break;
		}
	} catch (error) {
		look.error = error;
	}
	look.found = matched(candidates);
	for (const { id } of look.found.values()) claimed.add(id as string);
	const unaccounted = recent.filter(({ id }) => !claimed.has(id as string));
	for (const create of creates) {
		const { from, to } = spans.get(create)!;
		const mayBeIts = (testimonial: IDataObject) =>
			!service.wasThere(create, testimonial.id as string) &&
			!(
				createdAt(testimonial) < from - CLOCK_SKEW_MS || createdAt(testimonial) > to + CLOCK_SKEW_MS
			);
		if (!look.found.has(create) && unaccounted.some(mayBeIts)) look.unclear.add(create);
	}
	return look;
}

/**
 * When a create was handled if it was, by the API's clock, in milliseconds since 1970; infinite where that is not known. Assumption A4:
 * `created_at` is when the API created the testimonial, by the clock of its `Date` headers, give or take {@link CLOCK_SKEW_MS}.
 */
function spanOf(
	{ begun, ended, lastCreated = -Infinity }: OpenCreate,
	service: Service,
): { from: number; to: number } {
	return {
		from: Math.max(lastCreated, service.apiTime(begun) ?? -Infinity),
		to: service.apiTime(ended) ?? Infinity,
	};
}

/** Whether a testimonial was certainly created after a moment. */
function isAfter(testimonial: IDataObject, from: number): boolean {
	const created = createdAt(testimonial);
	// An API whose `created_at` is in whole seconds cuts off what is less.
	return (
		from > -Infinity && created >= (created % 1_000 === 0 ? Math.floor(from / 1_000) * 1_000 : from)
	);
}

interface Candidate {
	create: OpenCreate;
	testimonial: IDataObject;
	likeness: number;
}

/** Pairs each create with at most one testimonial and the other way round, those first that agree in most fields, and of these the earliest: a later one may be another row's. */
function matched(candidates: Candidate[]): Map<OpenCreate, IDataObject> {
	const pairs = new Map<OpenCreate, IDataObject>();
	const taken = new Set<unknown>();
	const inOrder = [...candidates].sort(
		(one, other) =>
			other.likeness - one.likeness ||
			createdAt(one.testimonial) - createdAt(other.testimonial) ||
			0,
	);
	for (const { create, testimonial } of inOrder) {
		if (pairs.has(create) || taken.has(testimonial.id)) continue;
		pairs.set(create, testimonial);
		taken.add(testimonial.id);
	}
	return pairs;
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
