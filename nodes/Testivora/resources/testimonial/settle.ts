import type { IDataObject, NodeApiError } from 'n8n-workflow';

import { isOutcomeUnknown, isTransient } from '../../../shared/errors';
import { createdAt } from '../../../shared/filters';
import { contentKey, matchingFields } from './sameness';

/**
 * Settles creates whose outcome is unknown, so that an import neither creates a testimonial twice nor ends in doubt (assumption A5).
 *
 * Each create is searched for in its space by its content:
 * - Found: the testimonial is the answer to the create.
 * - Not found, although the list has had time to show it, and the API had answered with a 5xx: the create is sent again. The 5xx proves
 *   that the request is over.
 * - Not found after a time-out or a reset: the request may still be in progress, so it is not sent again. It stays in doubt.
 * - Not found, but the space has a testimonial of about that time that no create accounts for: it stays in doubt, because the API may
 *   have changed the text.
 *
 * What stays in doubt ends with the message that it may have been created.
 */

/** A create whose outcome is unknown. Times are those of {@link Service.now}. */
export interface UncertainCreate {
	itemIndex: number;
	/** The request body: `space_id`, `text`, `author` and so on. */
	body: IDataObject;
	/** How the latest attempt ended. */
	error: NodeApiError;
	/** When the first attempt began that may have arrived; requests refused with 429 do not count. */
	startedAt: number;
	/** When the latest attempt ended. */
	endedAt: number;
	attempts: number;
	/** `created_at` of the testimonial that this import created before, in milliseconds since 1970; undefined without one. */
	lastCreated?: number;
}

/** The outcome of a create: its testimonial, or an error. `inDoubt` tells whether the testimonial may exist in spite of the error. */
export type Settled = { testimonial: IDataObject } | { error: Error; inDoubt: boolean };

/** IDs of testimonials that are the answer to a create of this execution, so that no other create takes them for its own. */
export interface Claims {
	has(id: string): boolean;
	add(id: string): void;
}

/** What settling needs from outside. */
export interface Service {
	/** All testimonials of a space, in any order. */
	list(spaceId: string): AsyncIterable<IDataObject>;
	/** Sends a create again. @throws NodeApiError */
	send(create: UncertainCreate): Promise<IDataObject>;
	/** @throws when the execution is cancelled, also with 0 */
	wait(ms: number): Promise<void>;
	/** Milliseconds since any fixed moment. */
	now(): number;
	/** Whether a testimonial existed before the create began; undefined if that is not known. */
	existedBefore(create: UncertainCreate, id: string): boolean | undefined;
	/** A lower bound of the API's time at a moment of {@link now}, in milliseconds since 1970; undefined while it is not known. */
	apiTimeAt(moment: number): number | undefined;
	/** How long it took to read a space to its end, in milliseconds; 0 while it is not known. */
	readingMs(): number;
	/** Whether the API returns texts as they were sent. If it changes them, a create cannot be found by its content. */
	givesBackContent(): boolean;
}

/** How long the list may take to show a new testimonial. Nothing is published about that (assumption A5). */
export const LIST_LAG_MS = 15_000;
/** How long a request without an answer may stay in progress at the API. */
const IN_PROGRESS_MS = 30_000;
/** For how long a space that cannot be read is retried. */
const OUTAGE_MS = 60_000;
/** By how much the clocks of the API's servers may differ. */
const CLOCK_SKEW_MS = 60_000;
/** A gateway gave up on the server behind it, which may still be working: 504 (RFC 9110), and Cloudflare's 520, 522 and 524. */
const GATEWAY_TIMEOUTS = ['504', '520', '522', '524'];
const MAX_ATTEMPTS = 4;
/** After this many consecutive creates without an answer the API counts as down, and the rest is not sent again. */
const MAX_LOST_IN_A_ROW = 5;
/** A space that takes longer than this to read is not read early: only once the list has had time to show everything. */
const SLOW_READING_MS = 5_000;
const FIRST_PAUSE_MS = 1_000;
const MAX_PAUSE_MS = 8_000;
/** The share of the read limit that one page of a list uses up: 120 a minute (published). */
const PAGE_ALLOWANCE_MS = 500;
const PAGE_SIZE = 100;

/** Whether a create ended so that its testimonial may exist or not. Not with 425 or 429, which refuse a request before it does anything. */
export function isCreateInDoubt(error: unknown): error is NodeApiError {
	if (!isOutcomeUnknown(error)) return false;
	return !['425', '429'].includes(error.httpCode ?? '') && error.context.neverArrived !== true;
}

/**
 * Settles creates of one account; see the top of this file.
 *
 * @param claimed those that are found are added
 * @throws when the execution is cancelled
 */
export async function settle(
	creates: UncertainCreate[],
	claimed: Claims,
	service: Service,
): Promise<Map<UncertainCreate, Settled>> {
	const results = new Map<UncertainCreate, Settled>();
	const leaveInDoubt = (create: UncertainCreate) =>
		results.set(create, { error: create.error, inDoubt: true });
	const startedAt = service.now();
	let unsettled = creates;
	const firstPause = () => {
		const untilAllShow = unsettled.reduce(
			(ms, create) => Math.max(ms, shownBy(create) - service.now()),
			0,
		);
		return service.readingMs() > SLOW_READING_MS
			? untilAllShow
			: Math.min(untilAllShow, FIRST_PAUSE_MS);
	};
	let pause = firstPause();
	while (unsettled.length > 0) {
		if (pause > 0) await service.wait(pause);
		const toSendAgain: UncertainCreate[] = [];
		let entriesRead = 0;
		for (const [spaceId, inSpace] of groupBy(unsettled, ({ body }) => body.space_id as string)) {
			const searchedAt = service.now();
			const { found, possible, read, error } = await search(inSpace, spaceId, claimed, service);
			await service.wait(0);
			entriesRead += read;
			for (const create of inSpace) {
				const testimonial = found.get(create);
				const outageMs = searchedAt - Math.max(create.endedAt, startedAt);
				if (testimonial) results.set(create, { testimonial });
				else if (error) {
					if (!isTransient(error) || outageMs >= OUTAGE_MS) leaveInDoubt(create);
				} else if (searchedAt >= shownBy(create)) {
					const isSurelyAbsent =
						isAnswered(create.error) && !possible.has(create) && service.givesBackContent();
					if (isSurelyAbsent) toSendAgain.push(create);
					else leaveInDoubt(create);
				}
			}
		}
		await sendAgain(toSendAgain, results, claimed, service);
		unsettled = unsettled.filter((create) => !results.has(create));
		const nextPause =
			toSendAgain.length > 0 ? firstPause() : Math.min(2 * pause || FIRST_PAUSE_MS, MAX_PAUSE_MS);
		pause = Math.max(nextPause, (entriesRead / PAGE_SIZE) * PAGE_ALLOWANCE_MS);
	}
	return results;
}

function groupBy(
	creates: UncertainCreate[],
	keyOf: (create: UncertainCreate) => string,
): Map<string, UncertainCreate[]> {
	const groups = new Map<string, UncertainCreate[]>();
	for (const create of creates) {
		const key = keyOf(create);
		const group = groups.get(key);
		if (group) group.push(create);
		else groups.set(key, [create]);
	}
	return groups;
}

/** Whether the API itself answered, so that the request is over, whatever it did before. */
function isAnswered({ httpCode }: NodeApiError): boolean {
	return /^5\d\d$/.test(httpCode ?? '') && !GATEWAY_TIMEOUTS.includes(httpCode ?? '');
}

/** From when on the list shows the testimonial, if the create was carried out. */
function shownBy({ error, endedAt }: UncertainCreate): number {
	return endedAt + (isAnswered(error) ? LIST_LAG_MS : IN_PROGRESS_MS);
}

interface SearchResult {
	found: Map<UncertainCreate, IDataObject>;
	/** Creates that are not found, although the space has an unclaimed testimonial of about their time. */
	possible: Set<UncertainCreate>;
	/** Number of entries read. */
	read: number;
	/** Why the list was not read to its end; absent also if everything was found before. */
	error?: unknown;
}

/** Reads a space until all creates are found, or to its end. */
async function search(
	creates: UncertainCreate[],
	spaceId: string,
	claimed: Claims,
	service: Service,
): Promise<SearchResult> {
	const byContent = groupBy(creates, ({ body }) => contentKey(body));
	const periods = new Map(creates.map((create) => [create, periodOf(create, service)]));
	const earliest = creates.reduce(
		(time, create) => Math.min(time, periods.get(create)!.from),
		Infinity,
	);
	const candidates: Candidate[] = [];
	const [withCandidate, candidateIds] = [new Set<UncertainCreate>(), new Set<unknown>()];
	const recent: IDataObject[] = [];
	const result: SearchResult = { found: new Map(), possible: new Set(), read: 0 };
	try {
		for await (const testimonial of service.list(spaceId)) {
			result.read += 1;
			const id = testimonial.id as string;
			if (claimed.has(id)) continue;
			// Written as "not earlier", so that a testimonial without a readable date counts as recent.
			if (!(createdAt(testimonial) < earliest - CLOCK_SKEW_MS)) recent.push(testimonial);
			const mayBeItsAnswer = (create: UncertainCreate) => {
				const existed = service.existedBefore(create, id);
				// Where the space was not read before, the date must tell.
				return existed === undefined
					? isCreatedAfter(testimonial, periods.get(create)!.from)
					: !existed;
			};
			const matching = (byContent.get(contentKey(testimonial)) ?? []).filter(mayBeItsAnswer);
			for (const create of matching) {
				const score = matchingFields(create.body, testimonial);
				candidates.push({ create, testimonial, score });
				withCandidate.add(create);
				candidateIds.add(id);
			}
			// Pairing is costly, so try it only once it can succeed.
			const mayBeAll =
				matching.length > 0 &&
				withCandidate.size === creates.length &&
				candidateIds.size >= creates.length;
			if (mayBeAll && pair(candidates).size === creates.length) break;
		}
	} catch (error) {
		result.error = error;
	}
	result.found = pair(candidates);
	for (const { id } of result.found.values()) claimed.add(id as string);
	const unclaimed = recent.filter(({ id }) => !claimed.has(id as string));
	for (const create of creates) {
		const { from, to } = periods.get(create)!;
		const mayBeIts = (testimonial: IDataObject) =>
			!service.existedBefore(create, testimonial.id as string) &&
			!(
				createdAt(testimonial) < from - CLOCK_SKEW_MS || createdAt(testimonial) > to + CLOCK_SKEW_MS
			);
		if (!result.found.has(create) && unclaimed.some(mayBeIts)) result.possible.add(create);
	}
	return result;
}

/**
 * The period in which the API carried out a create, if it did, by the API's clock in milliseconds since 1970; infinite where it is not
 * known. Assumption A5: `created_at` is the time at which the API created the testimonial, and differs from the clock of its `Date`
 * headers by at most {@link CLOCK_SKEW_MS}.
 */
function periodOf(
	{ startedAt, endedAt, lastCreated = -Infinity }: UncertainCreate,
	service: Service,
): { from: number; to: number } {
	return {
		from: Math.max(lastCreated, service.apiTimeAt(startedAt) ?? -Infinity),
		to: service.apiTimeAt(endedAt) ?? Infinity,
	};
}

/** Whether a testimonial was certainly created at or after a time. */
function isCreatedAfter(testimonial: IDataObject, from: number): boolean {
	const created = createdAt(testimonial);
	// In whole seconds, `created_at` may be up to a second before the real time.
	const threshold = created % 1_000 === 0 ? Math.floor(from / 1_000) * 1_000 : from;
	return from > -Infinity && created >= threshold;
}

/** A testimonial that may be the answer to a create; the score is the number of {@link matchingFields}. */
interface Candidate {
	create: UncertainCreate;
	testimonial: IDataObject;
	score: number;
}

/**
 * Pairs each create with at most one testimonial and the other way round. Higher scores come first; among equal scores the earliest
 * testimonial, because a later one may belong to a later row.
 */
function pair(candidates: Candidate[]): Map<UncertainCreate, IDataObject> {
	const pairs = new Map<UncertainCreate, IDataObject>();
	const taken = new Set<unknown>();
	const inOrder = [...candidates].sort(
		(one, other) =>
			other.score - one.score ||
			createdAt(one.testimonial) - createdAt(other.testimonial) ||
			// Dates that cannot be read give NaN.
			0,
	);
	for (const { create, testimonial } of inOrder) {
		if (pairs.has(create) || taken.has(testimonial.id)) continue;
		pairs.set(create, testimonial);
		taken.add(testimonial.id);
	}
	return pairs;
}

/** Sends creates again that surely do not exist, and adds the outcomes that are certain to the results. */
async function sendAgain(
	creates: UncertainCreate[],
	results: Map<UncertainCreate, Settled>,
	claimed: Claims,
	service: Service,
): Promise<void> {
	let lostInARow = 0;
	for (const create of creates) {
		if (create.attempts >= MAX_ATTEMPTS || lostInARow >= MAX_LOST_IN_A_ROW) {
			results.set(create, { error: asNotCreated(create), inDoubt: false });
			continue;
		}
		await service.wait(0);
		create.attempts += 1;
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
			create.endedAt = service.now();
		}
	}
}

/** The latest error of a create, with a description that says that nothing was created. */
function asNotCreated({ error, attempts }: UncertainCreate): NodeApiError {
	error.description = `It was sent ${attempts === 1 ? 'once' : `${attempts} times`} and is not in the space, so it was not created. Try again in a few minutes.`;
	return error;
}
