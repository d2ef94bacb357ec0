import { startGate } from '../../harness/gate.mts';
import type { Gate } from '../../harness/gate.mts';
import { chain } from '../../harness/n8n/client.mts';
import { LAZY_ISOLATES } from '../../harness/n8n/isolates.mts';
import { eventually, pause } from '../../harness/wait.mts';
import { deliver, eventOf, goLive, NODE, setStage, triggerNode } from '../../harness/stage.mts';
import type { Stage } from '../../harness/stage.mts';

declare const engine: 'publication' | 'legacy';

/** After so long a delivery that n8n has neither stored nor answered may be tried again. */
const LEASE_MS = 120_000;

/** n8n with a limit of concurrent executions: it stores an execution, lets it wait for its turn, and answers only then. */
describe('N8N_CONCURRENCY_PRODUCTION_LIMIT', () => {
	let stage: Stage;
	let gate: Gate;

	beforeAll(async () => {
		gate = await startGate();
		stage = await setStage({
			engine,
			env: { ...LAZY_ISOLATES, N8N_CONCURRENCY_PRODUCTION_LIMIT: '1' },
		});
	});
	afterAll(async () => {
		gate?.close();
		await stage?.dispose();
	});

	test('an event whose execution waits for its turn for longer than two minutes runs once', async () => {
		const id = await stage.n8n.createWorkflow({
			name: 'One at a time',
			nodes: [
				triggerNode(stage.credential),
				{
					name: 'Hold',
					type: 'n8n-nodes-base.httpRequest',
					typeVersion: 4.2,
					parameters: { url: gate.url, options: { timeout: 600_000 } },
				},
			],
			connections: chain(NODE, 'Hold'),
		});
		const { url, secret } = await goLive(stage, id);
		const [first, second] = [eventOf(), eventOf()];
		expect((await deliver(url, first, secret)).status).toBe(200);
		await gate.reachedBy(1);

		const waiting = deliver(url, second, secret);
		await eventually(async () => (await stage.n8n.countExecutions(id)).new === 1, {
			what: 'an execution that waits',
		});
		for (const end = Date.now() + LEASE_MS + 2_000; Date.now() < end; await pause(5_000))
			expect((await deliver(url, { ...second, attempt: 2 }, secret)).status).toBe(503);
		expect((await deliver(url, { ...second, attempt: 3 }, secret)).status).toBe(503);

		gate.letThrough(0);
		expect((await waiting).status).toBe(200);
		await gate.reachedBy(2);
		gate.letThrough(1);
		const executions = await stage.n8n.waitForExecutions(id, 2);
		expect(executions.map(({ items }) => items[NODE].map(({ json }) => json.event.id))).toEqual([
			[first.id],
			[second.id],
		]);
		expect((await deliver(url, { ...second, attempt: 4 }, secret)).body).toMatchObject({
			duplicate: true,
		});
	});
});
