import { sign } from '../../sandbox/signature.mts';
import { IsolateCounter, LAZY_ISOLATES } from '../../harness/n8n/isolates.mts';
import { eventually, pause } from '../../harness/wait.mts';
import {
	credentialData,
	deliver,
	eventOf,
	goLive,
	newSecret,
	NODE,
	post,
	setStage,
	triggerWorkflow,
} from '../../harness/stage.mts';
import type { Answered, Stage } from '../../harness/stage.mts';

declare const engine: 'publication' | 'legacy';

const DELIVERIES = 8;

/** A delivery's isolate costs more than all the rest of it: nothing that the trigger does may make n8n build one more than it must. */
describe.each([
	// One for the webhook and one for the execution is what n8n takes for every trigger but its own Webhook node.
	{ name: 'by default', env: {}, webhook: 1, execution: 1 },
	{ name: 'with lazy isolates', env: LAZY_ISOLATES, webhook: 0, execution: 0 },
])('isolates that n8n builds for a delivery, $name', ({ env, webhook, execution }) => {
	let stage: Stage;
	let isolates: IsolateCounter;

	beforeAll(async () => {
		isolates = new IsolateCounter();
		stage = await setStage({ engine, env: { ...isolates.env, ...env } });
	});
	afterAll(async () => {
		await stage?.dispose();
		isolates?.dispose();
	});

	/** Isolates built for each delivery, to the nearest whole number: n8n's pool may be one ahead, and a credential be read once a second. */
	const builtFor = async (send: () => Promise<Answered>, expected: object) => {
		const before = await settled();
		for (let times = 0; times < DELIVERIES; times++) expect(await send()).toMatchObject(expected);
		return Math.round(((await settled()) - before) / DELIVERIES);
	};

	/** The count once nothing adds to it: n8n fills its pool, and executes, after it has answered. */
	const settled = async () =>
		await eventually(
			async () => {
				const before = isolates.count;
				const executions = await stage.n8n.countExecutions();
				await pause(300);
				return (
					isolates.count === before && !executions.running && !executions.new && { count: before }
				);
			},
			{ timeout: 60_000, what: 'the end of all executions' },
		).then(({ count }) => count);

	test.each(['automatic', 'manual'])(
		'accepted, duplicate, ignored and refused deliveries, %s set-up',
		async (setup) => {
			const workflow = await triggerWorkflow(stage, { setup, filters: { minRating: 4 } });
			const secret = newSecret();
			if (setup === 'manual')
				await stage.n8n.updateCredential(
					stage.credential,
					credentialData(stage.sandbox, { webhookSecret: secret }),
				);
			const at =
				setup === 'manual'
					? { url: await publishedByHand(workflow), secret }
					: await goLive(stage, workflow);
			const known = eventOf();
			const staleTime = { timestamp: Math.floor(Date.now() / 1000) - 3600 };
			// What is read once is read now: code, and a credential.
			await deliver(at.url, known, at.secret);

			expect({
				accepted: await builtFor(() => deliver(at.url, eventOf(), at.secret), {
					status: 200,
					body: { event: expect.any(String) },
				}),
				duplicate: await builtFor(() => deliver(at.url, known, at.secret), {
					status: 200,
					body: { duplicate: true },
				}),
				ignored: await builtFor(
					() => deliver(at.url, eventOf({ event: 'testimonial.deleted' }), at.secret),
					{ status: 200, body: { ignored: true } },
				),
				filtered: await builtFor(
					() => deliver(at.url, eventOf({ data: { id: 'tst_1', rating: 1 } }), at.secret),
					{ status: 200, body: { ignored: true } },
				),
				forged: await builtFor(() => deliver(at.url, eventOf(), newSecret()), { status: 401 }),
				stale: await builtFor(() => deliver(at.url, eventOf(), at.secret, staleTime), {
					status: 401,
				}),
				unsigned: await builtFor(() => post(at.url, JSON.stringify(eventOf()), {}), {
					status: 401,
				}),
				malformed: await builtFor(
					() => post(at.url, JSON.stringify(eventOf()), { 'testivora-signature': 'v1=' }),
					{ status: 401 },
				),
				noEvent: await builtFor(() => post(at.url, '{}', sign('{}', at.secret)), { status: 400 }),
			}).toEqual({
				accepted: webhook + execution,
				duplicate: webhook,
				ignored: webhook,
				filtered: webhook,
				forged: webhook,
				stale: webhook,
				unsigned: webhook,
				malformed: webhook,
				noEvent: webhook,
			});
			await stage.n8n.deactivate(workflow);
		},
	);

	test('expressions in a workflow that has them where no field takes one today go on working', async () => {
		const workflow = await triggerWorkflow(stage, {
			simplify: '={{ 1 > 2 }}',
			options: { deduplicate: '={{ 1 > 2 }}', tolerance: '={{ 60 * 60 }}' },
		});
		const { url, secret } = await goLive(stage, workflow);
		const event = eventOf();
		const earlier = { timestamp: Math.floor(Date.now() / 1000) - 3500 };
		for (let times = 0; times < 2; times++)
			expect(await deliver(url, event, secret, earlier)).toMatchObject({
				status: 200,
				body: { received: true },
			});
		const executions = await stage.n8n.waitForExecutions(workflow, 2);
		expect(executions.map(({ items }) => items[NODE].map(({ json }) => json))).toEqual([
			[event],
			[event],
		]);
		expect((await deliver(url, event, secret, { timestamp: earlier.timestamp - 600 })).status).toBe(
			401,
		);
		await stage.n8n.deactivate(workflow);
	});

	const publishedByHand = async (workflow: string) => {
		await stage.n8n.activate(workflow);
		await stage.n8n.publication(workflow);
		return await stage.n8n.webhookUrl(workflow, NODE);
	};
});
