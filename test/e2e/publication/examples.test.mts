import { readdirSync } from 'node:fs';

import type { WorkflowNode } from '../../harness/n8n/client.mts';
import { setStage } from '../../harness/stage.mts';
import { EXAMPLES } from './examples/index.mts';
import { missingIn, unknownIn } from './examples/known.mts';
import { startOutside } from './examples/outside.mts';
import type { Outside } from './examples/outside.mts';
import { chosen, readExample } from './examples/play.mts';
import type { Play } from './examples/play.mts';

/**
 * Each example is imported into a real n8n, filled in as its user would, and run with n8n's own nodes. Only the services behind these, such
 * as Slack, are replaced, and their requests checked.
 */
describe('the examples', () => {
	let outside: Outside;
	let play: Play;

	beforeAll(async () => {
		outside = await startOutside();
		const stage = await setStage({ engine: 'publication', env: outside.env });
		play = { ...stage, outside };
	});
	afterAll(async () => {
		await play?.dispose();
		await outside?.stop();
	});

	test('are all tested here', () => {
		const files = readdirSync('examples').filter((file) => file.endsWith('.json'));
		expect(files.map((file) => file.slice(0, -'.json'.length)).sort()).toEqual(
			Object.keys(EXAMPLES).sort(),
		);
	});

	describe.each(Object.entries(EXAMPLES))('%s', (name, { choices, run }) => {
		const type = async ({ type, typeVersion }: WorkflowNode) =>
			await play.n8n.nodeType(type, typeVersion);

		test('has no node, version or parameter that n8n does not know', async () => {
			const unknown: string[] = [];
			for (const node of readExample(name).nodes)
				unknown.push(...unknownIn(node, await type(node)));
			expect(unknown).toEqual([]);
		});

		test('is complete once its user has made the choices', async () => {
			const missing: string[] = [];
			for (const node of (await chosen(play, name, choices)).nodes)
				missing.push(...missingIn(node, (await type(node))!));
			expect(missing).toEqual([]);
		});

		test('contains no ID of a credential, account or instance', () => {
			const { nodes, ...workflow } = readExample(name);
			expect(Object.keys(workflow).sort()).toEqual(['connections', 'name', 'settings']);
			expect(
				nodes.flatMap(({ credentials = {} }) => Object.values(credentials)).filter(({ id }) => id),
			).toEqual([]);
		});

		test('runs as described', async () => {
			const id = await play.n8n.createWorkflow(await chosen(play, name, choices));
			try {
				await run(play, id);
			} finally {
				await play.n8n.deactivate(id);
				// Nothing of this example may reach the next one.
				await play.n8n.publication(id);
				play.sandbox.endpoints().length = 0;
				play.sandbox.clearFaults();
				await play.sandbox.idle();
			}
		});
	});
});
