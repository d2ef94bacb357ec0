import { after, pass, slept } from '../helpers/clock.mts';

import nock from 'nock';

import { answerWithNock } from '../helpers/nock.mts';
import { BASE_URL, runTestivora } from '../helpers/engine.mts';
import { byId, page, refusal, testimonial } from '../helpers/fixtures.mts';

answerWithNock();
// A status that does not occur in the list is requested separately.
beforeEach(
	() =>
		void nock(BASE_URL)
			.persist()
			.get('/v1/testimonials')
			.query(({ status }) => status !== undefined)
			.optionally()
			.reply(200, page([])),
);

const create = {
	resource: 'testimonial',
	operation: 'create',
	spaceId: byId('spc_1'),
	text: '={{ $json.text }}',
	authorName: '={{ $json.name ?? "Ana" }}',
};
const skipExisting = { ...create, options: { skipExisting: true } };
const texts = (...all: string[]) => all.map((text) => ({ text }));
const there = (id: string, text: string, more: object = {}) =>
	testimonial({ id, text, space_id: 'spc_1', author: { name: 'Ana' }, ...more });
const accept = (text: string, id: string) =>
	nock(BASE_URL)
		.post('/v1/testimonials', (body: { text: string }) => body.text === text)
		.reply(201, there(id, text));
const list = () =>
	nock(BASE_URL)
		.defaultReplyHeaders({ date: () => new Date().toUTCString() })
		.get('/v1/testimonials')
		.query({ space_id: 'spc_1', limit: 100 });
const given = ({ items }: Awaited<ReturnType<typeof runTestivora>>) =>
	items.map(({ json }) => [json.id ?? json.error, json.alreadyExisted]);
const hintsOf = ({ run }: Awaited<ReturnType<typeof runTestivora>>) =>
	run.data.resultData.runData.Testivora[0].hints;

describe('Skip Existing', () => {
	test('skips what the space has, and sends the rest, after reading the space once', async () => {
		list().reply(
			200,
			page([
				there('t1', '  Line one\n and TWO '),
				there('t2', 'Other', { author: { name: 'Bo' } }),
				there('t9', 'New', { space_id: 'spc_2' }),
			]),
		);
		accept('Other', 't3');
		accept('New', 't4');
		const outcome = await runTestivora(skipExisting, texts('line one and two', 'Other', 'New'));
		expect(given(outcome)).toEqual([
			['t1', true],
			['t3', undefined],
			['t4', undefined],
		]);
		expect(outcome.items[0]).toEqual({
			json: { ...there('t1', '  Line one\n and TWO '), alreadyExisted: true },
			pairedItem: { item: 0 },
		});
		expect(hintsOf(outcome)).toEqual([
			{ message: 'Not created again, because the space has them already: 1' },
		]);
	});

	test('matches each testimonial with one row only: the same import again ends with one for each row', async () => {
		list().reply(200, page([there('t1', 'Same'), there('t2', 'Same'), there('t1', 'Same')]));
		accept('Same', 't3');
		expect(given(await runTestivora(skipExisting, texts('Same', 'Same', 'Same')))).toEqual([
			['t1', true],
			['t2', true],
			['t3', undefined],
		]);
	});

	test('works for each space, and skips even when the quota is used up', async () => {
		list().reply(200, page([there('t1', 'Late')]));
		nock(BASE_URL)
			.defaultReplyHeaders({ date: () => new Date().toUTCString() })
			.get('/v1/testimonials')
			.query({ space_id: 'spc_2', limit: 100 })
			.reply(200, page([there('t2', 'Second', { space_id: 'spc_2' })]));
		nock(BASE_URL)
			.post('/v1/testimonials')
			.reply(402, refusal('quota_exceeded', 'Used up', { limit: 1, used: 1 }));
		const outcome = await runTestivora(
			{ ...skipExisting, spaceId: byId('={{ $json.space }}') },
			[
				{ space: 'spc_1', text: 'First' },
				{ space: 'spc_1', text: 'Late' },
				{ space: 'spc_2', text: 'Second' },
				{ space: 'spc_2', text: 'Third' },
			],
			{ onError: 'continueRegularOutput' },
		);
		expect(given(outcome)).toEqual([
			[expect.stringContaining('used up (1 of 1)'), undefined],
			['t1', true],
			['t2', true],
			[expect.stringContaining('this item was not created'), undefined],
		]);
		expect(hintsOf(outcome)?.map(({ message }) => message)).toEqual([
			'Not created again, because the space has them already: 2',
			'Not created, because the monthly quota of your Testivora plan is used up: 2',
		]);
	});

	test('sends nothing when the space cannot be read, and tries to read it once', async () => {
		list().reply(403, refusal('insufficient_scope', 'Write only'));
		const outcome = await runTestivora(skipExisting, texts('One', 'Two'), {
			onError: 'continueRegularOutput',
		});
		expect(outcome.items.map(({ json }) => json.error)).toEqual(
			[1, 2].map((item) => `This API key may not read [item ${item}]`),
		);
	});

	test.each(['={{ $json.missing }}', '={{ "" }}', '={{ "perhaps" }}'])(
		'is refused, not switched off, with %s',
		async (expression) => {
			const { error } = await runTestivora(
				{ ...create, options: { skipExisting: expression } },
				texts('One'),
			);
			expect(error?.message).toBe('Skip Existing must be true or false [item 1]');
		},
	);

	test.each([
		{},
		{ options: {} },
		{ options: { skipExisting: false } },
		{ options: { skipExisting: '={{ "false" }}' } },
	])('reads nothing with %j', async (options) => {
		accept('One', 't1');
		expect(given(await runTestivora({ ...create, ...options }, texts('One')))).toEqual([
			['t1', undefined],
		]);
	});

	test('does not take what the space had before for the answer that was lost', async () => {
		const old = there('t1', 'Lost');
		list().reply(200, page([old, there('t2', 'Lost')]));
		nock(BASE_URL).post('/v1/testimonials').reply(503);
		// It has no date, but it was not in the space before the import, so it is the answer.
		list().reply(200, page([old, there('t2', 'Lost'), there('t3', 'Lost', { created_at: null })]));
		expect(given(await runTestivora(skipExisting, texts('Lost', 'Lost', 'Lost')))).toEqual([
			['t1', true],
			['t2', true],
			['t3', undefined],
		]);
	});
});

test.each([
	['finds one that is pending', true],
	['finds a create whose answer was lost', false],
])('a list that holds approved testimonials only %s', async (_what, skips) => {
	nock.cleanAll();
	const made = there('t1', 'One', {
		status: 'pending',
		created_at: skips ? '2026-06-03T00:59:50.000Z' : new Date(Date.now() + 1_000).toISOString(),
	});
	if (!skips)
		nock(BASE_URL).post('/v1/testimonials').reply(503, '', { date: new Date().toUTCString() });
	list().reply(200, page([there('t0', 'Zero')]));
	nock(BASE_URL)
		.get('/v1/testimonials')
		.query({ space_id: 'spc_1', limit: 100, status: 'pending' })
		.reply(200, page([made]));
	if (skips)
		nock(BASE_URL)
			.get('/v1/testimonials')
			.query({ space_id: 'spc_1', limit: 100, status: 'rejected' })
			.reply(200, page([]));
	expect(given(await runTestivora(skips ? skipExisting : create, texts('One')))).toEqual([
		['t1', skips || undefined],
	]);
});

test('an API that does not filter by status is not read to its end for each status', async () => {
	nock.cleanAll();
	list().reply(200, page([there('t1', 'One')]));
	for (const status of ['pending', 'rejected']) {
		nock(BASE_URL)
			.get('/v1/testimonials')
			.query({ space_id: 'spc_1', limit: 100, status })
			.reply(200, page(Array(11).fill(there('t1', 'One')), 'c1'));
	}
	expect(given(await runTestivora(skipExisting, texts('One')))).toEqual([['t1', true]]);
});

describe('a create whose answer is lost', () => {
	const now = () => ({ date: new Date().toUTCString() });

	test.each([undefined, 'continueRegularOutput'] as const)(
		'is found in the space, and that is the answer (on error: %s)',
		async (onError) => {
			nock(BASE_URL).post('/v1/testimonials').reply(502, '<h1>Bad gateway</h1>', now());
			accept('Two', 't2');
			const lost = there('t1', 'One', { created_at: new Date().toISOString() });
			list().reply(200, () => page([lost, there('t0', 'One'), there('t2', 'Two')]), now());
			const outcome = await runTestivora(create, texts('One', 'Two'), { onError });
			expect(given(outcome)).toEqual([
				['t1', undefined],
				['t2', undefined],
			]);
			expect(hintsOf(outcome) ?? []).toEqual([]);
			expect(slept()).toBe(1_000);
		},
	);

	test('stays in doubt when the space cannot be read, and a hint names it', async () => {
		nock(BASE_URL)
			.post('/v1/testimonials')
			.replyWithError(Object.assign(new Error('reset'), { code: 'ECONNRESET' }));
		list().reply(403, refusal('insufficient_scope', 'Write only'));
		const outcome = await runTestivora(create, texts('One'), { onError: 'continueRegularOutput' });
		expect(outcome.items[0].json.message).toContain('It may have been created all the same');
		expect(hintsOf(outcome)).toEqual([
			{
				type: 'warning',
				message:
					'Not known whether these were created: item 1. Run them again with the option Skip Existing.',
			},
		]);
	});
});

/**
 * The part of the API that an import uses, played by nock. The list has the newest first.
 *
 * @param answers to the first creates, in turn: undefined for a testimonial, 422 and 429 for refusals, "before" for a 503 before anything
 *   was created, any other status for one without a body after it was created
 * @param lagMs time until the list shows what was created
 */
function testivora({
	answers = [],
	lagMs = 0,
}: { answers?: Array<number | 'before' | undefined>; lagMs?: number } = {}) {
	const made: Array<{ at: number; testimonial: ReturnType<typeof there> }> = [];
	const sent: string[] = [];
	const keys: unknown[] = [];
	const reads = { count: 0 };
	const date = () => ({ date: new Date().toUTCString() });
	const put = (text: string) => {
		const testimonial = there(`n${made.length + 1}`, text, {
			created_at: new Date().toISOString(),
		});
		made.unshift({ at: Date.now(), testimonial });
		return testimonial;
	};
	nock(BASE_URL)
		.persist()
		.post('/v1/testimonials')
		.optionally()
		.reply(function (_uri, body) {
			const { text } = body as { text: string };
			sent.push(text);
			keys.push(this.req.headers.authorization);
			const answer = answers.shift();
			if (answer === 429)
				return [429, refusal('rate_limited', 'Slow down'), { ...date(), 'retry-after': '3' }];
			if (answer === 422) return [422, refusal('invalid_text', 'No'), date()];
			if (answer === 'before') return [503, '', date()];
			const testimonial = put(text);
			return answer ? [answer, '', date()] : [201, testimonial, date()];
		});
	nock(BASE_URL)
		.persist()
		.get('/v1/testimonials')
		.query(({ status }) => status === undefined)
		.optionally()
		.reply(function () {
			keys.push(this.req.headers.authorization);
			reads.count += 1;
			return [
				200,
				page(
					made.filter(({ at }) => Date.now() - at >= lagMs).map(({ testimonial }) => testimonial),
				),
				date(),
			];
		});
	return { made, sent, keys, reads, put };
}

test('a credential that is an expression gives each item its own key, quota and space', async () => {
	const { keys, sent } = testivora({ answers: [502] });
	const outcome = await runTestivora(
		{ ...create, options: { skipExisting: '={{ $json.skip }}' } },
		[
			{ text: 'One', key: 'client-a', skip: false },
			{ text: 'Two', key: 'client-b', skip: true },
		],
		{ credential: { apiKey: '={{ $json.key }}' }, onError: 'continueRegularOutput' },
	);
	expect(given(outcome)).toEqual([
		['n1', undefined],
		['n2', undefined],
	]);
	expect(sent).toEqual(['One', 'Two']);
	expect(keys).toEqual([
		'Bearer client-a',
		...Array<string>(3).fill('Bearer client-b'),
		'Bearer client-a',
	]);
});

test('the quota of one account does not stop the items of another', async () => {
	nock(BASE_URL, { reqheaders: { authorization: 'Bearer client-a' } })
		.post('/v1/testimonials')
		.reply(402, refusal('quota_exceeded', 'Used up'));
	nock(BASE_URL, { reqheaders: { authorization: 'Bearer client-b' } })
		.post('/v1/testimonials')
		.reply(201, there('t1', 'Two'));
	const outcome = await runTestivora(
		create,
		[
			{ text: 'One', key: 'client-a' },
			{ text: 'Two', key: 'client-b' },
		],
		{ credential: { apiKey: '={{ $json.key }}' }, onError: 'continueRegularOutput' },
	);
	expect(given(outcome)[1]).toEqual(['t1', undefined]);
});

test('a space that is read after a create is no evidence of what existed before that create', async () => {
	const { sent } = testivora({ answers: [502] });
	const outcome = await runTestivora(
		{ ...create, options: { skipExisting: '={{ $json.skip }}' } },
		[
			{ text: 'One', skip: false },
			{ text: 'Two', skip: true },
		],
		{ onError: 'continueRegularOutput' },
	);
	expect(given(outcome)).toEqual([
		['n1', undefined],
		['n2', undefined],
	]);
	expect(sent).toEqual(['One', 'Two']);
});

test('a testimonial created by this import does not count as existing', async () => {
	const { sent } = testivora();
	const items = [
		{ text: 'One', skip: false },
		{ text: 'One', skip: true },
	];
	const outcome = await runTestivora(
		{ ...create, options: { skipExisting: '={{ $json.skip }}' } },
		items,
	);
	expect(given(outcome)).toEqual([
		['n1', undefined],
		['n2', undefined],
	]);
	expect(sent).toEqual(['One', 'One']);
});

test('what somebody else adds while a row waits for the rate limit is not taken for the row’s', async () => {
	const { put } = testivora({ answers: [201, 429, 'before'] });
	after(1_500, () => put('Great'));
	const outcome = await runTestivora(create, texts('One', 'Great'), {
		onError: 'continueRegularOutput',
	});
	expect(given(outcome)[1]).toEqual([
		'Testivora is not working at the moment (503) [item 2]',
		undefined,
	]);
	expect(outcome.items[1].json.message).toContain('may have been created');
});

describe('Skip Existing with a list that lags 2 s', () => {
	test('lets n8n’s Retry On Fail continue where the first try ended', async () => {
		const { sent } = testivora({ answers: [201, 201, 422], lagMs: 2_000 });
		const outcome = await runTestivora(skipExisting, texts('A', 'B', 'C'), { maxTries: 2 });
		expect(given(outcome)).toEqual(
			[true, true, undefined].map((existed) => [expect.stringMatching(/^n\d$/), existed]),
		);
		expect(sent).toEqual(['A', 'B', 'C', 'C']);
		// 4 s until both lost answers are found, 15 s after the second create the list shows everything.
		expect(slept()).toBe(18_000);
	});

	test('waits and reads again if a testimonial was created just now', async () => {
		const { sent, put } = testivora({ lagMs: 2_000 });
		put('A');
		after(2_500, () => put('B'));
		await pass(2_200);
		const outcome = await runTestivora(skipExisting, texts('A', 'B'));
		expect(given(outcome)).toEqual([
			['n1', true],
			['n2', true],
		]);
		expect(sent).toEqual([]);
		expect(slept()).toBe(2_200 + 15_000);
	});

	test.each([
		['no date', null],
		['a date that cannot be read', 'yesterday'],
	])('waits and reads again if one has %s, whatever comes after it', async (_what, created_at) => {
		const created = (ago: number) => new Date(Date.now() - ago).toISOString();
		const first = [
			there('t1', 'Just now', { created_at: created(1_000) }),
			there('t2', 'Some time', { created_at }),
			there('t3', 'Last year', { created_at: created(365 * 86_400_000) }),
		];
		const answers = [first, [there('t4', 'A', { created_at: created(500) }), ...first]];
		list()
			.twice()
			.reply(200, () => page(answers.shift()!));
		const outcome = await runTestivora(skipExisting, texts('A'));
		expect(given(outcome)).toEqual([['t4', true]]);
		expect(slept()).toBe(15_000);
	});

	test('does not wait if the space is empty', async () => {
		testivora();
		await runTestivora(skipExisting, texts('A'));
		expect(slept()).toBe(0);
	});
});

describe('Skip Existing in a loop', () => {
	test('reads the space once, and matches each testimonial with one row of all runs', async () => {
		const { put, sent, reads } = testivora();
		put('X');
		await pass(60_000);
		const outcome = await runTestivora(skipExisting, texts('X', 'Y'), {
			furtherRuns: [texts('X'), texts('Y', 'X')],
		});
		expect(given(outcome)).toEqual([
			['n1', true],
			['n2', undefined],
			['n3', undefined],
			['n4', undefined],
			['n5', undefined],
		]);
		expect(sent).toEqual(['Y', 'X', 'Y', 'X']);
		expect(reads.count).toBe(1);
		expect(slept()).toBe(60_000);
	});

	test('lets Retry On Fail match what the failed try created, but nothing of the runs before', async () => {
		const { sent, reads } = testivora({ answers: [undefined, undefined, 422] });
		const outcome = await runTestivora(skipExisting, texts('X'), {
			furtherRuns: [texts('X', 'Y')],
			maxTries: 2,
		});
		expect(given(outcome)).toEqual([
			['n1', undefined],
			['n2', true],
			['n3', undefined],
		]);
		expect(sent).toEqual(['X', 'X', 'Y', 'Y']);
		expect(reads.count).toBe(2);
	});

	test('reads a space again that could not be read in the run before', async () => {
		list().reply(403, refusal('insufficient_scope', 'Write only'));
		list().reply(200, page([there('t1', 'X')]));
		const outcome = await runTestivora(skipExisting, texts('X'), {
			furtherRuns: [texts('X')],
			onError: 'continueRegularOutput',
		});
		expect(given(outcome)).toEqual([
			['This API key may not read [item 1]', undefined],
			['t1', true],
		]);
	});

	test('reads a space again if it is not known what the run before created there', async () => {
		list().reply(200, page([]));
		nock(BASE_URL).post('/v1/testimonials').reply(502);
		list().reply(403, refusal('insufficient_scope', 'Write only'));
		list().reply(200, page([there('t1', 'X')]));
		const outcome = await runTestivora(skipExisting, texts('X'), {
			furtherRuns: [texts('X')],
			onError: 'continueRegularOutput',
		});
		expect(given(outcome)).toEqual([
			['Testivora is not working at the moment (502) [item 1]', undefined],
			['t1', true],
		]);
	});

	test('stores IDs with the execution, and neither content nor the key', async () => {
		const { put } = testivora();
		put('A text');
		const { run } = await runTestivora(skipExisting, texts('A text', 'B'), {
			furtherRuns: [texts('C')],
		});
		const stored = run.data.executionData!.contextData['node:Testivora'];
		expect(stored).toMatchObject({ run: 1, claimed: { 0: ['n1', 'n2'], 1: ['n3'] } });
		expect(JSON.stringify(run.data.executionData!.contextData)).not.toMatch(/text|Ana|tv_live/);
	});

	test('as a tool, a model that repeats a create does not make a second testimonial', async () => {
		const { sent } = testivora();
		const outcome = await runTestivora(skipExisting, texts('X'), {
			asTool: true,
			furtherRuns: [texts('X')],
		});
		expect(given(outcome)).toEqual([
			['n1', undefined],
			['n1', true],
		]);
		expect(sent).toEqual(['X']);
	});
});

describe('an API that does not say which space a testimonial is in', () => {
	const unnamed = (id: string, text: string) =>
		there(id, text, { space_id: undefined, created_at: new Date().toISOString() });

	test('is sent nothing with Skip Existing, because a match may be in another space', async () => {
		list().reply(200, page([there('t1', 'Zero'), unnamed('t2', 'One')]));
		const { error } = await runTestivora(skipExisting, texts('One'));
		expect(error).toMatchObject({
			message:
				'Testivora does not say which space its testimonials belong to, so Skip Existing cannot tell what this one has',
			description: expect.stringContaining('Turn Skip Existing off'),
		});
	});

	test('leaves a create in doubt if its answer is lost', async () => {
		nock(BASE_URL).post('/v1/testimonials').reply(503, '', { date: new Date().toUTCString() });
		list().reply(200, () => page([unnamed('t1', 'One')]));
		const outcome = await runTestivora(create, texts('One'), { onError: 'continueRegularOutput' });
		expect(given(outcome)).toEqual([
			['Testivora is not working at the moment (503) [item 1]', undefined],
		]);
		expect(outcome.items[0].json.message).toContain('may have been created');
	});
});

describe('hints on a run', () => {
	test.each([
		[[2], '1 item was not created: item 2. Its output says why.'],
		[[3, 7], '2 items were not created: items 3 and 7. Their output says why.'],
		[[1, 2, 9], '3 items were not created: items 1, 2 and 9. Their output says why.'],
	])('name the items that were not created: %j', async (bad, message) => {
		testivora({
			answers: Array.from({ length: 10 }, (_, index) => (index + 1 === bad[0] ? 422 : undefined)),
		});
		const items = texts(...Array.from({ length: 10 }, (_, index) => `Row ${index + 1}`));
		// The first is refused by the API, the others by the node.
		for (const item of bad.slice(1)) items[item - 1].text = ' ';
		const outcome = await runTestivora(create, items, { onError: 'continueRegularOutput' });
		expect(hintsOf(outcome)).toEqual([{ type: 'warning', message }]);
		const failed = outcome.items.flatMap(({ json: { error } }) => (error ? [error] : []));
		expect(failed).toEqual([
			`Testivora did not accept this: No [item ${bad[0]}]`,
			...bad.slice(1).map((item) => `Text must not be empty [item ${item}]`),
		]);
	});

	test('name 20 of them at most', async () => {
		testivora();
		const outcome = await runTestivora(create, texts(...Array<string>(23).fill('')), {
			onError: 'continueRegularOutput',
		});
		const numbers = Array.from({ length: 20 }, (_, index) => index + 1).join(', ');
		expect(hintsOf(outcome)?.[0].message).toBe(
			`23 items were not created: items ${numbers} and 3 more. Their output says why.`,
		);
	});

	test.each([
		[29, undefined],
		[119, 'Waited because Testivora takes only so many requests a minute: 2 min in all'],
	])(
		'mention a wait of %i s for the rate limit only if it takes minutes',
		async (seconds, message) => {
			nock(BASE_URL)
				.post('/v1/testimonials')
				.reply(429, refusal('rate_limited', 'Slow down'), { 'retry-after': String(seconds) });
			accept('One', 't1');
			const outcome = await runTestivora(create, texts('One'));
			expect(given(outcome)).toEqual([['t1', undefined]]);
			expect(slept()).toBe(seconds * 1_000);
			expect(hintsOf(outcome)?.map((hint) => hint.message) ?? []).toEqual(message ? [message] : []);
		},
	);

	const unread = () => list().reply(403, refusal('insufficient_scope', 'Write only'));
	const noAnswer = () =>
		nock(BASE_URL)
			.post('/v1/testimonials')
			.replyWithError(Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' }));

	test('do not advise Skip Existing if Testivora changes texts', async () => {
		list().reply(200, page([]));
		nock(BASE_URL).post('/v1/testimonials').reply(201, there('t1', 'One'));
		noAnswer();
		unread();
		const outcome = await runTestivora(skipExisting, texts('<b>One</b>', 'Two'), {
			onError: 'continueRegularOutput',
		});
		expect(hintsOf(outcome)?.map(({ message }) => message)).toEqual([
			'Not known whether these were created: item 2. Look for them in Testivora.',
			'Testivora changes texts, so Skip Existing may not recognise them: look in Testivora before you run this again',
		]);
	});

	test.each([
		[create, 2, 2, true],
		[create, 1, 2, false],
		[create, 2, undefined, false],
		[skipExisting, 2, 2, false],
	])(
		'warn of Retry On Fail without Skip Existing: %#',
		async (parameters, items, maxTries, warned) => {
			const testimonials = testivora();
			const outcome = await runTestivora(parameters, texts('One', 'Two').slice(0, items), {
				maxTries,
			});
			expect(testimonials.sent).toHaveLength(items);
			expect((hintsOf(outcome) ?? []).map(({ message }) => message)).toEqual(
				warned
					? [
							'Retry On Fail runs all items again, those that were created too: add the option Skip Existing, or switch Retry On Fail off',
						]
					: [],
			);
		},
	);

	test('five time-outs in a row do not keep an earlier create, which is surely absent, from being sent again', async () => {
		nock(BASE_URL).post('/v1/testimonials').reply(500);
		for (let count = 0; count < 5; count++) noAnswer();
		list().times(40).optionally().reply(200, page([]));
		accept('1', 't1');
		const outcome = await runTestivora(create, texts('1', '2', '3', '4', '5', '6'), {
			onError: 'continueRegularOutput',
		});
		expect(given(outcome)[0]).toEqual(['t1', undefined]);
	});

	test('after five time-outs in a row, the rest is not sent', async () => {
		for (let count = 0; count < 5; count++) noAnswer();
		unread();
		const outcome = await runTestivora(create, texts('1', '2', '3', '4', '5', '6', '7'), {
			onError: 'continueRegularOutput',
		});
		expect(given(outcome).map(([error]) => error)).toEqual([
			...[1, 2, 3, 4, 5].map((item) => `Testivora did not answer in time [item ${item}]`),
			'Testivora does not answer: this item was not sent [item 6]',
			'Testivora does not answer: this item was not sent [item 7]',
		]);
		expect(hintsOf(outcome)?.map(({ message }) => message)).toEqual([
			'2 items were not created: items 6 and 7. Their output says why.',
			'Not known whether these were created: items 1, 2, 3, 4 and 5. Run them again with the option Skip Existing.',
		]);
	});
});

test('an import that stops says that the items before exist, and how to run it again', async () => {
	accept('Good', 't1');
	const { error } = await runTestivora(create, texts('Good', ' '));
	expect(error?.message).toBe('Text must not be empty [item 2]');
	expect(error?.description).toContain(
		'The items before this one are in Testivora already. Add the option Skip Existing',
	);
	const first = await runTestivora(create, texts(' ', 'Good'));
	expect(first.error?.description).not.toContain('items before');
});

test('an import with Skip Existing that stops does not advise to add it', async () => {
	list().reply(200, page([there('t1', 'Good')]));
	const { error } = await runTestivora(skipExisting, texts('Good', ' '));
	expect(error?.description).toMatch(
		/The items before this one are in Testivora already. Skip Existing leaves them out/,
	);
});

test('a certificate that is not trusted: nothing was sent, so nothing is looked for', async () => {
	const untrusted = Object.assign(new Error('self-signed certificate in certificate chain'), {
		code: 'SELF_SIGNED_CERT_IN_CHAIN',
	});
	nock(BASE_URL).post('/v1/testimonials').replyWithError(untrusted);
	const { error } = await runTestivora(create, texts('One'));
	expect(error?.message).toBe(
		'The certificate at the address of Testivora is not trusted by this n8n',
	);
	expect(error?.description).toContain('NODE_EXTRA_CA_CERTS');
	expect(error?.description).not.toContain('may have been created');
	expect(nock.isDone()).toBe(true);
});
