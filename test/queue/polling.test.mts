import { LAZY_ISOLATES } from '../harness/n8n/isolates.mts';
import { pause } from '../harness/wait.mts';
import {
	givenOut,
	idsOf,
	kill,
	nextPolls,
	pollWorkflow,
	startPolling,
	waitForItems,
	waitForTheRest,
} from '../harness/polling.mts';
import type { Kill } from '../harness/polling.mts';
import { credentialData } from '../harness/stage.mts';
import type { Stage } from '../harness/stage.mts';
import { startSandbox } from '../sandbox/sandbox.mts';
import type { Sandbox } from '../sandbox/sandbox.mts';
import { Cluster } from '../harness/queue/cluster.mts';

declare const engine: 'publication' | 'legacy';

/** n8n in queue mode: the main process polls, the workers execute. */
describe('polling in queue mode', () => {
	let sandbox: Sandbox;
	let cluster: Cluster;
	let stage: Stage;

	beforeAll(async () => {
		sandbox = await startSandbox({ seed: true });
		cluster = await Cluster.start(engine, { env: LAZY_ISOLATES });
		const credential = await cluster.main.createCredential(
			'Testivora',
			'testivoraApi',
			credentialData(sandbox),
		);
		stage = { n8n: cluster.main, sandbox, credential, dispose: async () => {} };
	});
	afterAll(async () => {
		await cluster?.dispose();
		await sandbox?.stop();
	});

	test('each testimonial is given out once, over restarts of the main process and of the workers, but what n8n was storing as it was killed', async () => {
		const id = await pollWorkflow(stage, { options: { maxItems: 1000 } });
		await startPolling(stage, id);
		const arrived: string[] = [];
		const kills: Kill[] = [];
		const arrivals = setInterval(() => arrived.push(sandbox.submit().id), 200);
		try {
			await waitForItems(stage, id, 10);
			kills.push(await kill(stage, cluster.main));
			await pause(1_000);
			await cluster.main.start();
			for (const worker of cluster.workers) {
				await pause(2_000);
				await worker.stop();
				await worker.start();
			}
		} finally {
			clearInterval(arrivals);
		}
		arrived.push(sandbox.submit().id);
		const lost = await waitForTheRest(stage, kills, async () => {
			const given = new Set(idsOf(await givenOut(stage, id)));
			return arrived.filter((one) => !given.has(one));
		});
		await nextPolls(stage);
		// Executions that the killed process had stored and not queued do not stay open: n8n marked them as crashed as it started again.
		await cluster.main.noExecutionRuns(id);
		const executions = await givenOut(stage, id);
		const given = idsOf(executions);
		const twice = given.length - new Set(given).size;
		process.stderr.write(
			`\nPolling in queue mode: ${arrived.length} arrived, ${new Set(given).size} given out, ${twice} twice, ${lost.length} lost\n`,
		);
		expect(twice).toBe(0);
		// The executions ran in the workers, not in the main process, which polled.
		const started = cluster.workers.map(
			(worker) => worker.log().match(/Worker started execution/g)?.length ?? 0,
		);
		expect(started[0] + started[1]).toBeGreaterThanOrEqual(executions.length);
	});
});
