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

	/** Waits until no more isolates are built: n8n refills its pool, and executes, after it has answered. */
	const settled = async () => {
		await stage.n8n.noExecutionRuns();
		await eventually(
			async () => {
				counted = isolates.count;
				await pause(1_000);
				// An answer shows that n8n had time to build one: it was not merely held up.
				await stage.n8n.request('GET', '/healthz');
				return isolates.count === counted;
			},
			{ every: 0, what: 'n8n to build no more isolates' },
		);
	};

	interface Kind {
		send(): Promise<Answered>;
		answer: object;
		/** Isolates that n8n must build for each delivery. */
		builds: number;
		/** Milliseconds between two reads of the credential at least. Each read builds an isolate, too. */
		readsEvery?: number;
	}

	/** Sends deliveries of each kind. @returns by kind, how many isolates were built where it is not what it must be */
	const miscounted = async (kinds: Record<string, Kind>) => {
		const wrong: Record<string, string> = {};
		for (const [kind, { send, answer, builds, readsEvery = Infinity }] of Object.entries(kinds)) {
			const [before, since] = [counted, Date.now()];
			for (let times = 0; times < DELIVERIES; times++) expect(await send()).toMatchObject(answer);
			const reads = Math.ceil((Date.now() - since) / readsEvery);
			await settled();
			const built = counted - before;
			// n8n's pool may be one ahead, before and after.
			const least = builds * DELIVERIES - 2;
			const most = builds * DELIVERIES + 2 + reads;
			if (built < least || built > most) wrong[kind] = `${built}, and not ${least} to ${most}`;
		}
		return wrong;
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

			// In the manual setup, the credential is read again when what was read is 10 s old; for a forged delivery, at most once a second.
			const usual = { builds: webhook, readsEvery: setup === 'manual' ? 10_000 : Infinity };
			const kinds: Record<string, Kind> = {
				accepted: {
					...usual,
					builds: webhook + execution,
					send: () => deliver(at.url, eventOf(), at.secret),
					answer: { status: 200, body: { event: expect.any(String) } },
				},
				duplicate: {
					...usual,
					send: () => deliver(at.url, known, at.secret),
					answer: { status: 200, body: { duplicate: true } },
				},
				ignored: {
					...usual,
					send: () => deliver(at.url, eventOf({ event: 'testimonial.deleted' }), at.secret),
					answer: { status: 200, body: { ignored: true } },
				},
				filtered: {
					...usual,
					send: () => deliver(at.url, eventOf({ data: { id: 'tst_1', rating: 1 } }), at.secret),
					answer: { status: 200, body: { ignored: true } },
				},
				forged: {
					...usual,
					readsEvery: 1_000,
					send: () => deliver(at.url, eventOf(), newSecret()),
					answer: { status: 401 },
				},
				stale: {
					...usual,
					send: () => deliver(at.url, eventOf(), at.secret, staleTime),
					answer: { status: 401 },
				},
				unsigned: {
					...usual,
					send: () => post(at.url, JSON.stringify(eventOf()), {}),
					answer: { status: 401 },
				},
				malformed: {
					...usual,
					send: () => post(at.url, JSON.stringify(eventOf()), { 'testivora-signature': 'v1=' }),
					answer: { status: 401 },
				},
				noEvent: {
					...usual,
					send: () => post(at.url, '{}', sign('{}', at.secret)),
					answer: { status: 400 },
				},
			};
			expect(await miscounted(kinds)).toEqual({});
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
