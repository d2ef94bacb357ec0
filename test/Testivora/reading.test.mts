import nock from 'nock';

import { answerWithNock } from '../helpers/nock.mts';
import { API_KEY, BASE_URL, runTestivora } from '../helpers/engine.mts';
import { byId, fromList, page, refusal, testimonial } from '../helpers/fixtures.mts';

answerWithNock();

describe('account', () => {
	const get = { resource: 'account', operation: 'get' };

	test('gives the account unchanged', async () => {
		const account = { object: 'account', tier: 'growth', usage: { testimonials: 3 } };
		nock(BASE_URL)
			.get('/v1/account')
			.matchHeader('authorization', `Bearer ${API_KEY}`)
			.reply(200, account);
		expect((await runTestivora(get)).items).toEqual([{ json: account, pairedItem: { item: 0 } }]);
	});

	test.each([
		[401, 'unauthorized', 'Testivora did not get an API key with the request'],
		[401, 'invalid_api_key', 'Testivora does not know this API key, or it was revoked'],
		[403, 'plan_required', 'Your Testivora plan does not include the API'],
		[403, 'insufficient_scope', 'This API key may not read'],
	])('%i %s has a message of its own', async (status, type, message) => {
		nock(BASE_URL)
			.get('/v1/account')
			.reply(status, refusal(type, `Said with ${API_KEY}`));
		const { error } = await runTestivora(get);
		expect(error).toMatchObject({ message, httpCode: String(status), context: { type } });
		expect(error?.description).toContain('Said with …');
	});

	test.each([
		'https://api.testivora.test/',
		'https://api.testivora.test/v1',
		' https://api.testivora.test/v1/ ',
	])('is found below the base URL "%s"', async (baseUrl) => {
		nock(BASE_URL).get('/v1/account').reply(200, { tier: 'agency' });
		expect((await runTestivora(get, [{}], { credential: { baseUrl } })).error).toBeUndefined();
	});

	test('uses the key without white space around it', async () => {
		nock(BASE_URL)
			.get('/v1/account')
			.matchHeader('authorization', `Bearer ${API_KEY}`)
			.reply(200, { tier: 'agency' });
		expect(
			(await runTestivora(get, [{}], { credential: { apiKey: ` ${API_KEY}\n` } })).error,
		).toBeUndefined();
	});

	test('is found below a base URL with a path', async () => {
		nock('https://proxy.test').get('/testivora/v1/account').reply(200, { tier: 'agency' });
		const { error } = await runTestivora(get, [{}], {
			credential: { baseUrl: 'https://proxy.test/testivora/' },
		});
		expect(error).toBeUndefined();
	});

	test('an invalid base URL is reported', async () => {
		const { error } = await runTestivora(get, [{}], {
			credential: { baseUrl: 'api.testivora.com' },
		});
		expect(error?.message).toBe(
			'The Base URL in the Testivora credential is not a plain web address',
		);
	});
});

test('gets many spaces', async () => {
	const spaces = [{ id: 'spc_1', name: 'Clients', color: 'red' }, { id: 'spc_2' }];
	nock(BASE_URL).get('/v1/spaces').query({ limit: 50 }).reply(200, page(spaces));
	const { items } = await runTestivora({ resource: 'space', operation: 'getAll' });
	expect(items.map(({ json }) => json)).toEqual(spaces);
});

test.each([
	[fromList(''), {}],
	[byId(''), {}],
	[byId('spc_1'), { space_id: 'spc_1' }],
])('gets many walls of the space %j', async (spaceId, query) => {
	nock(BASE_URL)
		.get('/v1/walls')
		.query({ ...query, limit: 100 })
		.reply(200, page([{ id: 'wal_1', name: 'Home', space_id: 'spc_1' }]));
	const { items } = await runTestivora({
		resource: 'wall',
		operation: 'getAll',
		returnAll: true,
		spaceId,
	});
	expect(items.map(({ json }) => json)).toEqual([{ id: 'wal_1', name: 'Home', space_id: 'spc_1' }]);
});

test('walls of other spaces are left out if the API does not filter', async () => {
	const walls = [
		{ id: 'wal_2', space_id: 'spc_2' },
		{ id: 'wal_1', space_id: 'spc_1' },
		{ id: 'wal_3', space_id: null },
	];
	nock(BASE_URL).get('/v1/walls').query({ space_id: 'spc_1', limit: 100 }).reply(200, page(walls));
	const { items } = await runTestivora({
		resource: 'wall',
		operation: 'getAll',
		limit: 1,
		spaceId: byId('spc_1'),
	});
	expect(items.map(({ json: { id } }) => id)).toEqual(['wal_1']);
});

test('of testimonials in a Space, a small limit does not make small pages', async () => {
	const others = Array.from({ length: 100 }, (_, index) =>
		testimonial({ id: `t${index}`, space_id: 'spc_2' }),
	);
	nock(BASE_URL)
		.get('/v1/testimonials')
		.query({ space_id: 'spc_1', limit: 100 })
		.reply(200, page(others, 'next'))
		.get('/v1/testimonials')
		.query({ space_id: 'spc_1', limit: 100, cursor: 'next' })
		.reply(200, page([testimonial({ id: 'wanted', space_id: 'spc_1' })]));
	const { items } = await runTestivora({
		resource: 'testimonial',
		operation: 'getAll',
		limit: 1,
		spaceId: byId('spc_1'),
	});
	expect(items.map(({ json: { id } }) => id)).toEqual(['wanted']);
});

test('a Space whose expression gives nothing does not mean all spaces', async () => {
	const parameters = {
		resource: 'wall',
		operation: 'getAll',
		spaceId: byId('={{ $json.missing }}'),
	};
	expect((await runTestivora(parameters)).error?.message).toBe(
		'The expression in Space gives nothing [item 1]',
	);
});

test('walls without a space are refused where a Space was chosen', async () => {
	nock(BASE_URL)
		.get('/v1/walls')
		.query({ space_id: 'spc_1', limit: 100 })
		.reply(200, page([{ id: 'wal_1', name: 'Home' }]));
	const { items, error } = await runTestivora({
		resource: 'wall',
		operation: 'getAll',
		spaceId: byId('spc_1'),
	});
	expect(items).toEqual([]);
	expect(error?.message).toBe(
		'Testivora does not say which space its walls belong to, so they cannot be filtered by Space [item 1]',
	);
});

test('an operation unknown to this version is reported', async () => {
	const { error } = await runTestivora({ resource: 'wall', operation: 'paint' });
	expect(error?.message).toBe(
		'This version of the Testivora node has no operation "paint" for "wall"',
	);
});
