import { LAZY_ISOLATES } from '../../harness/n8n/isolates.mts';
import { chain } from '../../harness/n8n/client.mts';
import type { Execution, WorkflowNode } from '../../harness/n8n/client.mts';
import { freePorts } from '../../harness/n8n/launch.mts';
import { eventually, pause } from '../../harness/wait.mts';
import { byId } from '../../helpers/fixtures.mts';
import { startSandbox } from '../../sandbox/sandbox.mts';
import { actionNode, credentialData, newSecret, setStage } from '../../harness/stage.mts';
import type { Stage } from '../../harness/stage.mts';

/** The action node as a user runs it: from the packed package, in a real n8n, against the sandbox. */
describe('the action', () => {
	let stage: Stage;
	const credentials: Record<'usual' | 'unknown' | 'readOnly' | 'noApi', string> = {} as never;
	/** Keys and secrets, which must appear nowhere. */
	const secrets: string[] = [];
	const executionIds: string[] = [];

	beforeAll(async () => {
		stage = await setStage({
			engine: 'publication',
			env: { ...LAZY_ISOLATES, N8N_LOG_LEVEL: 'debug' },
		});
		const { apiKey, readOnlyKey, noApiKey } = stage.sandbox;
		const webhookSecret = newSecret();
		secrets.push(apiKey, readOnlyKey, noApiKey, webhookSecret);
		const keep = async (more: Record<string, unknown>) =>
			await stage.n8n.createCredential(
				'Testivora',
				'testivoraApi',
				credentialData(stage.sandbox, more),
			);
		credentials.usual = await keep({ webhookSecret });
		credentials.unknown = await keep({ apiKey: `tv_live_${'0'.repeat(32)}` });
		credentials.readOnly = await keep({ apiKey: readOnlyKey });
		credentials.noApi = await keep({ apiKey: noApiKey });
	});
	afterAll(() => stage?.dispose());
	afterEach(() => {
		stage.sandbox.clearFaults();
		Object.assign(stage.sandbox.options, {
			rateLimits: false,
			timeScale: 100,
			quota: Infinity,
			serverSecret: false,
			webhookApi: true,
		});
	});

	const START: WorkflowNode = {
		name: 'Start',
		type: 'n8n-nodes-base.manualTrigger',
		typeVersion: 1,
	};

	/**
	 * A Testivora node, named after its operation.
	 *
	 * @param settings of the node beside its parameters, such as `onError`
	 */
	function action(
		resource: string,
		operation: string,
		parameters: object = {},
		settings: object = {},
		credential = credentials.usual,
	): WorkflowNode {
		return {
			...actionNode(credential, { resource, operation, ...parameters }, `${operation} ${resource}`),
			...settings,
		};
	}

	/** Saves a chain of nodes that starts with these items. @returns the workflow's ID */
	async function save(input: object[], ...nodes: WorkflowNode[]): Promise<string> {
		return await stage.n8n.createWorkflow({
			name: nodes[0].name,
			nodes: [START, ...nodes],
			connections: chain(START.name, ...nodes.map(({ name }) => name)),
			pinData: { [START.name]: input.map((json) => ({ json })) },
		});
	}

	async function runSaved(id: string): Promise<Execution> {
		const execution = await stage.n8n.runManually(id, START.name);
		executionIds.push(execution.id);
		return execution;
	}

	/** Runs a chain of nodes on these items. */
	async function run(input: object[], ...nodes: WorkflowNode[]): Promise<Execution> {
		return await runSaved(await save(input, ...nodes));
	}

	const texts = (...all: string[]) => all.map((text) => ({ text }));
	const create = (settings: object = {}, credential?: string) =>
		action(
			'testimonial',
			'create',
			{ spaceId: byId('spc_courses'), text: '={{ $json.text }}', authorName: 'Ana' },
			settings,
			credential,
		);
	const CONTINUES = { onError: 'continueRegularOutput' };

	/** @returns a function that gives the requests to the sandbox since this call */
	const watch = () => {
		const from = stage.sandbox.requests.length;
		return () =>
			stage.sandbox.requests
				.slice(from)
				.map(({ method, path, status }) => `${method} ${path} ${status}`);
	};
	const stored = (text: string) =>
		stage.sandbox.testimonials().filter((testimonial) => testimonial.text === text).length;
	const item = (index: number) => ({ item: index });

	test('is known to n8n, as a node and as a tool for AI agents', async () => {
		const { body } = await stage.n8n.request<Array<{ name: string; displayName: string }>>(
			'GET',
			'/types/nodes.json',
		);
		const names = body
			.filter(({ name }) => name.startsWith('n8n-nodes-testivora.'))
			.map(({ name, displayName }) => [name, displayName]);
		expect(names).toEqual(
			expect.arrayContaining([
				['n8n-nodes-testivora.testivora', 'Testivora'],
				['n8n-nodes-testivora.testivoraTool', 'Testivora Tool'],
			]),
		);
	});

	describe('each operation', () => {
		test('the account, its spaces, and the walls of each', async () => {
			const { status, items } = await run(
				[{}],
				action('account', 'get'),
				action('space', 'getAll'),
				action('wall', 'getAll', { spaceId: byId('={{ $json.id }}'), returnAll: true }),
			);
			expect(status).toBe('success');
			expect(items['get account']).toEqual([
				{
					json: expect.objectContaining({ tier: 'Agency', api_access: true }),
					pairedItem: item(0),
				},
			]);
			expect(items['getAll space']).toEqual([
				{
					json: expect.objectContaining({ id: 'spc_courses', name: 'Online Courses' }),
					pairedItem: item(0),
				},
				{
					json: expect.objectContaining({ id: 'spc_coaching', name: 'Coaching' }),
					pairedItem: item(0),
				},
			]);
			expect(items['getAll wall']).toEqual([
				{
					json: expect.objectContaining({ id: 'wal_home', space_id: 'spc_courses' }),
					pairedItem: item(0),
				},
				{
					json: expect.objectContaining({ id: 'wal_prices', space_id: 'spc_coaching' }),
					pairedItem: item(1),
				},
			]);
		});

		test('testimonials are imported, read back, approved and listed, each paired with its input item', async () => {
			const seen = watch();
			const from = stage.sandbox.requests.length;
			const testimonialId = byId('={{ $json.id }}');
			const { error, items } = await run(
				[
					{ ref: 'A', text: 'First of two.', stars: '4', tags: ['import', 'course'] },
					{ ref: 'B', text: 'Second of two.', stars: 5, tags: 'import' },
				],
				action('testimonial', 'create', {
					spaceId: {
						__rl: true,
						mode: 'list',
						value: 'spc_coaching',
						cachedResultName: 'Coaching',
					},
					text: '={{ $json.text }}',
					authorName: '={{ "Author " + $json.ref }}',
					additionalFields: {
						authorCompany: 'Acme',
						authorPhotoUrl: 'https://example.com/a.jpg',
						authorSocial: 'https://example.com/a',
						authorTitle: 'Coach',
						featured: true,
						rating: '={{ $json.stars }}',
						status: 'pending',
						tags: '={{ $json.tags }}',
						type: 'text',
					},
				}),
				action('testimonial', 'get', { testimonialId, simplify: false }),
				action('testimonial', 'update', {
					testimonialId,
					updateFields: { status: 'approved', authorTitle: '' },
				}),
				{
					name: 'origin',
					type: 'n8n-nodes-base.set',
					typeVersion: 3.4,
					parameters: {
						mode: 'raw',
						jsonOutput: '={{ { id: $json.id, ref: $("Start").item.json.ref } }}',
					},
				},
				action(
					'testimonial',
					'getAll',
					{ filters: { tags: 'IMPORT', status: 'approved', minRating: 5 } },
					{ executeOnce: true },
				),
				action('testimonial', 'reject', { testimonialId }),
				action('testimonial', 'approve', { testimonialId }),
			);
			expect(error).toBeUndefined();

			const [a, b] = items['create testimonial'].map(({ json }) => json);
			expect(a).toMatchObject({
				space_id: 'spc_coaching',
				text: 'First of two.',
				rating: 4,
				tags: ['import', 'course'],
				status: 'pending',
				featured: true,
			});
			expect(b).toMatchObject({
				rating: 5,
				tags: ['import'],
				author: {
					name: 'Author B',
					title: 'Coach',
					company: 'Acme',
					social: 'https://example.com/a',
				},
			});
			expect(items['get testimonial']).toEqual([
				{ json: a, pairedItem: item(0) },
				{ json: b, pairedItem: item(1) },
			]);
			expect(items['update testimonial'][1]).toEqual({
				json: {
					...b,
					status: 'approved',
					published_at: expect.any(String),
					author: { ...b.author, title: '' },
				},
				pairedItem: item(1),
			});
			expect(items.origin.map(({ json }) => json)).toEqual([
				{ id: a.id, ref: 'A' },
				{ id: b.id, ref: 'B' },
			]);
			const {
				object: _object,
				space_id: _space,
				type: _type,
				...simple
			} = items['update testimonial'][1].json;
			expect(items['getAll testimonial']).toEqual([{ json: simple, pairedItem: item(0) }]);

			expect(items['reject testimonial'][0].json).toMatchObject({
				id: b.id,
				status: 'rejected',
				text: b.text,
			});
			expect(items['approve testimonial'][0].json).toMatchObject({
				id: b.id,
				status: 'approved',
				text: b.text,
			});
			expect(stage.sandbox.requests.slice(-2).map(({ body }) => body)).toEqual([
				{ status: 'rejected' },
				{ status: 'approved' },
			]);

			expect(seen()).toEqual([
				'POST /v1/testimonials 201',
				'POST /v1/testimonials 201',
				`GET /v1/testimonials/${a.id} 200`,
				`GET /v1/testimonials/${b.id} 200`,
				`PATCH /v1/testimonials/${a.id} 200`,
				`PATCH /v1/testimonials/${b.id} 200`,
				'GET /v1/testimonials 200',
				`PATCH /v1/testimonials/${b.id} 200`,
				`PATCH /v1/testimonials/${b.id} 200`,
			]);
			expect(stage.sandbox.requests[from + 4].body).toEqual({
				status: 'approved',
				author: { title: '' },
			});
			expect(stage.sandbox.requests[from + 6].query).toEqual({ status: 'approved', limit: '100' });
		});

		test.each([
			[{ returnAll: true }, 250, 3],
			[{ limit: 120 }, 120, 2],
			[{ limit: 3 }, 3, 1],
		])('a list with %j gives %i entries from %i pages', async (parameters, count, pageCount) => {
			const { store } = stage.sandbox;
			const spaces = store.spaces;
			store.spaces = Array.from({ length: 250 }, (_, index) => ({
				...spaces[0],
				id: `spc_${index}`,
			}));
			const seen = watch();
			const { items } = await run([{}], action('space', 'getAll', parameters));
			store.spaces = spaces;
			expect(items['getAll space'].map(({ json }) => json.id)).toEqual(
				Array.from({ length: count }, (_, index) => `spc_${index}`),
			);
			expect(seen()).toHaveLength(pageCount);
		});

		test.each([false, true])(
			'webhooks are created, paused, listed and deleted (secret made by Testivora: %s)',
			async (serverSecret) => {
				stage.sandbox.options.serverSecret = serverSecret;
				const secret = newSecret();
				const webhookId = byId('={{ $json.id }}');
				// The secret is in no answer, so it is read from the sandbox before the endpoint is deleted.
				let made = '';
				const watching = setInterval(
					() => (made = stage.sandbox.endpoints()[0]?.secret ?? made),
					5,
				);
				const { error, items } = await run(
					[{ url: 'https://example.com/hook' }],
					action('webhook', 'create', {
						url: '={{ $json.url }}',
						events: ['testimonial.approved', 'testimonial.deleted'],
						additionalFields: { secret },
					}),
					action('webhook', 'get', { webhookId }),
					action('webhook', 'update', { webhookId, updateFields: { status: 'disabled' } }),
					action('webhook', 'getAll', { filters: { status: 'disabled' } }),
					action('webhook', 'delete', { webhookId }),
				);
				clearInterval(watching);
				expect(error).toBeUndefined();
				expect(made === secret).toBe(!serverSecret);
				secrets.push(made);

				const [{ json: endpoint, pairedItem }] = items['create webhook'];
				expect(pairedItem).toEqual(item(0));
				expect(endpoint).toEqual({
					id: expect.stringMatching(/^wh_/),
					object: 'webhook',
					url: 'https://example.com/hook',
					status: 'active',
					events: ['testimonial.approved', 'testimonial.deleted'],
					created_at: expect.any(String),
					updated_at: expect.any(String),
				});
				expect(items['get webhook'][0].json).toEqual(endpoint);
				const paused = { ...endpoint, status: 'disabled', updated_at: expect.any(String) };
				expect(items['update webhook'][0].json).toEqual(paused);
				expect(items['getAll webhook'].map(({ json }) => json)).toEqual([paused]);
				expect(items['delete webhook']).toEqual([{ json: { deleted: true }, pairedItem: item(0) }]);
				expect(stage.sandbox.endpoints()).toEqual([]);
			},
		);
	});

	describe('faults and rate limits', () => {
		test('after a 429 an import waits and goes on, and creates each row once, in order', async () => {
			Object.assign(stage.sandbox.options, { rateLimits: true, timeScale: 1 });
			// On a slow machine, the limit refills faster than the import uses it up.
			stage.sandbox.inject({
				method: 'POST',
				path: '/v1/testimonials',
				status: 429,
				headers: { 'retry-after': '1' },
			});
			const seen = watch();
			const from = stage.sandbox.requests.length;
			const wanted = Array.from({ length: 62 }, (_, index) => `Imported ${index}`);
			const { status, items } = await run(texts(...wanted), create());
			expect(status).toBe('success');
			expect(
				items['create testimonial'].map(({ json, pairedItem }) => [json.text, pairedItem]),
			).toEqual(wanted.map((text, index) => [text, item(index)]));
			expect(wanted.map(stored)).toEqual(wanted.map(() => 1));
			expect(seen()).toContain('POST /v1/testimonials 429');
			const creates = stage.sandbox.requests.slice(from).filter(({ method }) => method === 'POST');
			const refused = creates.findIndex(({ status }) => status === 429);
			const waited = Date.parse(creates[refused + 1].at) - Date.parse(creates[refused].at);
			expect(waited).toBeGreaterThan(950);
		});

		test('a 5xx, a reset and half an answer are retried where nothing can happen twice', async () => {
			const { sandbox } = stage;
			const testimonial = sandbox.submit({ text: 'Change me.' });
			sandbox.inject({ method: 'GET', status: 503 });
			sandbox.inject({ method: 'GET', truncate: true });
			sandbox.inject({ method: 'PATCH', reset: true, handled: true });
			const { error, items } = await run(
				[{ id: testimonial.id }],
				action('testimonial', 'get', { testimonialId: byId('={{ $json.id }}') }),
				action('testimonial', 'update', {
					testimonialId: byId('={{ $json.id }}'),
					updateFields: { rating: 2 },
				}),
			);
			expect(error).toBeUndefined();
			expect(items['update testimonial'][0].json).toMatchObject({ id: testimonial.id, rating: 2 });
		});

		test('a 5xx that persists is reported after five tries', async () => {
			stage.sandbox.inject({ path: '/v1/account', status: 503, times: 100 });
			const seen = watch();
			const { status, error } = await run([{}], action('account', 'get'));
			expect(status).toBe('error');
			expect(error).toMatchObject({
				message: 'Testivora is not working at the moment (503)',
				description:
					'GET /v1/account was answered with 503: An injected fault. Try again in a few minutes.',
			});
			expect(seen()).toEqual(Array(5).fill('GET /v1/account 503'));
		});

		test.each([{}, CONTINUES])(
			'a create whose answer is lost is found or sent again, whatever the space had before (%j)',
			async (settings) => {
				const { sandbox } = stage;
				const old = sandbox.testimonials().length;
				const lost = [
					'Lost to 502',
					'Lost to a reset',
					'Lost in the middle',
					'Refused before',
					'Not lost',
					'Lost to 502',
				];
				const before = sandbox.submit({ text: 'Lost to 502', author: { name: 'Ana' } });
				// A testimonial younger than a minute might be a create whose text the API changed, and nothing would be sent again.
				for (const one of sandbox.testimonials())
					one.created_at = new Date(Date.parse(one.created_at) - 120_000).toISOString();
				sandbox.inject({ method: 'POST', status: 502, handled: true });
				sandbox.inject({ method: 'POST', reset: true, handled: true });
				sandbox.inject({ method: 'POST', truncate: true });
				sandbox.inject({ method: 'POST', status: 503 });
				const seen = watch();
				const { error, items } = await run(texts(...lost), create(settings));
				expect(error).toBeUndefined();
				expect(
					items['create testimonial'].map(({ json, pairedItem }) => [json.text, pairedItem]),
				).toEqual(lost.map((text, index) => [text, item(index)]));
				const ids = items['create testimonial'].map(({ json }) => json.id);
				expect(new Set([...ids, before.id]).size).toBe(7);
				const made = sandbox.testimonials().slice(0, -old);
				expect(made.map(({ id }) => id).sort()).toEqual([...ids, before.id].sort());
				expect(seen().filter((request) => request.startsWith('POST'))).toHaveLength(7);
			},
		);

		test('a create that may have arrived is not sent again, and its error says what to do', async () => {
			stage.sandbox.inject({ method: 'POST', reset: true });
			const seen = watch();
			const { items } = await run(texts('Lost before'), create(CONTINUES));
			expect(items['create testimonial'][0].json).toEqual({
				error: 'Testivora closed the connection before it had answered [item 1]',
				message: expect.stringContaining(
					'It may have been created all the same: look in Testivora before you run this item again.',
				),
			});
			expect(seen().filter((request) => request.startsWith('POST'))).toHaveLength(1);
			expect(stored('Lost before')).toBe(0);
		});

		test('a loop with Skip Existing reads the space once, and lets a testimonial stand for one row only', async () => {
			const { sandbox } = stage;
			sandbox.submit({ text: 'Looped', author: { name: 'Ana' } });
			for (const one of sandbox.testimonials())
				one.created_at = new Date(Date.parse(one.created_at) - 120_000).toISOString();
			const importing = action('testimonial', 'create', {
				spaceId: byId('spc_courses'),
				text: '={{ $json.text }}',
				authorName: 'Ana',
				options: { skipExisting: true },
			});
			const loop: WorkflowNode = {
				name: 'Loop Over Items',
				type: 'n8n-nodes-base.splitInBatches',
				typeVersion: 3,
				parameters: { batchSize: 1, options: {} },
			};
			const to = (node: string) => [{ node, type: 'main', index: 0 }];
			const id = await stage.n8n.createWorkflow({
				name: 'Loop',
				nodes: [START, loop, importing],
				connections: {
					[START.name]: { main: [to(loop.name)] },
					[loop.name]: { main: [[], to(importing.name)] },
					[importing.name]: { main: [to(loop.name)] },
				},
				pinData: { [START.name]: texts('Looped', 'Looped').map((json) => ({ json })) },
			});
			const seen = watch();
			const { runData } = await stage.n8n.runManually(id, START.name);
			const items = runData[importing.name].flatMap(({ data }: any) => data.main[0]);
			expect(items.map(({ json }: any) => [json.text, json.alreadyExisted])).toEqual([
				['Looped', true],
				['Looped', undefined],
			]);
			expect(stored('Looped')).toBe(2);
			const reads = seen().filter((request) => request.startsWith('GET'));
			// Each status that does not occur in the list is requested once more.
			expect(reads.length).toBeLessThanOrEqual(3);
			expect(seen().filter((request) => request.startsWith('POST'))).toHaveLength(1);
		});

		test('an import with Skip Existing can be run again by n8n’s Retry On Fail', async () => {
			const { sandbox } = stage;
			const wanted = ['Twice', 'Once', 'Twice', 'Last'];
			const refused = { error: { type: 'invalid_text', message: 'Not now.' } };
			// The first two tries fail at the third row; the next try skips what exists by then.
			const answers = [201, 201, 422, 422];
			for (const status of answers)
				sandbox.inject(
					status === 201
						? { method: 'POST', handled: true }
						: { method: 'POST', status, body: refused },
				);
			const importing = action(
				'testimonial',
				'create',
				{
					spaceId: byId('spc_courses'),
					text: '={{ $json.text }}',
					authorName: 'Ana',
					options: { skipExisting: true },
				},
				{ retryOnFail: true, maxTries: 4, waitBetweenTries: 0 },
			);
			const { error, items } = await run(texts(...wanted), importing);
			expect(error).toBeUndefined();
			expect(
				items['create testimonial'].map(({ json }) => [json.text, json.alreadyExisted]),
			).toEqual([
				['Twice', true],
				['Once', true],
				['Twice', undefined],
				['Last', undefined],
			]);
			expect(wanted.map(stored)).toEqual([2, 1, 2, 1]);
		});

		test('a create that did not arrive is sent again until it does', async () => {
			const { n8n, sandbox } = stage;
			/**
			 * Runs a create, and starts Testivora once it has begun.
			 *
			 * @returns whether Testivora was there too late for the first try, but not for all of them
			 */
			const play = async () => {
				const [port] = await freePorts(1);
				const credential = await n8n.createCredential(
					'Late',
					'testivoraApi',
					credentialData(sandbox, { baseUrl: `http://127.0.0.1:${port}` }),
				);
				const id = await save(texts('Better late than never'), create({}, credential));
				const running = runSaved(id);
				const hasBegun = async () =>
					(await n8n.listExecutions(id)).some(({ status }) => status !== 'new');
				await Promise.race([running, eventually(hasBegun, { what: 'the execution to begin' })]);
				// The node begins a moment later.
				await pause(1_000);
				const lateAt = Date.now();
				const late = await startSandbox({ port, seed: false });
				late.store.keys[0].key = sandbox.apiKey;
				const readyAt = Date.now();
				try {
					const { items, runData, stoppedAt } = await running;
					const [{ startTime }] = runData['create testimonial'];
					if (startTime >= lateAt || Date.parse(stoppedAt!) < readyAt) return false;
					expect(items['create testimonial'].map(({ json }) => json.text)).toEqual([
						'Better late than never',
					]);
					expect(late.testimonials()).toHaveLength(1);
					return true;
				} finally {
					await late.stop();
				}
			};
			// On a busy machine, the node may begin when Testivora is there, or give up before.
			let hasPlayed = false;
			for (let times = 0; times < 5 && !hasPlayed; times++) hasPlayed = await play();
			expect(hasPlayed).toBe(true);
		});

		test('an unreachable Testivora is reported as such', async () => {
			const [port] = await freePorts(1);
			const credential = await stage.n8n.createCredential(
				'Nowhere',
				'testivoraApi',
				credentialData(stage.sandbox, { baseUrl: `http://127.0.0.1:${port}` }),
			);
			const { error } = await run(texts('Nobody hears this'), create({}, credential));
			expect(error).toMatchObject({
				message: 'Testivora refused the connection',
				description: expect.stringContaining('Check the Base URL in the Testivora credential'),
			});
			expect(error!.description).not.toContain('may have been created');
		});
	});

	describe('the monthly quota', () => {
		const MESSAGE =
			/^The monthly quota of your Testivora plan is used up \(\d+ of \d+, Agency plan\)/;
		const REFUSED = expect.stringMatching(new RegExp(`${MESSAGE.source} \\[item 2\\]$`));
		const NOT_CREATED =
			'The monthly quota of your Testivora plan is used up: this item was not created';

		/** Leaves so many creates. */
		async function leave(creates: number): Promise<void> {
			const { sandbox } = stage;
			const answer = await fetch(`${sandbox.url}/v1/account`, {
				headers: { authorization: `Bearer ${sandbox.apiKey}` },
			});
			const { usage } = (await answer.json()) as { usage: { testimonials: { used: number } } };
			sandbox.options.quota = usage.testimonials.used + creates;
		}

		test('ends the run at the first create that is refused', async () => {
			await leave(1);
			const seen = watch();
			const { status, error } = await run(texts('Within', 'Beyond', 'Further beyond'), create());
			expect(status).toBe('error');
			expect(error).toMatchObject({
				message: REFUSED,
				description: expect.stringContaining(
					'Wait for the next month or upgrade the plan in Testivora.',
				),
			});
			expect(seen()).toEqual(['POST /v1/testimonials 201', 'POST /v1/testimonials 402']);
		});

		test('with On Error → Continue is reported for each item, and nothing more is sent', async () => {
			await leave(1);
			const seen = watch();
			const { status, items } = await run(texts('one', 'two', 'three', 'four'), create(CONTINUES));
			expect(status).toBe('success');
			expect(items['create testimonial']).toEqual([
				{ json: expect.objectContaining({ text: 'one' }), pairedItem: item(0) },
				{
					json: { error: REFUSED, message: expect.any(String) },
					pairedItem: item(1),
				},
				{
					json: {
						error: `${NOT_CREATED} [item 3]`,
						message: expect.stringContaining('then run this item again'),
					},
					pairedItem: item(2),
				},
				{
					json: { error: `${NOT_CREATED} [item 4]`, message: expect.any(String) },
					pairedItem: item(3),
				},
			]);
			expect(seen()).toEqual(['POST /v1/testimonials 201', 'POST /v1/testimonials 402']);
		});

		test('sends what was refused to the error output, with its input', async () => {
			await leave(1);
			const { runData } = await run(
				texts('good', 'refused', 'unsent'),
				create({ onError: 'continueErrorOutput' }),
			);
			const [good, failed] = runData['create testimonial'][0].data.main;
			expect(good.map(({ json }: any) => json.text)).toEqual(['good']);
			expect(
				failed.map(({ json, pairedItem }: any) => [json.text, json.error, pairedItem]),
			).toEqual([
				['refused', REFUSED, item(1)],
				['unsent', `${NOT_CREATED} [item 3]`, item(2)],
			]);
		});
	});

	describe('messages', () => {
		test('about fields name the label, the item and what is expected, and nothing is sent', async () => {
			const seen = watch();
			const input = [
				{ rating: 7 },
				{ text: ' ' },
				{ photo: 'no address' },
				{ author: '' },
				{ space: '' },
				{ space: '..' },
			];
			const { items } = await run(
				input,
				action(
					'testimonial',
					'create',
					{
						spaceId: byId('={{ $json.space ?? "spc_courses" }}'),
						text: '={{ $json.text ?? "Good." }}',
						authorName: '={{ $json.author ?? "Ana" }}',
						additionalFields: {
							rating: '={{ $json.rating }}',
							authorPhotoUrl: '={{ $json.photo }}',
						},
					},
					CONTINUES,
				),
				action(
					'testimonial',
					'update',
					{ testimonialId: byId('any'), updateFields: { text: '={{ $json.nothing }}' } },
					CONTINUES,
				),
			);
			expect(items['create testimonial'].map(({ json }) => json.error)).toEqual([
				'Rating must be a whole number from 1 to 5 [item 1]',
				'Text must not be empty [item 2]',
				'Author Photo URL must be a web address that begins with https:// [item 3]',
				'Author Name must not be empty [item 4]',
				'Space must not be empty [item 5]',
				'Space must be an ID, not a path [item 6]',
			]);
			expect(items['update testimonial'].map(({ json }) => json.error)).toEqual(
				input.map((_, index) => `Add at least one field to update [item ${index + 1}]`),
			);
			expect(seen()).toEqual([]);
		});

		test.each([
			[
				'unknown',
				'Testivora does not know this API key, or it was revoked',
				'Paste a key from Settings → API in Testivora',
			],
			['readOnly', 'This API key may only read', 'Create a key with the scopes "read" and "write"'],
			['noApi', 'Your Testivora plan does not include the API', 'Growth or the Agency plan'],
		] as const)('about a key (%s)', async (key, message, description) => {
			const { status, error } = await run(texts('Never stored'), create({}, credentials[key]));
			expect(status).toBe('error');
			expect(error).toMatchObject({ message, description: expect.stringContaining(description) });
			expect(stored('Never stored')).toBe(0);
		});

		test('about an unknown ID', async () => {
			const { items } = await run(
				[{ id: 'tst_gone/../x' }],
				action('testimonial', 'get', { testimonialId: byId('={{ $json.id }}') }, CONTINUES),
			);
			expect(items['get testimonial'][0].json).toMatchObject({
				error: 'Testivora has nothing with this ID in your account [item 1]',
				message: expect.stringContaining('Choose it from the list'),
			});
			expect(stage.sandbox.requests.at(-1)!.path).toBe('/v1/testimonials/tst_gone%2F..%2Fx');
		});

		test('about a webhook endpoint that the API does not delete, which is disabled instead', async () => {
			const { sandbox } = stage;
			const made = await fetch(`${sandbox.url}/v1/webhooks`, {
				method: 'POST',
				headers: { authorization: `Bearer ${sandbox.apiKey}`, 'content-type': 'application/json' },
				body: JSON.stringify({ url: 'https://example.com/kept', events: ['testimonial.created'] }),
			});
			const { id } = (await made.json()) as { id: string };
			const body = { error: { type: 'method_not_allowed', message: 'Not DELETE.' } };
			sandbox.inject({ method: 'DELETE', status: 405, body });
			const { error } = await run([{}], action('webhook', 'delete', { webhookId: byId(id) }));
			expect(error!.message).toBe(
				'Testivora does not let webhook endpoints be deleted through the API, so this one was disabled instead. Delete it in Testivora under Settings → Webhooks [item 1]',
			);
			expect(sandbox.endpoints().find((one) => one.id === id)).toMatchObject({
				status: 'disabled',
			});
			sandbox.store.endpoints = [];
		});

		test('about an account whose API has no webhooks', async () => {
			stage.sandbox.options.webhookApi = false;
			const { error } = await run([{}], action('webhook', 'getAll'));
			expect(error).toMatchObject({
				message:
					'The API of this Testivora account has no webhooks: manage them in Testivora under Settings → Webhooks [item 1]',
				description: 'Testivora Trigger works all the same: set its Webhook Setup to Manual.',
			});
		});
	});

	describe('the lists of resource locators', () => {
		async function search(method: string, filter?: string, credential?: string) {
			const path = {
				searchSpaces: 'spaceId',
				searchTestimonials: 'testimonialId',
				searchWebhooks: 'webhookId',
			}[method];
			return await stage.n8n.searchList(action('testimonial', 'create', {}, {}, credential), {
				method,
				path: `parameters.${path}`,
				filter,
			});
		}

		test('show all entries, those that match, or none', async () => {
			const { sandbox } = stage;
			const url = 'https://example.com/listed';
			const made = await fetch(`${sandbox.url}/v1/webhooks`, {
				method: 'POST',
				headers: { authorization: `Bearer ${sandbox.apiKey}`, 'content-type': 'application/json' },
				body: JSON.stringify({ url, events: ['testimonial.created'], status: 'disabled' }),
			});
			const { id } = (await made.json()) as { id: string };
			const spaces = [
				{ name: 'Online Courses', value: 'spc_courses' },
				{ name: 'Coaching', value: 'spc_coaching' },
			];
			const baker = sandbox.testimonials().find(({ author }) => author.name === 'Tom Baker')!;
			for (const [method, filter, results] of [
				['searchSpaces', undefined, spaces],
				['searchSpaces', 'COURS', [spaces[0]]],
				['searchSpaces', 'nothing like it', []],
				[
					'searchTestimonials',
					'to the point',
					[{ name: 'Tom Baker (approved): "Clear, kind and to the point."', value: baker.id }],
				],
				['searchTestimonials', 'nothing like it', []],
				['searchWebhooks', 'listed', [{ name: `${url} (disabled)`, value: id }]],
				['searchWebhooks', 'nothing like it', []],
			] as const) {
				expect({ method, filter, ...(await search(method, filter)) }).toEqual({
					method,
					filter,
					status: 200,
					body: { data: { results } },
				});
			}
		});

		test('say what happened and what to do', async () => {
			const unknown = await search('searchSpaces', undefined, credentials.unknown);
			expect(unknown).toMatchObject({
				status: 500,
				body: {
					message: 'Testivora does not know this API key, or it was revoked',
					description: expect.stringContaining('Paste a key from Settings → API in Testivora'),
				},
			});
			stage.sandbox.options.webhookApi = 405;
			expect((await search('searchWebhooks')).body).toMatchObject({
				message:
					'The API of this Testivora account has no webhooks: manage them in Testivora under Settings → Webhooks',
			});
		});
	});

	test('no key or secret is in the executions of these runs, nor in n8n’s debug log', async () => {
		const left = [stage.n8n.log()];
		for (const id of executionIds) {
			const { body } = await stage.n8n.request('GET', `/rest/executions/${id}`);
			left.push(body.data.data);
		}
		expect(left.length).toBeGreaterThan(20);
		expect(secrets.filter((secret) => left.some((text) => text.includes(secret)))).toEqual([]);
	});
});
