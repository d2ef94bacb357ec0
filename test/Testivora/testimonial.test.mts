import type { IDataObject } from 'n8n-workflow';
import nock from 'nock';

import { answerWithNock, noneOfStatus } from '../helpers/nock.mts';
import { BASE_URL, runTestivora } from '../helpers/engine.mts';
import { byId, fromList, page, refusal, testimonial } from '../helpers/fixtures.mts';

const SIMPLE = [
	'id',
	'status',
	'rating',
	'text',
	'author',
	'tags',
	'featured',
	'video',
	'created_at',
	'published_at',
];

answerWithNock();

const json = ({ items }: Awaited<ReturnType<typeof runTestivora>>) =>
	items.map((item) => item.json);

describe('create', () => {
	const required = {
		resource: 'testimonial',
		operation: 'create',
		spaceId: fromList('spc_123'),
		text: '  Cerré 3 clientes.  ',
		authorName: 'Ana López',
	};

	test('sends the required fields and nothing else', async () => {
		nock(BASE_URL)
			.post('/v1/testimonials', {
				space_id: 'spc_123',
				text: 'Cerré 3 clientes.',
				author: { name: 'Ana López' },
			})
			.matchHeader('content-type', /application\/json/)
			.reply(201, testimonial());
		expect(await runTestivora(required)).toMatchObject({
			error: undefined,
			items: [{ json: testimonial(), pairedItem: { item: 0 } }],
		});
	});

	test('sends every optional field, tags as a list', async () => {
		nock(BASE_URL)
			.post('/v1/testimonials', {
				space_id: 'spc_9',
				text: 'Good',
				rating: 4,
				status: 'pending',
				type: 'video',
				featured: false,
				tags: ['a', 'b c'],
				author: {
					name: 'Ana',
					title: 'Coach',
					company: 'Acme',
					photo_url: 'https://example.com/a.jpg',
					social: 'http://social.example',
				},
			})
			.reply(201, testimonial());
		const { error } = await runTestivora({
			...required,
			spaceId: byId('spc_9'),
			text: 'Good',
			authorName: 'Ana',
			additionalFields: {
				rating: 4,
				status: 'pending',
				type: 'video',
				featured: false,
				tags: ' a, b c ,,',
				authorTitle: 'Coach',
				authorCompany: 'Acme',
				authorPhotoUrl: ' https://example.com/a.jpg ',
				authorSocial: 'http://social.example',
			},
		});
		expect(error).toBeUndefined();
	});

	test('evaluates expressions for each item and leaves out fields that they leave empty', async () => {
		nock(BASE_URL)
			.post('/v1/testimonials', {
				space_id: 'spc_1',
				text: 'One',
				author: { name: 'Ana', company: 'Acme' },
				rating: 5,
				tags: ['x', 'y'],
			})
			.reply(201, testimonial({ id: 't1' }))
			.post('/v1/testimonials', { space_id: 'spc_2', text: 'Two', author: { name: 'Bo' } })
			.reply(201, testimonial({ id: 't2' }));
		const outcome = await runTestivora(
			{
				...required,
				spaceId: byId('={{ $json.space }}'),
				text: '={{ $json.text }}',
				authorName: '={{ $json.name }}',
				additionalFields: {
					rating: '={{ $json.stars }}',
					tags: '={{ $json.tags }}',
					authorCompany: '={{ $json.company }}',
					authorPhotoUrl: '={{ $json.photo }}',
				},
			},
			[
				{
					space: 'spc_1',
					text: 'One',
					name: 'Ana',
					stars: '5',
					tags: ['x', ' y '],
					company: 'Acme',
					photo: '',
				},
				{ space: 'spc_2', text: 'Two', name: 'Bo', stars: null },
			],
		);
		expect(outcome.error).toBeUndefined();
		expect(outcome.items.map(({ json: { id }, pairedItem }) => [id, pairedItem])).toEqual([
			['t1', { item: 0 }],
			['t2', { item: 1 }],
		]);
	});

	test.each([
		[{ text: '={{ " " }}' }, 'Text must not be empty [item 1]'],
		[{ text: '={{ $json.missing }}' }, 'Text must not be empty [item 1]'],
		[{ authorName: '={{ "" }}' }, 'Author Name must not be empty [item 1]'],
		[{ spaceId: byId('={{ "" }}') }, 'Space must not be empty [item 1]'],
		[{ spaceId: byId('={{ $json.missing }}') }, /^Space must .*\[item 1\]$/],
		[{ additionalFields: { rating: 6 } }, 'Rating must be a whole number from 1 to 5 [item 1]'],
		[{ additionalFields: { rating: 4.5 } }, 'Rating must be a whole number from 1 to 5 [item 1]'],
		[
			{ additionalFields: { rating: 'five' } },
			'Rating must be a whole number from 1 to 5 [item 1]',
		],
		[
			{ additionalFields: { tags: 5 } },
			'Tags must be a comma-separated text or a list of texts [item 1]',
		],
		[{ additionalFields: { featured: 'maybe' } }, 'Featured must be true or false [item 1]'],
		[
			{ additionalFields: { authorPhotoUrl: 'ana.jpg' } },
			'Author Photo URL must be a web address that begins with https:// [item 1]',
		],
		[
			{ additionalFields: { authorSocial: 'javascript:alert(1)' } },
			'Author Social URL must be a web address that begins with https:// [item 1]',
		],
	])('sends nothing with %j', async (wrong, message) => {
		const { error } = await runTestivora({ ...required, ...wrong });
		expect(error?.message).toEqual(
			typeof message === 'string' ? message : expect.stringMatching(message),
		);
		expect(error?.description).toContain('Nothing was sent to Testivora');
		expect(error?.context?.itemIndex).toBeUndefined();
	});

	test.each([
		['invalid_text', 'Text is too short'],
		['invalid_status', 'Unknown status'],
		['invalid_rating', 'Rating out of range'],
		['invalid_author', 'Author is blocked'],
	])('gives the API’s own words for 422 %s', async (type, message) => {
		nock(BASE_URL).post('/v1/testimonials').reply(422, refusal(type, message));
		const { error } = await runTestivora(required);
		expect(error).toMatchObject({
			message: `Testivora did not accept this: ${message}`,
			httpCode: '422',
		});
		expect(error?.description).toContain(type);
	});
});

describe('get', () => {
	const get = {
		resource: 'testimonial',
		operation: 'get',
		testimonialId: byId('j97abc'),
		simplify: false,
	};

	test('gives the testimonial unchanged, with unknown fields', async () => {
		const raw = testimonial({ status: 'archived', type: 'audio', mood: 'sunny' });
		nock(BASE_URL).get('/v1/testimonials/j97abc').reply(200, raw);
		expect(json(await runTestivora(get))).toEqual([raw]);
	});

	test('simplified, it has at most ten fields, and adds none', async () => {
		nock(BASE_URL).get('/v1/testimonials/j97abc').reply(200, testimonial());
		nock(BASE_URL).get('/v1/testimonials/j97abc').reply(200, { id: 'j97abc', text: 'Hi' });
		const [full, sparse] = json(await runTestivora({ ...get, simplify: true }, [{}, {}]));
		expect(Object.keys(full)).toEqual(SIMPLE);
		expect(sparse).toEqual({ id: 'j97abc', text: 'Hi' });
	});

	test.each([
		['a/../../account', '/v1/testimonials/a%2F..%2F..%2Faccount'],
		['a?b=c#d', '/v1/testimonials/a%3Fb%3Dc%23d'],
		['%2e%2e', '/v1/testimonials/%252e%252e'],
	])('encodes the ID %s as one segment of the path', async (id, path) => {
		const sent: string[] = [];
		nock(BASE_URL)
			.get(/.*/)
			.reply(404, (uri) => (sent.push(uri), refusal('not_found', 'No such testimonial')));
		const { error } = await runTestivora({ ...get, testimonialId: byId(`={{ "${id}" }}`) });
		expect(sent).toEqual([path]);
		expect(error?.message).toBe('Testivora has nothing with this ID in your account');
	});

	test.each(['..', '.', '={{ "" }}', 'x'.repeat(256)])(
		'asks nothing with the ID "%s"',
		async (id) => {
			const { error } = await runTestivora({ ...get, testimonialId: byId(id) });
			expect(error?.message).toMatch(/^Testimonial must .*\[item 1\]$/);
		},
	);
});

describe('getAll', () => {
	const getAll = { resource: 'testimonial', operation: 'getAll', returnAll: true, simplify: false };
	const ids = (outcome: Awaited<ReturnType<typeof runTestivora>>) =>
		json(outcome).map(({ id }) => id);
	/** Of every status, so that no request for one of them follows. */
	const many = (count: number, from = 0) =>
		Array.from({ length: count }, (_, index) =>
			testimonial({
				id: `t${from + index}`,
				status: ['pending', 'approved', 'rejected'][index % 3],
			}),
		);

	test('reads every page', async () => {
		nock(BASE_URL)
			.get('/v1/testimonials')
			.query({ limit: 100 })
			.reply(200, page(many(100), 'c1'))
			.get('/v1/testimonials')
			.query({ limit: 100, cursor: 'c1' })
			.reply(200, page([], 'c2'))
			.get('/v1/testimonials')
			.query({ limit: 100, cursor: 'c2' })
			.reply(200, page(many(3, 100)));
		const outcome = await runTestivora(getAll);
		expect(ids(outcome)).toHaveLength(103);
		expect(
			outcome.items.every(({ pairedItem }) => (pairedItem as { item: number }).item === 0),
		).toBe(true);
	});

	test('a limit below a page makes the page smaller', async () => {
		nock(BASE_URL)
			.get('/v1/testimonials')
			.query({ limit: 2 })
			.reply(200, page(many(2), 'more'));
		expect(ids(await runTestivora({ ...getAll, returnAll: false, limit: 2 }))).toEqual([
			't0',
			't1',
		]);
	});

	test('a limit ends the requests for pages', async () => {
		nock(BASE_URL)
			.get('/v1/testimonials')
			.query({ limit: 100 })
			.reply(200, page(many(100), 'c1'))
			.get('/v1/testimonials')
			.query({ limit: 100, cursor: 'c1' })
			.reply(200, page(many(100, 100), 'c2'));
		expect(ids(await runTestivora({ ...getAll, returnAll: false, limit: 150 }))).toHaveLength(150);
	});

	test('gives 50, simplified, by default', async () => {
		nock(BASE_URL)
			.get('/v1/testimonials')
			.query({ limit: 50 })
			.reply(200, page([testimonial()]));
		noneOfStatus(BASE_URL, 'pending', 'rejected');
		const [only] = json(await runTestivora({ resource: 'testimonial', operation: 'getAll' }));
		expect(Object.keys(only)).toEqual(SIMPLE);
	});

	test('lets the API filter by space and status', async () => {
		nock(BASE_URL)
			.get('/v1/testimonials')
			.query({ space_id: 'spc_123', status: 'approved', limit: 100 })
			.reply(200, page([]));
		const outcome = await runTestivora({
			...getAll,
			spaceId: fromList('spc_123'),
			filters: { status: 'approved' },
		});
		expect(outcome.error).toBeUndefined();
		expect(outcome.items).toEqual([]);
	});

	const mixed = [
		testimonial({ id: 'low', rating: 2, status: 'rejected' }),
		testimonial({ id: 'video', type: 'video', rating: 4, tags: ['VIP'], status: 'pending' }),
		testimonial({ id: 'old', created_at: '2025-01-01T00:00:00.000Z', featured: true }),
		testimonial({ id: 'unrated', rating: null, tags: null }),
	];

	test.each([
		[{ minRating: 4 }, ['video', 'old']],
		[{ minRating: '2' }, ['low', 'video', 'old']],
		[{ types: ['video'] }, ['video']],
		[{ types: [] }, ['low', 'video', 'old', 'unrated']],
		[{ tags: 'vip, nothing' }, ['video']],
		[{ featured: true }, ['old']],
		[{ featured: false }, ['low', 'video', 'unrated']],
		[{ createdAfter: '2026-01-01T00:00:00' }, ['low', 'video', 'unrated']],
		[{ createdBefore: '2026-01-01' }, ['old']],
		[
			{ createdAfter: '={{ DateTime.fromISO("2024-12-31") }}', createdBefore: '2025-06-01' },
			['old'],
		],
		[
			{ createdAfter: 'Thu, 01 Jan 2026 00:00:00 GMT', createdBefore: '2026-12-31 23:00:00' },
			['low', 'video', 'unrated'],
		],
		[{ createdAfter: '={{ new Date("2026-01-01") }}' }, ['low', 'video', 'unrated']],
		[{ types: [], tags: '', status: '' }, ['low', 'video', 'old', 'unrated']],
	])('filters by %j', async (filters, expected) => {
		nock(BASE_URL).get('/v1/testimonials').query({ limit: 100 }).reply(200, page(mixed));
		expect(ids(await runTestivora({ ...getAll, filters }))).toEqual(expected);
	});

	test('entries that the API should have filtered out are filtered out here', async () => {
		const unfiltered = [
			testimonial({ id: 'pending', status: 'pending' }),
			testimonial({ id: 'elsewhere', space_id: 'spc_2' }),
			testimonial({ id: 'silent', status: undefined }),
			testimonial({ id: 'wanted' }),
			testimonial({ id: 'shouted', status: 'APPROVED' }),
			testimonial({ id: 'nowhere', space_id: null }),
			testimonial({ id: 'too many' }),
		];
		nock(BASE_URL)
			.get('/v1/testimonials')
			.query({ space_id: 'spc_123', status: 'approved', limit: 100 })
			.reply(200, page(unfiltered));
		const parameters = {
			...getAll,
			returnAll: false,
			limit: 2,
			spaceId: byId('spc_123'),
			filters: { status: 'Approved' },
		};
		expect(ids(await runTestivora(parameters))).toEqual(['wanted', 'shouted']);
	});

	test('with a Space, testimonials that do not name their space are refused', async () => {
		nock(BASE_URL)
			.get('/v1/testimonials')
			.query({ space_id: 'spc_123', limit: 100 })
			.reply(200, page([testimonial(), testimonial({ id: 'unnamed', space_id: undefined })]));
		const { items, error } = await runTestivora({ ...getAll, spaceId: byId('spc_123') });
		expect(items).toEqual([]);
		expect(error).toMatchObject({
			message:
				'Testivora does not say which space its testimonials belong to, so they cannot be filtered by Space [item 1]',
			description: expect.stringContaining('Clear Space'),
		});
	});

	const nothing = [
		'={{ $json.missing }}',
		'={{ null }}',
		'={{ "" }}',
		'={{ " " }}',
		'={{ [] }}',
		'=',
	];

	test.each<[object, string]>([
		...nothing.map((expression): [object, string] => [{ spaceId: byId(expression) }, 'Space']),
		...nothing.map((expression): [object, string] => [
			{ filters: { status: expression } },
			'Status',
		]),
		...Object.entries({
			createdAfter: 'Created After',
			createdBefore: 'Created Before',
			featured: 'Featured',
			minRating: 'Minimum Rating',
			tags: 'Tags',
			types: 'Types',
		}).flatMap(([name, label]) =>
			nothing.map((expression): [object, string] => [{ filters: { [name]: expression } }, label]),
		),
		[{ spaceId: '={{ { __rl: true, mode: "id", value: $json.missing } }}' }, 'Space'],
	])('is refused with %j, because empty would mean all', async (parameters, label) => {
		const { error } = await runTestivora({ ...getAll, ...parameters });
		expect(error?.message).toBe(`The expression in ${label} gives nothing [item 1]`);
	});

	test.each([
		[{ tags: ' , ' }, 'Tags must hold at least one tag'],
		[{ tags: '={{ $json.missing }},{{ $json.missing }}' }, 'Tags must hold at least one tag'],
		[{ tags: '={{ [""] }}' }, 'Tags must hold at least one tag'],
		[{ types: '={{ [" "] }}' }, 'Types must hold at least one type'],
	])('a filter with nothing but white space is refused: %j', async (filters, message) => {
		expect((await runTestivora({ ...getAll, filters })).error?.message).toContain(message);
	});

	describe('without a Status, and a list that shows approved testimonials only,', () => {
		const listed = testimonial({ id: 'listed' });
		/** Answers the list, and the requests for each status that is not in it. */
		const answer = (ofStatus: Record<string, [number, object]>) => {
			nock(BASE_URL)
				.get('/v1/testimonials')
				.query({ limit: 100 })
				.reply(200, page([listed]));
			for (const [status, [code, body]] of Object.entries(ofStatus))
				nock(BASE_URL).get('/v1/testimonials').query({ limit: 100, status }).reply(code, body);
		};

		test('gives those of the other statuses, too', async () => {
			answer({
				pending: [
					200,
					page(
						[testimonial({ id: 'waiting', status: 'pending' }), testimonial({ id: 'just now' })],
						'c1',
					),
				],
				rejected: [200, page([])],
			});
			nock(BASE_URL)
				.get('/v1/testimonials')
				.query({ limit: 100, status: 'pending', cursor: 'c1' })
				.reply(200, page([testimonial({ id: 'also waiting', status: 'Pending' })]));
			expect(ids(await runTestivora(getAll))).toEqual(['listed', 'waiting', 'also waiting']);
		});

		test.each([
			['ignores the parameter', [200, page(Array<IDataObject>(11).fill(listed), 'c1')]],
			[
				'names no statuses',
				[200, page(Array<IDataObject>(11).fill(testimonial({ status: undefined })), 'c1')],
			],
			['does not know the status', [422, refusal('invalid_status', 'Unknown status.')]],
			['does not know the parameter', [400, refusal('missing_parameter', 'No.')]],
		] as Array<[string, [number, object]]>)('asks once where the API %s', async (_, reply) => {
			answer({ pending: reply, rejected: reply });
			const { items, error } = await runTestivora(getAll);
			expect(error).toBeUndefined();
			expect(items.map(({ json: { id } }) => id)).toEqual(['listed']);
		});

		test('fails where something else than the API refuses the request', async () => {
			answer({ pending: [400, { message: 'A proxy.' }] });
			const { items, error } = await runTestivora(getAll);
			expect(items).toEqual([]);
			expect(error?.message).toContain('Testivora did not accept this');
		});

		test('does not mind the case of a status', async () => {
			const all = ['APPROVED', 'Pending', 'rejected'].map((status) =>
				testimonial({ id: status, status }),
			);
			nock(BASE_URL).get('/v1/testimonials').query({ limit: 100 }).reply(200, page(all));
			expect(ids(await runTestivora(getAll))).toHaveLength(3);
		});

		test('is not cut short in silence where a later page is refused', async () => {
			answer({ pending: [200, page([testimonial({ id: 'waiting', status: 'pending' })], 'c1')] });
			nock(BASE_URL)
				.get('/v1/testimonials')
				.query({ limit: 100, status: 'pending', cursor: 'c1' })
				.reply(400, refusal('missing_parameter', 'Bad cursor.'));
			expect((await runTestivora(getAll)).error?.message).toContain('Bad cursor');
		});
	});

	test('a testimonial that moves to a later page is given once', async () => {
		nock(BASE_URL)
			.get('/v1/testimonials')
			.query({ limit: 100 })
			.reply(200, page([mixed[0], mixed[1]], 'c1'));
		nock(BASE_URL)
			.get('/v1/testimonials')
			.query({ limit: 100, cursor: 'c1' })
			.reply(200, page([mixed[1], mixed[2]]));
		expect(ids(await runTestivora(getAll))).toEqual(['low', 'video', 'old']);
	});

	test.each([{}, { spaceId: byId('') }, { spaceId: fromList(''), filters: { status: '' } }])(
		'means all with %j',
		async (parameters) => {
			nock(BASE_URL)
				.get('/v1/testimonials')
				.query({ limit: 100 })
				.reply(200, page([testimonial()]));
			noneOfStatus(BASE_URL, 'pending', 'rejected');
			expect(ids(await runTestivora({ ...getAll, ...parameters }))).toHaveLength(1);
		},
	);

	test('a date without a time zone uses that of the workflow', async () => {
		nock(BASE_URL)
			.get('/v1/testimonials')
			.query({ limit: 100 })
			.reply(200, page([testimonial({ created_at: '2026-06-03T03:00:00.000Z' })]));
		noneOfStatus(BASE_URL, 'pending', 'rejected');
		const filters = { createdAfter: '2026-06-03T00:00:00' };
		expect(
			ids(await runTestivora({ ...getAll, filters }, [{}], { timezone: 'America/New_York' })),
		).toEqual([]);
	});

	test('with filters, it reads full pages and stops at the limit', async () => {
		nock(BASE_URL)
			.get('/v1/testimonials')
			.query({ limit: 100 })
			.reply(200, page(mixed, 'c1'))
			.get('/v1/testimonials')
			.query({ limit: 100, cursor: 'c1' })
			.reply(200, page([testimonial({ id: 'second', type: 'video' }), ...mixed], 'c2'));
		const outcome = await runTestivora({
			...getAll,
			returnAll: false,
			limit: 2,
			filters: { types: ['video'] },
		});
		expect(ids(outcome)).toEqual(['video', 'second']);
	});

	test('makes one request for each input item', async () => {
		for (const space of ['spc_1', 'spc_2']) {
			nock(BASE_URL)
				.get('/v1/testimonials')
				.query({ space_id: space, limit: 100 })
				.reply(
					200,
					page([
						testimonial({ id: space, space_id: space }),
						testimonial({ id: `${space}b`, space_id: space }),
					]),
				);
			noneOfStatus(BASE_URL, 'pending', 'rejected');
		}
		const { items } = await runTestivora({ ...getAll, spaceId: byId('={{ $json.space }}') }, [
			{ space: 'spc_1' },
			{ space: 'spc_2' },
		]);
		expect(items.map(({ json: { id }, pairedItem }) => [id, pairedItem])).toEqual([
			['spc_1', { item: 0 }],
			['spc_1b', { item: 0 }],
			['spc_2', { item: 1 }],
			['spc_2b', { item: 1 }],
		]);
	});

	test.each<[object, string]>([
		[{ returnAll: false, limit: 0 }, 'Limit must be a whole number of at least 1 [item 1]'],
		[{ returnAll: false, limit: 'many' }, 'Limit must be a whole number of at least 1 [item 1]'],
		[{ filters: { minRating: 9 } }, 'Minimum Rating must be a whole number from 1 to 5 [item 1]'],
		...[
			'last week',
			'5',
			5,
			'={{ 5 }}',
			'03/06/2026',
			'maybe 5 2026',
			'2026',
			'2026-13-01',
			'20:15',
			true,
			'={{ {} }}',
			'1780000000',
		].map((date): [object, string] => [
			{ filters: { createdAfter: date } },
			'Created After must be a date such as 2026-06-03 or 2026-06-03T10:00:00Z [item 1]',
		]),
		[
			{ filters: { createdAfter: '2026-02-01', createdBefore: '2026-01-01' } },
			'Created After is later than Created Before [item 1]',
		],
	])('sends no request with %j', async (wrong, message) => {
		expect((await runTestivora({ ...getAll, ...wrong })).error?.message).toBe(message);
	});
});

describe.each([
	['approve', 'approved'],
	['reject', 'rejected'],
])('%s', (operation, status) => {
	const moderate = { resource: 'testimonial', operation, testimonialId: byId('={{ $json.id }}') };

	test('sets the status of each item and nothing else', async () => {
		for (const id of ['t1', 't2'])
			nock(BASE_URL)
				.patch(`/v1/testimonials/${id}`, { status })
				.reply(200, testimonial({ id, status }));
		const { items } = await runTestivora(moderate, [{ id: 't1' }, { id: ' t2 ' }]);
		expect(items).toEqual(
			['t1', 't2'].map((id, index) => ({
				json: testimonial({ id, status }),
				pairedItem: { item: index },
			})),
		);
	});

	test.each([{}, { id: '' }, { id: '../account' }])('changes nothing with %j', async (item) => {
		nock(BASE_URL)
			.patch('/v1/testimonials/..%2Faccount', { status })
			.optionally()
			.reply(404, refusal('not_found', 'No such testimonial'));
		expect((await runTestivora(moderate, [item])).error?.message).toMatch(
			/^Test(imonial must|ivora has nothing with this ID)/,
		);
	});
});

describe('update', () => {
	const update = { resource: 'testimonial', operation: 'update', testimonialId: byId('j97abc') };

	test('sends only the fields that were added, those of the author too', async () => {
		nock(BASE_URL)
			.patch('/v1/testimonials/j97abc', { status: 'rejected', author: { title: 'Mentor' } })
			.reply(200, testimonial({ status: 'rejected' }));
		const outcome = await runTestivora({
			...update,
			updateFields: { status: 'rejected', authorTitle: 'Mentor', rating: '={{ $json.missing }}' },
		});
		expect(json(outcome)).toEqual([testimonial({ status: 'rejected' })]);
	});

	test('sends every field', async () => {
		nock(BASE_URL)
			.patch('/v1/testimonials/j97abc', {
				text: 'New',
				rating: 3,
				status: 'approved',
				featured: true,
				tags: ['a'],
				author: {
					name: 'Bo',
					title: 'T',
					company: 'C',
					photo_url: 'https://p.example/',
					social: 'https://s.example/',
				},
			})
			.reply(200, testimonial());
		const { error } = await runTestivora({
			...update,
			updateFields: {
				text: 'New',
				rating: 3,
				status: 'approved',
				featured: true,
				tags: 'a',
				authorName: 'Bo',
				authorTitle: 'T',
				authorCompany: 'C',
				authorPhotoUrl: 'https://p.example/',
				authorSocial: 'https://s.example/',
			},
		});
		expect(error).toBeUndefined();
	});

	test('an empty text removes tags and optional fields of the author', async () => {
		nock(BASE_URL)
			.patch('/v1/testimonials/j97abc', {
				tags: [],
				author: { title: '', company: '', photo_url: '', social: '' },
			})
			.reply(200, testimonial());
		const { error } = await runTestivora({
			...update,
			updateFields: {
				tags: '',
				authorTitle: '',
				authorCompany: '',
				authorPhotoUrl: '',
				authorSocial: '',
			},
		});
		expect(error).toBeUndefined();
	});

	test.each([
		[undefined, 'Add at least one field to update [item 1]'],
		[{}, 'Add at least one field to update [item 1]'],
		[{ rating: '={{ $json.missing }}' }, 'Add at least one field to update [item 1]'],
		[{ text: '' }, 'Text must not be empty [item 1]'],
		[{ authorName: ' ' }, 'Author Name must not be empty [item 1]'],
		[{ rating: '' }, 'Rating must be a whole number from 1 to 5 [item 1]'],
		[
			{ authorSocial: '@ana' },
			'Author Social URL must be a web address that begins with https:// [item 1]',
		],
	])('sends nothing with %j', async (updateFields, message) => {
		expect(
			(await runTestivora({ ...update, ...(updateFields && { updateFields }) })).error?.message,
		).toBe(message);
	});
});

test('Approve fails if Testivora leaves the status unchanged', async () => {
	nock(BASE_URL)
		.patch('/v1/testimonials/t1')
		.reply(200, testimonial({ id: 't1', status: 'pending' }));
	const { error } = await runTestivora({
		resource: 'testimonial',
		operation: 'approve',
		testimonialId: byId('t1'),
	});
	expect(error?.message).toBe('Testivora left this testimonial as pending [item 1]');
});
