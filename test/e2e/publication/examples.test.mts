import { readdirSync } from 'node:fs';

import type { WorkflowNode } from '../../harness/n8n/client.mts';
import { setStage } from '../../harness/stage.mts';
import { EXAMPLES } from './examples/index.mts';
import { missingIn, unknownIn } from './examples/known.mts';
import { startOutside } from './examples/outside.mts';
import { chosen, readExample } from './examples/play.mts';
import type { Play } from './examples/play.mts';

/**
 * The examples as a user takes them: imported into a real n8n, the few choices made that they ask for, and run with n8n's own nodes.
 * Only Slack, HubSpot and Google are replaced, at the network: what n8n sends there is looked at.
 */
describe('the examples', () => {
	let play: Play;

	beforeAll(async () => {
		const outside = await startOutside();
		const stage = await setStage({ engine: 'publication', env: outside.env });
		play = { ...stage, outside };
	});
	afterAll(async () => {
		await play?.dispose();
		await play?.outside.stop();
	});

	test('each of them is tested here', () => {
		const files = readdirSync('examples').filter((file) => file.endsWith('.json'));
		expect(files.map((file) => file.slice(0, -'.json'.length)).sort()).toEqual(
			Object.keys(EXAMPLES).sort(),
		);
	});

	describe.each(Object.entries(EXAMPLES))('%s', (name, { choices, run }) => {
		const type = async ({ type, typeVersion }: WorkflowNode) =>
			await play.n8n.nodeType(type, typeVersion);

		test('holds nothing that n8n does not know', async () => {
			const unknown: string[] = [];
			for (const node of readExample(name).nodes)
				unknown.push(...unknownIn(node, await type(node)));
			expect(unknown).toEqual([]);
		});

		test('lacks nothing but what its user chooses', async () => {
			const missing: string[] = [];
			for (const node of (await chosen(play, name, choices)).nodes)
				missing.push(...missingIn(node, (await type(node))!));
			expect(missing).toEqual([]);
		});

		test('names no credential, no account and no instance', () => {
			const { nodes, ...workflow } = readExample(name);
			expect(Object.keys(workflow).sort()).toEqual(['connections', 'name', 'settings']);
			expect(
				nodes.flatMap(({ credentials = {} }) => Object.values(credentials)).filter(({ id }) => id),
			).toEqual([]);
		});

		test('imports, and does what it says', async () => {
			const id = await play.n8n.createWorkflow(await chosen(play, name, choices));
			try {
				await run(play, id);
			} finally {
				await play.n8n.deactivate(id);
				play.sandbox.endpoints().length = 0;
			}
		});
	});
});
