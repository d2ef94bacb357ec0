import nock from 'nock';

import { answerWithNock } from '../helpers/nock.mts';
import { BASE_URL, runTestivora } from '../helpers/engine.mts';
import { byId, endpoint, fromList, page, refusal } from '../helpers/fixtures.mts';

const SECRET = `whsec_${'c2VjcmV0'.repeat(5)}=`;
const NO_API =
	'The API of this Testivora account has no webhooks: manage them in Testivora under Settings → Webhooks [item 1]';

answerWithNock();

const create = {
	resource: 'webhook',
	operation: 'create',
	url: 'https://example.com/hook',
	events: ['testimonial.created', 'testimonial.approved'],
};
const get = { resource: 'webhook', operation: 'get', webhookId: byId('wh_1') };
const getAll = { resource: 'webhook', operation: 'getAll', returnAll: true };
const update = { resource: 'webhook', operation: 'update', webhookId: fromList('wh_1') };
const remove = { resource: 'webhook', operation: 'delete', webhookId: byId('wh_1') };

test('creates an endpoint and does not output its secret', async () => {
	nock(BASE_URL)
		.post('/v1/webhooks', {
			url: create.url,
			events: create.events,
			status: 'disabled',
			secret: SECRET,
		})
		.reply(
			201,
			endpoint({
				secret: SECRET,
				signing_secret: 'x',
				nested: { secrets: [SECRET], note: `is ${SECRET}` },
			}),
		);
	const outcome = await runTestivora({
		...create,
		additionalFields: { status: 'disabled', secret: SECRET },
	});
	expect(outcome.items).toEqual([{ json: { ...endpoint(), nested: {} }, pairedItem: { item: 0 } }]);
});

test('creates an endpoint without optional fields', async () => {
	nock(BASE_URL)
		.post('/v1/webhooks', { url: create.url, events: create.events })
		.reply(201, endpoint());
	const { error } = await runTestivora({
		...create,
		additionalFields: { secret: '', status: '={{ $json.missing }}' },
	});
	expect(error).toBeUndefined();
});

test('accepts a plain HTTP address if the Base URL is plain HTTP', async () => {
	nock('http://127.0.0.1:4010').post('/v1/webhooks').reply(201, endpoint());
	const { error } = await runTestivora({ ...create, url: 'http://127.0.0.1:5678/hook' }, [{}], {
		credential: { baseUrl: 'http://127.0.0.1:4010' },
	});
	expect(error).toBeUndefined();
});

test.each([
	[{ url: 'http://example.com/hook' }, 'URL must begin with https:// [item 1]'],
	[{ url: 'example.com' }, 'URL must be a web address that begins with https:// [item 1]'],
	[{ url: '={{ "" }}' }, 'URL must be a web address that begins with https:// [item 1]'],
	[{ events: '={{ [] }}' }, 'Events must hold at least one event [item 1]'],
	[
		{ additionalFields: { secret: 'hunter2 '.repeat(3) } },
		/^Signing Secret must be whsec_ and then base64/,
	],
	[
		{ additionalFields: { secret: 'whsec_short' } },
		/^Signing Secret must be whsec_ and then base64/,
	],
])('sends nothing with %j', async (wrong, message) => {
	const { error } = await runTestivora({ ...create, ...wrong });
	expect(error?.message).toEqual(
		typeof message === 'string' ? message : expect.stringMatching(message),
	);
	expect(`${error?.message} ${error?.description}`).not.toMatch(/hunter2|whsec_short/);
});

test('accepts events as text from an expression', async () => {
	nock(BASE_URL)
		.post('/v1/webhooks', { url: create.url, events: create.events })
		.reply(201, endpoint());
	const events = '={{ "testimonial.created, testimonial.approved" }}';
	expect((await runTestivora({ ...create, events })).error).toBeUndefined();
});

test('gets one', async () => {
	nock(BASE_URL)
		.get('/v1/webhooks/wh_1')
		.reply(200, endpoint({ secret: SECRET }));
	expect((await runTestivora(get)).items[0].json).toEqual(endpoint());
});

test('gets many by status, even if the API ignores it', async () => {
	nock(BASE_URL)
		.get('/v1/webhooks')
		.query({ status: 'disabled', limit: 100 })
		.reply(
			200,
			page([endpoint(), endpoint({ id: 'wh_1', status: 'Disabled', secret: SECRET })], 'c'),
		)
		.get('/v1/webhooks')
		.query({ status: 'disabled', limit: 100, cursor: 'c' })
		.reply(200, page([endpoint({ id: 'wh_2', status: 'disabled' })]));
	const { items } = await runTestivora({ ...getAll, filters: { status: 'disabled' } });
	expect(items.map(({ json }) => json)).toEqual([
		endpoint({ id: 'wh_1', status: 'Disabled' }),
		endpoint({ id: 'wh_2', status: 'disabled' }),
	]);
});

test('a Status whose expression gives nothing does not mean all', async () => {
	const { error } = await runTestivora({ ...getAll, filters: { status: '={{ $json.missing }}' } });
	expect(error?.message).toBe('The expression in Status gives nothing [item 1]');
});

test('gets many, up to a limit', async () => {
	nock(BASE_URL)
		.get('/v1/webhooks')
		.query({ limit: 1 })
		.reply(200, page([endpoint()], 'c'));
	const { items } = await runTestivora({ ...getAll, returnAll: false, limit: 1 });
	expect(items).toHaveLength(1);
});

test('updates the fields that were added', async () => {
	nock(BASE_URL)
		.patch('/v1/webhooks/wh_1', {
			url: 'https://example.com/new',
			events: ['testimonial.deleted'],
			status: 'active',
			secret: SECRET,
		})
		.reply(200, endpoint({ secret: SECRET }));
	const updateFields = {
		url: 'https://example.com/new',
		events: ['testimonial.deleted'],
		status: 'active',
		secret: SECRET,
	};
	expect((await runTestivora({ ...update, updateFields })).items[0].json).toEqual(endpoint());
});

test.each([
	[{}, 'Add at least one field to update [item 1]'],
	[{ events: [] }, 'Events must hold at least one event [item 1]'],
	[{ url: 'http://example.com' }, 'URL must begin with https:// [item 1]'],
	[{ secret: '' }, /^Signing Secret must be whsec_/],
])('updates nothing with %j', async (updateFields, message) => {
	const { error } = await runTestivora({ ...update, updateFields });
	expect(error?.message).toEqual(
		typeof message === 'string' ? message : expect.stringMatching(message),
	);
});

test('deletes', async () => {
	nock(BASE_URL).delete('/v1/webhooks/wh_1').reply(204);
	expect((await runTestivora(remove)).items).toEqual([
		{ json: { deleted: true }, pairedItem: { item: 0 } },
	]);
});

test.each([404, 405, 501])(
	'a user whose API has no webhooks (%i) is told where to manage them',
	async (status) => {
		const body = refusal('not_found', 'There is no such route.');
		nock(BASE_URL)
			.post('/v1/webhooks')
			.reply(status, body)
			.get('/v1/webhooks')
			.query(true)
			.reply(status, body);
		for (const operation of [create, getAll]) {
			const { error } = await runTestivora(operation);
			expect(error?.message).toBe(NO_API);
			expect(error?.description).toContain('set its Webhook Setup to Manual');
		}
	},
);

test.each([404, 405])(
	'a %i from another server at the Base URL does not mean that the API has no webhooks',
	async (status) => {
		nock(BASE_URL)
			.post('/v1/webhooks')
			.reply(status, '<h1>Nothing here</h1>')
			.get('/v1/webhooks')
			.query(true)
			.reply(status, { message: 'Nothing here' });
		for (const operation of [create, getAll]) {
			expect((await runTestivora(operation)).error?.message).toMatch(
				/^No Testivora API at this Base URL. Open the Testivora credential/,
			);
		}
	},
);

describe('an API that refuses to delete endpoints', () => {
	const refusing = (method: string, status: number) =>
		nock(BASE_URL).intercept('/v1/webhooks/wh_1', method).reply(status, refusal('nope', 'No.'));

	test.each([405, 501])(
		'with %i: the endpoint is disabled instead, and the error says so',
		async (status) => {
			refusing('DELETE', status);
			nock(BASE_URL)
				.get('/v1/webhooks/wh_1')
				.reply(200, endpoint())
				.patch('/v1/webhooks/wh_1', { status: 'disabled' })
				.reply(200, endpoint({ status: 'Disabled' }));
			const { error, items } = await runTestivora(remove);
			expect(error?.message).toBe(
				'Testivora does not let webhook endpoints be deleted through the API, so this one was disabled instead. Delete it in Testivora under Settings → Webhooks [item 1]',
			);
			expect(items).toEqual([]);
		},
	);

	test('and to read them counts as an API without webhooks', async () => {
		refusing('DELETE', 405);
		refusing('GET', 405);
		expect((await runTestivora(remove)).error?.message).toBe(NO_API);
	});

	test('and to change them counts as an API without webhooks', async () => {
		refusing('DELETE', 501);
		refusing('PATCH', 405);
		nock(BASE_URL).get('/v1/webhooks/wh_1').reply(200, endpoint());
		expect((await runTestivora(remove)).error?.message).toBe(NO_API);
	});

	test('or to change them, and lists them: the error says where to do it', async () => {
		refusing('PATCH', 405);
		nock(BASE_URL)
			.get('/v1/webhooks')
			.query(true)
			.reply(200, page([endpoint()]));
		const { error } = await runTestivora({ ...update, updateFields: { status: 'active' } });
		expect(error?.message).toBe(
			'Testivora does not allow this for webhook endpoints through the API: do it in Testivora under Settings → Webhooks [item 1]',
		);
	});

	test('but ignores the PATCH: the error does not say that the endpoint is disabled', async () => {
		refusing('DELETE', 405);
		nock(BASE_URL)
			.get('/v1/webhooks/wh_1')
			.reply(200, endpoint())
			.patch('/v1/webhooks/wh_1')
			.reply(200, endpoint());
		expect((await runTestivora(remove)).error?.message).toBe(NO_API);
	});

	test.each<[number, string]>([
		[404, 'Testivora has nothing with this ID in your account'],
		[403, 'This API key may not read'],
	])('and to show this one (%i): the error says why', async (status, message) => {
		refusing('DELETE', 405);
		nock(BASE_URL)
			.get('/v1/webhooks/wh_1')
			.reply(status, refusal(status === 404 ? 'not_found' : 'insufficient_scope', 'No.'));
		expect((await runTestivora(remove)).error?.message).toBe(message);
	});
});

test.each([get, remove, { ...update, updateFields: { status: 'active' } }])(
	'a missing endpoint may also mean that the API has no webhooks',
	async (operation) => {
		nock(BASE_URL)
			.intercept(/wh_1/, methodOf(operation.operation))
			.reply(404, refusal('not_found', 'No such webhook'));
		const { error } = await runTestivora(operation);
		expect(error?.message).toBe('Testivora has nothing with this ID in your account');
		expect(error?.description).toContain('Settings → Webhooks');
	},
);

function methodOf(operation: string) {
	return { get: 'GET', delete: 'DELETE', update: 'PATCH' }[operation]!;
}
