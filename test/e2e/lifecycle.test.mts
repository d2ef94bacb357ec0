import { chain } from '../harness/n8n/client.mts';
import { eventually } from '../harness/wait.mts';
import {
	credentialData,
	deliver,
	endpointAt,
	eventOf,
	goLive,
	newSecret,
	NODE,
	noEndpoint,
	otherAccount,
	refusedActivation,
	setStage,
	storedEndpoint,
	takeDown,
	triggerNode,
	triggerWorkflow,
} from '../harness/stage.mts';
import type { Stage } from '../harness/stage.mts';
import type { SandboxOptions } from '../sandbox/sandbox.mts';

declare const engine: 'publication' | 'legacy';

/** What n8n does with a workflow, the faults of Testivora meanwhile, and the endpoints that may exist there already. */
describe(`lifecycle under the ${engine} engine`, () => {
	let stage: Stage;

	beforeAll(async () => {
		stage = await setStage({ engine });
	});
	afterAll(() => stage?.dispose());
	beforeEach(async () => {
		// Where the test before failed.
		if (stage.n8n.pid === undefined) await stage.n8n.start();
		stage.sandbox.clearFaults();
		Object.assign(stage.sandbox.options, { serverSecret: false, pageSizeCap: 100 });
		stage.sandbox.endpoints().length = 0;
		await stage.sandbox.idle();
	});

	/** Sends an event, signed as Testivora would sign it now. */
	const send = async (url: string, event: object = eventOf()) =>
		await deliver(url, event, endpointAt(stage, url)!.secret);

	/** Waits until a delivery is accepted. */
	const accepts = async (url: string) =>
		await eventually(async () => (await send(url)).status === 200, {
			what: `an accepted delivery to ${url}`,
		});

	/** Publishes what was changed in a workflow that is published already. */
	const republish = async (id: string) => {
		await stage.n8n.activate(id);
		await stage.n8n.publication(id);
	};

	/**
	 * Unpublishes a workflow and waits until n8n has done so. The publication engine keeps one task for a workflow that it has not begun:
	 * publishing before that would replace the task, and nothing would change.
	 */
	const unpublish = async (id: string) => {
		const answer = await stage.n8n.deactivate(id);
		await stage.n8n.publication(id);
		return answer;
	};

	test('publishing registers one endpoint, and unpublishing deletes it', async () => {
		const id = await triggerWorkflow(stage, {
			events: ['testimonial.created', 'testimonial.approved'],
		});
		const endpoint = await goLive(stage, id);
		expect(endpoint).toMatchObject({
			status: 'active',
			events: ['testimonial.created', 'testimonial.approved'],
		});
		expect(endpoint.secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);

		const testimonial = stage.sandbox.submit({ text: 'One run, please.' });
		await stage.sandbox.idle();
		const [execution] = await stage.n8n.waitForExecutions(id, 1);
		expect(execution.items[NODE]).toEqual([
			expect.objectContaining({
				json: expect.objectContaining({ id: testimonial.id, text: 'One run, please.' }),
			}),
		]);
		expect(stage.sandbox.deliveries.at(-1)).toMatchObject({ status: 200, attempt: 1 });

		await takeDown(stage, id, endpoint.url);
		await eventually(
			async () => (await deliver(endpoint.url, eventOf(), endpoint.secret)).status === 404,
			{ what: 'the webhook to be gone' },
		);
	});

	test('republishing, a changed parameter and a renamed node each leave exactly one endpoint that works', async () => {
		const id = await triggerWorkflow(stage);
		const { url } = await goLive(stage, id);

		await republish(id);
		await eventually(() => endpointAt(stage, url), { what: 'the endpoint' });
		expect((await send(url)).status).toBe(200);

		await stage.n8n.updateParameters(id, NODE, { events: ['testimonial.approved'] });
		await republish(id);
		await eventually(() => endpointAt(stage, url)?.events.join() === 'testimonial.approved', {
			what: 'the endpoint with its new events',
		});
		expect(stage.sandbox.endpoints()).toHaveLength(1);
		const event = eventOf({ event: 'testimonial.approved' });
		expect((await send(url, event)).body).toEqual({ received: true, event: event.id });
		await stage.n8n.waitForExecutions(id, 2);

		const { nodes } = await stage.n8n.workflow(id);
		await stage.n8n.updateWorkflow(id, {
			nodes: nodes.map((node) => ({ ...node, name: 'Renamed Trigger' })),
			connections: chain('Renamed Trigger'),
		});
		await republish(id);
		await eventually(() => endpointAt(stage, url), { what: 'the endpoint of the renamed node' });
		expect(stage.sandbox.endpoints()).toHaveLength(1);
		// The event IDs that were remembered under the old name are still known.
		const again = await eventually(
			async () => {
				const answer = await send(url, { ...event, attempt: 2 });
				return answer.status === 200 && answer;
			},
			{ what: 'a delivery to the renamed node' },
		);
		expect(again.body).toMatchObject({ duplicate: true });

		await takeDown(stage, id, url);
	});

	test('a restart while Testivora fails, and a crash, change nothing at Testivora; accepted events are known after both', async () => {
		const id = await triggerWorkflow(stage);
		const { id: endpointId, url, secret } = await goLive(stage, id);
		const event = eventOf();
		expect((await deliver(url, event, secret)).status).toBe(200);
		await stage.n8n.waitForExecutions(id, 1);
		const since = stage.sandbox.requests.length;

		for (const end of ['stop', 'kill'] as const) {
			if (end === 'stop')
				stage.sandbox.inject({ path: /^\/v1\/webhooks/, status: 503, times: Infinity });
			await stage.n8n[end]();
			await stage.n8n.start();
			const answer = await eventually(
				async () => {
					const given = await deliver(url, { ...event, attempt: 2 }, secret);
					return given.status !== 404 && given;
				},
				{ what: `a delivery after ${end} and start` },
			);
			expect(answer).toMatchObject({ status: 200, body: { duplicate: true } });
			stage.sandbox.clearFaults();
		}
		const changes = stage.sandbox.requests
			.slice(since)
			.filter(({ method, path }) => path.startsWith('/v1/webhooks') && method !== 'GET');
		expect(changes).toEqual([]);
		expect(endpointAt(stage, url)).toMatchObject({ id: endpointId, status: 'active' });
		expect(await stage.n8n.countExecutions(id)).toEqual({ success: 1 });

		await takeDown(stage, id, url);
	});

	test('a test run has an endpoint of its own and leaves that of production alone', async () => {
		const id = await triggerWorkflow(stage);
		const production = { ...(await goLive(stage, id)) };
		const testUrl = await stage.n8n.testWebhookUrl(id, NODE);
		const listen = async () => {
			await stage.n8n.listen(id, NODE);
			return endpointAt(stage, testUrl)!;
		};

		const test = await listen();
		expect(test.secret).not.toBe(production.secret);
		expect(endpointAt(stage, production.url)).toEqual(production);
		expect((await deliver(testUrl, eventOf(), production.secret)).status).toBe(401);
		expect((await deliver(production.url, eventOf(), test.secret)).status).toBe(401);

		const event = eventOf();
		const received = { received: true, event: event.id };
		expect((await deliver(testUrl, event, test.secret)).body).toEqual(received);
		await noEndpoint(stage, testUrl);
		expect((await deliver(production.url, event, production.secret)).body).toEqual(received);
		const executions = await stage.n8n.waitForExecutions(id, 2);
		expect(executions.map(({ mode }) => mode).sort()).toEqual(['manual', 'webhook']);

		// A test run does not know the events of an earlier one: whoever tests may send the same event again.
		const second = await listen();
		expect((await deliver(testUrl, event, second.secret)).body).toEqual(received);
		await noEndpoint(stage, testUrl);

		await listen();
		await stage.n8n.stopListening(id);
		await noEndpoint(stage, testUrl);
		expect(endpointAt(stage, production.url)).toEqual(production);
		await takeDown(stage, id, production.url);
	});

	describe('a registration that fails', () => {
		/** The other engine tries each five times within 15 s; one code is enough there. */
		const codes = engine === 'legacy' ? ([404, 405, 501] as const) : ([404] as const);
		interface Refused {
			account: Stage;
			workflow: string;
			url: string;
			message: string;
		}
		const refused: Record<string, Refused> = {};

		beforeAll(async () => {
			const refuse = async (name: string, options: SandboxOptions, baseUrl?: string) => {
				const account = await otherAccount(stage, options);
				if (baseUrl !== undefined) {
					const data = credentialData(account.sandbox, { baseUrl });
					await stage.n8n.updateCredential(account.credential, data);
				}
				account.sandbox.inject({
					method: 'POST',
					path: '/v1/webhooks',
					status: 422,
					body: { error: { type: 'invalid_url', message: 'No such host.' } },
					times: Infinity,
				});
				const workflow = await triggerWorkflow(account);
				const url = await stage.n8n.webhookUrl(workflow, NODE);
				const message = await refusedActivation(account, workflow);
				refused[name] = { account, workflow, url, message };
			};
			// At once, as n8n's tries take their time.
			await Promise.all([
				refuse('refused', {}),
				refuse('https', {}, 'https://testivora.invalid'),
				...codes.map((code) => refuse(`no webhook API, ${code}`, { webhookApi: code })),
			]);
		});
		afterAll(async () => {
			for (const { account } of Object.values(refused)) await account.dispose();
		});

		test('is shown to the user with Testivora’s reason, leaves no endpoint, and works once Testivora accepts it', async () => {
			const { account, workflow, url, message } = refused.refused;
			expect(message).toContain('No such host');
			expect(account.sandbox.endpoints()).toEqual([]);

			account.sandbox.clearFaults();
			await unpublish(workflow);
			await goLive(account, workflow);
			await takeDown(account, workflow, url);
		});

		test.each(codes)(
			'because the webhook API answers %i: the message names the manual setup and the URL',
			async (code) => {
				const { workflow, url, message } = refused[`no webhook API, ${code}`];
				expect(message).toContain('Manual');
				expect(message).toContain(url);
				expect((await stage.n8n.deactivate(workflow)).status).toBe(200);
			},
		);

		test('because a public Testivora cannot reach this n8n: the message names WEBHOOK_URL, and nothing is sent', async () => {
			const { account, workflow, message } = refused.https;
			expect(message).toContain('WEBHOOK_URL');
			expect(account.sandbox.requests).toEqual([]);
			await stage.n8n.deactivate(workflow);
		});
	});

	test.each([
		['reset', { reset: true }],
		['500', { status: 500 }],
		['cut short', { truncate: true }],
	])(
		'a registration that is carried out, but whose answer is %s, ends with one endpoint that works',
		async (_name, fault) => {
			const id = await triggerWorkflow(stage);
			stage.sandbox.inject({ method: 'POST', path: '/v1/webhooks', handled: true, ...fault });
			const { url } = await goLive(stage, id);
			expect(stage.sandbox.endpoints()).toHaveLength(1);
			expect((await send(url)).status).toBe(200);
			await takeDown(stage, id, url);
		},
	);

	test('a deletion that fails at first is retried', async () => {
		const id = await triggerWorkflow(stage);
		const { url } = await goLive(stage, id);
		stage.sandbox.inject({ method: 'DELETE', status: 503, times: 2 });
		expect((await stage.n8n.deactivate(id)).status).toBe(200);
		await noEndpoint(stage, url);
	});

	test('after somebody deleted the endpoint at Testivora, unpublishing succeeds and publishing registers a new one', async () => {
		const id = await triggerWorkflow(stage);
		const { id: first, url } = await goLive(stage, id);
		stage.sandbox.endpoints().length = 0;
		expect((await unpublish(id)).status).toBe(200);
		expect((await goLive(stage, id)).id).not.toBe(first);
		expect((await send(url)).status).toBe(200);
		await takeDown(stage, id, url);
	});

	test('an endpoint that was changed at Testivora is repaired', async () => {
		const id = await triggerWorkflow(stage);
		const endpoint = await goLive(stage, id);
		Object.assign(endpoint, {
			status: 'disabled',
			events: ['testimonial.deleted'],
			secret: 'whsec_Y2hhbmdlZGNoYW5nZWRjaGFuZ2Vk',
		});
		// The publication engine does nothing where nothing changed in the workflow.
		await stage.n8n.updateParameters(id, NODE, { simplify: false });
		await republish(id);
		await eventually(
			() => {
				const one = endpointAt(stage, endpoint.url);
				return one?.status === 'active' && one.events.join() === 'testimonial.created';
			},
			{ what: 'the repaired endpoint' },
		);
		expect(stage.sandbox.endpoints()).toHaveLength(1);
		await accepts(endpoint.url);
		await takeDown(stage, id, endpoint.url);
	});

	test('an endpoint that already has this URL is taken over, on whatever page of the list; a second one is deleted', async () => {
		const id = await triggerWorkflow(stage);
		const url = await stage.n8n.webhookUrl(id, NODE);
		stage.sandbox.options.pageSizeCap = 2;
		const others = [1, 2, 3, 4, 5].map((index) =>
			storedEndpoint({ id: `wh_other${index}`, url: `https://elsewhere.example.com/${index}` }),
		);
		const ours = storedEndpoint({ id: 'wh_ours', url, status: 'disabled' });
		const oldSecret = ours.secret;
		const second = storedEndpoint({ id: 'wh_second', url });
		stage.sandbox.endpoints().push(...others, ours, second);

		await goLive(stage, id);
		await eventually(() => ours.status === 'active' && stage.sandbox.endpoints().length === 6, {
			what: 'the endpoint to be taken over',
		});
		expect(endpointAt(stage, url)).toMatchObject({
			id: 'wh_ours',
			events: ['testimonial.created'],
		});
		await accepts(url);
		expect((await deliver(url, eventOf(), oldSecret)).status).toBe(401);
		await takeDown(stage, id, url);
		expect(stage.sandbox.endpoints()).toEqual(others);
	});

	test('a secret that Testivora generated is replaced by the derived one', async () => {
		stage.sandbox.options.serverSecret = true;
		const id = await triggerWorkflow(stage);
		const endpoint = await goLive(stage, id);
		const sent = [...stage.sandbox.requests]
			.reverse()
			.find(({ method, path }) => method === 'POST' && path === '/v1/webhooks');
		await eventually(() => endpoint.secret === (sent?.body as { secret: string }).secret, {
			what: 'the derived secret',
		});
		stage.sandbox.submit();
		await stage.sandbox.idle();
		expect(stage.sandbox.deliveries.at(-1)).toMatchObject({ status: 200 });
		await stage.n8n.waitForExecutions(id, 1);
		await takeDown(stage, id, endpoint.url);
	});

	test('the manual setup sends no requests, and verifies with the secrets of the credential', async () => {
		const [older, newer] = [
			'whsec_b2xkZXJvbGRlcm9sZGVyb2xkZXI=',
			'whsec_bmV3ZXJuZXdlcm5ld2VybmV3ZXI=',
		];
		const credential = await stage.n8n.createCredential(
			'By hand',
			'testivoraApi',
			credentialData(stage.sandbox, { webhookSecret: `${older}, ${newer}` }),
		);
		const id = await triggerWorkflow({ ...stage, credential }, { setup: 'manual' });
		const url = await stage.n8n.webhookUrl(id, NODE);
		const byHand = storedEndpoint({ url, secret: newer });
		stage.sandbox.endpoints().push(byHand);
		const since = stage.sandbox.requests.length;

		await stage.n8n.activate(id);
		expect(await stage.n8n.publication(id)).toMatchObject({ status: 'published' });
		stage.sandbox.submit();
		await stage.sandbox.idle();
		expect((await deliver(url, eventOf(), older)).status).toBe(200);
		await stage.n8n.waitForExecutions(id, 2);
		expect((await deliver(url, eventOf(), 'whsec_c29tZW9uZSBlbHNlIGVudGlyZWx5')).status).toBe(401);

		await stage.n8n.deactivate(id);
		await eventually(async () => (await deliver(url, eventOf(), newer)).status === 404, {
			what: 'the webhook to be gone',
		});
		// n8n removes the path after it has run the trigger's delete method.
		expect(stage.sandbox.requests.slice(since)).toEqual([]);
		expect(stage.sandbox.endpoints()).toEqual([byHand]);
	});

	test('a change from automatic to manual deletes the endpoint that was registered, and leaves the one that the user added', async () => {
		const secret = newSecret();
		const credential = await stage.n8n.createCredential(
			'Changed to manual',
			'testivoraApi',
			credentialData(stage.sandbox, { webhookSecret: secret }),
		);
		const id = await triggerWorkflow({ ...stage, credential });
		const { url, ...registered } = await goLive(stage, id);
		const byHand = storedEndpoint({ url, secret });
		stage.sandbox.endpoints().push(byHand);
		await stage.n8n.updateParameters(id, NODE, { setup: 'manual' });
		await republish(id);
		await eventually(
			() => !stage.sandbox.endpoints().some((endpoint) => endpoint.id === registered.id),
			{ what: 'the registered endpoint to be deleted' },
		);
		await eventually(async () => (await deliver(url, eventOf(), secret)).status === 200, {
			what: 'the changed workflow',
		});
		await stage.n8n.deactivate(id);
		await eventually(async () => (await deliver(url, eventOf(), secret)).status === 404, {
			what: 'the webhook to be gone',
		});
		expect(stage.sandbox.endpoints()).toEqual([byHand]);
		stage.sandbox.endpoints().length = 0;
	});

	test('two triggers in one workflow have an endpoint each', async () => {
		const id = await stage.n8n.createWorkflow({
			name: 'Two triggers',
			nodes: [
				triggerNode(stage.credential, {}, 'One'),
				triggerNode(stage.credential, { events: ['testimonial.deleted'] }, 'Two'),
			],
			connections: {},
		});
		const one = await goLive(stage, id, 'One');
		const two = await goLive(stage, id, 'Two');
		expect((await deliver(one.url, eventOf(), two.secret)).status).toBe(401);
		const testimonial = stage.sandbox.submit();
		stage.sandbox.remove(testimonial.id);
		await stage.sandbox.idle();
		const executions = await stage.n8n.waitForExecutions(id, 2);
		expect(executions.map(({ items }) => Object.keys(items)[0]).sort()).toEqual(['One', 'Two']);
		await stage.n8n.deactivate(id);
		await noEndpoint(stage, one.url);
		await noEndpoint(stage, two.url);
	});
});
