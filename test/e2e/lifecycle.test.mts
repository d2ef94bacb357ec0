import { chain } from '../harness/n8n/client.mts';
import { eventually, pause } from '../harness/wait.mts';
import {
	deliver,
	endpointAt,
	eventOf,
	goLive,
	NODE,
	noEndpoint,
	setStage,
	triggerNode,
	triggerWorkflow,
} from '../harness/stage.mts';
import type { Stage } from '../harness/stage.mts';

declare const engine: 'publication' | 'legacy';

/** Every row of n8n's lifecycle table, and what may stand at Testivora when one of them begins. */
describe(`lifecycle under the ${engine} engine`, () => {
	let stage: Stage;

	beforeAll(async () => {
		stage = await setStage({ engine });
	});
	afterAll(() => stage?.dispose());
	afterEach(async () => {
		stage.sandbox.clearFaults();
		Object.assign(stage.sandbox.options, {
			serverSecret: false,
			webhookApi: true,
			pageSizeCap: 100,
		});
		await stage.sandbox.idle();
	});

	/** Requests that change endpoints, since a point in the log. */
	const changes = (since: number) =>
		stage.sandbox.requests
			.slice(since)
			.filter(({ method, path }) => path.startsWith('/v1/webhooks') && method !== 'GET');

	const runs = async (id: string) => (await stage.n8n.countExecutions(id)).success ?? 0;

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

		await stage.n8n.deactivate(id);
		await noEndpoint(stage, endpoint.url);
		expect((await deliver(endpoint.url, eventOf(), endpoint.secret)).status).toBe(404);
	});

	test('publishing again, a changed parameter and a new name each leave exactly one endpoint that works', async () => {
		const id = await triggerWorkflow(stage);
		const first = await goLive(stage, id);

		await stage.n8n.activate(id);
		await stage.n8n.publication(id);
		await eventually(() => endpointAt(stage, first.url), { what: 'the endpoint' });
		expect((await deliver(first.url, eventOf(), endpointAt(stage, first.url)!.secret)).status).toBe(
			200,
		);

		await stage.n8n.updateParameters(id, NODE, { events: ['testimonial.approved'] });
		await stage.n8n.activate(id);
		await stage.n8n.publication(id);
		const changed = await eventually(
			() =>
				stage.sandbox
					.endpoints()
					.find(({ url, events }) => url === first.url && events.join() === 'testimonial.approved'),
			{ what: 'the endpoint with its new events' },
		);
		expect(stage.sandbox.endpoints().filter(({ url }) => url === first.url)).toHaveLength(1);

		const event = eventOf({ event: 'testimonial.approved' });
		expect((await deliver(changed.url, event, changed.secret)).body).toEqual({
			received: true,
			event: event.id,
		});
		await stage.n8n.waitForExecutions(id, 2);

		const workflow = await stage.n8n.workflow(id);
		await stage.n8n.updateWorkflow(id, {
			nodes: workflow.nodes.map((node) => ({ ...node, name: 'Renamed Trigger' })),
			connections: chain('Renamed Trigger'),
		});
		await stage.n8n.activate(id);
		await stage.n8n.publication(id);
		const renamed = await eventually(() => endpointAt(stage, first.url), {
			what: 'the endpoint after the new name',
		});
		expect(stage.sandbox.endpoints().filter(({ url }) => url === first.url)).toHaveLength(1);
		// What was accepted under the old name is still known.
		const again = await eventually(
			async () => {
				const answer = await deliver(
					renamed.url,
					{ ...event, attempt: 2 },
					endpointAt(stage, first.url)!.secret,
				);
				return answer.status === 200 && answer;
			},
			{ what: 'a delivery after the new name' },
		);
		expect(again.body).toMatchObject({ duplicate: true });

		await stage.n8n.deactivate(id);
		await noEndpoint(stage, first.url);
	});

	test('a restart and a crash change nothing at Testivora, and what was accepted is known after both', async () => {
		const id = await triggerWorkflow(stage);
		const endpoint = await goLive(stage, id);
		const event = eventOf();
		expect((await deliver(endpoint.url, event, endpoint.secret)).status).toBe(200);
		await stage.n8n.waitForExecutions(id, 1);
		const mark = stage.sandbox.requests.length;

		for (const end of ['stop', 'kill'] as const) {
			await stage.n8n[end]();
			await stage.n8n.start();
			const answer = await eventually(
				async () => {
					const given = await deliver(endpoint.url, { ...event, attempt: 2 }, endpoint.secret);
					return given.status !== 404 && given;
				},
				{ what: 'the webhook after a restart' },
			);
			expect(answer).toMatchObject({ status: 200, body: { duplicate: true } });
		}
		expect(changes(mark)).toEqual([]);
		expect(await runs(id)).toBe(1);

		await stage.n8n.deactivate(id);
		await noEndpoint(stage, endpoint.url);
	});

	test('a restart while Testivora does not work keeps the endpoint', async () => {
		const id = await triggerWorkflow(stage);
		const endpoint = await goLive(stage, id);
		stage.sandbox.inject({ path: /^\/v1\/webhooks/, status: 503, times: 1000 });
		await stage.n8n.restart();
		await eventually(
			async () => (await deliver(endpoint.url, eventOf(), endpoint.secret)).status === 200,
			{
				timeout: 40_000,
				what: 'a delivery after the restart',
			},
		);
		expect(endpointAt(stage, endpoint.url)).toMatchObject({ id: endpoint.id, status: 'active' });

		stage.sandbox.clearFaults();
		await stage.n8n.deactivate(id);
		await noEndpoint(stage, endpoint.url);
	});

	test('a test run stands beside production, and neither touches the other', async () => {
		const id = await triggerWorkflow(stage);
		const production = await goLive(stage, id);
		const secret = production.secret;

		await stage.n8n.listen(id, NODE);
		const testUrl = await stage.n8n.testWebhookUrl(id, NODE);
		const test = await eventually(() => endpointAt(stage, testUrl), { what: 'the test endpoint' });
		expect(test.secret).not.toBe(secret);
		expect(endpointAt(stage, production.url)).toMatchObject({ id: production.id, secret });
		expect((await deliver(testUrl, eventOf(), secret)).status).toBe(401);
		expect((await deliver(production.url, eventOf(), test.secret)).status).toBe(401);

		const event = eventOf();
		expect((await deliver(testUrl, event, test.secret)).status).toBe(200);
		await noEndpoint(stage, testUrl);
		expect((await deliver(production.url, event, secret)).body).toEqual({
			received: true,
			event: event.id,
		});
		const executions = await stage.n8n.waitForExecutions(id, 2);
		expect(executions.map(({ mode }) => mode).sort()).toEqual(['manual', 'webhook']);

		// The same event once more, in a test of its own: a person who tests sends the same thing twice.
		await stage.n8n.listen(id, NODE);
		const second = await eventually(() => endpointAt(stage, testUrl), {
			what: 'the second test endpoint',
		});
		expect((await deliver(testUrl, event, second.secret)).body).toEqual({
			received: true,
			event: event.id,
		});
		await noEndpoint(stage, testUrl);

		await stage.n8n.listen(id, NODE);
		await stage.n8n.stopListening(id);
		await noEndpoint(stage, testUrl);
		expect(endpointAt(stage, production.url)).toMatchObject({
			id: production.id,
			secret,
			status: 'active',
		});
		await stage.n8n.deactivate(id);
		await noEndpoint(stage, production.url);
	});

	test('a registration that fails is told in words, tried again, and leaves nothing behind', async () => {
		const id = await triggerWorkflow(stage);
		const url = await stage.n8n.webhookUrl(id, NODE);
		stage.sandbox.inject({
			method: 'POST',
			path: '/v1/webhooks',
			status: 422,
			body: { error: { type: 'invalid_url', message: 'No such host.' } },
			times: 1000,
		});
		const answer = await stage.n8n.activate(id);
		if (engine === 'legacy') {
			expect(answer.status).toBe(400);
			expect(JSON.stringify(answer.body)).toContain('No such host');
		} else {
			const status = await stage.n8n.publication(id);
			expect(status.triggers[0].errorMessage).toContain('No such host');
		}
		expect(endpointAt(stage, url)).toBeUndefined();

		stage.sandbox.clearFaults();
		await stage.n8n.deactivate(id);
		const endpoint = await goLive(stage, id);
		await stage.n8n.deactivate(id);
		await noEndpoint(stage, endpoint.url);
	});

	test.each([
		['reset', { reset: true }],
		['answered with 500', { status: 500 }],
		['cut in the middle', { truncate: true }],
	])(
		'a registration that is carried out but whose answer is %s ends with one endpoint that works',
		async (_name, fault) => {
			const id = await triggerWorkflow(stage);
			stage.sandbox.inject({ method: 'POST', path: '/v1/webhooks', handled: true, ...fault });
			const endpoint = await goLive(stage, id);
			expect(stage.sandbox.endpoints().filter(({ url }) => url === endpoint.url)).toHaveLength(1);
			expect(
				(await deliver(endpoint.url, eventOf(), endpointAt(stage, endpoint.url)!.secret)).status,
			).toBe(200);
			await stage.n8n.deactivate(id);
			await noEndpoint(stage, endpoint.url);
		},
	);

	test('a deletion that fails at first is tried again', async () => {
		const id = await triggerWorkflow(stage);
		const endpoint = await goLive(stage, id);
		stage.sandbox.inject({ method: 'DELETE', status: 503, times: 2 });
		expect((await stage.n8n.deactivate(id)).status).toBe(200);
		await noEndpoint(stage, endpoint.url);
	});

	test('an endpoint that was deleted at Testivora is no obstacle, and the next activation makes a new one', async () => {
		const id = await triggerWorkflow(stage);
		const endpoint = await goLive(stage, id);
		stage.sandbox.endpoints().length = 0;
		expect((await stage.n8n.deactivate(id)).status).toBe(200);
		const next = await goLive(stage, id);
		expect(next.id).not.toBe(endpoint.id);
		expect((await deliver(next.url, eventOf(), next.secret)).status).toBe(200);
		await stage.n8n.deactivate(id);
		await noEndpoint(stage, next.url);
	});

	test('drift at Testivora is repaired: status, events, URL and secret', async () => {
		const id = await triggerWorkflow(stage);
		const endpoint = await goLive(stage, id);
		Object.assign(endpoint, { status: 'disabled', events: ['testimonial.deleted'] });
		if (engine === 'publication') {
			// Publishing again does nothing there when nothing changed; n8n acts once a parameter did.
			await stage.n8n.updateParameters(id, NODE, { simplify: false });
		}
		await stage.n8n.activate(id);
		await stage.n8n.publication(id);
		const repaired = await eventually(
			() => {
				const one = endpointAt(stage, endpoint.url);
				return one?.status === 'active' && one.events.join() === 'testimonial.created' && one;
			},
			{ what: 'the repaired endpoint' },
		);
		expect(stage.sandbox.endpoints().filter(({ url }) => url === endpoint.url)).toHaveLength(1);
		await eventually(
			async () =>
				(await deliver(repaired.url, eventOf(), endpointAt(stage, repaired.url)!.secret)).status ===
				200,
		);
		await stage.n8n.deactivate(id);
		await noEndpoint(stage, endpoint.url);
	});

	test('an endpoint with this URL is taken over, wherever in the list it stands; a second one is deleted', async () => {
		const id = await triggerWorkflow(stage);
		const url = await stage.n8n.webhookUrl(id, NODE);
		const stranger = (index: number) => ({
			id: `wh_stranger${index}`,
			object: 'webhook' as const,
			url: `https://elsewhere.example.com/${index}`,
			status: 'active',
			events: ['testimonial.created'],
			created_at: '',
			updated_at: '',
			secret: 'whsec_c3RyYW5nZXJzdHJhbmdlcnN0cmFuZ2Vy',
			givenUp: 0,
		});
		stage.sandbox.options.pageSizeCap = 2;
		stage.sandbox.endpoints().push(...[1, 2, 3, 4, 5].map(stranger));
		stage.sandbox
			.endpoints()
			.push(
				{ ...stranger(6), id: 'wh_ours', url, status: 'disabled' },
				{ ...stranger(7), id: 'wh_double', url },
			);

		const endpoint = await goLive(stage, id);
		await eventually(() => endpoint.status === 'active' && stage.sandbox.endpoints().length === 6, {
			what: 'the take-over',
		});
		expect(endpointAt(stage, url)).toMatchObject({
			id: 'wh_ours',
			events: ['testimonial.created'],
		});
		await eventually(
			async () => (await deliver(url, eventOf(), endpointAt(stage, url)!.secret)).status === 200,
		);
		expect((await deliver(url, eventOf(), stranger(6).secret)).status).toBe(401);
		await stage.n8n.deactivate(id);
		await noEndpoint(stage, url);
		expect(stage.sandbox.endpoints()).toHaveLength(5);
		stage.sandbox.endpoints().length = 0;
	});

	test('a secret that Testivora makes itself is replaced by the derived one', async () => {
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
		await stage.n8n.deactivate(id);
		await noEndpoint(stage, endpoint.url);
	});

	// The other engine tries each five times within 15 s; one code is enough there.
	test.each(engine === 'legacy' ? ([404, 405, 501] as const) : ([404] as const))(
		'an account whose webhook API answers %i is sent to the manual set-up, with the URL',
		async (code) => {
			stage.sandbox.options.webhookApi = code;
			const id = await triggerWorkflow(stage);
			const url = await stage.n8n.webhookUrl(id, NODE);
			const answer = await stage.n8n.activate(id);
			const told =
				engine === 'legacy'
					? JSON.stringify(answer.body)
					: (await stage.n8n.publication(id)).triggers[0].errorMessage;
			expect(told).toContain('Manual');
			expect(told).toContain(url);
			expect((await stage.n8n.deactivate(id)).status).toBe(200);
		},
	);

	test('the manual set-up registers nothing, touches nothing, and verifies with the secrets of the credential', async () => {
		const [older, newer] = [
			'whsec_b2xkZXJvbGRlcm9sZGVyb2xkZXI=',
			'whsec_bmV3ZXJuZXdlcm5ld2VybmV3ZXI=',
		];
		const credential = await stage.n8n.createCredential('By hand', 'testivoraApi', {
			apiKey: stage.sandbox.apiKey,
			baseUrl: stage.sandbox.url,
			webhookSecret: `${older}, ${newer}`,
		});
		const id = await triggerWorkflow({ ...stage, credential }, { setup: 'manual' });
		const url = await stage.n8n.webhookUrl(id, NODE);
		const byHand = {
			id: 'wh_hand',
			object: 'webhook' as const,
			url,
			status: 'active',
			events: ['testimonial.created'],
			created_at: '',
			updated_at: '',
			secret: newer,
			givenUp: 0,
		};
		stage.sandbox.endpoints().push(byHand);
		const mark = stage.sandbox.requests.length;

		await stage.n8n.activate(id);
		expect(await stage.n8n.publication(id)).toMatchObject({ status: 'published' });
		stage.sandbox.submit();
		await stage.sandbox.idle();
		expect((await deliver(url, eventOf(), older)).status).toBe(200);
		await stage.n8n.waitForExecutions(id, 2);
		expect((await deliver(url, eventOf(), 'whsec_c29tZW9uZSBlbHNlIGVudGlyZWx5')).status).toBe(401);

		await stage.n8n.deactivate(id);
		await pause(500);
		expect(stage.sandbox.requests.slice(mark)).toEqual([]);
		expect(stage.sandbox.endpoints()).toContain(byHand);
		stage.sandbox.endpoints().length = 0;
	});

	test('a change from automatic to manual deletes the endpoint that was registered', async () => {
		const id = await triggerWorkflow(stage);
		const endpoint = await goLive(stage, id);
		await stage.n8n.updateParameters(id, NODE, { setup: 'manual' });
		await stage.n8n.activate(id);
		await stage.n8n.publication(id);
		await noEndpoint(stage, endpoint.url);
		await stage.n8n.deactivate(id);
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

	test('a public Testivora is never given an address that it cannot reach', async () => {
		const credential = await stage.n8n.createCredential('Public', 'testivoraApi', {
			apiKey: stage.sandbox.apiKey,
			baseUrl: stage.sandbox.url.replace('http:', 'https:'),
			webhookSecret: '',
		});
		const id = await triggerWorkflow({ ...stage, credential });
		const mark = stage.sandbox.requests.length;
		const answer = await stage.n8n.activate(id);
		const told =
			engine === 'legacy'
				? JSON.stringify(answer.body)
				: (await stage.n8n.publication(id)).triggers[0].errorMessage;
		expect(told).toContain('WEBHOOK_URL');
		expect(stage.sandbox.requests).toHaveLength(mark);
		await stage.n8n.deactivate(id);
	});
});
