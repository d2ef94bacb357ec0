import fc from 'fast-check';

import { look } from '../../nodes/TestivoraPollTrigger/look.ts';
import { APPROVED, CREATED } from '../../nodes/shared/schemas.ts';
import type { Testimonial } from '../../nodes/TestivoraPollTrigger/look.ts';
import {
	fingerprint,
	fromStored,
	merge,
	toStored,
} from '../../nodes/TestivoraPollTrigger/memory.ts';
import type { Memory } from '../../nodes/TestivoraPollTrigger/memory.ts';

/**
 * The memory and the look, driven through anything that lists and n8n may do, against a model that knows only which testimonials
 * there are. What must come of it: each testimonial that came after the baseline is given out exactly once as created, and exactly
 * once as approved if it was approved, as long as what was kept survives.
 */

const NOW = Date.parse('2026-11-21T12:00:00.000Z');
const date = (minutes: number) => new Date(NOW + minutes * 60_000).toISOString();

/** Some minute of a year before or a day after: many are equal, many backdated. */
const minute = fc.oneof(fc.constantFrom(0, 1), fc.integer({ min: -500_000, max: 1_440 }));
const index = fc.nat(1_000);

const step = fc.oneof(
	{
		weight: 4,
		arbitrary: fc.record({
			does: fc.constant('arrive' as const),
			minutes: fc.array(minute, { maxLength: 5 }),
			isApproved: fc.boolean(),
		}),
	},
	{ weight: 2, arbitrary: fc.record({ does: fc.constant('approve' as const), index }) },
	{ weight: 1, arbitrary: fc.record({ does: fc.constant('hide' as const), index }) },
	{ weight: 1, arbitrary: fc.record({ does: fc.constant('showAll' as const) }) },
	{
		weight: 6,
		arbitrary: fc.record({
			does: fc.constant('poll' as const),
			seed: fc.integer(),
			// Entries that shifted past a page's edge, or over it twice.
			skipped: fc.array(index, { maxLength: 3 }),
			repeated: fc.array(index, { maxLength: 3 }),
			breaksOffAfter: fc.option(index, { nil: undefined }),
			isSaveLost: fc.boolean(),
			isDiscarded: fc.boolean(),
		}),
	},
	{ weight: 1, arbitrary: fc.record({ does: fc.constant('republish' as const) }) },
	{ weight: 1, arbitrary: fc.record({ does: fc.constant('restart' as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

/** n8n as it treats static data: one copy in the database, one in the workflow it has loaded; a process remembers besides. */
class World {
	readonly all: Testimonial[] = [];
	readonly hidden = new Set<string>();
	readonly baseline = new Set<string>();
	readonly bornOrSeenApproved = new Set<string>();
	readonly given: string[] = [];
	private database: unknown;
	private loaded: unknown;
	private remembered: Memory | undefined;
	private isDatabaseStale = false;
	private clock = 0;
	private isBaselined = false;

	constructor(private readonly maxItems: number) {
		this.add(0, false);
	}

	add(minutes: number, isApproved: boolean): void {
		const id = `t${this.all.length}`;
		this.all.push({
			id,
			created_at: date(minutes),
			published_at: null,
			status: isApproved ? 'approved' : 'pending',
		});
	}

	play(step: Step): void {
		const pick = (of: number) => this.all[of % this.all.length];
		if (step.does === 'arrive')
			for (const minutes of step.minutes) this.add(minutes, step.isApproved);
		if (step.does === 'approve') pick(step.index).status = 'approved';
		// The first one always stands in the list: one that shows nothing known is another case.
		if (step.does === 'hide' && pick(step.index).id !== 't0') this.hidden.add(pick(step.index).id);
		if (step.does === 'showAll') this.hidden.clear();
		if (step.does === 'poll') this.poll(step);
		if (step.does === 'republish') this.loaded = this.database;
		// A restart with an old copy is what the memory does not survive.
		if (step.does === 'restart' && !this.isDatabaseStale) {
			this.loaded = this.database;
			this.remembered = undefined;
		}
	}

	poll(how: Partial<Extract<Step, { does: 'poll' }>> = {}): number {
		const skipped = new Set((how.skipped ?? []).map((of) => this.all[of % this.all.length].id));
		let listed = this.all.filter(
			({ id }) => !this.hidden.has(id) && (id === 't0' || !this.isBaselined || !skipped.has(id)),
		);
		listed = shuffled(
			[...listed, ...(how.repeated ?? []).map((of) => listed[of % listed.length])],
			how.seed ?? 0,
		);
		const isComplete = how.breaksOffAfter === undefined;
		if (!isComplete) listed = listed.slice(0, how.breaksOffAfter! % (listed.length + 1));

		const before = merge(fromStored(this.loaded), this.remembered);
		const { memory, events } = look(
			before,
			{
				testimonials: structuredClone(listed),
				isComplete,
				scope: 's',
				key: 'k',
				at: NOW + ++this.clock,
			},
			{ events: [CREATED, APPROVED], isWanted: () => true, maxItems: this.maxItems },
		);
		const wasBaselined = this.isBaselined;
		if (!wasBaselined && isComplete) {
			this.isBaselined = true;
			// The baseline covers what is listed, but for what was created since a first attempt at it.
			const given = new Set(events.map(({ data }) => String(data.id)));
			for (const { id, status } of listed) {
				if (given.has(id) || !memory.seen!.has(fingerprint(id))) continue;
				this.baseline.add(id);
				if (status === 'approved') this.bornOrSeenApproved.add(id);
			}
		}
		// n8n may drop what a poll gave out, when the workflow was published again meanwhile; its copy of static data goes, too.
		if (how.isDiscarded && wasBaselined && events.length > 0) {
			this.loaded = this.database;
			return events.length;
		}
		this.loaded = JSON.parse(JSON.stringify(toStored(memory)));
		this.remembered = merge(this.remembered, memory);
		if (events.length > 0) {
			this.isDatabaseStale = how.isSaveLost ?? false;
			if (!this.isDatabaseStale) this.database = this.loaded;
		} else if (this.database === undefined) {
			// Activation saves also where nothing is given out.
			this.database = this.loaded;
		} else if (!wasBaselined && isComplete) {
			// n8n does not save a baseline that a later poll completes, until something is given out.
			this.isDatabaseStale = true;
		}
		expect(events.length).toBeLessThanOrEqual(this.maxItems);
		const times = events
			.filter(({ event }) => event === CREATED)
			.map(({ created }) => Date.parse(created!));
		expect(times).toEqual([...times].sort((one, other) => one - other));
		this.given.push(...events.map(({ id }) => id));
		return events.length;
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

test('each testimonial is given out exactly once, whatever lists and n8n do', () => {
	fc.assert(
		fc.property(
			fc.array(step, { maxLength: 40 }),
			fc.integer({ min: 1, max: 5 }),
			(steps, maxItems) => {
				const world = new World(maxItems);
				for (const step of steps) world.play(step);
				// Quiet at the end: everything shows, and polls go on until they find nothing.
				world.hidden.clear();
				world.poll();
				for (let found = 1; found > 0;) found = world.poll();

				const expected = world.all.flatMap(({ id, status }) => [
					...(world.baseline.has(id) ? [] : [`poll:${CREATED}:${id}`]),
					...(status === 'approved' && !world.bornOrSeenApproved.has(id)
						? [`poll:${APPROVED}:${id}`]
						: []),
				]);
				expect([...world.given].sort()).toEqual(expected.sort());
			},
		),
		{ numRuns: 2_000 },
	);
});
