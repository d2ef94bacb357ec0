import { chain, OWN_CONNECTION } from '../harness/n8n/client.mts';
import { N8n } from '../harness/n8n/instance.mts';
import { freePorts } from '../harness/n8n/launch.mts';
import { setStage } from '../harness/stage.mts';
import { eventually } from '../harness/wait.mts';

declare const engine: 'publication' | 'legacy';

/** Tests of the harness with built-in nodes. Where they fail, so may all others. */
describe('harness', () => {
	let n8n: N8n;

	beforeAll(async () => {
		n8n = await N8n.start({ engine });
	});
	afterAll(() => n8n?.dispose());

	test('an active workflow runs on a request to its webhook, also after a restart and after a crash', async () => {
		const id = await n8n.createWorkflow({
			name: 'Webhook',
			nodes: [
				{
					name: 'Webhook',
					type: 'n8n-nodes-base.webhook',
					typeVersion: 2,
					webhookId: 'hook',
					parameters: { path: 'hook', httpMethod: 'POST' },
				},
				{
					name: 'Set',
					type: 'n8n-nodes-base.set',
					typeVersion: 3.4,
					parameters: { mode: 'raw', jsonOutput: '={{ { got: $json.body.sent } }}' },
				},
			],
			connections: chain('Webhook', 'Set'),
		});
		expect((await n8n.activate(id)).status).toBe(200);
		expect(await n8n.publication(id)).toMatchObject({ status: 'published' });
		const url = await n8n.webhookUrl(id, 'Webhook');
		expect(url).toBe(`${n8n.baseUrl}/webhook/hook`);

		const send = async (sent: number) => {
			const answer = await fetch(url, {
				method: 'POST',
				body: JSON.stringify({ sent }),
				headers: { ...OWN_CONNECTION, 'content-type': 'application/json' },
			});
			expect(answer.status).toBe(200);
		};
		await send(1);
		await n8n.restart();
		await send(2);
		await n8n.waitForExecutions(id, 2);
		await n8n.kill();
		await n8n.start();
		await send(3);
		const executions = await n8n.waitForExecutions(id, 3);
		expect(executions.map(({ items }) => items.Set[0].json.got)).toEqual([1, 2, 3]);
		expect(await n8n.latestExecution(id)).toEqual(executions[2]);
		expect(await n8n.countExecutions(id)).toEqual({ success: 3 });
		expect(n8n.startedExecutions(id)).toEqual(
			executions.map((execution) => ({ id: execution.id, status: 'success', testimonial: '' })),
		);

		await n8n.deleteWorkflow(id);
		expect((await fetch(url, { method: 'POST', headers: OWN_CONNECTION })).status).toBe(404);
	});

	test('a workflow is executed manually, and listens for a test event', async () => {
		const id = await n8n.createWorkflow({
			name: 'By hand',
			nodes: [
				{ name: 'Start', type: 'n8n-nodes-base.manualTrigger', typeVersion: 1 },
				{
					name: 'Code',
					type: 'n8n-nodes-base.code',
					typeVersion: 2,
					parameters: { jsCode: 'return [{ json: { sum: 1 + 1 } }]' },
				},
				{
					name: 'Webhook',
					type: 'n8n-nodes-base.webhook',
					typeVersion: 2,
					webhookId: 'test',
					parameters: { path: 'test' },
				},
			],
			connections: chain('Start', 'Code'),
		});
		const execution = await n8n.runManually(id, 'Start');
		expect(execution).toMatchObject({ status: 'success', items: { Code: [{ json: { sum: 2 } }] } });

		await n8n.listen(id, 'Webhook');
		const url = await n8n.testWebhookUrl(id, 'Webhook');
		expect((await fetch(url, { headers: OWN_CONNECTION })).status).toBe(200);
		await n8n.waitForExecutions(id, 2);
		await n8n.listen(id, 'Webhook');
		await n8n.stopListening(id);
		await eventually(async () => (await fetch(url, { headers: OWN_CONNECTION })).status === 404, {
			what: 'the test webhook to be gone',
		});
	});

	test('where n8n does not start, the sandbox is stopped', async () => {
		const [port] = await freePorts(1);
		// Another key than that in the user folder: n8n refuses to start.
		const env = { N8N_ENCRYPTION_KEY: 'another one' };
		await expect(setStage({ engine, env }, { port })).rejects.toThrow('did not start');
		await expect(fetch(`http://127.0.0.1:${port}/v1/account`)).rejects.toThrow('fetch failed');
	});

	test('the packed package is loaded under its own name', async () => {
		expect(await n8n.nodeType('n8n-nodes-testivora.testivoraTrigger')).toMatchObject({
			displayName: 'Testivora Trigger',
		});
		expect(await n8n.nodeType('n8n-nodes-testivora.testivoraPollTrigger')).toMatchObject({
			displayName: 'Testivora Poll Trigger',
		});
		expect(await n8n.nodeType('n8n-nodes-testivora.testivora')).toMatchObject({
			displayName: 'Testivora',
		});
	});
});
