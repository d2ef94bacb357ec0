import fc from 'fast-check';

import { CAPACITY, Ledger } from '../../nodes/TestivoraTrigger/ledger.ts';

const NOW = 1_770_000_000_000;
/** Whether n8n has finished with a delivery. */
const unfinished = () => false;
const finished = () => true;
const LEASE_MS = 120_000;
/** Characters of each stored entry. */
const WIDTH = 17;

const ids = (count: number, prefix = 'evt') =>
	Array.from({ length: count }, (_, index) => `${prefix}_${index}`);
/** Accepts IDs, oldest first. @returns the text to store */
const acceptAll = (ledger: Ledger, all: string[]) =>
	all.reduce((_, id) => ledger.accept(id, NOW), '');
/** Which of the IDs a ledger knows. */
const knownOf = (ledger: Ledger, all: string[]) =>
	all.filter((id) => ledger.begin(id, NOW, finished) === 'known');

describe('one event', () => {
	test('is new, then being accepted, then known', () => {
		const ledger = new Ledger();
		expect(ledger.begin('a', NOW, unfinished)).toBe('new');
		expect(ledger.begin('a', NOW, unfinished)).toBe('accepting');
		ledger.accept('a', NOW);
		expect(ledger.begin('a', NOW, unfinished)).toBe('known');
		expect(ledger.begin('b', NOW, unfinished)).toBe('new');
	});

	test('that n8n has finished with, without accepting it, is new again', () => {
		const ledger = new Ledger();
		let ended = false;
		ledger.begin('a', NOW, () => ended);
		expect(ledger.begin('a', NOW, unfinished)).toBe('accepting');
		ended = true;
		expect(ledger.begin('a', NOW, unfinished)).toBe('new');
		expect(ledger.begin('a', NOW, unfinished)).toBe('accepting');
	});

	test('that was accepted is known, also after n8n has finished with it', () => {
		const ledger = new Ledger();
		ledger.begin('a', NOW, finished);
		ledger.accept('a', NOW);
		expect(ledger.begin('a', NOW, unfinished)).toBe('known');
	});

	test('that n8n neither accepts nor finishes is held until its lease ends', () => {
		const ledger = new Ledger();
		ledger.begin('a', NOW, unfinished);
		ledger.begin('b', NOW + 1, unfinished);
		expect(ledger.begin('a', NOW + LEASE_MS - 1, unfinished)).toBe('accepting');
		expect(ledger.begin('a', NOW + LEASE_MS, unfinished)).toBe('new');
		expect(ledger.begin('b', NOW + LEASE_MS, unfinished)).toBe('accepting');
		expect(ledger.begin('b', NOW + LEASE_MS + 1, unfinished)).toBe('new');
	});

	test('that n8n has begun to store and never finishes is held for an hour', () => {
		const ledger = new Ledger();
		ledger.begin('a', NOW, unfinished);
		ledger.hold('a');
		expect(ledger.begin('a', NOW + 3_599_999, unfinished)).toBe('accepting');
		expect(ledger.begin('a', NOW + 3_600_000, unfinished)).toBe('new');
	});

	test('that n8n is storing is held beyond its lease, and the others are not', () => {
		const ledger = new Ledger();
		let ended = false;
		ledger.begin('stored', NOW, () => ended);
		ledger.begin('lapsed', NOW + 1, unfinished);
		ledger.hold('stored');
		ledger.hold('unknown');
		const later = NOW + 10 * LEASE_MS;
		expect(ledger.begin('lapsed', later, unfinished)).toBe('new');
		expect(ledger.begin('stored', later, unfinished)).toBe('accepting');
		ended = true;
		expect(ledger.begin('stored', later, unfinished)).toBe('new');
	});

	test('accepted twice is stored once', () => {
		const ledger = new Ledger();
		ledger.accept('a', NOW);
		expect(ledger.accept('a', NOW)).toHaveLength(WIDTH);
	});
});

describe('an older save of its own', () => {
	test('brings nothing new, but what another process has added before or after it does', () => {
		const ledger = new Ledger();
		const own = acceptAll(ledger, ['a', 'b']);
		acceptAll(ledger, ['c']);
		ledger.merge(own);
		expect(knownOf(ledger, ['a', 'b', 'c'])).toEqual(['a', 'b', 'c']);
		const before = new Ledger().accept('before', NOW - 1_000);
		const after = new Ledger().accept('after', NOW + 1_000);
		ledger.merge(before + own);
		ledger.merge(own + after);
		expect(knownOf(ledger, ['before', 'after'])).toEqual(['before', 'after']);
	});
});

describe('bounds', () => {
	test('the newest are known, the oldest are evicted', () => {
		const ledger = new Ledger();
		const all = ids(CAPACITY + 500);
		expect(acceptAll(ledger, all)).toHaveLength(CAPACITY * WIDTH);
		expect(knownOf(ledger, all)).toEqual(all.slice(500));
	});

	test('an ID of a megabyte takes no more space than any other', () => {
		const ledger = new Ledger();
		const id = 'x'.repeat(1_000_000);
		expect(ledger.begin(id, NOW, unfinished)).toBe('new');
		expect(ledger.accept(id, NOW)).toHaveLength(WIDTH);
		expect(ledger.begin(id, NOW, unfinished)).toBe('known');
		expect(ledger.begin(`${id}x`, NOW, unfinished)).toBe('new');
	});

	test('10,000 IDs take as much memory as the last 1,500', () => {
		const ledger = new Ledger();
		for (let index = 0; index < 10_000; index++) ledger.accept(String(index), NOW);
		const { known, accepting, text } = ledger as unknown as {
			known: Set<string>;
			accepting: Map<string, unknown>;
			text: string;
		};
		expect([known.size, accepting.size, text.length]).toEqual([CAPACITY, 0, CAPACITY * WIDTH]);
		expect(
			knownOf(ledger, ['9999', String(10_000 - CAPACITY), String(9_999 - CAPACITY), '0']),
		).toEqual(['9999', String(10_000 - CAPACITY)]);
	});

	test('events that n8n never accepts are forgotten after their lease, those that it began to store once it is done', () => {
		const ledger = new Ledger();
		for (let index = 0; index < 10_000; index++) {
			ledger.begin(String(index), NOW + index * 100, index % 2 ? unfinished : finished);
			if (index % 2 === 0) ledger.hold(String(index));
		}
		const { accepting } = ledger as unknown as { accepting: Map<string, number> };
		expect(accepting.size).toBeLessThanOrEqual(LEASE_MS / 100);
	});
});

describe('what is stored', () => {
	test('makes a new process know what the last one knew, and evict in the same order', () => {
		const before = new Ledger();
		const all = ids(CAPACITY);
		const stored = acceptAll(before, all);
		const after = new Ledger();
		after.merge(stored);
		expect(knownOf(after, all)).toEqual(all);
		after.accept('one more', NOW);
		expect(knownOf(after, all)).toEqual(all.slice(1));
	});

	test('merges at least ten times as fast where this ledger has stored it, now or some events ago', () => {
		const ledger = new Ledger();
		const older = acceptAll(ledger, ids(CAPACITY + 500));
		const own = acceptAll(ledger, ids(100, 'later'));
		const foreign = acceptAll(new Ledger(), ids(CAPACITY, 'foreign'));
		/** Milliseconds of the fastest of some merges. */
		const fastest = (stored: string) =>
			Math.min(
				...Array.from({ length: 50 }, () => {
					const began = performance.now();
					ledger.merge(stored);
					return performance.now() - began;
				}),
			);
		expect(fastest(own) * 10).toBeLessThan(fastest(foreign));
		expect(fastest(older) * 10).toBeLessThan(fastest(foreign));
	});

	test('changes nothing when it is merged a second time', () => {
		const one = new Ledger();
		acceptAll(one, ids(CAPACITY, 'one'));
		const two = new Ledger();
		const stored = acceptAll(two, ids(CAPACITY, 'two'));
		one.merge(stored);
		const text = one.accept('x', NOW);
		one.merge(text);
		expect(one.accept('x', NOW)).toBe(text);
	});

	test('of two processes, each keeps the newest of both', () => {
		const [one, two] = [new Ledger(), new Ledger()];
		const all = ids(2 * CAPACITY);
		// Each accepts every other event, one a second, and only then do they learn of each other.
		const texts = ['', ''];
		all.forEach(
			(id, index) => (texts[index % 2] = [one, two][index % 2].accept(id, NOW + index * 1_000)),
		);
		one.merge(texts[1]);
		two.merge(texts[0]);
		for (const ledger of [one, two]) expect(knownOf(ledger, all)).toEqual(all.slice(-CAPACITY));
		expect(one.accept(all[all.length - 1], NOW)).toBe(two.accept(all[all.length - 1], NOW));
	});

	test('does not bring back evicted entries', () => {
		const ledger = new Ledger();
		const old = acceptAll(ledger, ids(CAPACITY, 'old'));
		const all = ids(CAPACITY);
		all.forEach((id) => ledger.accept(id, NOW + 5_000));
		ledger.merge(old);
		expect(knownOf(ledger, all)).toEqual(all);
	});

	test('keeps what this process accepts, although the clock of another one is ahead', () => {
		const [one, ahead] = [new Ledger(), new Ledger()];
		one.merge(ids(CAPACITY, 'ahead').reduce((_, id) => ahead.accept(id, NOW + 3_600_000), ''));
		const all = ids(1_000);
		all.forEach((id, index) => one.accept(id, NOW + index * 1_000));
		expect(knownOf(one, all)).toEqual(all);
	});

	test('gives the same whatever the order and number of merges', () => {
		const process = fc.array(
			fc.tuple(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 100 })),
			{ maxLength: 50 },
		);
		fc.assert(
			fc.property(
				fc.array(process, { minLength: 1, maxLength: 4 }),
				fc.array(fc.nat(3), { maxLength: 8 }),
				(processes, order) => {
					const texts = processes.map((accepted) => {
						const ledger = new Ledger();
						return accepted.reduce(
							(_, [id, second]) => ledger.accept(`evt_${id}`, NOW + second * 1_000),
							'',
						);
					});
					const [one, other] = [new Ledger(), new Ledger()];
					texts.forEach((text) => one.merge(text));
					order.forEach((index) => other.merge(texts[index % texts.length]));
					[...texts].reverse().forEach((text) => other.merge(text));
					const all = ids(301);
					expect(knownOf(other, all)).toEqual(knownOf(one, all));
				},
			),
		);
	});

	test('of a burst in which each delivery reads a save that is 100 events old, keeps the last 1,000', () => {
		const ledger = new Ledger();
		const texts = [''];
		const all = ids(3_000);
		all.forEach((id, index) => {
			// A hundred deliveries at once: each has loaded a save that is a hundred events old.
			ledger.merge(texts[Math.max(0, index - 100)]);
			texts.push(ledger.accept(id, NOW));
		});
		expect(knownOf(ledger, all.slice(-1_000))).toHaveLength(1_000);
	});

	test('lets two processes that overwrite each other’s saves know all of a burst in the end', () => {
		const processes = [new Ledger(), new Ledger()];
		let stored = '';
		const all = ids(600);
		all.forEach((id, index) => {
			const ledger = processes[index % 2];
			ledger.merge(stored);
			// Every third save is lost.
			const text = ledger.accept(id, NOW);
			if (index % 3) stored = text;
		});
		for (const round of [0, 1]) {
			for (const ledger of processes) {
				ledger.merge(stored);
				stored = ledger.accept(`more ${round}`, NOW);
			}
		}
		for (const ledger of processes) expect(knownOf(ledger, all)).toEqual(all);
	});

	test.each([
		undefined,
		null,
		5,
		true,
		{},
		[],
		['evt_1'],
		'',
		'short',
		'ä'.repeat(20),
		' '.repeat(34),
	])('holds nothing where it is %j', (junk) => {
		const ledger = new Ledger();
		ledger.accept('a', NOW);
		ledger.merge(junk);
		expect(ledger.begin('a', NOW, unfinished)).toBe('known');
		expect(ledger.accept('b', NOW)).toHaveLength(2 * WIDTH);
	});

	test('stays within its bounds whatever it is', () => {
		fc.assert(
			fc.property(
				fc.array(fc.string({ unit: 'binary', maxLength: 500 }), { maxLength: 4 }),
				fc.string(),
				(junk, id) => {
					const ledger = new Ledger();
					for (const text of junk) ledger.merge(text);
					ledger.merge('x'.repeat(CAPACITY * WIDTH * 2));
					const text = ledger.accept(id, NOW);
					expect(text.length).toBeLessThanOrEqual(CAPACITY * WIDTH);
					expect(text).toMatch(/^(?:[\w-]{17})*$/);
					expect(ledger.begin(id, NOW, unfinished)).toBe('known');
				},
			),
			{ numRuns: 30 },
		);
	});
});
