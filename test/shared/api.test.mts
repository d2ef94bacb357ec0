import { sleep } from 'n8n-workflow';
import nock from 'nock';

import { answerWithNock } from '../helpers/nock.mts';
import {
	API_KEY,
	BASE_URL,
	Credentials,
	runTestivora,
	searchTestivora,
} from '../helpers/engine.mts';
import { byId, endpoint, page, refusal } from '../helpers/fixtures.mts';
import { hookFor, lifecycle } from '../helpers/hook.mts';

jest.mock('n8n-workflow', () => ({
	...jest.requireActual('n8n-workflow'),
	sleep: jest.fn(async () => {}),
}));

answerWithNock();
beforeEach(() => jest.mocked(sleep).mockClear());

/** Milliseconds that the node would have waited. */
const waited = () => jest.mocked(sleep).mock.calls.reduce((sum, [ms]) => sum + ms, 0);

const OPERATIONS = {
	GET: { resource: 'account', operation: 'get' },
	POST: {
		resource: 'webhook',
		operation: 'create',
		url: 'https://example.com/',
		events: ['testimonial.created'],
	},
	PATCH: {
		resource: 'testimonial',
		operation: 'update',
		testimonialId: byId('t1'),
		updateFields: { status: 'approved' },
	},
	DELETE: { resource: 'webhook', operation: 'delete', webhookId: byId('wh_1') },
};
type Method = keyof typeof OPERATIONS;
const METHODS = Object.keys(OPERATIONS) as Method[];
const SAFE = METHODS.filter((method) => method !== 'POST');

const run = async (method: Method) => await runTestivora(OPERATIONS[method]);
const asked = (method: Method) => nock(BASE_URL).intercept(/.*/, method);
const accept = (method: Method) =>
	method === 'DELETE'
		? asked(method).reply(204)
		: asked(method).reply(200, { ...endpoint(), id: 't1' });
const networkFault = (code: string) =>
	Object.assign(new Error(`connect ${code} with ${API_KEY}`), { code });

describe('too many requests', () => {
	test.each(METHODS)('%s is retried after the seconds in Retry-After', async (method) => {
		asked(method).reply(429, refusal('rate_limited', 'Slow down'), { 'Retry-After': '7' });
		accept(method);
		expect((await run(method)).error).toBeUndefined();
		expect(waited()).toBe(7000);
	});

	test('a request is retried at the date in Retry-After', async () => {
		const date = new Date(Date.now() + 20_000).toUTCString();
		asked('GET').reply(429, refusal('rate_limited', 'Slow down'), { 'Retry-After': date });
		accept('GET');
		expect((await run('GET')).error).toBeUndefined();
		expect(waited()).toBeGreaterThan(18_000);
		expect(waited()).toBeLessThanOrEqual(20_000);
	});

	test.each([undefined, 'soon'])(
		'with Retry-After: %s, backs off exponentially',
		async (header) => {
			for (let index = 0; index < 3; index++) {
				asked('POST').reply(
					429,
					refusal('rate_limited', 'Slow'),
					header === undefined ? {} : { 'Retry-After': header },
				);
			}
			accept('POST');
			expect((await run('POST')).error).toBeUndefined();
			expect(waited()).toBeGreaterThanOrEqual(250 + 500 + 1000);
			expect(waited()).toBeLessThanOrEqual(500 + 1000 + 2000);
		},
	);

	test.each(['0', '-5', 'Thu, 01 Jan 1970 00:00:10 GMT'])(
		'with Retry-After: %s, backs off exponentially too',
		async (header) => {
			for (let index = 0; index < 4; index++)
				asked('GET').reply(429, refusal('rate_limited', 'Slow'), { 'Retry-After': header });
			accept('GET');
			expect((await run('GET')).error).toBeUndefined();
			expect(waited()).toBeGreaterThanOrEqual(250 + 500 + 1000 + 2000);
		},
	);

	test('a wait of more than an hour is not begun', async () => {
		asked('GET').reply(429, refusal('rate_limited', 'Slow down'), { 'Retry-After': '86400' });
		expect((await run('GET')).error?.message).toBe(
			'Testivora is receiving too many requests with this API key',
		);
		expect(waited()).toBe(0);
	});

	test('is given up after 50 retries', async () => {
		nock(BASE_URL)
			.get('/v1/account')
			.times(51)
			.reply(429, refusal('rate_limited', 'Slow'), { 'Retry-After': '1' });
		expect((await run('GET')).error).toMatchObject({ httpCode: '429' });
		expect(waited()).toBe(50_000);
	});
});

describe('while a person waits', () => {
	const slow = (method: Method, path: string, seconds: number, times = 1) =>
		nock(BASE_URL)
			.intercept(path, method)
			.query(true)
			.times(times)
			.reply(429, refusal('rate_limited', 'Slow'), { 'Retry-After': String(seconds) });
	const credential = { baseUrl: BASE_URL, apiKey: API_KEY };

	test('the waits for one page of a list take 10 s at most', async () => {
		slow('GET', '/v1/spaces', 4, 3);
		await expect(searchTestivora('searchSpaces')).rejects.toMatchObject({ httpCode: '429' });
		expect(waited()).toBe(8000);
	});

	test('the waits for all pages of a list take 10 s at most together', async () => {
		for (const cursor of ['c1', 'c2', 'c3']) {
			slow('GET', '/v1/spaces', 4);
			if (cursor !== 'c3')
				nock(BASE_URL)
					.get('/v1/spaces')
					.query(true)
					.reply(200, page([{ id: `spc_${cursor}`, name: cursor }], cursor));
		}
		await expect(searchTestivora('searchSpaces')).rejects.toMatchObject({ httpCode: '429' });
		expect(waited()).toBe(8000);
	});

	test('the waits for all requests of a registration take 10 s at most together', async () => {
		nock(BASE_URL).get('/v1/webhooks').query(true).reply(503);
		slow('GET', '/v1/webhooks', 7);
		nock(BASE_URL).get('/v1/webhooks').query(true).reply(200, page([]));
		slow('POST', '/v1/webhooks', 3);
		const { hook } = hookFor({ credential, parameters: { events: ['testimonial.created'] } });
		await expect(lifecycle.create.call(hook)).rejects.toMatchObject({ httpCode: '429' });
		expect(waited()).toBeGreaterThan(7000);
		expect(waited()).toBeLessThanOrEqual(10_000);
	});

	test('the next call has 10 s of its own', async () => {
		for (let call = 0; call < 2; call++) {
			slow('GET', '/v1/spaces', 9);
			nock(BASE_URL).get('/v1/spaces').query(true).reply(200, page([]));
			expect(await searchTestivora('searchSpaces')).toMatchObject({ results: [] });
		}
		expect(waited()).toBe(18_000);
	});

	test('the time of an unsuccessful try counts', async () => {
		const now = jest.spyOn(Date, 'now');
		let clock = 0;
		now.mockImplementation(() => (clock += 11_000));
		nock(BASE_URL).get('/v1/spaces').query(true).replyWithError(networkFault('ETIMEDOUT'));
		await expect(searchTestivora('searchSpaces')).rejects.toMatchObject({ httpCode: 'ETIMEDOUT' });
		now.mockRestore();
		expect(waited()).toBe(0);
	});
});

describe('a transient error', () => {
	test.each(
		SAFE.flatMap((method) => [500, 502, 503, 504].map((status) => [method, status] as const)),
	)('%s is retried after %i', async (method, status) => {
		asked(method).times(2).reply(status, '<h1>Bad gateway</h1>');
		accept(method);
		expect((await run(method)).error).toBeUndefined();
		expect(waited()).toBeGreaterThanOrEqual(250 + 500);
		expect(waited()).toBeLessThanOrEqual(500 + 1000);
	});

	test.each(SAFE)('%s is given up after four retries', async (method) => {
		asked(method).times(5).reply(503, refusal('maintenance', 'Back soon'));
		const { error } = await run(method);
		expect(error?.message).toBe('Testivora is not working at the moment (503)');
		expect(error?.description).toContain('Back soon');
	});

	test.each(SAFE)('%s is retried after a reset connection', async (method) => {
		asked(method).replyWithError(networkFault('ECONNRESET'));
		accept(method);
		expect((await run(method)).error).toBeUndefined();
	});

	test('a deletion whose answer was lost, and whose retry finds nothing, has succeeded', async () => {
		asked('DELETE').replyWithError(networkFault('ECONNRESET'));
		asked('DELETE').reply(404, refusal('not_found', 'There is no such webhook'));
		expect((await run('DELETE')).error).toBeUndefined();
		for (const code of ['', 'ECONNREFUSED']) {
			if (code) asked('DELETE').replyWithError(networkFault(code));
			asked('DELETE').reply(404, refusal('not_found', 'There is no such webhook'));
			expect((await run('DELETE')).error).toMatchObject({ httpCode: '404' });
		}
	});

	test('a certificate that is not trusted is not met again', async () => {
		asked('GET').replyWithError(networkFault('UNABLE_TO_VERIFY_LEAF_SIGNATURE'));
		const { error } = await run('GET');
		expect(error?.message).toBe(
			'The certificate at the address of Testivora is not trusted by this n8n',
		);
		expect(waited()).toBe(0);
	});

	test.each([500, 502, 503, 504])('a POST is not retried after %i', async (status) => {
		asked('POST').reply(status);
		expect((await run('POST')).error).toMatchObject({ httpCode: String(status) });
		expect(waited()).toBe(0);
	});

	test.each(['ECONNRESET', 'ETIMEDOUT', 'ECONNABORTED', 'EPIPE'])(
		'a POST is not retried after %s',
		async (code) => {
			asked('POST').replyWithError(networkFault(code));
			const { error } = await run('POST');
			expect(error?.message).toMatch(/^Testivora /);
			expect(waited()).toBe(0);
		},
	);

	test.each(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN'])(
		'a POST is retried after %s: it never arrived',
		async (code) => {
			asked('POST').replyWithError(networkFault(code));
			accept('POST');
			expect((await run('POST')).error).toBeUndefined();
		},
	);

	test('a request times out after a minute', async () => {
		const sent = jest.spyOn(Credentials.prototype, 'authenticate');
		accept('POST');
		expect((await run('POST')).error).toBeUndefined();
		expect(sent.mock.calls.map(([, , { timeout }]) => timeout)).toEqual([60_000]);
		sent.mockRestore();
	});

	test('the error says what to check when there is no answer', async () => {
		asked('GET').times(5).replyWithError(networkFault('ECONNREFUSED'));
		const { error } = await run('GET');
		expect(error).toMatchObject({
			message: 'Testivora refused the connection',
			httpCode: 'ECONNREFUSED',
		});
		expect(error?.description).toContain('Base URL');
	});
});

describe('an answer that cannot be used', () => {
	test.each([301, 302, 307, 308])('a redirect (%i) is not followed', async (status) => {
		asked('GET').reply(status, '', { Location: 'https://elsewhere.test/v1/account' });
		const { error } = await run('GET');
		expect(error?.message).toBe(`The Base URL sends requests on to another address (${status})`);
	});

	test.each([
		['HTML', '<!doctype html><title>Welcome</title>', 'it is not JSON'],
		['truncated JSON', '{"id":"t1","tier":"gro', 'it is not JSON'],
		['nothing', '', 'it is not JSON'],
		['a list', '[]', 'it is not an object'],
		['null', 'null', 'it is not an object'],
	])('%s', async (_what, body, message) => {
		asked('GET').reply(200, body);
		const { error } = await run('GET');
		expect(error).toMatchObject({
			message: `Testivora sent an answer that could not be read: ${message}`,
			httpCode: '200',
		});
	});

	test('204 where an object is expected', async () => {
		asked('PATCH').reply(204);
		expect((await run('PATCH')).error?.message).toContain('it is not JSON');
	});

	test('an object without an ID', async () => {
		asked('POST').reply(201, { text: 'Hi' });
		expect((await run('POST')).error?.message).toContain('it has no "id"');
	});

	test('404 from something else than the API', async () => {
		asked('GET').reply(404, '<h1>Not found</h1>');
		expect((await run('GET')).error?.message).toMatch(/^No Testivora API at this Base URL/);
	});

	test.each([409, 418])('%i, which is not in the API’s reference', async (status) => {
		asked('GET').reply(status, refusal('teapot', 'Short and stout'));
		expect((await run('GET')).error?.message).toBe(
			'Testivora did not accept this: Short and stout',
		);
	});
});

describe('a list', () => {
	const spaces = { resource: 'space', operation: 'getAll', returnAll: true };
	const answer = (body: object) => nock(BASE_URL).get('/v1/spaces').query(true).reply(200, body);
	const message = async () => (await runTestivora(spaces)).error?.message;

	test.each([
		['data', { has_more: false }, 'it has no list in "data"'],
		['has_more', { data: [] }, 'it does not say in "has_more" whether there is more'],
		['an entry', { data: ['x'], has_more: false }, 'an entry is not an object'],
		['an ID', { data: [{ name: 'x' }], has_more: false }, 'an entry has no "id"'],
	])('without %s is not accepted', async (_what, body, fault) => {
		answer(body);
		expect(await message()).toBe(`Testivora sent an answer that could not be read: ${fault}`);
	});

	test.each([{ next_cursor: null }, {}, { next_cursor: '' }])(
		'that has more, but the cursor %j, is not cut short',
		async (next) => {
			answer({ data: [{ id: 'spc_1' }], has_more: true, ...next });
			expect(await message()).toContain('there is more of the list, but no cursor to it');
		},
	);

	test('with one empty page after the other is given up', async () => {
		['c1', 'c2', 'c3'].forEach((cursor) => answer(page([], cursor)));
		expect(await message()).toContain('page after page is empty');
	});

	test.each([
		['stands still', ['c1', 'c1']],
		['goes back', ['c1', 'c2', 'c1']],
	])('whose cursor %s is not read in an endless loop', async (_how, cursors) => {
		cursors.forEach((cursor, index) => answer(page([{ id: `spc_${index}` }], cursor)));
		expect(await message()).toContain('the same page of the list came twice');
	});

	test('is passed on unchanged; the credential is read once for all pages', async () => {
		const read = jest.spyOn(Credentials.prototype, 'getDecrypted');
		const entries = [{ id: 'spc_1', mood: 1, owner: { name: 'Ana' } }, { id: 'spc_2' }];
		entries.forEach((entry, index) => answer(page([entry], index === 0 ? 'c1' : undefined)));
		expect((await runTestivora(spaces)).items.map(({ json }) => json)).toEqual(entries);
		expect(read).toHaveBeenCalledTimes(1);
		read.mockRestore();
	});

	test('continues after a 429 between its pages', async () => {
		answer(page([{ id: 'spc_1' }], 'c1'));
		nock(BASE_URL)
			.get('/v1/spaces')
			.query(true)
			.reply(429, refusal('rate_limited', 'Slow'), { 'Retry-After': '0' });
		answer(page([{ id: 'spc_2' }]));
		expect((await runTestivora(spaces)).items.map(({ json }) => json.id)).toEqual([
			'spc_1',
			'spc_2',
		]);
	});
});

test('keys and secrets in the API’s own texts are masked', async () => {
	const secret = `whsec_${'a'.repeat(40)}`;
	asked('GET').reply(
		400,
		refusal('missing_parameter', `Key ${API_KEY} and ${secret} ${'x'.repeat(500)}`),
	);
	const { error, run: stored } = await run('GET');
	expect(error?.message).toMatch(/^Testivora did not accept this: Key … and whsec_… x+…$/);
	expect(JSON.stringify(stored)).not.toContain(secret);
});

describe('a value of the credential is masked in messages and in n8n’s data of the execution', () => {
	const apiKey = 'my "key" + /ü?&';
	const webhookSecret = ' old.secret/1 , new.secret/2 ';

	test.each([
		['as it is', (value: string) => value],
		['as JSON', (value: string) => JSON.stringify(value)],
		['in a URL', (value: string) => `https://a.test/?key=${encodeURIComponent(value)}`],
	])('%s', async (_form, write) => {
		for (const value of [apiKey, 'old.secret/1', 'new.secret/2']) {
			const told = write(value);
			asked('GET').reply(
				400,
				refusal(`bad_key_${told}`, `Key ${told} is odd`, { echo: [{ told }] }),
			);
			const { error, run: stored } = await runTestivora(OPERATIONS.GET, [{}], {
				credential: { apiKey: `${apiKey}\n`, webhookSecret },
			});
			expect(error?.message).toMatch(/^Testivora did not accept this: Key .*….* is odd$/);
			const left = JSON.stringify([stored, error?.message, error?.description, error?.context]);
			for (const form of [value, JSON.stringify(value).slice(1, -1), encodeURIComponent(value)]) {
				expect(left).not.toContain(form);
				expect(left).not.toContain(JSON.stringify(form).slice(1, -1));
			}
		}
	});

	test('after a request that got no answer', async () => {
		asked('POST').replyWithError(`socket with ${apiKey} broke`);
		const { error } = await runTestivora(OPERATIONS.POST, [{}], { credential: { apiKey } });
		expect(error?.message).toBe('Testivora could not be reached (socket with … broke)');
	});

	test('but not when it is too short to be a secret', async () => {
		asked('GET').reply(400, refusal('missing_parameter', 'all is bad'));
		const { error } = await runTestivora(OPERATIONS.GET, [{}], {
			credential: { webhookSecret: 'a,is' },
		});
		expect(error?.message).toBe('Testivora did not accept this: all is bad');
	});
});
