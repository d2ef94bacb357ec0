import { randomUUID } from 'node:crypto';

import { startSandbox } from '../../sandbox/sandbox.mts';
import type { Sandbox } from '../../sandbox/sandbox.mts';
import { eventually } from '../../harness/wait.mts';
import {
	credentialData,
	deliver,
	endpointAt,
	eventOf,
	goLive,
	noEndpoint,
	setStage,
	triggerNode,
	triggerWorkflow,
} from '../../harness/stage.mts';
import type { Stage } from '../../harness/stage.mts';

declare const engine: 'publication' | 'legacy';

/** Many workflows on one account, copies, imports and changed credentials: no doubled endpoint, no orphan, and a word where one must act. */
describe('many at once', () => {
	let stage: Stage;
	let elsewhere: Sandbox;

	beforeAll(async () => {
		stage = await setStage({ engine });
		elsewhere = await startSandbox();
	});
	afterAll(async () => {
		await stage?.dispose();
		await elsewhere?.stop();
	});

	const at = (url: string, sandbox = stage.sandbox) =>
		sandbox.endpoints().filter((endpoint) => endpoint.url === url);

	test('20 workflows on one account each get every event once, and leave nothing behind', async () => {
		const ids: string[] = [];
		for (let index = 0; index < 20; index++) ids.push(await triggerWorkflow(stage));
		const endpoints = await Promise.all(ids.map((id) => goLive(stage, id)));
		expect(new Set(endpoints.map(({ secret }) => secret)).size).toBe(20);
		stage.sandbox.submit();
		await stage.sandbox.idle();
		for (const id of ids) expect(await stage.n8n.waitForExecutions(id, 1)).toHaveLength(1);
		await Promise.all(ids.map((id) => stage.n8n.deactivate(id)));
		for (const { url } of endpoints) await noEndpoint(stage, url);
		expect(stage.sandbox.endpoints()).toEqual([]);
	});

	test('the same workflow imported again, static data gone, takes its endpoint over', async () => {
		const node = { ...triggerNode(stage.credential), webhookId: randomUUID() };
		const workflow = { name: 'Exported', nodes: [node], connections: {} };
		const first = await stage.n8n.createWorkflow(workflow);
		const { url, id: endpointId } = await goLive(stage, first);
		// The export is imported elsewhere while the first n8n is gone for good: nobody deleted the endpoint.
		stage.sandbox.inject({
			method: 'DELETE',
			status: 401,
			body: { error: { type: 'invalid_api_key', message: 'Unknown key.' } },
			times: 10,
		});
		await stage.n8n.deactivate(first);
		await eventually(() => stage.n8n.log().includes('could not be deleted'), {
			what: 'the word that the endpoint is left',
		});
		expect(stage.n8n.log()).toContain(`its URL is ${url}`);
		stage.sandbox.clearFaults();
		await stage.n8n.deleteWorkflow(first);

		const second = await stage.n8n.createWorkflow(workflow);
		await goLive(stage, second);
		await eventually(
			async () => (await deliver(url, eventOf(), endpointAt(stage, url)!.secret)).status === 200,
		);
		expect(at(url)).toEqual([expect.objectContaining({ id: endpointId })]);
		await stage.n8n.deactivate(second);
		await noEndpoint(stage, url);
	});

	test('a copy has an address and an endpoint of its own', async () => {
		const original = await triggerWorkflow(stage);
		const copy = await triggerWorkflow(stage);
		const [one, two] = [await goLive(stage, original), await goLive(stage, copy)];
		expect(one.url).not.toBe(two.url);
		await stage.n8n.deactivate(original);
		await noEndpoint(stage, one.url);
		expect((await deliver(two.url, eventOf(), two.secret)).status).toBe(200);
		await stage.n8n.deactivate(copy);
		await noEndpoint(stage, two.url);
	});

	test('a credential swapped in the node moves the endpoint to the other account', async () => {
		const id = await triggerWorkflow(stage);
		const { url } = await goLive(stage, id);
		const other = await stage.n8n.createCredential(
			'Another account',
			'testivoraApi',
			credentialData(elsewhere),
		);
		const { nodes, connections } = await stage.n8n.workflow(id);
		await stage.n8n.updateWorkflow(id, {
			nodes: nodes.map((node) => ({
				...node,
				credentials: { testivoraApi: { id: other, name: 'Another account' } },
			})),
			connections,
		});
		await stage.n8n.activate(id);
		await stage.n8n.publication(id);
		await eventually(() => at(url, elsewhere).length === 1, {
			what: 'the endpoint in the other account',
		});
		await noEndpoint(stage, url);
		elsewhere.submit();
		await stage.n8n.waitForExecutions(id, 1);
		await stage.n8n.deactivate(id);
		await eventually(() => at(url, elsewhere).length === 0, {
			what: 'no endpoint in the other account',
		});
	});

	test('a rotated key changes nothing while active, and the new one deletes the endpoint', async () => {
		const credential = await stage.n8n.createCredential(
			'Rotated',
			'testivoraApi',
			credentialData(stage.sandbox),
		);
		const id = await triggerWorkflow({ ...stage, credential });
		const { url, secret } = await goLive(stage, id);
		const fresh = `tv_live_${'f'.repeat(32)}`;
		stage.sandbox.store.keys.push({ key: fresh, scopes: ['read', 'write'], tier: 'Agency' });
		await stage.n8n.updateCredential(credential, credentialData(stage.sandbox, { apiKey: fresh }));
		expect((await deliver(url, eventOf(), secret)).status).toBe(200);
		await stage.n8n.waitForExecutions(id, 1);
		await stage.n8n.deactivate(id);
		await noEndpoint(stage, url);
	});

	test('a key that was revoked while active: deliveries go on, also after a restart; unpublishing says what is left to do', async () => {
		const credential = await stage.n8n.createCredential(
			'Revoked',
			'testivoraApi',
			credentialData(stage.sandbox),
		);
		const id = await triggerWorkflow({ ...stage, credential });
		const { url, secret } = await goLive(stage, id);
		await stage.n8n.updateCredential(
			credential,
			credentialData(stage.sandbox, { apiKey: `tv_live_${'0'.repeat(32)}` }),
		);
		await stage.n8n.restart();
		await eventually(async () => (await deliver(url, eventOf(), secret)).status === 200, {
			what: 'a delivery after the restart',
		});
		expect((await stage.n8n.deactivate(id)).status).toBe(200);
		await eventually(() => stage.n8n.log().includes(`its URL is ${url}`), {
			what: 'the word that the endpoint is left',
		});
		expect(at(url)).toHaveLength(1);
		stage.sandbox.endpoints().length = 0;
	});
});
