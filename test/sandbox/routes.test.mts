import { startSandbox } from './sandbox.mts';
import type { Sandbox, SandboxOptions } from './sandbox.mts';

let sandbox: Sandbox;
const start = async (options: SandboxOptions = {}) => {
	sandbox = await startSandbox(options);
};
afterEach(async () => await sandbox.stop());

type Json = Record<string, unknown> & {
	data?: Array<Record<string, unknown>>;
	error?: Record<string, unknown>;
};

/** Sends a request, with the key of full access unless another is given. A text as body is sent unchanged. */
const ask = async (
	method: string,
	path: string,
	body?: unknown,
	key: string | undefined = sandbox.apiKey,
) => {
	const answer = await fetch(`${sandbox.url}/v1${path}`, {
		method,
		headers: {
			...(key && { authorization: `Bearer ${key}` }),
			...(body !== undefined && { 'content-type': 'application/json' }),
		},
		body: body === undefined || typeof body === 'string' ? body : JSON.stringify(body),
	});
	const text = await answer.text();
	return {
		status: answer.status,
		retryAfter: answer.headers.get('retry-after'),
		json: (text ? JSON.parse(text) : undefined) as Json,
	};
};

/** The IDs of a whole list, over all its pages. @param path has a query already */
const idsIn = async (path: string) => {
	const ids: unknown[] = [];
	for (let cursor = ''; ;) {
		const { json } = await ask('GET', `${path}${cursor && `&cursor=${cursor}`}`);
		ids.push(...json.data!.map(({ id }) => id));
		if (!json.has_more) return ids;
		cursor = String(json.next_cursor);
	}
};

const content = { space_id: 'spc_courses', text: 'Hi', author: { name: 'Ana' } };
const endpoint = { url: 'https://n8n.example.com/webhook/1', events: ['testimonial.created'] };

describe('keys and scopes', () => {
	beforeEach(async () => await start());

	test.each([
		['no key', '', 401, 'unauthorized'],
		['an unknown key', 'tv_live_unknown', 401, 'invalid_api_key'],
	])('%s is refused by every route', async (_, key, status, type) => {
		for (const path of ['/account', '/spaces', '/webhooks', '/nothing']) {
			expect(await ask('GET', path, undefined, key)).toMatchObject({
				status,
				json: { error: { type } },
			});
		}
	});

	test('a key has the published form', () => {
		for (const key of [sandbox.apiKey, sandbox.readOnlyKey, sandbox.noApiKey])
			expect(key).toMatch(/^tv_live_[\da-f]{32}$/);
	});

	test('a key without the scope write can only read', async () => {
		expect((await ask('GET', '/spaces', undefined, sandbox.readOnlyKey)).status).toBe(200);
		for (const [method, path] of [
			['POST', '/testimonials'],
			['PATCH', '/testimonials/x'],
			['POST', '/webhooks'],
			['DELETE', '/webhooks/x'],
		]) {
			const { status, json } = await ask(
				method,
				path,
				method === 'DELETE' ? undefined : content,
				sandbox.readOnlyKey,
			);
			expect([status, json.error?.type]).toEqual([403, 'insufficient_scope']);
		}
	});

	test('a key of a plan without API is refused', async () => {
		expect(await ask('GET', '/account', undefined, sandbox.noApiKey)).toMatchObject({
			status: 403,
			json: { error: { type: 'plan_required' } },
		});
	});
});

describe('requests', () => {
	beforeEach(async () => await start());

	test('the account has its usage', async () => {
		await ask('POST', '/testimonials', content);
		expect((await ask('GET', '/account')).json).toMatchObject({
			object: 'account',
			tier: 'Agency',
			usage: { testimonials: { used: 1 } },
		});
	});

	test('a testimonial is created, changed and read; PATCH leaves absent fields alone', async () => {
		const { status, json } = await ask('POST', '/testimonials', {
			...content,
			rating: 4,
			tags: ['a'],
		});
		expect(status).toBe(201);
		expect(json).toMatchObject({
			object: 'testimonial',
			status: 'pending',
			rating: 4,
			tags: ['a'],
			published_at: null,
		});
		const changed = await ask('PATCH', `/testimonials/${String(json.id)}`, {
			status: 'approved',
			author: { title: 'Coach' },
		});
		expect(changed.json).toMatchObject({
			...json,
			status: 'approved',
			published_at: expect.any(String),
			author: { name: 'Ana', title: 'Coach' },
		});
		expect((await ask('GET', `/testimonials/${String(json.id)}`)).json).toEqual(changed.json);
	});

	test.each([
		['no body', undefined, 400, 'invalid_json'],
		['truncated JSON', '{"space_id":', 400, 'invalid_json'],
		['a list', [], 400, 'invalid_json'],
		['no space', { ...content, space_id: undefined }, 400, 'missing_parameter'],
		['an unknown space', { ...content, space_id: 'spc_x' }, 404, 'not_found'],
		['an empty text', { ...content, text: ' ' }, 422, 'invalid_text'],
		['no author', { ...content, author: undefined }, 422, 'invalid_author'],
		['a rating of 6', { ...content, rating: 6 }, 422, 'invalid_rating'],
		['half a star', { ...content, rating: 4.5 }, 422, 'invalid_rating'],
		['an unknown status', { ...content, status: 'spam' }, 422, 'invalid_status'],
	])('a testimonial with %s is refused', async (_, body, status, type) => {
		expect(await ask('POST', '/testimonials', body)).toMatchObject({
			status,
			json: { error: { type, message: expect.any(String) } },
		});
		expect(sandbox.testimonials()).toHaveLength(4);
	});

	test.each(['/testimonials/x', '/webhooks/x', '/nothing', '/testimonials/..%2Fspaces'])(
		'%s is not found',
		async (path) => {
			expect(await ask('GET', path)).toMatchObject({
				status: 404,
				json: { error: { type: 'not_found' } },
			});
		},
	);

	test('are recorded, with the status of their answer', async () => {
		await ask('GET', '/spaces?limit=1');
		await ask('POST', '/testimonials', { ...content, rating: 9 });
		expect(sandbox.requests).toMatchObject([
			{ method: 'GET', path: '/v1/spaces', query: { limit: '1' }, status: 200 },
			{ method: 'POST', path: '/v1/testimonials', body: { ...content, rating: 9 }, status: 422 },
		]);
	});
});

describe('lists', () => {
	test('have each entry once over all pages, with and without filters', async () => {
		await start();
		for (let index = 0; index < 20; index++)
			sandbox.submit({ space_id: index % 2 ? 'spc_courses' : 'spc_coaching' });
		const ids = sandbox.testimonials().map(({ id }) => id);
		for (const limit of [1, 7, 24, 100])
			expect(await idsIn(`/testimonials?limit=${limit}`)).toEqual(ids);
		const approved = sandbox
			.testimonials()
			.filter(({ status, space_id: space }) => status === 'approved' && space === 'spc_courses');
		expect(await idsIn('/testimonials?limit=1&status=approved&space_id=spc_courses')).toEqual(
			approved.map(({ id }) => id),
		);
		expect((await ask('GET', '/testimonials?space_id=spc_x')).json).toMatchObject({
			data: [],
			has_more: false,
			next_cursor: null,
		});
	});

	test.each(['limit=0', 'limit=101', 'limit=x', 'cursor=nonsense'])(
		'%s is refused',
		async (query) => {
			await start();
			expect((await ask('GET', `/testimonials?${query}`)).status).toBe(400);
		},
	);
});

describe('the list of testimonials', () => {
	beforeEach(async () => await start({ seed: false }));

	test('is complete in each order: newest first, oldest first, shuffled', async () => {
		const ids = Array.from(
			{ length: 20 },
			(_, index) => sandbox.submit({ created_at: `2026-01-${index + 10}T00:00:00.000Z` }).id,
		);
		expect(sandbox.testimonials()[0].created_at).toBe('2026-01-29T00:00:00.000Z');
		expect(await idsIn('/testimonials?limit=2')).toEqual([...ids].reverse());
		sandbox.options.order = 'oldest';
		expect(await idsIn('/testimonials?limit=2')).toEqual(ids);
		sandbox.options.order = 'shuffled';
		const [one, other] = [
			await idsIn('/testimonials?limit=2'),
			await idsIn('/testimonials?limit=2'),
		];
		expect(one).not.toEqual(other);
		for (const shuffled of [one, other]) expect([...shuffled].sort()).toEqual([...ids].sort());
	});

	test('fails at the page or the request that a fault names', async () => {
		for (let count = 0; count < 6; count++) sandbox.submit();
		sandbox.inject({ path: '/v1/testimonials', page: 2, status: 503 });
		sandbox.inject({ path: '/v1/testimonials', after: 3, status: 502 });
		const list = async (cursor = '') =>
			await ask('GET', `/testimonials?limit=2${cursor && `&cursor=${cursor}`}`);
		const first = await list();
		const second = String(first.json.next_cursor);
		expect((await list(second)).status).toBe(503);
		expect((await list(second)).status).toBe(200);
		expect((await list(second)).status).toBe(200);
		expect((await list()).status).toBe(502);
		expect((await list()).status).toBe(200);
	});
});

describe('limits', () => {
	/** A hundred times slower than in real time, so that no limit recovers while a test runs. */
	const SLOW = 0.01;
	const reads = async (count: number) =>
		await Promise.all(
			Array.from({ length: count }, async () => await ask('GET', '/spaces?limit=1')),
		);
	const writes = async (count: number) =>
		await Promise.all(
			Array.from({ length: count }, async () => await ask('PATCH', '/testimonials/x', {})),
		);
	const refusals = (answers: Array<{ status: number }>) =>
		answers.filter(({ status }) => status === 429).length;

	test('after a burst of 240 reads, Retry-After says when the next one is possible', async () => {
		await start({ rateLimits: true, timeScale: SLOW });
		expect(refusals(await reads(240))).toBe(0);
		const refused = await ask('GET', '/spaces');
		expect(refused).toMatchObject({ status: 429, json: { error: { type: 'rate_limited' } } });
		// 120 a minute: the next in half a second, rounded up to a whole one, and a hundred times slower.
		expect(refused.retryAfter).toBe('100');
		// Writes and other keys have limits of their own.
		expect((await ask('POST', '/testimonials', content)).status).toBe(201);
		expect((await ask('GET', '/spaces', undefined, sandbox.readOnlyKey)).status).toBe(200);
	});

	test('after a burst of 60, writes are refused', async () => {
		await start({ rateLimits: true, timeScale: SLOW });
		expect(refusals(await writes(65))).toBe(5);
	});

	test('recover with time', async () => {
		await start({ rateLimits: true, timeScale: 20 });
		let answers = await writes(400);
		expect(refusals(answers)).toBeGreaterThan(0);
		while (refusals(answers) > 0) answers = await writes(1);
		// 10 a second.
		expect(answers[0].status).toBe(404);
	});

	test('the monthly quota is separate, and its refusal has the figures', async () => {
		await start({ quota: 1 });
		expect((await ask('POST', '/testimonials', content)).status).toBe(201);
		const { status, json } = await ask('POST', '/testimonials', content);
		expect(status).toBe(402);
		expect(json.error).toMatchObject({ type: 'quota_exceeded', limit: 1, used: 1, tier: 'Agency' });
	});
});

describe('webhook endpoints', () => {
	test('are registered, listed, changed and deleted without showing their secret', async () => {
		await start();
		const secret = `whsec_${'A'.repeat(43)}=`;
		const { status, json } = await ask('POST', '/webhooks', { ...endpoint, secret });
		expect(status).toBe(201);
		expect(json).toMatchObject({
			id: expect.stringMatching(/^wh_/),
			object: 'webhook',
			...endpoint,
			status: 'active',
		});
		const id = String(json.id);
		const changed = await ask('PATCH', `/webhooks/${id}`, {
			status: 'disabled',
			events: ['testimonial.deleted'],
		});
		expect(changed.json).toMatchObject({
			url: endpoint.url,
			status: 'disabled',
			events: ['testimonial.deleted'],
		});
		const listed = await ask('GET', '/webhooks?status=disabled');
		expect(listed.json.data).toHaveLength(1);
		expect(
			JSON.stringify([json, changed.json, listed.json, (await ask('GET', `/webhooks/${id}`)).json]),
		).not.toContain('whsec_');
		expect(sandbox.endpoints()[0].secret).toBe(secret);
		expect(await ask('DELETE', `/webhooks/${id}`)).toMatchObject({ status: 204, json: undefined });
		expect((await ask('DELETE', `/webhooks/${id}`)).status).toBe(404);
	});

	test('with a secret that the server makes show it once, at registration', async () => {
		await start({ serverSecret: true });
		const { json } = await ask('POST', '/webhooks', {
			...endpoint,
			secret: `whsec_${'A'.repeat(43)}=`,
		});
		expect(json.secret).toBe(sandbox.endpoints()[0].secret);
		expect(json.secret).not.toContain('AAAA');
	});

	test.each([
		[{ url: undefined }, 400],
		[{ url: 'ftp://example.com' }, 422],
		[{ events: [] }, 422],
		[{ events: ['testimonial.pinned'] }, 422],
		[{ status: 'paused' }, 422],
		[{ secret: 'secret' }, 422],
	])('with %j are refused', async (fields, status) => {
		await start();
		expect((await ask('POST', '/webhooks', { ...endpoint, ...fields })).status).toBe(status);
		expect(sandbox.endpoints()).toEqual([]);
	});

	test.each([
		[false, 404],
		[404, 404],
		[405, 405],
		[501, 501],
	] as const)(
		'with webhookApi %s, every route of theirs answers %d',
		async (webhookApi, status) => {
			await start({ webhookApi });
			for (const [method, path] of [
				['GET', '/webhooks'],
				['GET', '/webhooks?limit=1'],
				['GET', '/webhooks/x'],
				['DELETE', '/webhooks/x'],
			]) {
				expect((await ask(method, path)).status).toBe(status);
			}
			expect((await ask('GET', '/spaces')).status).toBe(200);
		},
	);
});

describe('faults', () => {
	beforeEach(async () => await start());

	test('affect as many requests as they say, and only matching ones', async () => {
		sandbox.inject({
			method: 'GET',
			path: /^\/v1\/spaces/,
			status: 503,
			times: 2,
			headers: { 'retry-after': '9' },
		});
		expect((await ask('GET', '/walls')).status).toBe(200);
		expect(await ask('GET', '/spaces')).toMatchObject({
			status: 503,
			retryAfter: '9',
			json: { error: { type: 'internal' } },
		});
		expect((await ask('GET', '/spaces?limit=1')).status).toBe(503);
		expect((await ask('GET', '/spaces')).status).toBe(200);
	});

	test('can be cleared', async () => {
		sandbox.inject({ status: 500, times: 9 });
		sandbox.clearFaults();
		expect((await ask('GET', '/spaces')).status).toBe(200);
	});

	test.each([
		['reset', { reset: true }, 0],
		['carried out, then reset', { reset: true, handled: true }, 1],
		['truncated', { truncate: true }, 1],
	])('a request that is %s gets no answer, and is recorded', async (_, fault, made) => {
		sandbox.inject({ method: 'POST', path: '/v1/webhooks', ...fault });
		await expect(ask('POST', '/webhooks', endpoint)).rejects.toThrow();
		expect(sandbox.endpoints()).toHaveLength(made);
		expect(sandbox.requests).toMatchObject([
			{ method: 'POST', path: '/v1/webhooks', body: endpoint, status: 0 },
		]);
	});

	test('can replace the answer of a request that was carried out', async () => {
		sandbox.inject({ method: 'POST', status: 500, handled: true });
		expect((await ask('POST', '/webhooks', endpoint)).status).toBe(500);
		expect(sandbox.endpoints()).toHaveLength(1);
	});
});
