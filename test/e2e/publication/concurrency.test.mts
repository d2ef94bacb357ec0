import { createServer } from 'node:http';
import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

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
	/** Requests that have not been answered yet. */
	const requests: ServerResponse[] = [];
	const held = createServer((_, response) => void requests.push(response));
	const release = async () => {
		const response = await eventually(() => requests.shift(), { what: 'a run that holds' });
		response.end('{}');
	};

	beforeAll(async () => {
		await new Promise<void>((resolve) => held.listen(0, '127.0.0.1', resolve));
		stage = await setStage({
			engine,
			env: { ...LAZY_ISOLATES, N8N_CONCURRENCY_PRODUCTION_LIMIT: '1' },
		});
	});
	afterAll(async () => {
		held.close();
		held.closeAllConnections();
		await stage?.dispose();
	});

	test('an event whose execution waits for its turn for longer than two minutes runs once', async () => {
		const { port } = held.address() as AddressInfo;
		const id = await stage.n8n.createWorkflow({
			name: 'One at a time',
			nodes: [
				triggerNode(stage.credential),
				{
					name: 'Hold',
					type: 'n8n-nodes-base.httpRequest',
					typeVersion: 4.2,
					parameters: { url: `http://127.0.0.1:${port}`, options: { timeout: 600_000 } },
				},
			],
			connections: chain(NODE, 'Hold'),
		});
		const { url, secret } = await goLive(stage, id);
		const [first, second] = [eventOf(), eventOf()];
		expect((await deliver(url, first, secret)).status).toBe(200);
		await eventually(() => requests.length === 1, { what: 'a first run' });

		const waiting = deliver(url, second, secret);
		await eventually(async () => (await stage.n8n.countExecutions(id)).new === 1, {
			what: 'an execution that waits',
		});
		for (const end = Date.now() + LEASE_MS + 2_000; Date.now() < end; await pause(5_000))
			expect((await deliver(url, { ...second, attempt: 2 }, secret)).status).toBe(503);
		expect((await deliver(url, { ...second, attempt: 3 }, secret)).status).toBe(503);

		await release();
		expect((await waiting).status).toBe(200);
		await release();
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
