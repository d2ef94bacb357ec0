import { startChatModel } from '../../helpers/chatModel.mts';
import type { Asked, ChatModel, OfferedTool } from '../../helpers/chatModel.mts';
import { byId, endpoint, testimonial } from '../../helpers/fixtures.mts';
import type { StoredEndpoint, Testimonial } from '../../sandbox/store.mts';
import type { WorkflowNode } from '../../harness/n8n/client.mts';
import { setStage } from '../../harness/stage.mts';
import type { Stage } from '../../harness/stage.mts';

/** What the star in the editor makes of a field, with what its user wrote into Description. */
const star = (label: string, description = '', type: 'string' | 'number' | 'boolean' = 'string') =>
	`={{ /*n8n-auto-generated-fromAI-override*/ $fromAI('${label.replaceAll(' ', '_')}', \`${description}\`, '${type}') }}`;
const number = (label: string, description?: string) => star(label, description, 'number');
const boolean = (label: string, description?: string) => star(label, description, 'boolean');

/** One operation as a tool: the fields that a model fills in, what it says, and what Testivora is then asked and stores. */
interface Case {
	parameters: Record<string, unknown>;
	says: Record<string, unknown>;
	asks: { method: string; path: string; query?: object; body?: object };
	gets: unknown[];
}

const OPERATIONS: Record<string, Case> = {
	'account/get': {
		parameters: {},
		says: {},
		asks: { method: 'GET', path: '/v1/account' },
		gets: [expect.objectContaining({ tier: 'Agency' })],
	},
	'space/getAll': {
		parameters: { returnAll: boolean('Return All'), limit: number('Limit') },
		says: { Return_All: false, Limit: 1 },
		asks: { method: 'GET', path: '/v1/spaces', query: { limit: '1' } },
		gets: [expect.objectContaining({ id: 'spc_courses', name: 'Online Courses' })],
	},
	'wall/getAll': {
		parameters: { spaceId: byId(star('Space')), limit: number('Limit') },
		says: { Space: 'spc_coaching', Limit: 5 },
		asks: { method: 'GET', path: '/v1/walls', query: { space_id: 'spc_coaching', limit: '100' } },
		gets: [expect.objectContaining({ id: 'wal_prices' })],
	},
	'testimonial/create': {
		parameters: {
			spaceId: byId(star('Space', 'ID of the space, such as spc_123')),
			text: star('Text', 'What the author says, in their own words'),
			authorName: star('Author Name', 'Name of the author'),
			additionalFields: {
				authorCompany: star('Author Company', 'Company of the author; leave empty if unknown'),
				featured: boolean('Featured', 'Whether it is highlighted'),
				rating: number('Rating', 'Stars, 1 to 5'),
				status: star('Status', 'pending, approved or rejected'),
				tags: star('Tags', 'Separated by commas'),
			},
		},
		says: {
			Space: 'spc_courses',
			Text: 'Worth every minute.',
			Author_Name: 'Ana',
			Author_Company: '',
			Featured: false,
			Rating: 5,
			Status: 'Pending',
			Tags: 'onboarding, course',
		},
		asks: {
			method: 'POST',
			path: '/v1/testimonials',
			body: {
				space_id: 'spc_courses',
				text: 'Worth every minute.',
				author: { name: 'Ana' },
				featured: false,
				rating: 5,
				status: 'pending',
				tags: ['onboarding', 'course'],
			},
		},
		gets: [
			expect.objectContaining({
				id: expect.stringMatching(/^tst_/),
				status: 'pending',
				author: { name: 'Ana' },
			}),
		],
	},
	'testimonial/get': {
		parameters: {
			testimonialId: byId(star('Testimonial', 'ID of the testimonial')),
			output: star('Output', 'raw or simplified'),
		},
		says: { Testimonial: 'tst_low', Output: 'simplified' },
		asks: { method: 'GET', path: '/v1/testimonials/tst_low' },
		gets: [expect.objectContaining({ id: 'tst_low', text: 'I expected more.' })],
	},
	'testimonial/getAll': {
		parameters: {
			spaceId: byId(star('Space', 'ID of a space; leave empty for all')),
			limit: number('Limit', 'How many to get at the most'),
			filters: {
				createdAfter: star('Created After', 'A date such as 2026-06-03'),
				featured: boolean('Featured', 'Whether to get only featured ones'),
				minRating: number('Minimum Rating', 'Stars, 1 to 5'),
				status: star('Status', 'pending, approved or rejected'),
				tags: star('Tags', 'Any of these, separated by commas'),
				types: star('Types', 'text, video, or both'),
			},
		},
		says: {
			Space: '',
			Limit: 10,
			Created_After: '2026-06-01',
			Featured: false,
			Minimum_Rating: 1,
			Status: '',
			Tags: '',
			Types: 'Text',
		},
		asks: { method: 'GET', path: '/v1/testimonials', query: { limit: '100' } },
		gets: [expect.objectContaining({ id: 'tst_low' })],
	},
	'testimonial/approve': {
		parameters: { testimonialId: byId(star('Testimonial', 'ID of the testimonial')) },
		says: { Testimonial: 'tst_low' },
		asks: { method: 'PATCH', path: '/v1/testimonials/tst_low', body: { status: 'approved' } },
		gets: [expect.objectContaining({ id: 'tst_low', status: 'approved' })],
	},
	'testimonial/reject': {
		parameters: { testimonialId: byId(star('Testimonial', 'ID of the testimonial')) },
		says: { Testimonial: 'tst_low' },
		asks: { method: 'PATCH', path: '/v1/testimonials/tst_low', body: { status: 'rejected' } },
		gets: [expect.objectContaining({ id: 'tst_low', status: 'rejected' })],
	},
	'testimonial/update': {
		parameters: {
			testimonialId: byId(star('Testimonial', 'ID of the testimonial')),
			updateFields: {
				authorTitle: star('Author Title', 'Profession of the author'),
				status: star('Status', 'approved or rejected'),
				tags: star('Tags'),
			},
		},
		says: { Testimonial: 'tst_low', Author_Title: '', Status: 'rejected', Tags: '' },
		asks: { method: 'PATCH', path: '/v1/testimonials/tst_low', body: { status: 'rejected' } },
		gets: [
			expect.objectContaining({
				id: 'tst_low',
				status: 'rejected',
				tags: ['onboarding'],
				author: { name: 'Mina Sato', title: 'Teacher' },
			}),
		],
	},
	'webhook/create': {
		parameters: {
			url: star('URL'),
			events: star('Events'),
			additionalFields: { status: star('Status') },
		},
		says: {
			URL: 'https://example.com/new',
			Events: 'testimonial.created, testimonial.approved',
			Status: 'disabled',
		},
		asks: {
			method: 'POST',
			path: '/v1/webhooks',
			body: {
				url: 'https://example.com/new',
				events: ['testimonial.created', 'testimonial.approved'],
				status: 'disabled',
			},
		},
		gets: [expect.objectContaining({ url: 'https://example.com/new' })],
	},
	'webhook/get': {
		parameters: { webhookId: byId(star('Webhook')) },
		says: { Webhook: 'wh_1' },
		asks: { method: 'GET', path: '/v1/webhooks/wh_1' },
		gets: [expect.objectContaining({ id: 'wh_1' })],
	},
	'webhook/getAll': {
		parameters: { limit: number('Limit'), filters: { status: star('Status') } },
		says: { Limit: 3, Status: 'active' },
		asks: { method: 'GET', path: '/v1/webhooks', query: { limit: '100', status: 'active' } },
		gets: [expect.objectContaining({ id: 'wh_1' })],
	},
	'webhook/update': {
		parameters: {
			webhookId: byId(star('Webhook')),
			updateFields: { status: star('Status'), url: star('URL') },
		},
		says: { Webhook: 'wh_1', Status: 'disabled', URL: '' },
		asks: { method: 'PATCH', path: '/v1/webhooks/wh_1', body: { status: 'disabled' } },
		gets: [expect.objectContaining({ id: 'wh_1', status: 'disabled' })],
	},
	'webhook/delete': {
		parameters: { webhookId: byId(star('Webhook')) },
		says: { Webhook: 'wh_1' },
		asks: { method: 'DELETE', path: '/v1/webhooks/wh_1' },
		gets: [{ deleted: true }],
	},
};

/** n8n runs tools in two ways: as nodes of their own, or within its wrapper for LangChain, as MCP servers and agents within agents do, too. */
const AGENTS = [3.1, 2.2];

describe('the action as a tool of an AI Agent', () => {
	let stage: Stage;
	let model: ChatModel;
	let openAi: string;
	const workflows = new Map<string, string>();

	beforeAll(async () => {
		model = await startChatModel();
		stage = await setStage({ engine: 'publication' });
		openAi = await stage.n8n.createCredential('OpenAI', 'openAiApi', {
			apiKey: 'sk-test',
			url: model.url,
		});
	});
	afterAll(async () => {
		await stage?.dispose();
		await model?.stop();
	});
	beforeEach(() => {
		const { store } = stage.sandbox;
		store.testimonials = [low()];
		store.endpoints = [
			{ ...endpoint(), secret: 'whsec_', givenUp: 0 } as unknown as StoredEndpoint,
		];
		stage.sandbox.requests.length = 0;
		model.asked.length = 0;
	});
	afterEach(() => stage.sandbox.clearFaults());

	const low = (more: object = {}): Testimonial =>
		({
			...testimonial({
				id: 'tst_low',
				space_id: 'spc_courses',
				rating: 2,
				text: 'I expected more.',
				status: 'pending',
				published_at: null,
			}),
			author: { name: 'Mina Sato', title: 'Teacher', company: null, photo_url: null, social: null },
			...more,
		}) as unknown as Testimonial;

	/** A workflow in which an agent has one tool; made once. */
	async function agentWith(
		operation: string,
		parameters: object,
		version: number,
	): Promise<string> {
		const key = JSON.stringify([operation, parameters, version]);
		const made = workflows.get(key);
		if (made) return made;
		const [resource, name] = operation.split('/');
		const nodes: WorkflowNode[] = [
			{ name: 'Start', type: 'n8n-nodes-base.manualTrigger', typeVersion: 1 },
			{
				name: 'AI Agent',
				type: '@n8n/n8n-nodes-langchain.agent',
				typeVersion: version,
				parameters: { promptType: 'define', text: 'Do your work.' },
			},
			{
				name: 'Model',
				type: '@n8n/n8n-nodes-langchain.lmChatOpenAi',
				typeVersion: 1.3,
				parameters: { model: byId('gpt-5-mini'), responsesApiEnabled: version >= 3 },
				credentials: { openAiApi: { id: openAi, name: 'OpenAI' } },
			},
			{
				name: 'Testivora: the tool',
				type: 'n8n-nodes-testivora.testivoraTool',
				typeVersion: 1,
				parameters: { resource, operation: name, ...parameters },
				credentials: { testivoraApi: { id: stage.credential, name: 'Testivora' } },
			},
		];
		const into = (type: string) => ({ [type]: [[{ node: 'AI Agent', type, index: 0 }]] });
		const connections = {
			Start: into('main'),
			Model: into('ai_languageModel'),
			[nodes[3].name]: into('ai_tool'),
		};
		const id = await stage.n8n.createWorkflow({ name: operation, nodes, connections });
		workflows.set(key, id);
		return id;
	}

	/** Lets the model call the tool with these arguments. @returns what it was offered, and what it got back */
	async function call(
		operation: string,
		says: Record<string, unknown>,
		{
			version = AGENTS[0],
			parameters = OPERATIONS[operation].parameters,
		}: { version?: number; parameters?: object } = {},
	): Promise<{ tool: OfferedTool; got: string }> {
		model.replies.push([{ tool: 'Testivora_the_tool', arguments: says }], 'I am done.');
		const { status, error, items } = await stage.n8n.runManually(
			await agentWith(operation, parameters, version),
			'Start',
		);
		expect({ status, message: error?.message, left: model.replies.splice(0) }).toEqual({
			status: 'success',
			left: [],
		});
		expect(items['AI Agent'][0].json.output).toBe('I am done.');
		const [first, last] = model.asked as [Asked, Asked];
		expect(last.results).toHaveLength(1);
		return { tool: first.tools[0], got: last.results[0] };
	}

	const sent = () =>
		stage.sandbox.requests.map(({ method, path, query, body }) => ({
			method,
			path,
			query,
			body: body ?? undefined,
		}));

	describe.each(AGENTS)('version %s of the agent', (version) => {
		test.each(Object.entries(OPERATIONS))(
			'runs %s with what the model fills in',
			async (operation, { says, asks, gets }) => {
				const { tool, got } = await call(operation, says, { version });
				expect(JSON.parse(got)).toEqual(gets);
				expect(sent()).toMatchObject([asks]);
				if (asks.body) expect(sent()[0].body).toEqual(asks.body);
				if (asks.query) expect(sent()[0].query).toEqual(asks.query);
				expect(tool.name).toBe('Testivora_the_tool');
				expect(Object.keys(tool.parameters.properties).sort()).toEqual(Object.keys(says).sort());
			},
		);
	});

	describe('what the model is offered', () => {
		test.each([
			['testimonial/getAll', 'Get many testimonials in Testivora'],
			['testimonial/get', 'Get testimonial by ID in Testivora'],
			['testimonial/create', 'Create testimonial in Testivora'],
			['testimonial/approve', 'Approve testimonial in Testivora'],
			['testimonial/reject', 'Reject testimonial in Testivora'],
			['testimonial/update', 'Update testimonial content or status in Testivora'],
		])(
			'%s is a tool that says what it does, and of each argument what belongs into it',
			async (operation, description) => {
				const { parameters, says } = OPERATIONS[operation];
				const { tool } = await call(operation, says);
				expect(tool).toMatchObject({ name: 'Testivora_the_tool', description });
				const stars = [
					...JSON.stringify(parameters).matchAll(/\$fromAI\('(\w+)', `([^`]*)`, '(\w+)'\)/g),
				];
				expect(tool.parameters.properties).toEqual(
					Object.fromEntries(
						stars.map(([, key, text, type]) => [key, { type, ...(text && { description: text }) }]),
					),
				);
				expect([...tool.parameters.required!].sort()).toEqual(Object.keys(says).sort());
			},
		);

		test('is what its user wrote, where that is set', async () => {
			const parameters = {
				descriptionType: 'manual',
				toolDescription: 'Look up what somebody said.',
				testimonialId: byId(star('Testimonial')),
			};
			const { tool } = await call('testimonial/get', { Testimonial: 'tst_low' }, { parameters });
			expect(tool.description).toBe('Look up what somebody said.');
		});
	});

	describe('what the model gets back', () => {
		const GET = { testimonialId: byId(star('Testimonial')) };

		test('is JSON without anything that tells nothing', async () => {
			const { got } = await call(
				'testimonial/get',
				{ Testimonial: 'tst_low' },
				{ parameters: GET },
			);
			expect(got).toBe(
				'[{"id":"tst_low","status":"pending","rating":2,"text":"I expected more.",' +
					'"author":{"name":"Mina Sato","title":"Teacher"},"tags":["onboarding"],"featured":false,"created_at":"2026-06-03T00:59:50.000Z"}]',
			);
		});

		test('is no more than the fields that its user chose', async () => {
			const parameters = { ...GET, output: 'selectedFields', outputFields: ['text', 'space_id'] };
			const { got } = await call('testimonial/get', { Testimonial: 'tst_low' }, { parameters });
			expect(got).toBe('[{"text":"I expected more.","space_id":"spc_courses"}]');
		});

		test('is no longer than the limit says', async () => {
			stage.sandbox.store.testimonials = Array.from({ length: 120 }, (_, index) =>
				low({ id: `tst_${index}` }),
			);
			const ids = (got: string) => (JSON.parse(got) as Array<{ id: string }>).map(({ id }) => id);
			const parameters = { limit: number('Limit') };
			const { got } = await call('testimonial/getAll', { Limit: 5 }, { parameters });
			expect(ids(got)).toEqual(['tst_0', 'tst_1', 'tst_2', 'tst_3', 'tst_4']);
			expect(got.length).toBeLessThan(5 * 250);

			model.asked.length = 0;
			expect(ids((await call('testimonial/getAll', {}, { parameters })).got)).toHaveLength(50);
		});

		test.each(AGENTS)('is a sentence in place of an empty list (agent %s)', async (version) => {
			const { says } = OPERATIONS['testimonial/getAll'];
			const { got } = await call(
				'testimonial/getAll',
				{ ...says, Status: 'rejected' },
				{ version },
			);
			expect(got).toBe('[{"message":"Nothing in Testivora matches this"}]');
		});

		test('has waited out a rate limit', async () => {
			stage.sandbox.inject({
				method: 'GET',
				times: 2,
				status: 429,
				headers: { 'retry-after': '1' },
			});
			const begun = Date.now();
			const { got } = await call(
				'testimonial/get',
				{ Testimonial: 'tst_low' },
				{ parameters: GET },
			);
			expect(JSON.parse(got)).toMatchObject([{ id: 'tst_low' }]);
			expect(Date.now() - begun).toBeGreaterThan(2_000);
		});
	});

	describe('a call that cannot be done', () => {
		const { says } = OPERATIONS['testimonial/create'];
		const { Text: _text, ...withoutText } = says;

		test.each<[string, string, Record<string, unknown>, RegExp]>([
			[
				'a rating of 9',
				'create',
				{ ...says, Rating: 9 },
				/^Rating must be a whole number from 1 to 5\b.* Nothing was sent to Testivora/,
			],
			[
				'a text that is empty',
				'create',
				{ ...says, Text: '' },
				/^Text must not be empty\b.* Nothing was sent to Testivora/,
			],
			[
				'a text that is missing',
				'create',
				withoutText,
				/^Text must not be empty\b.* Nothing was sent to Testivora/,
			],
			[
				'an unknown space',
				'create',
				{ ...says, Space: 'Courses' },
				/^Testivora has nothing with this ID in your account\. .* Get Many\b.*No such space/,
			],
			[
				'an unknown status',
				'create',
				{ ...says, Status: 'published' },
				/^Testivora did not accept this: Unknown status "published"/,
			],
			[
				'an unknown testimonial',
				'get',
				{ Testimonial: 'tst_gone', Output: 'simplified' },
				/^Testivora has nothing with this ID in your account\. .* Get Many/,
			],
			['no testimonial', 'get', {}, /^Testimonial must be an ID\b/],
			[
				'an update of nothing',
				'update',
				{ Testimonial: 'tst_low', Author_Title: '', Status: '', Tags: '' },
				/^Add at least one field to update\b/,
			],
			[
				'dates the wrong way',
				'getAll',
				{ Created_After: 'soon' },
				/^Created After must be a date such as 2026-06-03\b/,
			],
		])(
			'for %s is told so that the model can mend it, and changes nothing',
			async (_what, operation, args, message) => {
				const { got } = await call(`testimonial/${operation}`, args);
				expect(JSON.parse(got)).toEqual([{ error: expect.stringMatching(message) }]);
				expect(stage.sandbox.testimonials()).toEqual([low()]);
			},
		);

		test('that may have been done all the same is not called undone', async () => {
			stage.sandbox.inject({ method: 'POST', status: 502 });
			stage.sandbox.inject({
				method: 'GET',
				status: 403,
				body: { error: { type: 'insufficient_scope', message: 'Write only.' } },
			});
			const { got } = await call('testimonial/create', says);
			expect(got).toContain(
				'It may have been created all the same: look in Testivora before you run this item again.',
			);
		});

		test('for what was deleted meanwhile is told, too, and the conversation goes on', async () => {
			const { parameters, says: webhook } = OPERATIONS['webhook/delete'];
			const again = [{ tool: 'Testivora_the_tool', arguments: webhook }];
			model.replies.push(again, again, 'It is gone.');
			const { items } = await stage.n8n.runManually(
				await agentWith('webhook/delete', parameters, AGENTS[0]),
				'Start',
			);
			expect(items['AI Agent'][0].json.output).toBe('It is gone.');
			const [first, second] = model.asked.at(-1)!.results;
			expect(first).toBe('[{"deleted":true}]');
			expect(second).toContain('Testivora has nothing with this ID in your account. ');
		});

		test.each(AGENTS)('is told so by version %s of the agent', async (version) => {
			const { got } = await call('testimonial/create', { ...says, Rating: 9 }, { version });
			expect(JSON.parse(got)).toEqual([
				expect.objectContaining({
					error: expect.stringContaining('Rating must be a whole number from 1 to 5'),
				}),
			]);
			expect(got).toContain('Nothing was sent to Testivora');
			expect(stage.sandbox.testimonials()).toEqual([low()]);
		});
	});

	describe('what models write', () => {
		const created = () => stage.sandbox.testimonials()[0];

		test.each<[Record<string, unknown>, object]>([
			[
				{ Rating: '5', Featured: 'true', Tags: ['onboarding', ' course '] },
				{ rating: 5, featured: true, tags: ['onboarding', 'course'] },
			],
			[
				{ Rating: '4.0', Featured: 'False', Tags: '["onboarding", "course"]' },
				{ rating: 4, featured: false, tags: ['onboarding', 'course'] },
			],
			[
				{ Rating: null, Featured: '', Tags: [] },
				{ rating: null, featured: false, tags: [] },
			],
			[
				{ Status: 'APPROVED', Invented: 'yes', id: 'tst_low', json: { rating: 1 } },
				{ status: 'approved', rating: 5 },
			],
		])('%j is understood', async (written, stored) => {
			const { got } = await call('testimonial/create', {
				...OPERATIONS['testimonial/create'].says,
				...written,
			});
			expect(JSON.parse(got)).toEqual([expect.objectContaining({ id: created().id })]);
			expect(created()).toMatchObject({
				text: 'Worth every minute.',
				author: { name: 'Ana' },
				...stored,
			});
			expect(stage.sandbox.testimonials()).toHaveLength(2);
		});

		test('several calls at once are each answered', async () => {
			const at = (Testimonial: string) => ({
				tool: 'Testivora_the_tool',
				arguments: { Testimonial },
			});
			stage.sandbox.store.testimonials.push(low({ id: 'tst_two' }));
			model.replies.push([at('tst_two'), at('tst_gone'), at('tst_low')], 'Read.');
			await stage.n8n.runManually(
				await agentWith('testimonial/get', { testimonialId: byId(star('Testimonial')) }, AGENTS[0]),
				'Start',
			);
			const [two, gone, one] = model.asked.at(-1)!.results.map((result) => JSON.parse(result)[0]);
			expect([two.id, gone.id, one.id]).toEqual(['tst_two', undefined, 'tst_low']);
			expect(gone.error).toContain('nothing with this ID');
		});
	});
});
