import nock from 'nock';

import { answerWithNock } from '../helpers/nock.mts';
import { BASE_URL, searchTestivora } from '../helpers/engine.mts';
import { endpoint, page, refusal, testimonial } from '../helpers/fixtures.mts';

answerWithNock();

const many = (count: number, from = 0) =>
	Array.from({ length: count }, (_, index) => ({
		id: `spc_${from + index}`,
		name: `Space ${from + index}`,
	}));
const answer = (path: string, body: object, cursor?: string) =>
	nock(BASE_URL)
		.get(path)
		.query({ limit: 100, ...(cursor && { cursor }) })
		.reply(200, body);

test('spaces are listed page by page', async () => {
	answer('/v1/spaces', page([...many(99), { id: 'spc_nameless' }], 'c1'));
	const first = await searchTestivora('searchSpaces');
	expect(first.results).toHaveLength(100);
	expect(first.results[0]).toEqual({ name: 'Space 0', value: 'spc_0' });
	expect(first.results[99]).toEqual({ name: 'spc_nameless', value: 'spc_nameless' });
	expect(first.paginationToken).toBe('c1');

	answer('/v1/spaces', page(many(1, 100)), 'c1');
	expect(await searchTestivora('searchSpaces', undefined, 'c1')).toEqual({
		results: [{ name: 'Space 100', value: 'spc_100' }],
		paginationToken: undefined,
	});
});

test('a search reads all pages and ignores case', async () => {
	answer('/v1/spaces', page(many(100), 'c1'));
	answer('/v1/spaces', page(many(100, 100), 'c2'), 'c1');
	answer('/v1/spaces', page([{ id: 'spc_x', name: 'Agency Clients' }]), 'c2');
	expect(await searchTestivora('searchSpaces', ' agency ')).toEqual({
		results: [{ name: 'Agency Clients', value: 'spc_x' }],
		paginationToken: undefined,
	});
});

test('a search stops when it has enough matches, and continues from there', async () => {
	answer('/v1/spaces', page(many(100), 'c1'));
	const { results, paginationToken } = await searchTestivora('searchSpaces', 'space');
	expect([results.length, paginationToken]).toEqual([100, 'c1']);
});

test('a search that finds nothing stops after ten pages, and can be continued', async () => {
	for (let index = 0; index < 10; index++) {
		answer(
			'/v1/spaces',
			page(many(1, index), `c${index + 1}`),
			index === 0 ? undefined : `c${index}`,
		);
	}
	expect(await searchTestivora('searchSpaces', 'nothing')).toEqual({
		results: [],
		paginationToken: 'c10',
	});
});

test('a list whose cursor repeats is refused', async () => {
	answer('/v1/spaces', page([], 'c1'), 'c1');
	await expect(searchTestivora('searchSpaces', undefined, 'c1')).rejects.toThrow(
		'the same page of the list came twice',
	);
});

test('testimonials show author, status and text, those that wait for approval first', async () => {
	const waiting = testimonial({
		id: 't2',
		text: `${'word '.repeat(30)}\n end`,
		status: 'pending',
	});
	nock(BASE_URL)
		.get('/v1/testimonials')
		.query({ limit: 100, status: 'pending' })
		.reply(200, page([waiting]));
	answer(
		'/v1/testimonials',
		page([
			testimonial(),
			waiting,
			testimonial({ id: 't3', text: null, type: 'video', author: null }),
			{ id: 't4' },
		]),
	);
	expect((await searchTestivora('searchTestimonials')).results).toEqual([
		{ name: `Ana López (pending): "${'word '.repeat(12).trim()}…"`, value: 't2' },
		{ name: 'Ana López (approved): "Cerré 3 clientes en una semana."', value: 'j97abc' },
		{ name: 'Unnamed (approved): video', value: 't3' },
		{ name: 'Unnamed: t4', value: 't4' },
	]);
});

test.each(['cerré', 'ACME', 'ana l', 'J97'])('testimonials are found by "%s"', async (filter) => {
	const other = { text: '', author: { name: 'Bo' } };
	nock(BASE_URL)
		.get('/v1/testimonials')
		.query({ limit: 100, status: 'pending' })
		.reply(
			200,
			page([
				testimonial({ id: 'J97 waits', status: 'pending' }),
				testimonial({ id: 'y', status: 'pending', ...other }),
			]),
		);
	answer('/v1/testimonials', page([testimonial(), testimonial({ id: 'x', ...other })]));
	expect(
		(await searchTestivora('searchTestimonials', filter)).results.map(({ value }) => value),
	).toEqual(['J97 waits', 'j97abc']);
});

test('the list of testimonials goes on after those that wait for approval', async () => {
	const entries = (status: string, from: number) =>
		Array.from({ length: 20 }, (_, index) => testimonial({ id: `t${from + index}`, status }));
	const answerWith = (query: object, body: object) =>
		nock(BASE_URL)
			.get('/v1/testimonials')
			.query({ limit: 100, ...query })
			.reply(200, body);
	const read = async (cursor?: string) => {
		const answered = await searchTestivora('searchTestimonials', undefined, cursor);
		return { ids: answered.results.map(({ value }) => value), next: answered.paginationToken };
	};
	const idsFrom = (from: number) => entries('', from).map(({ id }) => id);

	answerWith({ status: 'pending' }, page(entries('pending', 0), 'p1'));
	answerWith({ status: 'pending', cursor: 'p1' }, page(entries('pending', 20)));
	answerWith({}, page([...entries('pending', 0), ...entries('approved', 40)], 'c1'));
	const first = await read();
	expect(first.ids).toEqual([...idsFrom(0), ...idsFrom(20), ...idsFrom(40)]);
	answerWith({ cursor: 'c1' }, page(entries('rejected', 60)));
	expect(await read(String(first.next))).toEqual({ ids: idsFrom(60), next: undefined });
});

test('of the testimonials that wait for approval, 500 are read for one answer', async () => {
	for (let number = 0; number < 5; number++) {
		const entries = Array.from({ length: 100 }, (_, index) =>
			testimonial({ id: `t${100 * number + index}`, status: 'pending' }),
		);
		nock(BASE_URL)
			.get('/v1/testimonials')
			.query({ limit: 100, status: 'pending', ...(number > 0 && { cursor: `p${number}` }) })
			.reply(200, page(entries, `p${number + 1}`));
	}
	answer('/v1/testimonials', page([]));
	expect((await searchTestivora('searchTestimonials')).results).toHaveLength(500);
});

test.each([
	['does not know the status', 422, refusal('invalid_status', 'Unknown status.')],
	['ignores the parameter', 200, page(Array(11).fill(testimonial()), 'more')],
])('an API that %s has none that wait', async (_, status, body) => {
	nock(BASE_URL)
		.get('/v1/testimonials')
		.query({ limit: 100, status: 'pending' })
		.reply(status, body);
	answer('/v1/testimonials', page([testimonial()]));
	expect((await searchTestivora('searchTestimonials')).results).toHaveLength(1);
});

test('webhooks show URL and status', async () => {
	answer('/v1/webhooks', page([endpoint(), endpoint({ id: 'wh_2', status: 'disabled' })]));
	expect((await searchTestivora('searchWebhooks', 'example')).results).toEqual([
		{ name: 'https://n8n.example.com/webhook/1 (active)', value: 'wh_1' },
		{ name: 'https://n8n.example.com/webhook/1 (disabled)', value: 'wh_2' },
	]);
});

test('an account whose API has no webhooks says so', async () => {
	nock(BASE_URL).get('/v1/webhooks').query(true).reply(404, refusal('not_found', 'No such route'));
	await expect(searchTestivora('searchWebhooks')).rejects.toThrow(
		'The API of this Testivora account has no webhooks: manage them in Testivora under Settings → Webhooks',
	);
});

test('a refusal of the API has the same message as in a run', async () => {
	nock(BASE_URL)
		.get('/v1/spaces')
		.query(true)
		.reply(401, refusal('invalid_api_key', 'Unknown key'));
	await expect(searchTestivora('searchSpaces')).rejects.toThrow(
		'Testivora does not know this API key, or it was revoked',
	);
});

test('a rate limit does not keep a person in the editor waiting', async () => {
	nock(BASE_URL)
		.get('/v1/spaces')
		.query(true)
		.reply(429, refusal('rate_limited', 'Slow'), { 'Retry-After': '60' });
	await expect(searchTestivora('searchSpaces')).rejects.toThrow(
		'Testivora is receiving too many requests',
	);
});
