import { sleep } from 'n8n-workflow';
import type { IDataObject } from 'n8n-workflow';

import { testimonial } from '../helpers/fixtures.mts';
import { PollBench } from '../helpers/pollBench.mts';

jest.mock('n8n-workflow', () => ({
	...jest.requireActual('n8n-workflow'),
	sleep: jest.fn(async () => {}),
}));

const at = (minutes: number) => new Date(Date.UTC(2026, 10, 21, 12, minutes)).toISOString();
const entry = (id: string, more: IDataObject = {}) =>
	testimonial({ id, status: 'pending', published_at: null, created_at: at(0), ...more });
const ids = (items: IDataObject[] | null) => items?.map(({ id }) => id) ?? null;

let bench: PollBench;
beforeEach(() => {
	jest.useFakeTimers({ now: Date.parse(at(0)), doNotFake: ['nextTick', 'setImmediate'] });
	bench = new PollBench();
	bench.list = [entry('a', { created_at: at(-60) })];
	jest.mocked(sleep).mockClear();
});
afterEach(() => jest.useRealTimers());

/** The first poll, after which n8n has saved the baseline, as it does after an activation. */
async function baseline(): Promise<void> {
	expect(await bench.poll()).toBeNull();
	bench.saved = structuredClone(bench.loaded);
}

describe('what a poll gives out', () => {
	test('is the testimonial with its event', async () => {
		await baseline();
		bench.list.push(entry('b'));
		expect(await bench.poll()).toEqual([
			{
				...entry('b'),
				event: { id: 'poll:testimonial.created:b', name: 'testimonial.created', created: at(0) },
			},
		]);
		expect(await bench.poll()).toBeNull();
	});

	test('is the envelope with Simplify off', async () => {
		bench.parameters = { simplify: false };
		await baseline();
		bench.list.push(entry('b'));
		expect(await bench.poll()).toEqual([
			{
				id: 'poll:testimonial.created:b',
				object: 'event',
				event: 'testimonial.created',
				created: at(0),
				data: entry('b'),
			},
		]);
	});

	test('is approved from the start, approved later, or approved again after it was taken back', async () => {
		bench.parameters = { events: ['testimonial.approved'] };
		await baseline();
		bench.list.push(entry('b', { status: 'approved', published_at: at(1) }));
		expect(await bench.poll()).toEqual([
			expect.objectContaining({
				id: 'b',
				event: { id: 'poll:testimonial.approved:b', name: 'testimonial.approved', created: at(1) },
			}),
		]);
		bench.list[0].status = 'approved';
		// It has no time of approval, so the time of the poll stands in.
		expect(await bench.poll()).toEqual([
			expect.objectContaining({
				event: expect.objectContaining({ id: 'poll:testimonial.approved:a', created: at(0) }),
			}),
		]);
		bench.list[0].status = 'pending';
		expect(await bench.poll()).toBeNull();
		bench.list[0].status = 'approved';
		expect(ids(await bench.poll())).toEqual(['a']);
	});

	test('is created before it is approved, whatever the dates say', async () => {
		bench.parameters = { events: ['testimonial.approved', 'testimonial.created'] };
		await baseline();
		bench.list.push(
			entry('b', { status: 'approved', created_at: at(5), published_at: at(1) }),
			entry('c', { created_at: at(3) }),
		);
		const items = await bench.poll();
		expect(items?.map(({ event }) => (event as IDataObject).id)).toEqual([
			'poll:testimonial.created:c',
			'poll:testimonial.created:b',
			'poll:testimonial.approved:b',
		]);
	});

	test('comes in portions, oldest first; a testimonial without a date comes last', async () => {
		bench.parameters = { options: { maxItems: 2 } };
		await baseline();
		bench.list.push(
			entry('b', { created_at: at(9) }),
			entry('none', { created_at: null }),
			entry('c', { created_at: at(8) }),
			entry('d', { created_at: at(7) }),
		);
		expect(ids(await bench.poll())).toEqual(['d', 'c']);
		bench.list.push(entry('e', { created_at: at(6) }));
		expect(ids(await bench.poll())).toEqual(['e', 'b']);
		expect(ids(await bench.poll())).toEqual(['none']);
		expect(await bench.poll()).toBeNull();
	});

	test('passes the filters; a testimonial that they kept out does not come when they change', async () => {
		bench.parameters = { filters: { minRating: 4 } };
		await baseline();
		bench.list.push(entry('bad', { rating: 1 }));
		expect(await bench.poll()).toBeNull();
		bench.parameters = {};
		bench.activate('update');
		bench.list.push(entry('good'));
		expect(ids(await bench.poll())).toEqual(['good']);
	});
});

describe('a first poll', () => {
	test('with Start From gives out what was created since, in portions', async () => {
		bench.parameters = { options: { startFrom: '2026-11-21T13:05:00', maxItems: 2 } };
		bench.list = [
			entry('old', { created_at: at(4) }),
			...[5, 6, 7].map((minute) => entry(`t${minute}`, { created_at: at(minute) })),
		];
		expect(ids(await bench.poll())).toEqual(['t5', 't6']);
		expect(ids(await bench.poll())).toEqual(['t7']);
		expect(await bench.poll()).toBeNull();
	});

	test.each([
		[401, 'unauthorized', 'Testivora did not get an API key with the request'],
		[402, 'quota_exceeded', 'The monthly quota of your Testivora plan is used up'],
		[403, 'plan_required', 'Your Testivora plan does not include the API'],
	])('that is refused with %i says so at publication only', async (status, type, message) => {
		bench.answer = () => ({ status, type });
		for (const mode of ['activate', 'update']) {
			bench.activate(mode);
			await expect(bench.poll()).rejects.toThrow(message);
		}
		for (const mode of ['init', 'leadershipChange']) {
			bench.activate(mode);
			expect(await bench.poll()).toBeNull();
			expect(bench.log.at(-1)).toBe(
				`warn Testivora Poll Trigger: ${message}. The next poll tries again.`,
			);
		}
	});

	test('that finds Testivora down does not prevent publication, and testimonials created until the next poll are given out', async () => {
		bench.answer = () => ({ status: 503 });
		expect(await bench.poll()).toBeNull();
		jest.setSystemTime(Date.parse(at(10)));
		bench.answer = () => ({ data: bench.list });
		bench.list.push(entry('meanwhile', { created_at: at(5) }));
		expect(ids(await bench.poll())).toEqual(['meanwhile']);
	});

	test('that finds Testivora down does not lose what is approved until the next poll', async () => {
		bench.parameters = { events: ['testimonial.approved'], options: { maxItems: 1 } };
		const approved = (id: string, minutes: number) =>
			entry(id, { created_at: at(-60), status: 'approved', published_at: at(minutes) });
		bench.answer = () => ({ status: 503 });
		expect(await bench.poll()).toBeNull();
		jest.setSystemTime(Date.parse(at(60)));
		bench.list = [
			approved('before', -30),
			approved('second', 31),
			approved('first', 30),
			entry('pending', { created_at: at(-60) }),
		];
		bench.answer = () => ({ data: bench.list });
		expect(ids(await bench.poll())).toEqual(['first']);
		expect(ids(await bench.poll())).toEqual(['second']);
		expect(await bench.poll()).toBeNull();
	});

	test.each([
		[
			{ options: { startFrom: 'soon' } },
			'Start From must be a date such as 2026-06-03 or 2026-06-03T10:00:00Z',
		],
		[{ options: { maxItems: 1_001 } }, 'Max Items must be a whole number from 1 to 1,000'],
		[{ events: [] }, 'Choose at least one event in Trigger On'],
		[
			{ events: ['testimonial.deleted'] },
			'Trigger On has an event that Testivora Poll Trigger cannot tell',
		],
	])('with %j says what to correct', async (parameters, message) => {
		bench.parameters = parameters;
		await expect(bench.poll()).rejects.toThrow(message);
		expect(bench.requests).toEqual([]);
	});

	test.each([
		['Space', { spaceId: '={{ $vars.space }}' }],
		['Space', { spaceId: { __rl: true, mode: 'id', value: '={{ $vars.space }}' } }],
		['Minimum Rating', { filters: { minRating: '={{ $vars.rating }}' } }],
		['Tags', { filters: { tags: '={{ $vars.tags }}' } }],
	])('whose expression in %s gives nothing is refused', async (label, raw) => {
		bench.raw = raw;
		await expect(bench.poll()).rejects.toThrow(`The expression in ${label} gives nothing`);
		await expect(bench.sample()).rejects.toThrow(`The expression in ${label} gives nothing`);
		expect(bench.requests).toEqual([]);
	});

	test('a Space that the account does not have is refused, where the list would stay empty for ever', async () => {
		bench.parameters = { spaceId: 'spc_12' };
		bench.list = [];
		const message = 'There is no Space with this ID in your Testivora account';
		await expect(bench.poll()).rejects.toThrow(message);
		await expect(bench.sample()).rejects.toThrow(message);
		// While n8n starts, and later, nobody would read it.
		bench.activate('init');
		expect(await bench.poll()).toBeNull();
		expect(await bench.poll()).toBeNull();
		expect(bench.log).toEqual([]);
	});

	test('a Space is taken as it is where nothing could be read of the list', async () => {
		bench.parameters = { spaceId: 'spc_12' };
		bench.answer = () => ({ status: 503 });
		expect(await bench.poll()).toBeNull();
	});

	test('a Space is taken as it is where the spaces cannot be read, or where it has testimonials', async () => {
		bench.parameters = { spaceId: 'spc_12' };
		bench.spaces = undefined;
		bench.list = [];
		expect(await bench.poll()).toBeNull();
		bench.spaces = [];
		bench.list = [entry('b', { space_id: 'spc_12' })];
		bench.activate('update');
		expect(ids(await bench.poll())).toEqual(['b']);
	});

	test('whose expression gives something is not refused', async () => {
		bench.raw = { spaceId: '={{ $vars.space }}', filters: { minRating: '={{ $vars.rating }}' } };
		bench.parameters = { spaceId: 'spc_1', filters: { minRating: 4 } };
		bench.list = [];
		expect(await bench.poll()).toBeNull();
		expect(bench.requests).toHaveLength(1);
	});
});

describe('a list that breaks off', () => {
	const breaksOff = () => {
		bench.answer = ({ cursor }) => (cursor ? { status: 503 } : { data: bench.list, next: 'c1' });
	};

	test('gives out what is surely new, once', async () => {
		await baseline();
		breaksOff();
		bench.list.push(entry('b'));
		expect(ids(await bench.poll())).toEqual(['b']);
		bench.answer = () => ({ data: bench.list });
		bench.list.push(entry('c'));
		expect(ids(await bench.poll())).toEqual(['c']);
	});

	test('and shows nothing known gives nothing out: the next complete reading does', async () => {
		await baseline();
		const old = Array.from({ length: 50 }, (_, index) =>
			entry(`old ${index}`, { created_at: at(-43_200 - index) }),
		);
		bench.answer = ({ cursor }) =>
			cursor
				? { status: 501 }
				: { data: [entry('new', { created_at: at(1) }), ...old.slice(0, 25)], next: 'c1' };
		jest.setSystemTime(Date.parse(at(2)));
		await expect(bench.poll()).rejects.toThrow();
		bench.answer = () => ({ data: [entry('new', { created_at: at(1) }), ...old] });
		expect(ids(await bench.poll())).toEqual(['new']);
		expect(await bench.poll()).toBeNull();
	});

	test('and shows a part of 10,000 testimonials makes it forget none of them', async () => {
		const all = Array.from({ length: 10_000 }, (_, index) => entry(`t${index}`));
		bench.list = all;
		await baseline();
		bench.list = [entry('n1'), entry('n2'), entry('n3'), ...all.slice(0, 100)];
		breaksOff();
		expect(ids(await bench.poll())).toEqual(['n1', 'n2', 'n3']);
		bench.answer = () => ({ data: [...bench.list.slice(0, 3), ...all.slice(0, -3)] });
		expect(await bench.poll()).toBeNull();
	});

	test('is no baseline', async () => {
		breaksOff();
		expect(await bench.poll()).toBeNull();
		bench.answer = () => ({
			data: [...bench.list, entry('old', { created_at: '2020-01-01T00:00:00.000Z' })],
		});
		expect(await bench.poll()).toBeNull();
	});

	test('is no baseline for another key either', async () => {
		await baseline();
		breaksOff();
		bench.credential.apiKey = 'tv_live_other';
		bench.list = [entry('theirs')];
		await expect(bench.poll()).rejects.toThrow('Testivora is not working');
	});
});

describe('another list', () => {
	test('of a rotated key that shows known testimonials is the same list', async () => {
		await baseline();
		bench.credential.apiKey = 'tv_live_rotated';
		bench.list.push(entry('b'));
		expect(ids(await bench.poll())).toEqual(['b']);
		expect(bench.log).toEqual([]);
	});

	test.each([
		['another account', () => void (bench.credential.apiKey = 'tv_live_other')],
		['another Base URL', () => void (bench.credential.baseUrl = 'https://other.testivora.test')],
		['another space', () => void (bench.parameters = { spaceId: 'spc_other' })],
	])('%s is a new baseline, with a warning', async (_, change) => {
		await baseline();
		change();
		bench.list = [1, 2, 3].map((count) => entry(`theirs ${count}`, { space_id: 'spc_other' }));
		expect(await bench.poll()).toBeNull();
		expect(bench.log).toEqual([expect.stringMatching(/^warn .*is another one than before/)]);
		bench.list.push(entry('new', { space_id: 'spc_other' }));
		expect(ids(await bench.poll())).toEqual(['new']);
	});

	test('of the same key that shows nothing known gives out only what is recent', async () => {
		await baseline();
		bench.list = [
			entry('recent', { created_at: at(1) }),
			entry('renumbered', { created_at: '2025-01-01T00:00:00.000Z' }),
		];
		expect(ids(await bench.poll())).toEqual(['recent']);
		expect(bench.log).toEqual([
			expect.stringMatching(/^warn .*shows none of the testimonials seen before/),
		]);
		expect(await bench.poll()).toBeNull();
	});

	test('an empty account’s first testimonial is new', async () => {
		bench.list = [];
		await baseline();
		bench.list = [entry('first', { created_at: '2020-01-01T00:00:00.000Z' })];
		expect(ids(await bench.poll())).toEqual(['first']);
		bench.list = [];
		expect(await bench.poll()).toBeNull();
		bench.list = [entry('second')];
		expect(ids(await bench.poll())).toEqual(['second']);
	});

	test('the first testimonial of an empty account whose key was rotated is new', async () => {
		bench.list = [];
		await baseline();
		bench.credential.apiKey = 'tv_live_rotated';
		bench.list = [entry('old', { created_at: at(-60) }), entry('first', { created_at: at(30) })];
		jest.setSystemTime(Date.parse(at(60)));
		expect(ids(await bench.poll())).toEqual(['first']);
		expect(await bench.poll()).toBeNull();
	});

	test('a space that the API does not filter by is filtered here', async () => {
		bench.parameters = { spaceId: 'spc_mine' };
		bench.list = [];
		await baseline();
		bench.list = [
			entry('theirs', { space_id: 'spc_theirs' }),
			entry('mine', { space_id: 'spc_mine' }),
		];
		expect(ids(await bench.poll())).toEqual(['mine']);
	});

	test.each([undefined, null])(
		'a testimonial whose space is %s ends the poll where a Space is chosen, and nothing is given out',
		async (space) => {
			bench.parameters = { spaceId: 'spc_mine' };
			bench.list = [];
			await baseline();
			const mine = entry('mine', { space_id: 'spc_mine' });
			const whose = entry('whose', { space_id: space });
			for (const list of [
				[mine, whose],
				[whose, mine],
			]) {
				bench.list = list;
				await expect(bench.sample()).rejects.toThrow(
					'Testivora does not say which Space its testimonials belong to',
				);
			}
			await expect(bench.poll()).rejects.toThrow(
				'Testivora does not say which Space its testimonials belong to',
			);
			bench.list = [mine];
			expect(ids(await bench.poll())).toEqual(['mine']);
		},
	);

	test('a testimonial without a space is given out where no Space is chosen', async () => {
		await baseline();
		bench.list.push(entry('b', { space_id: undefined }));
		expect(ids(await bench.poll())).toEqual(['b']);
	});
});

describe('what is remembered', () => {
	test('the process remembers what was given out when the database has an older copy', async () => {
		await baseline();
		bench.list.push(entry('b'));
		expect(ids(await bench.pollWithLostSave())).toEqual(['b']);
		bench.activate('update');
		expect(await bench.poll()).toBeNull();
	});

	test('polls go on after the clock was set back', async () => {
		bench.parameters = { events: ['testimonial.approved'] };
		await baseline();
		jest.setSystemTime(Date.parse(at(-30)));
		bench.list[0].status = 'approved';
		expect(ids(await bench.poll())).toEqual(['a']);
		for (let polls = 0; polls < 3; polls++) expect(await bench.poll()).toBeNull();
	});

	test('polls go on after the clock was set back and another space was chosen', async () => {
		await baseline();
		jest.setSystemTime(Date.parse(at(-30)));
		bench.parameters = { spaceId: 'spc_2' };
		bench.list = [entry('b', { space_id: 'spc_2', created_at: at(-600) })];
		expect(await bench.poll()).toBeNull();
		bench.list.push(entry('c', { space_id: 'spc_2', created_at: at(-25) }));
		expect(ids(await bench.poll())).toEqual(['c']);
	});

	test('after a restart nothing is given out again', async () => {
		await baseline();
		bench.list.push(entry('b'));
		expect(ids(await bench.poll())).toEqual(['b']);
		bench.restart();
		expect(await bench.poll()).toBeNull();
		bench.list.push(entry('c'));
		expect(ids(await bench.poll())).toEqual(['c']);
	});

	test('a result that n8n dropped is found again', async () => {
		await baseline();
		bench.list.push(entry('b'));
		expect(await bench.poll({ dropped: true })).toBeNull();
		bench.activate('update');
		expect(ids(await bench.poll())).toEqual(['b']);
	});

	test('a result that n8n could not store is found again, though its static data has it', async () => {
		await baseline();
		bench.list.push(entry('b'));
		expect(await bench.poll({ dropped: true })).toBeNull();
		expect(ids(await bench.poll())).toEqual(['b']);
		expect(await bench.poll()).toBeNull();
	});

	test('the result of a first poll with Start From that n8n could not store is found again', async () => {
		bench.parameters = { options: { startFrom: '2026-11-21T00:00:00Z' } };
		expect(await bench.poll({ dropped: true })).toBeNull();
		expect(ids(await bench.poll())).toEqual(['a']);
	});

	test('what another process saved is known, after an output of this one that was not read', async () => {
		await baseline();
		bench.list.push(entry('b'));
		await bench.poll({ dropped: true });
		jest.setSystemTime(Date.parse(at(1)));
		const there = new PollBench();
		there.list = bench.list;
		there.saved = structuredClone(bench.saved);
		there.activate('leadershipChange');
		expect(ids(await there.poll())).toEqual(['b']);
		bench.saved = there.saved;
		bench.activate('leadershipChange');
		expect(await bench.poll()).toBeNull();
	});

	test('of two polls that found the same, only the later one can be read', async () => {
		await baseline();
		bench.list.push(entry('b'));
		const late = await bench.pollUnread();
		expect(ids(await bench.poll())).toEqual(['b']);
		expect(() => late![0][0].json).toThrow(
			'A later poll of Testivora Poll Trigger has found the same again',
		);
		expect(await bench.poll()).toBeNull();
	});

	test('static data that cannot be read is a first poll', async () => {
		bench.loaded.testivoraPoll = { version: 2, seen: 5 };
		await baseline();
		expect(bench.loaded.testivoraPoll).toMatchObject({ version: 1 });
	});
});

test('a list of more than 10,000 testimonials is not read to its end', async () => {
	bench.answer = ({ cursor }) => {
		const page = Number(cursor ?? 0);
		if (page > 150) throw new Error('The list goes on and on.');
		const data = Array.from({ length: 100 }, (_, index) => entry(`${100 * page + index}`));
		return { data, next: String(page + 1) };
	};
	await expect(bench.poll()).rejects.toThrow('There are more than 10,000 testimonials');
	expect(bench.requests).toHaveLength(101);
});

test('more than 10,000 testimonials are refused, 10,000 are not', async () => {
	bench.list = Array.from({ length: 10_000 }, (_, index) => entry(`t${index}`));
	await baseline();
	expect(JSON.stringify(bench.loaded).length).toBeLessThan(101_000);
	bench.list.pop();
	bench.list.push(entry('new'));
	expect(ids(await bench.poll())).toEqual(['new']);
	bench.list.push(entry('one too many'));
	await expect(bench.poll()).rejects.toThrow('There are more than 10,000 testimonials');
	bench.list.shift();
	expect(ids(await bench.poll())).toEqual(['one too many']);
});

describe('an outage', () => {
	beforeEach(async () => await baseline());
	const polls = async (minutes: number[]) => {
		const shown: number[] = [];
		for (const minute of minutes) {
			jest.setSystemTime(Date.parse(at(minute)));
			await bench.poll().catch(() => shown.push(minute));
		}
		return shown;
	};

	test('shows at once, then every hour, and again after it was over', async () => {
		bench.answer = () => ({ status: 503 });
		expect(await polls([1, 2, 30, 60, 61, 62, 121])).toEqual([1, 61, 121]);
		bench.answer = () => ({ data: bench.list });
		expect(await polls([122])).toEqual([]);
		bench.answer = () => ({ fault: 'ECONNREFUSED' });
		expect(await polls([123, 124])).toEqual([123]);
	});

	test('shows also after the clock was set back', async () => {
		await baseline();
		bench.answer = () => ({ status: 503 });
		await expect(bench.poll()).rejects.toThrow();
		jest.setSystemTime(Date.parse(at(-1_440)));
		await expect(bench.poll()).rejects.toThrow();
		expect(await bench.poll()).toBeNull();
	});

	test('of 429 answers stays quiet for an hour after the clock was set back', async () => {
		await baseline();
		bench.answer = () => ({ status: 429 });
		expect(await bench.poll()).toBeNull();
		for (const minutes of [-1_440, -1_439, -1_381]) {
			jest.setSystemTime(Date.parse(at(minutes)));
			expect(await bench.poll()).toBeNull();
		}
		jest.setSystemTime(Date.parse(at(-1_380)));
		await expect(bench.poll()).rejects.toThrow();
	});

	test('of 429 answers shows after an hour', async () => {
		bench.answer = () => ({
			status: 429,
			type: 'rate_limited',
			headers: { 'retry-after': '3600' },
		});
		expect(await polls([1, 30, 60, 61, 62])).toEqual([61]);
		expect(jest.mocked(sleep)).not.toHaveBeenCalled();
	});

	test('in n8n’s durable scheduler, which makes a context for each poll, shows alike', async () => {
		bench.answer = () => ({ status: 503 });
		bench.activate('update', { budget: 36_000 });
		expect(await polls([1])).toEqual([1]);
		bench.activate('update', { budget: 36_000 });
		expect(await polls([2])).toEqual([]);
	});
});

describe('a list that shows approved testimonials only', () => {
	const listApprovedOnly = () => {
		bench.answer = () => ({ data: bench.list.filter(({ status }) => status === 'approved') });
	};

	test('does not hide those that wait for approval', async () => {
		bench.parameters = { events: ['testimonial.created', 'testimonial.approved'] };
		listApprovedOnly();
		await baseline();
		bench.list.push(entry('b'), entry('c', { status: 'rejected' }));
		expect(ids(await bench.poll())).toEqual(['b', 'c']);
		bench.list[0].status = 'approved';
		bench.list[1].status = 'approved';
		const items = await bench.poll();
		expect(items?.map(({ event }) => (event as IDataObject).id)).toEqual([
			'poll:testimonial.approved:a',
			'poll:testimonial.approved:b',
		]);
		expect(await bench.poll()).toBeNull();
	});

	test('is read to its end only when each status was asked for', async () => {
		listApprovedOnly();
		bench.answerOfStatus = () => ({ status: 401, type: 'invalid_api_key' });
		await expect(bench.poll()).rejects.toThrow('Testivora does not know this API key');
		bench.answerOfStatus = ({ status }) => ({
			data: bench.list.filter((one) => one.status === status),
		});
		// The baseline, which the poll before was not.
		expect(await bench.poll()).toBeNull();
	});

	test('a list that shows every status needs no further request', async () => {
		bench.list.push(entry('b', { status: 'approved' }), entry('c', { status: 'rejected' }));
		await baseline();
		expect(bench.requestsOfStatus).toEqual([]);
	});
});

test.each([
	['account', () => void (bench.credential.apiKey = 'tv_live_other')],
	['Space', () => void (bench.parameters = { spaceId: 'spc_other' })],
])('an outage of long ago makes nothing of another %s new', async (_, change) => {
	await baseline();
	bench.answer = () => ({ status: 503 });
	await expect(bench.poll()).rejects.toThrow();
	change();
	bench.answer = () => ({ data: bench.list });
	bench.list = [entry('theirs', { space_id: 'spc_other', created_at: at(1) })];
	jest.setSystemTime(Date.parse(at(2)));
	expect(await bench.poll()).toBeNull();
});

test('what came after a first attempt in vain is new, also after a restart', async () => {
	bench.answer = () => ({ status: 503 });
	expect(await bench.poll()).toBeNull();
	bench.saved = structuredClone(bench.loaded);
	bench.restart();
	bench.answer = () => ({ data: bench.list });
	bench.list.push(entry('b', { created_at: at(1) }));
	jest.setSystemTime(Date.parse(at(2)));
	expect(ids(await bench.poll())).toEqual(['b']);
});

test('an output can be read more than once', async () => {
	await baseline();
	bench.list.push(entry('b'));
	const output = await bench.pollUnread();
	const content = JSON.stringify(output);
	expect(content).toContain('"id":"b"');
	expect(JSON.stringify(output)).toBe(content);
});

test('a first attempt with another key or Space makes nothing new', async () => {
	bench.answer = () => ({ status: 401, type: 'invalid_api_key' });
	await expect(bench.poll()).rejects.toThrow();
	bench.credential.apiKey = 'tv_live_right';
	bench.answer = () => ({ status: 503 });
	bench.activate('update');
	expect(await bench.poll()).toBeNull();
	bench.parameters = { spaceId: 'spc_other' };
	bench.answer = () => ({ data: bench.list });
	bench.list = [entry('theirs', { space_id: 'spc_other', created_at: at(1) })];
	bench.activate('update');
	expect(await bench.poll()).toBeNull();
});

test('polls do not overlap', async () => {
	await baseline();
	let release = () => {};
	bench.answer = async () => {
		await new Promise<void>((resolve) => (release = resolve));
		return { data: [...bench.list, entry('b')] };
	};
	const slow = bench.poll();
	await jest.advanceTimersByTimeAsync(1);
	expect(await bench.poll()).toBeNull();
	expect(bench.log).toEqual([
		'debug Testivora Poll Trigger: the poll before is still under way, so this one is left out',
	]);
	release();
	expect(ids(await slow)).toEqual(['b']);
	bench.answer = () => ({ data: [...bench.list, entry('b'), entry('c')] });
	expect(ids(await bench.poll())).toEqual(['c']);
});

test('a poll that never ends is replaced, and what it brings later is dropped', async () => {
	await baseline();
	let release = () => {};
	bench.answer = async () => {
		await new Promise<void>((resolve) => (release = resolve));
		return { data: [...bench.list, entry('b')] };
	};
	const stuck = bench.poll();
	await jest.advanceTimersByTimeAsync(1);
	bench.answer = () => ({ data: [...bench.list, entry('b')] });
	jest.setSystemTime(Date.parse(at(5)));
	expect(await bench.poll()).toBeNull();
	jest.setSystemTime(Date.parse(at(7)));
	expect(ids(await bench.poll())).toEqual(['b']);
	expect(bench.log.at(-1)).toBe(
		'warn Testivora Poll Trigger: the poll before did not end in time, so this one takes its place',
	);
	release();
	expect(await stuck).toBeNull();
	expect(await bench.poll()).toBeNull();
});

test('a workflow that is published anew during a poll is polled at once, and that poll is dropped', async () => {
	await baseline();
	let release = () => {};
	bench.answer = async () => {
		await new Promise<void>((resolve) => (release = resolve));
		return { status: 401, type: 'unauthorized' };
	};
	const slow = bench.poll();
	await jest.advanceTimersByTimeAsync(1);
	bench.answer = () => ({ data: bench.list });
	bench.parameters = { spaceId: 'spc_2' };
	bench.list = [];
	bench.activate('update');
	expect(await bench.poll()).toBeNull();
	release();
	expect(await slow).toBeNull();
	bench.list = [entry('new', { space_id: 'spc_2', created_at: at(60) })];
	expect(ids(await bench.poll())).toEqual(['new']);
});

test('the log tells how many wait because of Max Items', async () => {
	bench.parameters = { options: { maxItems: 1 } };
	await baseline();
	bench.list.push(entry('b'), entry('c'));
	expect(ids(await bench.poll())).toEqual(['b']);
	expect(bench.log).toEqual([
		'info Testivora Poll Trigger: 1 more wait for the next polls, as Max Items is 1',
	]);
});

describe('Execute step', () => {
	test('gives the newest that would start the workflow, and changes nothing', async () => {
		bench.list = [
			entry('old', { created_at: at(-9) }),
			entry('newest', { created_at: at(3) }),
			entry('approved', { status: 'approved', created_at: at(1) }),
		];
		expect(ids(await bench.sample())).toEqual(['newest']);
		bench.parameters = { events: ['testimonial.approved'] };
		expect(ids(await bench.sample())).toEqual(['approved']);
		expect(bench.loaded).toEqual({});
	});

	test('says when there is none', async () => {
		bench.parameters = { filters: { minRating: 5 } };
		bench.list = [entry('bad', { rating: 1 })];
		await expect(bench.sample()).rejects.toThrow(
			'None of the testimonials there are would start this workflow',
		);
		bench.list = [];
		await expect(bench.sample()).rejects.toThrow('There is no testimonial to show yet');
	});
});

test('a testimonial that is missing from a list for a while is not new when it is back, also after a restart', async () => {
	await baseline();
	const [a] = bench.list;
	bench.list = [a, entry('b')];
	expect(ids(await bench.poll())).toEqual(['b']);
	bench.list = [entry('b'), entry('c')];
	expect(ids(await bench.poll())).toEqual(['c']);
	bench.restart();
	bench.list = [a, entry('b'), entry('c')];
	expect(await bench.poll()).toBeNull();
});

test('Start From counts for the first poll only, not for another space', async () => {
	bench.parameters = { options: { startFrom: '2020-01-01' } };
	expect(ids(await bench.poll())).toEqual(['a']);
	bench.parameters = { ...bench.parameters, spaceId: 'spc_other' };
	bench.list = [entry('theirs', { space_id: 'spc_other' })];
	expect(await bench.poll()).toBeNull();
});
