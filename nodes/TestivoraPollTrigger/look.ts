import { createdAt, newestOf } from '../shared/filters';
import { APPROVED, CREATED } from '../shared/schemas';
import type { TestivoraEvent } from '../shared/schemas';
import { bounded, fingerprint, without } from './memory';
import type { Memory } from './memory';
import { MESSAGES } from './messages';

export type Testimonial = Record<string, unknown> & { id: string };

/** What was read of the list. */
export interface Reading {
	/** In any order; of those that came more than once, the last counts. */
	testimonials: Testimonial[];
	/** Whether the list was read to its end. */
	isComplete: boolean;
	/** What was read, and with which key: see {@link Memory}. */
	scope: string;
	key: string;
	/** When the reading began, in milliseconds since 1970. */
	at: number;
}

/** What the user chose. */
export interface Choice {
	/** {@link CREATED}, {@link APPROVED} or both. */
	events: string[];
	isWanted: (testimonial: Testimonial) => boolean;
	/** Milliseconds since 1970: the first complete reading gives out what was created since. Absent: nothing. */
	startFrom?: number;
	/** The most events that one look gives out; the others follow with the next looks. */
	maxItems: number;
}

/** What came of a look. */
export interface Look {
	/** What to remember from now on. */
	memory: Memory;
	/** Oldest first. */
	events: TestivoraEvent[];
	/** How many more events there were than one look gives out. */
	waiting: number;
	/** Why testimonials that are not remembered were taken as already seen; for n8n's log. */
	warning?: string;
}

/** How far the clocks of Testivora and of this machine may differ, where a date must decide. */
const CLOCK_TOLERANCE_MS = 60 * 60 * 1000;

/**
 * Compares a reading of the list with what is remembered.
 *
 * A testimonial is new when its ID was not seen before. It became approved when it is approved now and was not when last seen, or when
 * it is new and already approved. Neither dates nor the order of the list matter for that. An event that is not given out for want of
 * room leaves no trace in the memory, so the next look finds it again; what a filter keeps out counts as seen.
 */
export function look(before: Memory | undefined, reading: Reading, choice: Choice): Look {
	const { scope, key, isComplete } = reading;
	// The clock may be set back, and the later of two copies of the memory must still be told: see merge.
	const at = Math.max(reading.at, (before?.at ?? 0) + 1);
	const listed = new Map(
		reading.testimonials.map((testimonial) => [fingerprint(testimonial.id), testimonial]),
	);
	const judgement = judge(before, listed, reading, choice);
	if (!judgement) {
		// No baseline yet: what is created after this first attempt will be new all the same.
		return {
			memory: { ...(before ?? { scope, key, at: 0 }), since: before?.since ?? reading.at },
			events: [],
			waiting: 0,
		};
	}

	const { known, warning } = judgement;
	const { noted, events, waiting } = compare(judgement, listed, reading, choice);
	const memory: Memory =
		isComplete || !before
			? { scope, key, at, seen: bounded(new Map([...without(known, listed), ...noted])) }
			: // Unbounded, because an entry that is evicted may stand in the part of the list that was not read.
				{ ...before, seen: new Map([...known, ...noted]) };
	return { memory, events, waiting, warning };
}

interface Judgement {
	known: Map<string, boolean>;
	/** Whether a testimonial that is not known is new, rather than taken as seen before. */
	isNew: (testimonial: Testimonial) => boolean;
	/** Whether one that is taken as seen before was approved only afterwards. */
	isApprovedSince?: (testimonial: Testimonial) => boolean;
	warning?: string;
}

/** What to hold of testimonials that are not remembered; undefined where nothing can be said before the list was read to its end. */
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
		// What is known may stand in the part of the list that was not read.
		if (isSameKey && !isComplete) return undefined;
		if (isSameKey) {
			// The same account shows nothing known: all may be new, or have got new IDs. Only here do dates decide.
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
	const since = before?.since ?? Infinity;
	return {
		known: new Map(),
		// Where there was no testimonial yet, another key is most likely a rotated one, so what has come since is new.
		isNew: createdSince(
			Math.min(since, isFirst ? startFrom : Infinity, known?.size === 0 ? before!.at : Infinity),
		),
		isApprovedSince: ({ published_at: published }) =>
			typeof published === 'string' && Date.parse(published) >= since,
		warning: isFirst ? undefined : MESSAGES.otherList,
	};
}

interface Candidate {
	print: string;
	/** Milliseconds since 1970, to sort by. */
	time: number;
	event: TestivoraEvent;
}

/** The events in a list, and what to note of each testimonial in it. */
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
			// A list that broke off is no reason to take anything as seen.
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

	// What must wait is not noted.
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

/** @param now stands in for the time of approval where the testimonial does not tell it */
function approvedCandidate(print: string, testimonial: Testimonial, now: number): Candidate {
	const { published_at: published } = testimonial;
	const created = typeof published === 'string' ? published : new Date(now).toISOString();
	// Never before its creation, whatever the dates say.
	const time = Math.max(sortable(Date.parse(created)), sortable(createdAt(testimonial)));
	return { print, time, event: eventOf(APPROVED, testimonial, created) };
}

/** The event of the newest testimonial that would start the workflow. @param now see {@link approvedCandidate} */
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

/** An event in the envelope of a webhook delivery. Its ID is the same for ever, so that later steps can tell it apart. */
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

/** Without a date, last. A finite number, because the difference of two infinite ones cannot be sorted by. */
function sortable(time: number): number {
	return Number.isNaN(time) ? Number.MAX_SAFE_INTEGER : time;
}
