import { randomUUID } from 'node:crypto';

import { LAZY_ISOLATES } from '../../harness/n8n/isolates.mts';
import { eventually } from '../../harness/wait.mts';
import {
	credentialData,
	deliver,
	endpointAt,
	eventOf,
	goLive,
	noEndpoint,
	otherAccount,
	setStage,
	takeDown,
	triggerNode,
	triggerWorkflow,
} from '../../harness/stage.mts';
import type { Stage } from '../../harness/stage.mts';

declare const engine: 'publication' | 'legacy';

/** Several workflows on one account, copies, imports and changed credentials: no endpoint is doubled, and none is left without a warning. */
describe('endpoints of several workflows', () => {
	let stage: Stage;
	let other: Stage;

	beforeAll(async () => {
		stage = await setStage({ engine, env: LAZY_ISOLATES });
		other = await otherAccount(stage);
	});
	afterAll(async () => {
		await other?.dispose();
		await stage?.dispose();
	});
	beforeEach(async () => {
		// Where the test before failed.
		stage.sandbox.clearFaults();
		stage.sandbox.endpoints().length = 0;
		await stage.sandbox.idle();
	});

	/** Waits for the warning that names an endpoint which could not be deleted. */
	const leftBehind = async (url: string) =>
		await eventually(
			() =>
				stage.n8n.log().includes(`with the URL ${url} under Settings → Webhooks, delete it there`),
			{
				what: 'the warning that names the endpoint',
			},
		);

	test('20 workflows on one account each get every event once, and leave nothing behind', async () => {
		const ids: string[] = [];
		for (let index = 0; index < 20; index++) ids.push(await triggerWorkflow(stage));
		const endpoints = await Promise.all(ids.map((id) => goLive(stage, id)));
		expect(new Set(endpoints.map(({ secret }) => secret)).size).toBe(20);
		stage.sandbox.submit();
		await stage.sandbox.idle();
		for (const id of ids) expect(await stage.n8n.waitForExecutions(id, 1)).toHaveLength(1);
		await Promise.all(ids.map((id, index) => takeDown(stage, id, endpoints[index].url)));
		expect(stage.sandbox.endpoints()).toEqual([]);
	});

	test('a workflow that is imported again, without static data, takes over its endpoint', async () => {
		const node = { ...triggerNode(stage.credential), webhookId: randomUUID() };
		const workflow = { name: 'Exported', nodes: [node], connections: {} };
		const first = await stage.n8n.createWorkflow(workflow);
		const { url, id: endpointId } = await goLive(stage, first);
		// The first one cannot delete its endpoint.
		stage.sandbox.inject({
			method: 'DELETE',
			status: 401,
			body: { error: { type: 'invalid_api_key', message: 'Unknown key.' } },
			times: Infinity,
		});
		await stage.n8n.deactivate(first);
		await leftBehind(url);
		stage.sandbox.clearFaults();
		await stage.n8n.deleteWorkflow(first);

		const second = await stage.n8n.createWorkflow(workflow);
		await goLive(stage, second);
		await eventually(
			async () => (await deliver(url, eventOf(), endpointAt(stage, url)!.secret)).status === 200,
			{ what: 'an accepted delivery' },
		);
		expect(stage.sandbox.endpoints()).toEqual([expect.objectContaining({ id: endpointId })]);
		await takeDown(stage, second, url);
	});

	test('a copy has a URL and an endpoint of its own', async () => {
		const original = await triggerWorkflow(stage);
		const copy = await triggerWorkflow(stage);
		const [one, two] = [await goLive(stage, original), await goLive(stage, copy)];
		expect(one.url).not.toBe(two.url);
		await takeDown(stage, original, one.url);
		expect((await deliver(two.url, eventOf(), two.secret)).status).toBe(200);
		await takeDown(stage, copy, two.url);
	});

	test('choosing another credential in the node moves the endpoint to the other account', async () => {
		const id = await triggerWorkflow(stage);
		const { url } = await goLive(stage, id);
		const { nodes, connections } = await stage.n8n.workflow(id);
		await stage.n8n.updateWorkflow(id, {
			nodes: nodes.map((node) => ({
				...node,
				credentials: { testivoraApi: { id: other.credential, name: 'Testivora' } },
			})),
			connections,
		});
		await stage.n8n.activate(id);
		await stage.n8n.publication(id);
		await eventually(() => endpointAt(other, url), { what: 'the endpoint in the other account' });
		await noEndpoint(stage, url);
		other.sandbox.submit();
		await stage.n8n.waitForExecutions(id, 1);
		await takeDown(other, id, url);
	});

	test('after the key was rotated, deliveries go on, and the new key deletes the endpoint', async () => {
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
		await takeDown(stage, id, url);
	});

	test('after the key was revoked, deliveries go on, also after a restart; unpublishing warns that the endpoint is left', async () => {
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
		await leftBehind(url);
		expect(stage.sandbox.endpoints()).toHaveLength(1);
	});
});
