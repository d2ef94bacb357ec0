import { startChatModel } from '../../helpers/chatModel.mts';
import type { Asked, ChatModel, OfferedTool } from '../../helpers/chatModel.mts';
import { byId, endpoint, testimonial } from '../../helpers/fixtures.mts';
import type { StoredEndpoint, Testimonial } from '../../sandbox/store.mts';
import type { WorkflowNode } from '../../harness/n8n/client.mts';
import { setStage } from '../../harness/stage.mts';
import type { Stage } from '../../harness/stage.mts';

/** The expression that the star button in the editor puts into a field, with the user's text for Description. */
const star = (label: string, description = '', type: 'string' | 'number' | 'boolean' = 'string') =>
	`={{ /*n8n-auto-generated-fromAI-override*/ $fromAI('${label.replaceAll(' ', '_')}', \`${description}\`, '${type}') }}`;
const number = (label: string, description?: string) => star(label, description, 'number');
const boolean = (label: string, description?: string) => star(label, description, 'boolean');

interface Sent {
	method: string;
	path: string;
	query?: object;
	body?: object;
}

/** One operation as a tool: the fields that the model fills in, the arguments that it sends, the request that follows, and the output. */
interface Case {
	parameters: Record<string, unknown>;
	args: Record<string, unknown>;
	sends: Sent;
	/** The requests after the first. */
	thenSends?: Sent[];
	returns: unknown[];
}

const OPERATIONS: Record<string, Case> = {
	'account/get': {
		parameters: {},
		args: {},
		sends: { method: 'GET', path: '/v1/account' },
		returns: [expect.objectContaining({ tier: 'Agency' })],
	},
	'space/getAll': {
		parameters: { returnAll: boolean('Return All'), limit: number('Limit') },
		args: { Return_All: false, Limit: 1 },
		sends: { method: 'GET', path: '/v1/spaces', query: { limit: '1' } },
		returns: [expect.objectContaining({ id: 'spc_courses', name: 'Online Courses' })],
	},
	'wall/getAll': {
		parameters: { spaceId: byId(star('Space')), limit: number('Limit') },
		args: { Space: 'spc_coaching', Limit: 5 },
		sends: { method: 'GET', path: '/v1/walls', query: { space_id: 'spc_coaching', limit: '100' } },
		returns: [expect.objectContaining({ id: 'wal_prices' })],
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
		args: {
			Space: 'spc_courses',
			Text: 'Worth every minute.',
			Author_Name: 'Ana',
			Author_Company: '',
			Featured: false,
			Rating: 5,
			Status: 'Pending',
			Tags: 'onboarding, course',
		},
		sends: {
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
		returns: [
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
		args: { Testimonial: 'tst_low', Output: 'simplified' },
		sends: { method: 'GET', path: '/v1/testimonials/tst_low' },
		returns: [expect.objectContaining({ id: 'tst_low', text: 'I expected more.' })],
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
		args: {
			Space: '',
			Limit: 10,
			Created_After: '2026-06-01',
			Featured: false,
			Minimum_Rating: 1,
			Status: '',
			Tags: '',
			Types: 'Text',
		},
		sends: { method: 'GET', path: '/v1/testimonials', query: { limit: '100' } },
		// The list has a pending one only.
		thenSends: ['approved', 'rejected'].map((status) => ({
			method: 'GET',
			path: '/v1/testimonials',
			query: { limit: '100', status },
		})),
		returns: [expect.objectContaining({ id: 'tst_low' })],
	},
	'testimonial/approve': {
		parameters: { testimonialId: byId(star('Testimonial', 'ID of the testimonial')) },
		args: { Testimonial: 'tst_low' },
		sends: { method: 'PATCH', path: '/v1/testimonials/tst_low', body: { status: 'approved' } },
		returns: [expect.objectContaining({ id: 'tst_low', status: 'approved' })],
	},
	'testimonial/reject': {
		parameters: { testimonialId: byId(star('Testimonial', 'ID of the testimonial')) },
		args: { Testimonial: 'tst_low' },
		sends: { method: 'PATCH', path: '/v1/testimonials/tst_low', body: { status: 'rejected' } },
		returns: [expect.objectContaining({ id: 'tst_low', status: 'rejected' })],
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
		args: { Testimonial: 'tst_low', Author_Title: '', Status: 'rejected', Tags: '' },
		sends: { method: 'PATCH', path: '/v1/testimonials/tst_low', body: { status: 'rejected' } },
		returns: [
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
		args: {
			URL: 'https://example.com/new',
			Events: 'testimonial.created, testimonial.approved',
			Status: 'disabled',
		},
		sends: {
			method: 'POST',
			path: '/v1/webhooks',
			body: {
				url: 'https://example.com/new',
				events: ['testimonial.created', 'testimonial.approved'],
				status: 'disabled',
			},
		},
		returns: [expect.objectContaining({ url: 'https://example.com/new' })],
	},
	'webhook/get': {
		parameters: { webhookId: byId(star('Webhook')) },
		args: { Webhook: 'wh_1' },
		sends: { method: 'GET', path: '/v1/webhooks/wh_1' },
		returns: [expect.objectContaining({ id: 'wh_1' })],
	},
	'webhook/getAll': {
		parameters: { limit: number('Limit'), filters: { status: star('Status') } },
		args: { Limit: 3, Status: 'active' },
		sends: { method: 'GET', path: '/v1/webhooks', query: { limit: '100', status: 'active' } },
		returns: [expect.objectContaining({ id: 'wh_1' })],
	},
	'webhook/update': {
		parameters: {
			webhookId: byId(star('Webhook')),
			updateFields: { status: star('Status'), url: star('URL') },
		},
		args: { Webhook: 'wh_1', Status: 'disabled', URL: '' },
		sends: { method: 'PATCH', path: '/v1/webhooks/wh_1', body: { status: 'disabled' } },
		returns: [expect.objectContaining({ id: 'wh_1', status: 'disabled' })],
	},
	'webhook/delete': {
		parameters: { webhookId: byId(star('Webhook')) },
		args: { Webhook: 'wh_1' },
		sends: { method: 'DELETE', path: '/v1/webhooks/wh_1' },
		returns: [{ deleted: true }],
	},
};

/** Versions of the AI Agent. n8n runs tools as nodes (3.1), or in its wrapper for LangChain (2.2), as MCP servers and nested agents do. */
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

	/** A workflow with an agent that has one tool; created once and reused. */
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

	/** Lets the model call the tool with these arguments. @returns the tool as it was described to the model, and its result */
	async function call(
		operation: string,
		args: Record<string, unknown>,
		{
			version = AGENTS[0],
			parameters = OPERATIONS[operation].parameters,
		}: { version?: number; parameters?: object } = {},
	): Promise<{ tool: OfferedTool; got: string }> {
		model.replies.push([{ tool: 'Testivora_the_tool', arguments: args }], 'I am done.');
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
			'runs %s with the arguments of the model',
			async (operation, { args, sends, thenSends = [], returns }) => {
				const { tool, got } = await call(operation, args, { version });
				expect(JSON.parse(got)).toEqual(returns);
				expect(sent()).toMatchObject([sends, ...thenSends]);
				if (sends.body) expect(sent()[0].body).toEqual(sends.body);
				if (sends.query) expect(sent()[0].query).toEqual(sends.query);
				expect(tool.name).toBe('Testivora_the_tool');
				expect(Object.keys(tool.parameters.properties).sort()).toEqual(Object.keys(args).sort());
			},
		);
	});

	describe('the tool as it is described to the model', () => {
		test.each([
			['testimonial/getAll', 'Get many testimonials in Testivora'],
			['testimonial/get', 'Get testimonial by ID in Testivora'],
			['testimonial/create', 'Create testimonial in Testivora'],
			['testimonial/approve', 'Approve testimonial in Testivora'],
			['testimonial/reject', 'Reject testimonial in Testivora'],
			['testimonial/update', 'Update testimonial content or status in Testivora'],
		])('%s is described as a whole and for each argument', async (operation, description) => {
			const { parameters, args } = OPERATIONS[operation];
			const { tool } = await call(operation, args);
			expect(tool).toMatchObject({ name: 'Testivora_the_tool', description });
			const stars = [
				...JSON.stringify(parameters).matchAll(/\$fromAI\('(\w+)', `([^`]*)`, '(\w+)'\)/g),
			];
			expect(tool.parameters.properties).toEqual(
				Object.fromEntries(
					stars.map(([, key, text, type]) => [key, { type, ...(text && { description: text }) }]),
				),
			);
			expect([...tool.parameters.required!].sort()).toEqual(Object.keys(args).sort());
		});

		test('has the description that the user wrote', async () => {
			const parameters = {
				descriptionType: 'manual',
				toolDescription: 'Look up what somebody said.',
				testimonialId: byId(star('Testimonial')),
			};
			const { tool } = await call('testimonial/get', { Testimonial: 'tst_low' }, { parameters });
			expect(tool.description).toBe('Look up what somebody said.');
		});
	});

	describe('the result', () => {
		const GET = { testimonialId: byId(star('Testimonial')) };

		test('is JSON without empty fields', async () => {
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

		test('has only the fields that the user chose', async () => {
			const parameters = { ...GET, output: 'selectedFields', outputFields: ['text', 'space_id'] };
			const { got } = await call('testimonial/get', { Testimonial: 'tst_low' }, { parameters });
			expect(got).toBe('[{"text":"I expected more.","space_id":"spc_courses"}]');
		});

		test('respects the limit', async () => {
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

		test.each(AGENTS)('is a sentence instead of an empty list (agent %s)', async (version) => {
			const { args } = OPERATIONS['testimonial/getAll'];
			const { got } = await call(
				'testimonial/getAll',
				{ ...args, Status: 'rejected' },
				{ version },
			);
			expect(got).toBe('[{"message":"Nothing in Testivora matches this"}]');
		});

		test('comes after a rate limit was waited out', async () => {
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

	describe('a call that fails', () => {
		const { args: valid } = OPERATIONS['testimonial/create'];
		const { Text: _text, ...withoutText } = valid;

		test.each<[string, string, Record<string, unknown>, RegExp]>([
			[
				'a rating of 9',
				'create',
				{ ...valid, Rating: 9 },
				/^Rating must be a whole number from 1 to 5\b.* Nothing was sent to Testivora/,
			],
			[
				'a text that is empty',
				'create',
				{ ...valid, Text: '' },
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
				{ ...valid, Space: 'Courses' },
				/^Testivora has nothing with this ID in your account\. .* Get Many\b.*No such space/,
			],
			[
				'an unknown status',
				'create',
				{ ...valid, Status: 'published' },
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
			'because of %s tells the model what to correct, and changes nothing',
			async (_what, operation, args, message) => {
				const { got } = await call(`testimonial/${operation}`, args);
				expect(JSON.parse(got)).toEqual([{ error: expect.stringMatching(message) }]);
				expect(stage.sandbox.testimonials()).toEqual([low()]);
			},
		);

		test('that may have created the testimonial says so', async () => {
			stage.sandbox.inject({ method: 'POST', status: 502 });
			stage.sandbox.inject({
				method: 'GET',
				status: 403,
				body: { error: { type: 'insufficient_scope', message: 'Write only.' } },
			});
			const { got } = await call('testimonial/create', valid);
			expect(got).toContain(
				'It may have been created all the same: look in Testivora before you run this item again.',
			);
		});

		test('because the webhook was deleted meanwhile tells the model so, and the conversation continues', async () => {
			const { parameters, args: webhook } = OPERATIONS['webhook/delete'];
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

		test.each(AGENTS)('reaches the model in version %s of the agent', async (version) => {
			const { got } = await call('testimonial/create', { ...valid, Rating: 9 }, { version });
			expect(JSON.parse(got)).toEqual([
				expect.objectContaining({
					error: expect.stringContaining('Rating must be a whole number from 1 to 5'),
				}),
			]);
			expect(got).toContain('Nothing was sent to Testivora');
			expect(stage.sandbox.testimonials()).toEqual([low()]);
		});
	});

	describe('arguments as models write them', () => {
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
		])('%j is accepted', async (written, stored) => {
			const { got } = await call('testimonial/create', {
				...OPERATIONS['testimonial/create'].args,
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

		test('several calls at once each get their result', async () => {
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
