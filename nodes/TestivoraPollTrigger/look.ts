import { createdAt, newestOf } from '../shared/filters';
import { APPROVED, CREATED } from '../shared/schemas';
import type { TestivoraEvent } from '../shared/schemas';
import { bounded, fingerprint, without } from './memory';
import type { Mark, Memory } from './memory';
import { MESSAGES } from './messages';

export type Testimonial = Record<string, unknown> & { id: string };

/** What was read of the list. */
export interface Reading extends Mark {
	/** In any order. Where an ID comes more than once, its last entry counts. */
	testimonials: Testimonial[];
	/** Whether the list was read to its end. */
	isComplete: boolean;
}

/** What the user chose. */
export interface Choice {
	/** {@link CREATED}, {@link APPROVED} or both. */
	events: string[];
	isWanted: (testimonial: Testimonial) => boolean;
	/** The first complete reading gives out what was created since then, in milliseconds since 1970. Absent: nothing. */
	startFrom?: number;
	/** Maximum number of events of one look; the others follow with the next ones. */
	maxItems: number;
}

/** The outcome of a look. */
export interface Look {
	/** What to remember from now on. */
	memory: Memory;
	/** Oldest first. */
	events: TestivoraEvent[];
	/** How many events were found beyond `maxItems`. */
	waiting: number;
	/** A line for n8n's log, where testimonials that are not remembered were taken as already seen. */
	warning?: string;
}

/** The difference between Testivora's clock and this machine's that is allowed for, where a date must decide. */
const CLOCK_TOLERANCE_MS = 60 * 60 * 1000;

/**
 * Compares a reading of the list with what is remembered.
 *
 * A testimonial is new when its ID was not seen before. It became approved when it is approved now and was not when last seen, or when
 * it is new and already approved. Neither dates nor the order of the list matter for that. An event beyond `maxItems` is not remembered,
 * so the next look finds it again. A testimonial that a filter keeps out counts as seen.
 */
export function look(before: Memory | undefined, reading: Reading, choice: Choice): Look {
	const { scope, key, isComplete } = reading;
	// Later than before even when the clock was set back, because merge() trusts the later of two copies.
	const at = Math.max(reading.at, (before?.at ?? 0) + 1);
	const listed = new Map(
		reading.testimonials.map((testimonial) => [fingerprint(testimonial.id), testimonial]),
	);
	const judgement = judge(before, listed, reading, choice);
	if (!judgement) return { memory: attempted(before, reading), events: [], waiting: 0 };

	const { known, warning } = judgement;
	const { noted, events, waiting } = compare(judgement, listed, reading, choice);
	const memory: Memory =
		isComplete || !before
			? { scope, key, at, seen: bounded(new Map([...without(known, listed), ...noted])) }
			: // Not bounded: an evicted entry may be in the part that was not read, and would be new next time.
				{ ...before, seen: new Map([...known, ...noted]) };
	return { memory, events, waiting, warning };
}

/**
 * What to remember of a reading that decides nothing: when the first attempt to read this list began, so that what is created after it will
 * be new.
 */
function attempted(before: Memory | undefined, { scope, key, at }: Reading): Memory {
	const attempt = attemptOf(before, { scope, key }) ?? { scope, key, at };
	return { ...(before ?? { scope, key, at: 0 }), attempt };
}

/** The first attempt to read this list; undefined where there was none. */
function attemptOf(before: Memory | undefined, list: Omit<Mark, 'at'>): Mark | undefined {
	return before?.attempt && isSameList(before.attempt, list) ? before.attempt : undefined;
}

function isSameList(one: Omit<Mark, 'at'>, other: Omit<Mark, 'at'>): boolean {
	return one.scope === other.scope && one.key === other.key;
}

/** How to take the testimonials in a list that are not remembered. */
interface Judgement {
	/** The testimonials that are remembered, and whether each was approved. */
	known: Map<string, boolean>;
	/** Whether one that is not remembered is new; otherwise it is taken as already seen. */
	isNew: (testimonial: Testimonial) => boolean;
	/** Whether one that is taken as already seen was approved since, so that its approval is new. */
	isApprovedSince?: (testimonial: Testimonial) => boolean;
	warning?: string;
}

/**
 * Decides how to take what is not remembered:
 *
 * - The list is the one that is remembered, and shows something of it, or was always empty: it is new.
 * - The same key, and nothing remembered is in the list: new is what was created since the last reading.
 * - The first reading, another account, Base URL or Space, or another key whose list shows nothing remembered: it is taken as already
 *   seen, except what was created since the first attempt to read, since Start From, or, where nothing was remembered, since then.
 *
 * @returns undefined where this cannot be decided before the list was read to its end
 */
function judge(
	before: Memory | undefined,
	listed: Map<string, Testimonial>,
	{ scope, key, isComplete }: Reading,
	{ startFrom = Infinity }: Choice,
): Judgement | undefined {
	const isSameKey = before?.key === key;
	const known = before?.scope === scope ? before.seen : undefined;
	if (before && known) {
		const showsKnown = [...listed.keys()].some((print) => known.has(print));
		if (showsKnown || (isSameKey && known.size === 0)) return { known, isNew: () => true };
		// The part of the list that was not read may show what is known.
		if (isSameKey && !isComplete) return undefined;
		if (isSameKey) {
			// The same account shows nothing known: everything may be new, or have got another ID. Only here do dates decide.
			const isRecent = createdSince(before.at - CLOCK_TOLERANCE_MS);
			return {
				known,
				isNew: isRecent,
				warning: [...listed.values()].every(isRecent) ? undefined : MESSAGES.noneKnown,
			};
		}
	}
	if (!isComplete) return undefined;
	const isFirst = !before?.seen;
	const since = attemptOf(before, { scope, key })?.at ?? Infinity;
	return {
		known: new Map(),
		// Another key where there was no testimonial yet is most likely a rotated one of the same account, so what came since is new.
		isNew: createdSince(
			Math.min(since, isFirst ? startFrom : Infinity, known?.size === 0 ? before!.at : Infinity),
		),
		isApprovedSince: ({ published_at: published }) =>
			typeof published === 'string' && Date.parse(published) >= since,
		warning: isFirst ? undefined : MESSAGES.otherList,
	};
}

/** An event that may be given out. */
interface Candidate {
	/** Fingerprint of the testimonial. */
	print: string;
	/** Milliseconds since 1970, to sort by. */
	time: number;
	event: TestivoraEvent;
}

/** The events in a list, oldest first, and what to remember of each testimonial in it: whether it is approved, by its fingerprint. */
function compare(
	{ known, isNew, isApprovedSince = () => false }: Judgement,
	listed: Map<string, Testimonial>,
	{ at, isComplete }: Reading,
	{ events: chosen, isWanted, maxItems }: Choice,
): { noted: Map<string, boolean>; events: TestivoraEvent[]; waiting: number } {
	const noted = new Map<string, boolean>();
	const candidates: Candidate[] = [];
	for (const [print, testimonial] of listed) {
		const was = known.get(print);
		const isApproved = testimonial.status === 'approved';
		if (was === undefined && !isNew(testimonial)) {
			// After an incomplete reading, nothing is taken as already seen.
			if (isComplete) noted.set(print, isApproved);
			if (
				isApproved &&
				isApprovedSince(testimonial) &&
				isWanted(testimonial) &&
				chosen.includes(APPROVED)
			) {
				candidates.push(approvedCandidate(print, testimonial, at));
			}
			continue;
		}
		noted.set(print, isApproved);
		if (!isWanted(testimonial)) continue;
		if (was === undefined && chosen.includes(CREATED))
			candidates.push(createdCandidate(print, testimonial));
		if (!was && isApproved && chosen.includes(APPROVED))
			candidates.push(approvedCandidate(print, testimonial, at));
	}
	candidates.sort((one, other) => one.time - other.time);

	// Undo what was noted for events that must wait, so that the next look finds them again.
	const waiting = candidates.slice(maxItems);
	for (const { print, event } of waiting) {
		if (event.event === CREATED) noted.delete(print);
		else if (noted.has(print)) noted.set(print, false);
	}
	return {
		noted,
		events: candidates.slice(0, maxItems).map(({ event }) => event),
		waiting: waiting.length,
	};
}

function createdCandidate(print: string, testimonial: Testimonial): Candidate {
	return {
		print,
		time: sortable(createdAt(testimonial)),
		event: eventOf(CREATED, testimonial, testimonial.created_at),
	};
}

/** @param now the time of approval where the testimonial has none, in milliseconds since 1970 */
function approvedCandidate(print: string, testimonial: Testimonial, now: number): Candidate {
	const { published_at: published } = testimonial;
	const created = typeof published === 'string' ? published : new Date(now).toISOString();
	// Sort an approval after the creation, whatever the dates say.
	const time = Math.max(sortable(Date.parse(created)), sortable(createdAt(testimonial)));
	return { print, time, event: eventOf(APPROVED, testimonial, created) };
}

/**
 * The event of the newest testimonial that would start the workflow, or undefined where there is none.
 *
 * @param now see {@link approvedCandidate}
 */
export function newest(
	testimonials: Testimonial[],
	{ events, isWanted }: Choice,
	now: number,
): TestivoraEvent | undefined {
	const fitting = testimonials.filter(
		(one) => (events.includes(CREATED) || one.status === 'approved') && isWanted(one),
	);
	const testimonial = newestOf(fitting);
	if (!testimonial) return undefined;
	return (
		events.includes(CREATED)
			? createdCandidate('', testimonial)
			: approvedCandidate('', testimonial, now)
	).event;
}

/** An event in the envelope of a webhook delivery. Its ID never changes, so that later steps can deduplicate by it. */
function eventOf(event: string, testimonial: Testimonial, created: unknown): TestivoraEvent {
	return {
		id: `poll:${event}:${testimonial.id}`,
		object: 'event',
		event,
		...(typeof created === 'string' && { created }),
		data: testimonial,
	};
}

function createdSince(since: number): (testimonial: Testimonial) => boolean {
	return (testimonial) => createdAt(testimonial) >= since;
}

/** Sorts a testimonial without a date last. Not Infinity, because the difference of two infinite numbers is NaN. */
function sortable(time: number): number {
	return Number.isNaN(time) ? Number.MAX_SAFE_INTEGER : time;
}
