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

/** Building an isolate costs more than the rest of a delivery, so the trigger must not cause more than the unavoidable ones. */
describe.each([
	// For every trigger but its own Webhook node, n8n builds one for the webhook and one for the execution.
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
		await isolates?.dispose();
	});

	/** The number of isolates when it was last counted. */
	let counted: number;

	/**
	 * Isolates per delivery. n8n's pool may be one ahead, before and after.
	 *
	 * @param mayRead the trigger may read the credential, which also builds an isolate, but at most once a second: those reads do not count
	 */
	const builtFor = async (send: () => Promise<Answered>, expected: object, mayRead = false) => {
		const [before, since] = [counted, Date.now()];
		for (let times = 0; times < DELIVERIES; times++) expect(await send()).toMatchObject(expected);
		const reads = mayRead ? Math.ceil((Date.now() - since) / 1000) : 0;
		await settled();
		const beyond = counted - before - webhook * DELIVERIES;
		const unexplained = beyond > 0 ? Math.max(0, beyond - reads) : beyond;
		const each = Math.round(unexplained / DELIVERIES);
		expect(Math.abs(unexplained - each * DELIVERIES)).toBeLessThanOrEqual(2);
		return webhook + each;
	};

	/** Waits until no more isolates are built: n8n refills its pool, and executes, after it has answered. */
	const settled = async () => {
		await stage.n8n.noExecutionRuns();
		await eventually(
			async () => {
				counted = isolates.count;
				await pause(300);
				return isolates.count === counted;
			},
			{ every: 0, what: 'n8n to build no more isolates' },
		);
	};

	test.each(['automatic', 'manual'])(
		'accepted, duplicate, ignored and refused deliveries, %s setup',
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
			// The first delivery loads code and reads the credential.
			expect((await deliver(at.url, known, at.secret)).status).toBe(200);
			await settled();

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
				forged: await builtFor(
					() => deliver(at.url, eventOf(), newSecret()),
					{ status: 401 },
					true,
				),
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

	test('a saved workflow may have expressions in fields that no longer accept them', async () => {
		const workflow = await triggerWorkflow(stage, {
			simplify: '={{ 1 > 2 }}',
			options: { deduplicate: '={{ 1 > 2 }}', tolerance: '={{ 60 * 60 }}' },
		});
		const { url, secret } = await goLive(stage, workflow);
		const event = eventOf();
		const ago = (seconds: number) => ({ timestamp: Math.floor(Date.now() / 1000) - seconds });
		for (let times = 0; times < 2; times++)
			expect(await deliver(url, event, secret, ago(3500))).toMatchObject({
				status: 200,
				body: { received: true },
			});
		const executions = await stage.n8n.waitForExecutions(workflow, 2);
		expect(executions.map(({ items }) => items[NODE].map(({ json }) => json))).toEqual([
			[event],
			[event],
		]);
		expect((await deliver(url, event, secret, ago(3700))).status).toBe(401);
		await stage.n8n.deactivate(workflow);
	});

	const publishedByHand = async (workflow: string) => {
		await stage.n8n.activate(workflow);
		await stage.n8n.publication(workflow);
		return await stage.n8n.webhookUrl(workflow, NODE);
	};
});
