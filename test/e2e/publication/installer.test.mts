import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { chain } from '../../harness/n8n/client.mts';
import { startRegistry } from '../../harness/n8n/registry.mts';
import type { Registry } from '../../harness/n8n/registry.mts';
import { packPackage, repackAs } from '../../harness/n8n/tarball.mts';
import { temporaryFolder } from '../../harness/temporary.mts';
import type { TemporaryFolder } from '../../harness/temporary.mts';
import {
	actionNode,
	addCredential,
	deliver,
	eventOf,
	goLive,
	NODE,
	setStage,
	takeDown,
	triggerNode,
} from '../../harness/stage.mts';
import type { Stage } from '../../harness/stage.mts';

declare const engine: 'publication' | 'legacy';

const PACKAGE = 'n8n-nodes-testivora';
/** The first release. */
const FIRST = resolve(`test/e2e/released/${PACKAGE}-0.1.0.tgz`);
const NEXT = '99.0.0';
const MANUAL_TRIGGER = 'When clicking ‘Execute workflow’';

/** The requests that n8n's editor sends from Settings → Community nodes. Each test continues where the one before it ended. */
describe('n8n’s own installer', () => {
	let registry: Registry;
	let folder: TemporaryFolder;
	let current: string;
	let stage: Stage;
	/** Published workflows, one for each version of the trigger: their endpoints, executions so far, and last events. */
	let published: Array<{
		id: string;
		url: string;
		endpoint: string;
		secret: string;
		runs: number;
		last: ReturnType<typeof eventOf>;
	}>;
	let action: string;

	const packages = (method: string, body?: object, query = '') =>
		stage.n8n.request(method, `/rest/community-packages${query}`, body);
	const labelOf = async (name: string) =>
		(await stage.n8n.nodeType(`${PACKAGE}.${name}`))?.displayName as string | undefined;
	const installed = async () =>
		(await packages('GET')).body.data as Array<{
			installedVersion: string;
			updateAvailable?: string;
			failedLoading?: boolean;
		}>;

	beforeAll(async () => {
		const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string };
		current = version;
		folder = temporaryFolder('packages');
		const tarball = await packPackage();
		registry = await startRegistry([FIRST, tarball, await repackAs(NEXT, tarball, folder.path)]);
		stage = await setStage({ engine, tarball: null, env: registry.env });
	});
	afterAll(async () => {
		await stage?.dispose();
		await registry?.stop();
		await folder?.remove();
	});

	/** Each workflow has its endpoint, runs once on a new event, and does not run on the one before it. */
	async function everyWorkflowGoesOn(): Promise<void> {
		for (const workflow of published) {
			const { id, url, endpoint, secret, last } = workflow;
			expect(stage.sandbox.endpoints().filter((one) => one.url === url)).toEqual([
				expect.objectContaining({ id: endpoint, secret, status: 'active' }),
			]);
			expect(await deliver(url, last, secret)).toMatchObject({
				status: 200,
				body: { duplicate: true },
			});
			workflow.last = eventOf();
			expect((await deliver(url, workflow.last, secret)).status).toBe(200);
			workflow.runs += 1;
			const runs = await stage.n8n.waitForExecutions(id, workflow.runs);
			expect(runs.map(({ status }) => status)).toEqual(Array(workflow.runs).fill('success'));
			expect(runs.at(-1)!.items[NODE][0].json.event.id).toBe(workflow.last.id);
		}
	}

	test('installs the package while n8n runs', async () => {
		expect(await labelOf('testivora')).toBeUndefined();
		const { status, body } = await packages('POST', { name: `${PACKAGE}@0.1.0` });
		expect([status, body.message]).toEqual([200, undefined]);
		expect(await labelOf('testivora')).toBe('Testivora');
		expect(await labelOf('testivoraTrigger')).toBe('Testivora Trigger');
		expect(await installed()).toEqual([
			expect.objectContaining({ installedVersion: '0.1.0', failedLoading: false }),
		]);
	});

	test('workflows made with 0.1.0 are published, each version of its trigger', async () => {
		stage.credential = await addCredential(stage.n8n, stage.sandbox);
		published = [];
		for (const typeVersion of [1, 1.1]) {
			const id = await stage.n8n.createWorkflow({
				name: `Version ${typeVersion}`,
				nodes: [{ ...triggerNode(stage.credential), typeVersion }],
				connections: chain(NODE),
			});
			const { url, id: endpoint, secret } = await goLive(stage, id);
			const last = eventOf();
			expect((await deliver(url, last, secret)).status).toBe(200);
			await stage.n8n.waitForExecutions(id, 1);
			published.push({ id, url, endpoint, secret, runs: 1, last });
		}
		await everyWorkflowGoesOn();
		const list = { resource: 'testimonial', operation: 'getAll', limit: 1 };
		action = await stage.n8n.createWorkflow({
			name: 'An action',
			nodes: [
				{ name: MANUAL_TRIGGER, type: 'n8n-nodes-base.manualTrigger', typeVersion: 1 },
				actionNode(stage.credential, list),
			],
			connections: chain(MANUAL_TRIGGER, 'Testivora'),
		});
		expect((await stage.n8n.runManually(action, MANUAL_TRIGGER)).items.Testivora).toHaveLength(1);
	});

	test('offers the update', async () => {
		expect(await installed()).toEqual([expect.objectContaining({ updateAvailable: NEXT })]);
	});

	test.each(['this version', 'the version after it'])(
		'updates to %s while workflows are published: they go on, and remember events',
		async (which) => {
			const version = which === 'this version' ? current : NEXT;
			const { status, body } = await packages('PATCH', { name: PACKAGE, version });
			expect([status, body.message]).toEqual([200, undefined]);
			expect(await installed()).toEqual([
				expect.objectContaining({ installedVersion: version, failedLoading: false }),
			]);
			await everyWorkflowGoesOn();
			expect((await stage.n8n.runManually(action, MANUAL_TRIGGER)).items.Testivora).toHaveLength(1);
		},
	);

	// They also go on after a plain restart: see the tests of deliveries.
	test('N8N_REINSTALL_MISSING_PACKAGES installs the package again where its folder is gone; workflows go on', async () => {
		await stage.n8n.stop();
		await rm(join(stage.n8n.userFolder, '.n8n/nodes'), { recursive: true });
		await stage.n8n.start({ N8N_REINSTALL_MISSING_PACKAGES: 'true' });
		expect(await installed()).toEqual([
			expect.objectContaining({ installedVersion: NEXT, failedLoading: false }),
		]);
		await everyWorkflowGoesOn();
	});

	test('workflows made with 0.1.0 are unpublished and published again', async () => {
		for (const { id, url } of published) {
			await takeDown(stage, id, url);
			const { secret } = await goLive(stage, id);
			expect((await deliver(url, eventOf(), secret)).status).toBe(200);
			await takeDown(stage, id, url);
		}
	});

	test('uninstalls the package', async () => {
		const { status } = await packages('DELETE', undefined, `?name=${PACKAGE}`);
		expect(status).toBe(200);
		expect(await installed()).toEqual([]);
		expect(await labelOf('testivora')).toBeUndefined();
		expect(existsSync(join(stage.n8n.userFolder, '.n8n/nodes/node_modules', PACKAGE))).toBe(false);
	});

	test('N8N_COMMUNITY_PACKAGES installs the package when n8n starts', async () => {
		const wanted = JSON.stringify([{ name: PACKAGE, version: current }]);
		await stage.n8n.restart({
			N8N_COMMUNITY_PACKAGES_MANAGED_BY_ENV: 'true',
			N8N_COMMUNITY_PACKAGES: wanted,
		});
		expect(await installed()).toEqual([
			expect.objectContaining({ installedVersion: current, failedLoading: false }),
		]);
		expect(await labelOf('testivoraTrigger')).toBe('Testivora Trigger');
		expect((await packages('DELETE', undefined, `?name=${PACKAGE}`)).status).toBe(400);
	});
});
