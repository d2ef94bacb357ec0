import { sleep } from 'n8n-workflow';
import type { IExecuteFunctions } from 'n8n-workflow';
import nock from 'nock';

import { Testivora } from '../../nodes/Testivora/Testivora.node.ts';
import { answerWithNock } from '../helpers/nock.mts';
import { BASE_URL, runTestivora } from '../helpers/engine.mts';
import { byId, page, refusal, testimonial } from '../helpers/fixtures.mts';

answerWithNock();

const create = {
	resource: 'testimonial',
	operation: 'create',
	spaceId: byId('spc_1'),
	text: '={{ $json.text }}',
	authorName: 'Ana',
};
const quota = refusal('quota_exceeded', 'Monthly quota reached', {
	limit: 100,
	used: 100,
	tier: 'growth',
});
const texts = (...all: string[]) => all.map((text) => ({ text }));
const accept = (text: string) =>
	nock(BASE_URL)
		.post('/v1/testimonials', (body: { text: string }) => body.text === text)
		.reply(201, { id: text });

describe('an item that fails', () => {
	test('ends the run with an error that names it', async () => {
		accept('one');
		nock(BASE_URL).post('/v1/testimonials').reply(422, refusal('invalid_text', 'Too short'));
		const { error, items } = await runTestivora(create, texts('one', 'two', 'three'));
		expect(error).toMatchObject({
			message: 'Testivora did not accept this: Too short [item 2]',
		});
		// With it, the editor would add "[item 1]".
		expect(error?.context?.itemIndex).toBeUndefined();
		expect(items).toEqual([]);
	});

	test('does not stop the others with On Error → Continue, and each output is paired with its item', async () => {
		accept('one');
		nock(BASE_URL).post('/v1/testimonials').reply(422, refusal('invalid_text', 'Too short'));
		accept('four');
		const { error, items } = await runTestivora(create, texts('one', 'two', '', 'four'), {
			onError: 'continueRegularOutput',
		});
		expect(error).toBeUndefined();
		expect(items).toEqual([
			{ json: { id: 'one' }, pairedItem: { item: 0 } },
			{
				json: {
					error: 'Testivora did not accept this: Too short [item 2]',
					message: expect.stringContaining('invalid_text'),
				},
				pairedItem: { item: 1 },
			},
			{
				json: {
					error: 'Text must not be empty [item 3]',
					message: expect.stringContaining('Nothing was sent'),
				},
				pairedItem: { item: 2 },
			},
			{ json: { id: 'four' }, pairedItem: { item: 3 } },
		]);
	});

	test('goes to the error output, with its input', async () => {
		accept('one');
		nock(BASE_URL).post('/v1/testimonials').reply(422, refusal('invalid_text', 'Too short'));
		const { items, failed } = await runTestivora(create, texts('one', 'two'), {
			onError: 'continueErrorOutput',
		});
		expect(items.map(({ json }) => json)).toEqual([{ id: 'one' }]);
		expect(failed).toEqual([
			{
				json: {
					text: 'two',
					error: 'Testivora did not accept this: Too short [item 2]',
					message: expect.stringContaining('invalid_text'),
				},
				pairedItem: { item: 1 },
			},
		]);
	});

	test('because of its expression is treated like any other', async () => {
		accept('one');
		const { items } = await runTestivora(
			{
				...create,
				authorName: '={{ $json.text === "two" ? $("Nowhere").item.json.name : "Ana" }}',
			},
			texts('one', 'two'),
			{ onError: 'continueRegularOutput' },
		);
		expect(items.map(({ json }) => Object.keys(json)[0])).toEqual(['id', 'error']);
	});

	test('because one page of a list failed has none of the other pages’ entries', async () => {
		nock(BASE_URL)
			.get('/v1/spaces')
			.query({ limit: 100 })
			.reply(200, page([{ id: 'spc_1' }], 'c1'))
			.get('/v1/spaces')
			.query({ limit: 100, cursor: 'c1' })
			.reply(403, refusal('plan_required', 'Plan ended'));
		const { items } = await runTestivora(
			{ resource: 'space', operation: 'getAll', returnAll: true },
			[{}],
			{
				onError: 'continueRegularOutput',
			},
		);
		expect(items.map(({ json }) => json.error)).toEqual([
			'Your Testivora plan does not include the API [item 1]',
		]);
	});
});

describe('a quota that is used up', () => {
	test('ends the run with the figures and what to do', async () => {
		accept('one');
		nock(BASE_URL).post('/v1/testimonials').reply(402, quota);
		const { error } = await runTestivora(create, texts('one', 'two', 'three'));
		expect(error).toMatchObject({
			message:
				'The monthly quota of your Testivora plan is used up (100 of 100, growth plan) [item 2]',
			httpCode: '402',
		});
		expect(error?.description).toContain('upgrade');
	});

	test('does not send the items after it, and each says so', async () => {
		accept('one');
		nock(BASE_URL).post('/v1/testimonials').once().reply(402, quota);
		const { items } = await runTestivora(create, texts('one', 'two', 'three', 'four'), {
			onError: 'continueRegularOutput',
		});
		expect(items.map(({ json: { id, error }, pairedItem }) => [id ?? error, pairedItem])).toEqual([
			['one', { item: 0 }],
			[
				'The monthly quota of your Testivora plan is used up (100 of 100, growth plan) [item 2]',
				{ item: 1 },
			],
			[
				'The monthly quota of your Testivora plan is used up: this item was not created [item 3]',
				{ item: 2 },
			],
			[
				'The monthly quota of your Testivora plan is used up: this item was not created [item 4]',
				{ item: 3 },
			],
		]);
	});

	test('is asked anew in the next execution, and does not stop updates', async () => {
		nock(BASE_URL).post('/v1/testimonials').reply(402, quota);
		await runTestivora(create, texts('one', 'two'), { onError: 'continueRegularOutput' });
		accept('three');
		expect((await runTestivora(create, texts('three'))).items).toHaveLength(1);

		nock(BASE_URL)
			.patch('/v1/testimonials/a')
			.reply(402, quota)
			.patch('/v1/testimonials/b')
			.reply(200, { id: 'b' });
		const update = {
			resource: 'testimonial',
			operation: 'update',
			testimonialId: byId('={{ $json.id }}'),
			updateFields: { status: 'approved' },
		};
		const { items } = await runTestivora(update, [{ id: 'a' }, { id: 'b' }], {
			onError: 'continueRegularOutput',
		});
		expect(items[1].json).toEqual({ id: 'b' });
	});
});

describe('a cancelled execution', () => {
	test.each(['continueRegularOutput', undefined] as const)(
		'sends nothing more (on error: %s)',
		async (onError) => {
			let cancel = () => {};
			const sent: string[] = [];
			nock(BASE_URL)
				.persist()
				.post('/v1/testimonials')
				.reply(201, (_uri, body) => {
					sent.push((body as { text: string }).text);
					cancel();
					return testimonial();
				});
			await runTestivora(create, texts('one', 'two', 'three'), {
				onError,
				whileRunning: (how) => (cancel = how),
			}).catch(() => {});
			await sleep(100);
			expect(sent).toEqual(['one']);
		},
	);

	test('sends nothing more where n8n does not cancel requests by itself', async () => {
		const cancelling = new AbortController();
		const send = jest.fn(async () => {
			cancelling.abort();
			return { statusCode: 201, headers: {}, body: '{"id":"t1"}' };
		});
		const values: Record<string, unknown> = { ...create, text: 'Hi', spaceId: 'spc_1' };
		const context = {
			getInputData: () => [{}, {}, {}],
			getNode: () => ({ name: 'Testivora', type: 'n8n-nodes-testivora.testivora' }),
			getNodeParameter: (name: string, _item: number, fallback: unknown) =>
				values[name] ?? fallback,
			getCredentials: async () => ({ apiKey: 'key', baseUrl: BASE_URL }),
			getContext: () => ({}),
			getWorkflowDataProxy: () => ({ $runIndex: 0 }),
			getExecutionCancelSignal: () => cancelling.signal,
			continueOnFail: () => true,
			helpers: { httpRequestWithAuthentication: send },
		} as unknown as IExecuteFunctions;
		expect(await new Testivora().execute.call(context)).toEqual([
			[{ json: { id: 't1' }, pairedItem: { item: 0 } }],
		]);
		expect(send).toHaveBeenCalledTimes(1);
	});

	test('ends a wait at once', async () => {
		nock(BASE_URL)
			.get('/v1/account')
			.reply(429, refusal('rate_limited', 'Slow down'), { 'Retry-After': '3000' });
		const begun = Date.now();
		let cancel = () => {};
		const running = runTestivora({ resource: 'account', operation: 'get' }, [{}], {
			whileRunning: (how) => (cancel = how),
		}).catch(() => {});
		await sleep(300);
		cancel();
		await running;
		// Not the 3,000 s that the API asked for.
		expect(Date.now() - begun).toBeLessThan(60_000);
	});
});
