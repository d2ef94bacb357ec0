import fc from 'fast-check';

import { look } from '../../nodes/TestivoraPollTrigger/look.ts';
import type { Choice, Testimonial } from '../../nodes/TestivoraPollTrigger/look.ts';
import { fromStored, merge, toStored } from '../../nodes/TestivoraPollTrigger/memory.ts';
import type { Memory } from '../../nodes/TestivoraPollTrigger/memory.ts';
import { APPROVED, CREATED } from '../../nodes/shared/schemas.ts';

/**
 * Memory and look, driven through anything that lists, users and n8n may do. After each poll, what it gave out is compared with a model
 * that knows testimonials by their IDs and never reads the memory under test.
 */

const NOW = Date.parse('2026-11-21T12:00:00.000Z');
const HOUR_MS = 60 * 60 * 1000;

/** Some minute of a year before or a day after: many are equal, many backdated. */
const minute = fc.oneof(fc.constantFrom(0, 1, -30, -30), fc.integer({ min: -500_000, max: 1_440 }));
const index = fc.nat(1_000);
const space = fc.constantFrom('one', 'two');
const rarely = fc.constantFrom(true, false, false, false);

const settings = fc.record({
	space: fc.option(space, { nil: undefined }),
	minRating: fc.constantFrom(0, 0, 3),
	events: fc.constantFrom<string[]>([CREATED], [APPROVED], [CREATED, APPROVED]),
});
type Settings = typeof settings extends fc.Arbitrary<infer Value> ? Value : never;

const arrival = fc.record({
	does: fc.constant('arrive' as const),
	minutes: fc.array(minute, { maxLength: 5 }),
	isApproved: fc.boolean(),
	rating: fc.integer({ min: 1, max: 5 }),
	space,
});
const pollOnce = fc.record({
	does: fc.constant('poll' as const),
	seed: fc.integer(),
	// Entries that slipped past the edge of a page, or stand on both sides of it.
	skipped: fc.array(index, { maxLength: 3 }),
	repeated: fc.array(index, { maxLength: 3 }),
	breaksOffAfter: fc.oneof(
		{ weight: 3, arbitrary: fc.constant(undefined) },
		{ weight: 2, arbitrary: index },
	),
	isSaveLost: rarely,
	isDiscarded: rarely,
});
const does = <Name extends string>(name: Name) => fc.record({ does: fc.constant(name) });
const doesTo = <Name extends string>(name: Name) => fc.record({ does: fc.constant(name), index });

/** What happens to one account, whose settings stay as they are. */
const calmStep = fc.oneof(
	{ weight: 5, arbitrary: arrival },
	{ weight: 2, arbitrary: doesTo('approve') },
	{ weight: 1, arbitrary: doesTo('takeBack') },
	{ weight: 1, arbitrary: doesTo('hide') },
	{ weight: 1, arbitrary: does('showAll') },
	{ weight: 7, arbitrary: pollOnce },
	{ weight: 1, arbitrary: does('republish') },
);
const step = fc.oneof(
	{ weight: 18, arbitrary: calmStep },
	{ weight: 2, arbitrary: does('hideAll') },
	{ weight: 1, arbitrary: does('restart') },
	{ weight: 1, arbitrary: does('rotateKey') },
	{ weight: 1, arbitrary: does('changeAccount') },
	{ weight: 1, arbitrary: fc.record({ does: fc.constant('configure' as const), settings }) },
);
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;
type Poll = Extract<Step, { does: 'poll' }>;

/** What the model holds of the past: what the node should remember, in plain words. */
interface Past {
	scope: string;
	key: string;
	/** When the last complete list was read; 0 before. */
	at: number;
	/** Whether each testimonial counts as approved; absent before the first complete list. */
	seen?: Map<string, boolean>;
	/** When a baseline of which list was first tried in vain. */
	attempt?: { list: string; at: number };
}

interface Due {
	id: string;
	time: number;
}

/** What a poll should do: which events are due, and what is known afterwards, given those that were given out. */
interface Verdict {
	due: Due[];
	after: (given: Set<string>) => Past;
}

function expected(
	past: Past | undefined,
	now: { scope: string; key: string; at: number; isComplete: boolean },
	listed: Testimonial[],
	{ events, isWanted, startFrom = Infinity }: Choice,
): Verdict {
	const { scope, key, at, isComplete } = now;
	const isSameList = past?.scope === scope && past.seen !== undefined;
	const list = `${scope} ${key}`;
	const tried = past?.attempt?.list === list ? past.attempt.at : undefined;
	const showsKnown = isSameList && listed.some(({ id }) => past.seen!.has(id));
	const isSameEmpty = isSameList && past.seen!.size === 0;

	/** Testimonials created since then are new, where nothing else tells. */
	let newSince = -Infinity;
	/** Approvals since then are new, though the testimonial is not. */
	let approvedSince = Infinity;
	let known: Map<string, boolean> = past?.seen ?? new Map();
	if (showsKnown || (isSameEmpty && past.key === key)) {
		// The list goes on: whatever is not known is new.
	} else if (!isComplete) {
		return {
			due: [],
			after: () => ({
				...(past ?? { scope, key, at: 0 }),
				attempt: { list, at: tried ?? at },
			}),
		};
	} else if (isSameList && past.key === key) {
		newSince = past.at - HOUR_MS;
	} else {
		known = new Map();
		approvedSince = tried ?? Infinity;
		newSince = approvedSince;
		if (isSameEmpty) newSince = Math.min(newSince, past.at);
		if (!past?.seen) newSince = Math.min(newSince, startFrom);
	}

	const due: Due[] = [];
	const outcomes: Array<(given: Set<string>, seen: Map<string, boolean>) => void> = [];
	for (const one of listed) {
		const created = Date.parse(String(one.created_at));
		const published = Date.parse(String(one.published_at));
		const isApproved = one.status === 'approved';
		const isNew = !known.has(one.id) && created >= newSince;
		const isOld = !known.has(one.id) && !isNew;
		const wantsIt = (event: string) => isWanted(one) && events.includes(event);
		const isCreatedDue = isNew && wantsIt(CREATED);
		const isApprovedDue =
			isApproved &&
			wantsIt(APPROVED) &&
			(isOld ? published >= approvedSince : known.get(one.id) !== true);
		const [createdId, approvedId] = [CREATED, APPROVED].map((event) => `poll:${event}:${one.id}`);
		if (isCreatedDue) due.push({ id: createdId, time: created });
		if (isApprovedDue)
			due.push({
				id: approvedId,
				time: Math.max(Number.isNaN(published) ? at : published, created),
			});
		outcomes.push((given, seen) => {
			if (isCreatedDue && !given.has(createdId)) seen.delete(one.id);
			else seen.set(one.id, isApproved && !(isApprovedDue && !given.has(approvedId)));
		});
	}
	return {
		due,
		after(given) {
			const seen = new Map(known);
			for (const outcome of outcomes) outcome(given, seen);
			return isComplete || !past ? { scope, key, at, seen } : { ...past, seen };
		},
	};
}

/** Testivora, the user, and n8n as it treats static data: one copy in the database, one in the workflow it has loaded. */
class World {
	readonly accounts = [0, 1].map(() => ({ all: [] as Testimonial[], hidden: new Set<string>() }));
	readonly given: string[] = [];
	/** Testimonials that a first complete list showed, and that were there before it. */
	readonly baseline = new Set<string>();
	private account = 0;
	private keys = 0;
	private key = 'key 0';
	private clock = 0;
	private isActivation = true;
	private readonly static: { loaded?: unknown; saved?: unknown; process?: Memory } = {};
	/** The same for the model, whose process always knows the most. */
	private readonly past: { process?: Past; saved?: Past } = {};

	constructor(
		private settings: Settings,
		private readonly startFrom: number | undefined,
		private readonly maxItems: number,
	) {
		// Older than any Start From: it belongs to the baseline, and stays in the list.
		this.arrive({ minutes: [-500_001], isApproved: false, rating: 5, space: 'one' });
	}

	get current() {
		return this.accounts[this.account];
	}

	play(step: Step): void {
		const { all, hidden } = this.current;
		const pick = (of: number): Testimonial | undefined => all[of % all.length];
		switch (step.does) {
			case 'arrive':
				return this.arrive(step);
			case 'approve':
			case 'takeBack': {
				const isApproved = step.does === 'approve';
				Object.assign(pick(step.index) ?? {}, {
					status: isApproved ? 'approved' : 'rejected',
					published_at: isApproved ? new Date(NOW + this.clock).toISOString() : null,
				});
				return;
			}
			case 'hide': {
				const one = pick(step.index);
				// The first one stays: a list that shows nothing known is what `hideAll` is for.
				if (one && one !== all[0]) hidden.add(one.id);
				return;
			}
			case 'hideAll':
				return all.forEach(({ id }) => void hidden.add(id));
			case 'showAll':
				return hidden.clear();
			case 'poll':
				return void this.poll(step);
			case 'rotateKey':
				this.key = `key ${++this.keys}`;
				return;
			case 'changeAccount':
				this.account = 1 - this.account;
				this.key = `key ${++this.keys}`;
				return;
			case 'configure':
				this.settings = step.settings;
				return this.republish();
			case 'republish':
				return this.republish();
			case 'restart':
				this.static.process = undefined;
				this.past.process = this.past.saved;
				return this.republish();
		}
	}

	/** Polls until nothing is given out any more, with everything in the list. */
	settle(): void {
		this.current.hidden.clear();
		this.poll();
		while (this.poll() > 0);
	}

	private arrive({
		minutes,
		isApproved,
		rating,
		space,
	}: Omit<Extract<Step, { does: 'arrive' }>, 'does'>) {
		for (const minute of minutes) {
			this.current.all.push({
				id: `${this.account}.${this.current.all.length}`,
				space,
				rating,
				created_at: new Date(NOW + minute * 60_000).toISOString(),
				published_at: null,
				status: isApproved ? 'approved' : 'pending',
			});
		}
	}

	private republish(): void {
		this.static.loaded = this.static.saved;
		this.isActivation = true;
	}

	/** @returns how many events were given out */
	private poll(how: Partial<Poll> = {}): number {
		const { all, hidden } = this.current;
		const inScope = all.filter(
			(one) => this.settings.space === undefined || one.space === this.settings.space,
		);
		const skipped = new Set((how.skipped ?? []).map((of) => inScope[of % inScope.length]?.id));
		const shown = inScope.filter(
			(one) => !hidden.has(one.id) && (one === all[0] || !skipped.has(one.id)),
		);
		const repeated = (how.repeated ?? []).flatMap((of) => shown[of % shown.length] ?? []);
		let listed = shuffled([...shown, ...repeated], how.seed ?? 0);
		const isComplete = how.breaksOffAfter === undefined;
		if (!isComplete) listed = listed.slice(0, how.breaksOffAfter! % (listed.length + 1));

		const now = {
			scope: String(this.settings.space),
			key: this.key,
			at: NOW + ++this.clock,
			isComplete,
		};
		const choice: Choice = {
			events: this.settings.events,
			isWanted: ({ rating }) => Number(rating) >= this.settings.minRating,
			startFrom: this.startFrom,
			maxItems: this.maxItems,
		};
		const { memory, events } = look(
			merge(fromStored(this.static.loaded), this.static.process),
			{ ...now, testimonials: structuredClone(listed) },
			choice,
		);
		const verdict = expected(this.past.process, now, [...new Set(listed)], choice);
		const given = new Set(events.map(({ id }) => id));
		this.check(events, given, verdict.due);
		// n8n drops what a poll gave out when the workflow was published again meanwhile, and its copy of static data with it.
		if (how.isDiscarded && events.length > 0) {
			this.republish();
			return events.length;
		}
		if (isComplete && !this.past.process?.seen) {
			const { attempt } = this.past.process ?? {};
			const tried = attempt?.list === `${now.scope} ${now.key}` ? attempt.at : undefined;
			for (const { id, created_at: created } of listed) {
				const at = Date.parse(String(created));
				if (at < (this.startFrom ?? Infinity) && at < (tried ?? Infinity)) this.baseline.add(id);
			}
		}
		this.static.loaded = JSON.parse(JSON.stringify(toStored(memory)));
		this.static.process = merge(this.static.process, memory);
		this.past.process = verdict.after(given);
		// n8n saves what an activation leaves, and what a poll leaves that gave something out.
		if ((this.isActivation || events.length > 0) && !how.isSaveLost) {
			this.static.saved = this.static.loaded;
			this.past.saved = this.past.process;
		}
		this.isActivation = false;
		this.given.push(...given);
		return events.length;
	}

	/** As many of the events that are due as one execution may get, the oldest, and in order. */
	private check(events: Array<{ id: string }>, given: Set<string>, due: Due[]): void {
		expect(given.size).toBe(events.length);
		expect(given.size).toBe(Math.min(this.maxItems, due.length));
		const timeOf = new Map(due.map(({ id, time }) => [id, time]));
		const times = events.map(({ id }) => timeOf.get(id));
		expect(times).not.toContain(undefined);
		expect(times).toEqual([...times].sort((one, other) => one! - other!));
		const latest = times.at(-1) ?? -Infinity;
		expect(due.filter(({ id, time }) => !given.has(id) && time < latest)).toEqual([]);
	}
}

function shuffled<Value>(values: Value[], seed: number): Value[] {
	let state = seed >>> 0 || 1;
	const random = () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32;
	return values
		.map((value) => ({ value, rank: random() }))
		.sort((one, other) => one.rank - other.rank)
		.map(({ value }) => value);
}

const startFrom = fc.option(
	minute.map((minutes) => NOW + minutes * 60_000),
	{ nil: undefined },
);
const maxItems = fc.integer({ min: 1, max: 5 });

test('each poll gives out what the model says, whatever lists, users and n8n do', () => {
	fc.assert(
		fc.property(
			fc.array(step, { maxLength: 40 }),
			settings,
			startFrom,
			maxItems,
			(steps, ...given) => {
				const world = new World(...given);
				for (const step of steps) world.play(step);
				world.settle();
			},
		),
		{ numRuns: 1_200 },
	);
});

test('while the settings stay and the memory survives, each testimonial after the baseline is given out exactly once', () => {
	const all: Settings = { space: undefined, minRating: 0, events: [CREATED] };
	fc.assert(
		fc.property(fc.array(calmStep, { maxLength: 40 }), startFrom, maxItems, (steps, ...given) => {
			const world = new World(all, ...given);
			for (const step of steps) world.play(step);
			world.settle();
			const late = world.current.all.filter(({ id }) => !world.baseline.has(id));
			expect(world.given.sort()).toEqual(late.map(({ id }) => `poll:${CREATED}:${id}`).sort());
		}),
		{ numRuns: 400 },
	);
});
