import fc from 'fast-check';
import type { IDataObject, INode } from 'n8n-workflow';

import { settle } from '../../nodes/Testivora/resources/testimonial/settle.ts';
import type {
	UncertainCreate,
	Service,
} from '../../nodes/Testivora/resources/testimonial/settle.ts';
import { apiError } from '../../nodes/shared/errors.ts';

const NODE = { name: 'Testivora', type: 'n8n-nodes-testivora.testivora' } as INode;
const failed = (code: number | string) =>
	apiError(NODE, {
		request: 'POST /v1/testimonials',
		...(typeof code === 'number' ? { status: code } : { code }),
	});

interface Row {
	text: string;
	rating?: number;
	/** Milliseconds that pass before it is sent. */
	gap?: number;
}

/** What the API does with one create; without any more of these, it works. */
type Act = { handled: boolean; answer: number | string; lag?: number };

/** A simulated Testivora with its own clock, whose list lags. */
class World {
	/** The time by the API's clock, which is ahead of the node's. */
	now = 1_000_123;
	reads = 0;
	private made = 0;
	readonly testimonials: Array<IDataObject & { shownFrom: number }> = [];
	readonly acts: Act[] = [];
	/** How the next reads of the list fail. */
	readonly listFaults: Array<number | string> = [];
	cancelAt = Infinity;
	/** How the API changes a text. */
	changed = (text: string) => text;
	/** By how much the clock of `created_at` is behind the clock of the `Date` headers. */
	behind = 0;
	wholeSeconds = false;
	/** How long the node believes the list takes to read. */
	readingMs = 0;
	canTellTime = true;

	constructor(private readonly order: 'newest' | 'oldest' = 'newest') {}

	put(row: Row, lag = 0): IDataObject {
		const testimonial = {
			id: `t${++this.made}`,
			text: row.text,
			rating: row.rating ?? null,
			author: { name: 'Ana' },
			created_at: new Date(
				this.wholeSeconds ? Math.floor(this.now / 1_000) * 1_000 : this.now - this.behind,
			).toISOString(),
			shownFrom: this.now + lag,
		};
		this.testimonials.push(testimonial);
		return testimonial;
	}

	/** Handles one create in 50 ms. */
	post(row: Row): IDataObject {
		const { handled, answer, lag = 0 } = this.acts.shift() ?? { handled: true, answer: 201 };
		this.now += 20;
		const made = handled ? this.put({ ...row, text: this.changed(row.text) }, lag) : undefined;
		this.now += 30;
		if (answer !== 201) throw failed(answer);
		return made!;
	}

	/** Imports rows as the node does with On Error → Continue. @returns the ID or the error of each */
	async import(rows: Row[]): Promise<Array<{ id?: string; error?: Error; inDoubt?: boolean }>> {
		const claimed = new Set<string>();
		let last: number | undefined;
		const outcomes: Array<{ id?: string; error?: Error; inDoubt?: boolean }> = [];
		const uncertain: UncertainCreate[] = [];
		const importedAt = this.now;
		for (const [itemIndex, row] of rows.entries()) {
			this.now += row.gap ?? 0;
			const body = {
				space_id: 'spc_1',
				text: row.text,
				author: { name: 'Ana' },
				...(row.rating && { rating: row.rating }),
			};
			const startedAt = this.now;
			try {
				const { id, created_at: created } = this.post(row);
				claimed.add(id as string);
				last = Date.parse(created as string);
				outcomes[itemIndex] = { id: id as string };
			} catch (error) {
				uncertain.push({
					itemIndex,
					body,
					error: error as never,
					startedAt,
					endedAt: this.now,
					attempts: 1,
					lastCreated: last,
				});
			}
		}
		const settled = await settle(uncertain, claimed, this.service(rows));
		for (const [{ itemIndex }, result] of settled) {
			outcomes[itemIndex] = 'error' in result ? result : { id: result.testimonial.id as string };
		}
		expect(this.now - importedAt).toBeLessThan(10 * 60_000);
		return outcomes;
	}

	private service(rows: Row[]): Service {
		return {
			list: () => this.list(),
			send: async ({ itemIndex }) => this.post(rows[itemIndex]),
			wait: async (ms) => {
				this.now += ms;
				if (this.now >= this.cancelAt) throw new Error('cancelled');
			},
			now: () => this.now,
			existedBefore: () => undefined,
			// A lower bound, because `Date` headers are cut off to seconds.
			apiTimeAt: (moment) => (this.canTellTime ? moment - 600 : undefined),
			readingMs: () => this.readingMs,
			givesBackContent: () => true,
		};
	}

	private async *list(): AsyncGenerator<IDataObject> {
		this.reads += 1;
		const shown = this.testimonials.filter(({ shownFrom }) => shownFrom <= this.now);
		if (this.order === 'newest') shown.reverse();
		const fault = this.listFaults.shift();
		for (const [index, testimonial] of shown.entries()) {
			if (fault !== undefined && index >= shown.length / 2) break;
			yield testimonial;
		}
		this.now += 40;
		if (fault !== undefined) throw failed(fault);
	}

	count(text: string): number {
		return this.testimonials.filter((one) => one.text === text).length;
	}
}

const rows = (...texts: string[]): Row[] => texts.map((text) => ({ text }));

describe.each(['newest', 'oldest'] as const)('a list with the %s first', (order) => {
	test.each<[string, Act]>([
		['an answer lost in a reset', { handled: true, answer: 'ECONNRESET' }],
		['an answer that never came', { handled: true, answer: 'ETIMEDOUT' }],
		['an answer that is unreadable', { handled: true, answer: 200 }],
		['503 after the work was done', { handled: true, answer: 503 }],
		['504 after the work was done', { handled: true, answer: 504 }],
		['503 before', { handled: false, answer: 503 }],
		['504 while the work goes on for 25 s', { handled: true, answer: 504, lag: 25_000 }],
		['a list that shows it 3 s later', { handled: true, answer: 'ECONNRESET', lag: 3_000 }],
		['a list that shows it 12 s later', { handled: true, answer: 503, lag: 12_000 }],
	])('%s: exists once in the end, whether first row, middle or last', async (_what, act) => {
		for (const position of [0, 1, 2]) {
			const world = new World(order);
			world.put({ text: 'b' });
			world.now += 120_000;
			const ok: Act = { handled: true, answer: 201 };
			world.acts.push(...[0, 1, 2].map((index) => (index === position ? act : ok)));
			const outcomes = await world.import(rows('a', 'b', 'c'));
			expect(outcomes.map(({ id }) => typeof id)).toEqual(['string', 'string', 'string']);
			expect(new Set(outcomes.map(({ id }) => id)).size).toBe(3);
			expect(['a', 'b', 'c'].map((text) => world.count(text))).toEqual([1, 2, 1]);
			expect(outcomes.some(({ id }) => id === 't1')).toBe(false);
		}
	});

	test.each(['ECONNRESET', 504, 520, 522, 524])(
		'%s before anything was done ends with "may have been created", and is not sent again',
		async (answer) => {
			const world = new World(order);
			world.acts.push({ handled: false, answer });
			const [outcome] = await world.import(rows('a'));
			expect(outcome).toMatchObject({
				inDoubt: true,
				error: { description: expect.stringContaining('may have been created') },
			});
			expect(world.count('a')).toBe(0);
		},
	);

	test('rows with the same content are separate testimonials', async () => {
		const world = new World(order);
		world.acts.push(
			{ handled: true, answer: 'ECONNRESET' },
			{ handled: false, answer: 502 },
			{ handled: true, answer: 201 },
			{ handled: true, answer: 500 },
		);
		const outcomes = await world.import(rows('a', 'a', 'a', 'a'));
		expect(new Set(outcomes.map(({ id }) => id)).size).toBe(4);
		expect(world.count('a')).toBe(4);
	});

	test.each([0, 500, 2_000, 5_000])(
		'rows of the same content that follow each other after %i ms are told apart',
		async (gap) => {
			const world = new World(order);
			world.acts.push(...Array<Act>(3).fill({ handled: true, answer: 503 }));
			const outcomes = await world.import([{ text: 'a' }, { text: 'a', gap }, { text: 'a', gap }]);
			expect(outcomes.map(({ id }) => id)).toEqual(['t1', 't2', 't3']);
			expect(world.count('a')).toBe(3);
		},
	);

	test('of rows with the same text, each gets the testimonial with its own rating', async () => {
		const world = new World(order);
		world.acts.push({ handled: true, answer: 503 }, { handled: true, answer: 503 });
		const [one, other] = await world.import([{ text: 'a' }, { text: 'a', rating: 5 }]);
		expect([one.id, other.id]).toEqual(['t1', 't2']);
	});
});

test('a testimonial from two minutes before the first row is not the answer', async () => {
	const world = new World();
	const { id } = world.put({ text: 'a' });
	world.now += 120_000;
	world.acts.push({ handled: false, answer: 503 });
	const [outcome] = await world.import(rows('a'));
	expect(outcome.id).toBeDefined();
	expect(outcome.id).not.toBe(id);
	expect(world.count('a')).toBe(2);
});

test.each([true, false])(
	'where it cannot be told what was there before, nothing is sent again (the API tells its time: %s)',
	async (canTellTime) => {
		const world = new World();
		world.put({ text: 'a' });
		world.now += canTellTime ? 1_000 : 60_000;
		world.canTellTime = canTellTime;
		world.acts.push({ handled: false, answer: 503 });
		const [outcome] = await world.import(rows('a'));
		expect(outcome.inDoubt).toBe(true);
		expect(world.count('a')).toBe(1);
	},
);

test.each<[string, (text: string) => string]>([
	['strips HTML from texts', (text) => text.replace(/<[^>]+>/g, '')],
	['cuts texts short', (text) => text.slice(0, 4)],
	['leaves texts out of lists', () => ''],
])('nothing is created twice by an API that %s', async (_what, changed) => {
	const world = new World();
	world.changed = changed;
	world.acts.push({ handled: true, answer: 503 });
	const [outcome] = await world.import(rows('<b>Great</b>'));
	expect(outcome.inDoubt).toBe(true);
	expect(world.testimonials).toHaveLength(1);
});

test('what others added at other times does not prevent sending again', async () => {
	const world = new World();
	world.put({ text: 'x' });
	world.now += 120_000;
	world.acts.push({ handled: false, answer: 503 });
	const [outcome] = await world.import(rows('a'));
	expect(outcome.id).toBe('t2');
});

test.each([3_000, 40_000, -40_000])(
	'a clock of created_at that is %i ms behind makes nothing twice',
	async (behind) => {
		const world = new World();
		world.behind = behind;
		world.acts.push({ handled: true, answer: 503 });
		const [outcome] = await world.import(rows('a'));
		expect([outcome.inDoubt, outcome.id]).toEqual(
			behind > 0 ? [true, undefined] : [undefined, 't1'],
		);
		expect(world.count('a')).toBe(1);
	},
);

test('a created_at in whole seconds is enough to find them all', async () => {
	const world = new World();
	world.wholeSeconds = true;
	world.acts.push(
		...[503, 201, 503, 'ECONNRESET'].map((answer): Act => ({ handled: true, answer })),
	);
	const outcomes = await world.import([
		{ text: 'a' },
		{ text: 'b', gap: 300 },
		{ text: 'c', gap: 500 },
		{ text: 'd', gap: 900 },
	]);
	expect(outcomes.map(({ id }) => id)).toEqual(['t1', 't2', 't3', 't4']);
});

test('an outage of the list is waited out, even long after the creates', async () => {
	const world = new World();
	world.acts.push({ handled: true, answer: 503 });
	world.listFaults.push(503);
	const [outcome] = await world.import([{ text: 'a' }, { text: 'b', gap: 300_000 }]);
	expect(outcome.id).toBe('t1');
});

test('a page that fails proves no absence', async () => {
	const world = new World('oldest');
	for (const text of ['x', 'y', 'z']) world.put({ text });
	world.acts.push({ handled: true, answer: 503 });
	world.listFaults.push(503, 'ECONNRESET', 503, 503, 503);
	const [outcome] = await world.import(rows('a'));
	expect(outcome.id).toBe('t4');
	expect(world.count('a')).toBe(1);
});

test.each([
	[403, 1],
	[503, 30],
])(
	'a list that always fails with %i leaves the doubt, and nothing is sent again',
	async (status, most) => {
		const world = new World();
		world.acts.push({ handled: false, answer: 503 });
		world.listFaults.push(...Array<number>(100).fill(status));
		const [outcome] = await world.import(rows('a'));
		expect(outcome.inDoubt).toBe(true);
		expect(world.count('a')).toBe(0);
		expect(world.reads).toBeLessThanOrEqual(most);
	},
);

test.each([500, 4_000, 20_000])(
	'a cancelled execution sends nothing more after %i ms',
	async (after) => {
		const world = new World();
		world.acts.push(
			{ handled: false, answer: 503 },
			...Array<Act>(9).fill({ handled: false, answer: 503 }),
		);
		world.cancelAt = world.now + after;
		await expect(world.import(rows('a', 'b'))).rejects.toThrow('cancelled');
		expect(world.testimonials).toEqual([]);
		expect(world.acts.length).toBeGreaterThanOrEqual(after < 15_000 ? 8 : 6);
	},
);

test('an API that stays down ends the import, and each row says that it was not created', async () => {
	const world = new World();
	world.acts.push(...Array<Act>(1_000).fill({ handled: false, answer: 503 }));
	const outcomes = await world.import(
		rows(...Array.from({ length: 100 }, (_, index) => `row ${index}`)),
	);
	for (const { inDoubt, error } of outcomes) {
		expect(inDoubt).toBe(false);
		expect((error as { description?: string }).description).toMatch(
			/is not in the space, so it was not created/,
		);
	}
});

test('reads the space only once if everything is found', async () => {
	const world = new World();
	const count = 400;
	world.acts.push(
		...Array.from({ length: count }, (_, index): Act => ({
			handled: true,
			answer: index % 10 === 0 ? 'ECONNRESET' : 201,
		})),
	);
	const outcomes = await world.import(
		rows(...Array.from({ length: count }, (_, index) => `row ${index}`)),
	);
	expect(outcomes.every(({ id }) => id)).toBe(true);
	expect(world.reads).toBe(1);
});

test('a space that takes long to read is read once for each attempt', async () => {
	const world = new World();
	world.readingMs = 60_000;
	world.acts.push({ handled: false, answer: 503 }, { handled: false, answer: 503 });
	const [outcome] = await world.import(rows('a'));
	expect([outcome.id, world.reads]).toEqual(['t1', 2]);
});

test('nothing is created twice, claimed twice or reported as created when it is not', async () => {
	const act = fc.record({
		handled: fc.boolean(),
		answer: fc.constantFrom<number | string>(
			201,
			201,
			201,
			500,
			502,
			503,
			504,
			200,
			'ECONNRESET',
			'ETIMEDOUT',
		),
		lag: fc.constantFrom(0, 0, 1_000, 7_000, 14_000),
	});
	await fc.assert(
		fc.asyncProperty(
			fc.constantFrom('newest' as const, 'oldest' as const),
			fc.array(
				fc.record({
					text: fc.constantFrom('a', 'b', 'c'),
					rating: fc.constantFrom(undefined, 4, 5),
					gap: fc.nat(5_000),
				}),
				{ minLength: 1, maxLength: 8 },
			),
			fc.array(act, { maxLength: 14 }),
			fc.array(fc.constantFrom('a', 'b'), { maxLength: 3 }),
			fc.array(fc.constantFrom<number | string>(503, 'ECONNRESET'), { maxLength: 3 }),
			fc.constantFrom(3_000, 61_000, 300_000),
			fc.constantFrom(0, 0, -2_000, 2_000, 30_000),
			async (order, imported, acts, before, listFaults, pause, behind) => {
				const world = new World(order);
				world.behind = behind;
				for (const text of before) world.put({ text });
				const there = world.testimonials.length;
				world.now += pause;
				world.acts.push(
					...acts.map((one) => ({
						...one,
						handled: one.handled || one.answer === 201 || one.answer === 200,
					})),
				);
				world.listFaults.push(...listFaults);
				const outcomes = await world.import(imported);

				const ids = outcomes.flatMap(({ id }) => (id === undefined ? [] : [id]));
				expect(new Set(ids).size).toBe(ids.length);
				const made = world.testimonials.slice(there);
				for (const id of ids) expect(made.map((one) => one.id)).toContain(id);
				for (const text of ['a', 'b', 'c']) {
					const mine = outcomes.filter((_, index) => imported[index].text === text);
					const count = made.filter((one) => one.text === text).length;
					expect(count).toBeGreaterThanOrEqual(mine.filter(({ id }) => id !== undefined).length);
					expect(count).toBeLessThanOrEqual(
						mine.filter(({ id, inDoubt }) => id !== undefined || inDoubt).length,
					);
				}
			},
		),
		{ numRuns: 1_000 },
	);
});
