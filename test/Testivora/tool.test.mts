import '../helpers/clock.mts';

import nock from 'nock';

import { answerWithNock, noneOfStatus } from '../helpers/nock.mts';
import { BASE_URL, runTestivora } from '../helpers/engine.mts';
import { byId, page, refusal, testimonial } from '../helpers/fixtures.mts';

answerWithNock();

const asTool = true;
const list = { resource: 'testimonial', operation: 'getAll' };
const update = { resource: 'testimonial', operation: 'update', testimonialId: byId('j97abc') };

describe('the output of a tool', () => {
	const bare = testimonial({
		rating: null,
		tags: [],
		author: { name: 'Ana', title: '', company: null },
	});

	test('has no empty fields, but keeps zero and false', async () => {
		nock(BASE_URL)
			.get('/v1/testimonials/j97abc')
			.reply(200, { ...bare, rating: 0 });
		const { items } = await runTestivora(
			{ ...list, operation: 'get', testimonialId: byId('j97abc') },
			[{}],
			{ asTool },
		);
		const { id, status, text, featured, created_at, published_at } = bare;
		expect(items.map(({ json }) => json)).toEqual([
			{ id, status, rating: 0, text, author: { name: 'Ana' }, featured, created_at, published_at },
		]);
	});

	test.each<[object, string[]]>([
		[{}, ['id', 'status', 'text', 'author', 'featured', 'created_at', 'published_at']],
		[
			{ output: 'simplified' },
			['id', 'status', 'text', 'author', 'featured', 'created_at', 'published_at'],
		],
		[
			{ output: '={{ "" }}' },
			['id', 'status', 'text', 'author', 'featured', 'created_at', 'published_at'],
		],
		[
			{ output: 'raw' },
			[
				'id',
				'object',
				'space_id',
				'type',
				'status',
				'text',
				'featured',
				'author',
				'created_at',
				'published_at',
				'mood',
			],
		],
		[{ output: 'selectedFields' }, ['id', 'text']],
		[
			{ output: 'selectedFields', outputFields: ['status', 'video', 'space_id'] },
			['status', 'space_id'],
		],
		[{ output: 'selectedFields', outputFields: '={{ "text, mood" }}' }, ['text', 'mood']],
	])('has the fields that %j asks for', async (parameters, fields) => {
		nock(BASE_URL)
			.get('/v1/testimonials')
			.query(true)
			.reply(200, page([{ ...bare, mood: 'sunny' }]));
		noneOfStatus(BASE_URL, 'pending', 'rejected');
		const { items } = await runTestivora({ ...list, ...parameters }, [{}], { asTool });
		expect(Object.keys(items[0].json)).toEqual(fields);
	});

	test.each<[object, string]>([
		[
			{ output: 'selectedFields', outputFields: [] },
			'Choose at least one field under Fields [item 1]',
		],
		[
			{ output: '={{ "everything" }}' },
			'Output must be raw, selectedFields or simplified [item 1]',
		],
	])('is refused with %j', async (parameters, message) => {
		expect(
			(await runTestivora({ ...list, ...parameters }, [{}], { asTool })).error?.message,
		).toContain(message);
	});

	test('is not shortened in a workflow', async () => {
		nock(BASE_URL).get('/v1/testimonials/j97abc').reply(200, bare);
		const { items } = await runTestivora({
			...list,
			operation: 'get',
			testimonialId: byId('j97abc'),
			output: 'raw',
		});
		expect(items[0].json).toMatchObject({
			rating: null,
			tags: [],
			author: { name: 'Ana', title: '', company: null },
		});
	});

	test('is a sentence instead of an empty list', async () => {
		nock(BASE_URL).get('/v1/testimonials').query(true).times(8).reply(200, page([]));
		expect((await runTestivora(list, [{}], { asTool })).items).toMatchObject([
			{ json: { message: 'Nothing in Testivora matches this' } },
		]);
		expect((await runTestivora(list)).items).toEqual([]);
	});

	test('is a message with what to do after a failure, because n8n passes nothing else on', async () => {
		nock(BASE_URL).post('/v1/testimonials').reply(502);
		const create = {
			resource: 'testimonial',
			operation: 'create',
			spaceId: byId('spc_1'),
			text: 'Hi',
			authorName: 'Ana',
		};
		const { error } = await runTestivora(create, [{}], { asTool });
		expect(error?.message).toMatch(
			/^Testivora is not working at the moment \(502\)\. .* It may have been created all the same: look in Testivora/,
		);
		nock(BASE_URL).get('/v1/testimonials/j97abc').reply(404, refusal('not_found', 'Not here'));
		const unknown = await runTestivora(
			{ ...list, operation: 'get', testimonialId: byId('j97abc') },
			[{}],
			{ asTool },
		);
		expect(unknown.error?.message).toMatch(
			/^Testivora has nothing with this ID in your account\. .* find it with Get Many/,
		);
	});
});

describe('a field that a model leaves empty, because it must fill in every field,', () => {
	test('is not changed by an update', async () => {
		nock(BASE_URL)
			.patch('/v1/testimonials/j97abc', { status: 'approved' })
			.reply(200, testimonial());
		const updateFields = {
			status: 'approved',
			text: '',
			rating: null,
			tags: '={{ [] }}',
			authorName: ' ',
			authorCompany: '',
			authorPhotoUrl: '',
		};
		expect(
			(await runTestivora({ ...update, updateFields }, [{}], { asTool })).error,
		).toBeUndefined();
	});

	test('is nothing to update if there is no other', async () => {
		const { error } = await runTestivora(
			{ ...update, updateFields: { authorCompany: '', tags: '' } },
			[{}],
			{ asTool },
		);
		expect(error?.message).toMatch(/^Add at least one field to update/);
	});

	test('does not filter a list', async () => {
		nock(BASE_URL)
			.get('/v1/testimonials')
			.query({ limit: 50 })
			.reply(200, page([testimonial()]));
		noneOfStatus(BASE_URL, 'pending', 'rejected');
		// The expression that n8n stores for a field that the model fills in; n8n replaces it with what the model gives.
		const fromModel = "={{ /*n8n-auto-generated-fromAI-override*/ ($fromAI, '') }}";
		const parameters = { ...list, spaceId: byId(fromModel), filters: { status: fromModel } };
		expect((await runTestivora(parameters, [{}], { asTool })).error).toBeUndefined();
	});

	test('is refused if the user wrote an expression for it', async () => {
		const { error } = await runTestivora({ ...list, spaceId: byId('={{ $json.space }}') }, [{}], {
			asTool,
		});
		expect(error?.message).toMatch(
			/^The expression in Space gives nothing \[item 1\]\. Correct the expression/,
		);
	});

	test('is not changed by an update of a webhook either', async () => {
		nock(BASE_URL)
			.patch('/v1/webhooks/wh_1', { status: 'disabled' })
			.reply(200, { id: 'wh_1', url: 'https://a.test', events: [], status: 'disabled' });
		const parameters = { resource: 'webhook', operation: 'update', webhookId: byId('wh_1') };
		const { error } = await runTestivora(
			{ ...parameters, updateFields: { status: 'Disabled', url: '', events: '' } },
			[{}],
			{ asTool },
		);
		expect(error).toBeUndefined();
	});
});

describe('switches and numbers given as text or not at all', () => {
	const simple = (json: object) => !('object' in json);

	test.each([
		['={{ "false" }}', '={{ "2" }}', 2, false],
		['={{ "True" }}', '={{ undefined }}', 50, true],
		['={{ undefined }}', 7, 7, true],
		['={{ "" }}', '={{ null }}', 50, true],
	])('simplify %s and limit %s', async (simplify, limit, asked, isSimple) => {
		nock(BASE_URL)
			.get('/v1/testimonials')
			.query({ limit: asked })
			.reply(200, page([testimonial()]));
		noneOfStatus(BASE_URL, 'pending', 'rejected');
		const { items } = await runTestivora({ ...list, returnAll: '={{ "false" }}', limit, simplify });
		expect(items.map(({ json }) => simple(json))).toEqual([isSimple]);
	});

	test('"true" reads the whole list', async () => {
		nock(BASE_URL)
			.get('/v1/testimonials')
			.query({ limit: 100 })
			.reply(200, page([testimonial()]));
		noneOfStatus(BASE_URL, 'pending', 'rejected');
		expect((await runTestivora({ ...list, returnAll: '={{ "true" }}' })).items).toHaveLength(1);
	});

	test.each([
		[{ returnAll: '={{ "perhaps" }}' }, 'Return All must be true or false [item 1]'],
		[{ simplify: '={{ "perhaps" }}' }, 'Simplify must be true or false [item 1]'],
	])('%j is refused, and no request is sent', async (parameters, message) => {
		expect((await runTestivora({ ...list, ...parameters })).error?.message).toBe(message);
	});
});

test('status and types are accepted in any case', async () => {
	nock(BASE_URL)
		.get('/v1/testimonials')
		.query({ limit: 100, status: 'approved' })
		.reply(
			200,
			page([testimonial({ id: 'written' }), testimonial({ id: 'filmed', type: 'video' })]),
		);
	const { items } = await runTestivora({
		...list,
		filters: { status: 'Approved', types: '={{ "Video" }}' },
	});
	expect(items.map(({ json: { id } }) => id)).toEqual(['filmed']);
});
