import { LAZY_ISOLATES } from '../harness/n8n/isolates.mts';
import { chain } from '../harness/n8n/client.mts';
import { N8n } from '../harness/n8n/instance.mts';
import {
	EVERY_MS,
	givenOut,
	idsOf,
	inScene,
	kill,
	lists,
	newScene,
	nextPolls,
	POLL_NODE,
	pollNode,
	startPolling,
	storedIds,
	waitForItems,
	waitForTheRest,
} from '../harness/polling.mts';
import type { Kill, Scene } from '../harness/polling.mts';
import { goLive, NODE, triggerNode } from '../harness/stage.mts';
import { eventually, pause } from '../harness/wait.mts';

declare const engine: 'publication' | 'legacy';

/** The poll trigger where n8n's activation engine matters: publication, restarts, outages, and what survives them. */
describe(`polling under the ${engine} engine`, () => {
	let n8n: N8n;

	beforeAll(async () => {
		n8n = await N8n.start({ engine, env: LAZY_ISOLATES });
	});
	afterAll(() => n8n?.dispose());

	test.concurrent(
		'a key that is refused is told at publication, and when a changed workflow is published again',
		() =>
			inScene(n8n, async (scene) => {
				const { sandbox } = scene;
				const id = await scene.start();
				const refused = await n8n.createCredential('Refused', 'testivoraApi', {
					apiKey: `tv_live_${'0'.repeat(32)}`,
					baseUrl: sandbox.url,
				});
				const other = scene.track(
					await n8n.createWorkflow({
						name: 'Refused',
						nodes: [pollNode(refused)],
						connections: chain(POLL_NODE),
					}),
				);
				// With the key still accepted, because n8n 1 publishes the changes at once.
				await n8n.updateParameters(id, POLL_NODE, { filters: { minRating: 4 } });
				sandbox.store.keys[0].key = 'tv_live_revoked';
				const message = /Testivora does not know this API key, or it was revoked/;
				const tellsSo = async (workflow: string) => {
					const answer = await n8n.activate(workflow);
					if (answer.status !== 200) {
						expect(JSON.stringify(answer.body)).toMatch(message);
						return;
					}
					const { status, triggers } = await n8n.publication(workflow);
					expect(status).toBe('failed');
					expect(triggers[0].errorMessage).toMatch(message);
				};
				await Promise.all([tellsSo(other), tellsSo(id)]);
			}),
	);

	test.concurrent(
		'a baseline gives nothing out; new testimonials come once, oldest first, in one execution; polls that find nothing leave no trace',
		() =>
			inScene(n8n, async (scene) => {
				const { sandbox } = scene;
				const id = await scene.start();
				await nextPolls(scene);
				expect(await n8n.countExecutions(id)).toEqual({});

				const late = sandbox.submit({ text: 'Third.', created_at: '2026-06-03T00:00:00.000Z' });
				const early = sandbox.submit({ text: 'First.', created_at: '2026-06-01T00:00:00.000Z' });
				const [one, other] = [1, 2].map((count) =>
					sandbox.submit({ text: `Second ${count}.`, created_at: '2026-06-02T00:00:00.000Z' }),
				);
				const given = await waitForItems(scene, id, 4);
				await nextPolls(scene, 3);
				expect(await n8n.countExecutions(id)).toEqual({ success: 1 });
				const [first, ...rest] = given[0];
				expect(first).toMatchObject({
					id: early.id,
					text: 'First.',
					author: { name: 'Ana López' },
					event: {
						id: `poll:testimonial.created:${early.id}`,
						name: 'testimonial.created',
						created: '2026-06-01T00:00:00.000Z',
					},
				});
				expect(
					rest
						.slice(0, 2)
						.map((item) => item.id)
						.sort(),
				).toEqual([one.id, other.id].sort());
				expect(rest[2].id).toBe(late.id);
			}),
	);

	test.concurrent(
		'a key that is refused later shows as one failed execution, and polls go on once it is accepted again',
		() =>
			inScene(n8n, async (scene) => {
				const id = await scene.start();
				const [key] = scene.sandbox.store.keys;
				const { key: accepted } = key;
				key.key = 'tv_live_revoked';
				const arrived = scene.sandbox.submit();
				await nextPolls(scene, 4);
				key.key = accepted;
				expect(idsOf(await waitForItems(scene, id, 1))).toEqual([arrived.id]);
				const executions = await n8n.executions(id);
				expect(executions.map(({ status }) => status)).toEqual(['error', 'success']);
				expect(executions[0].error?.message).toBe(
					'Testivora does not know this API key, or it was revoked',
				);
			}),
	);

	test.concurrent('beside Testivora Trigger in one workflow, both work', () =>
		inScene(n8n, async (scene) => {
			const { sandbox, credential } = scene;
			const id = scene.track(
				await n8n.createWorkflow({
					name: 'Both',
					nodes: [triggerNode(credential), pollNode(credential)],
					connections: {},
				}),
			);
			await goLive(scene, id);
			await eventually(() => lists(scene).length > 0, { what: 'a first poll' });
			const arrived: string[] = [];
			for (let count = 0; count < 20; count++) {
				arrived.push(sandbox.submit().id);
				await pause(300);
			}
			await sandbox.idle();
			for (const name of [NODE, POLL_NODE]) {
				await eventually(async () => (await givenOut(scene, id, name)).flat().length >= 20, {
					every: EVERY_MS,
					what: `20 items of ${name}`,
				});
				expect(idsOf(await givenOut(scene, id, name)).sort()).toEqual([...arrived].sort());
			}
		}),
	);

	/** Each workflow has a Testivora of its own, so that they can go through the same restarts. */
	describe('over restarts', () => {
		const scenes: Scene[] = [];
		const newScenes = async (count: number) => {
			for (let made = 0; made < count; made++) scenes.push(await newScene(n8n));
			return scenes.slice(-count);
		};
		afterEach(async () => {
			for (const one of scenes.splice(0)) await one.dispose();
		});

		test('kill -9 under arrivals, again and again: nothing comes twice, and nothing is lost but what n8n was storing just then', async () => {
			const [calm, busy] = await newScenes(2);
			const calmId = await calm.start();
			const busyId = await busy.start({ options: { maxItems: 1000 } });
			const before = calm.sandbox.submit().id;
			await waitForItems(calm, calmId, 1);

			const whileDown: string[] = [];
			const arrived: string[] = [];
			const kills: Kill[] = [];
			const arrivals = setInterval(() => arrived.push(busy.sandbox.submit().id), 100);
			try {
				for (let round = 0; round < 3; round++) {
					const given = idsOf(await givenOut(busy, busyId)).length;
					await waitForItems(busy, busyId, given + 10);
					// An execution that the kill cuts short would not run again.
					await waitForItems(calm, calmId, 1 + round);
					// Any moment between two polls.
					await pause(Math.random() * 2_000);
					kills.push(await kill(busy, n8n));
					whileDown.push(calm.sandbox.submit({ created_at: `202${round}-01-01T00:00:00.000Z` }).id);
					await n8n.start();
				}
			} finally {
				clearInterval(arrivals);
			}
			await Promise.all([nextPolls(calm, 3), nextPolls(busy, 3)]);
			await waitForItems(calm, calmId, 4);
			expect(idsOf(await givenOut(calm, calmId))).toEqual([before, ...whileDown]);

			let cutShort: string[] = [];
			const lost = await waitForTheRest(busy, kills, async () => {
				const given = new Set(idsOf(await givenOut(busy, busyId)));
				const stored = storedIds(n8n, busyId);
				const missing = arrived.filter((one) => !given.has(one));
				cutShort = missing.filter((one) => stored.has(one));
				return missing.filter((one) => !stored.has(one));
			});
			const given = idsOf(await givenOut(busy, busyId));
			const twice = given.length - new Set(given).size;
			console.log(
				`${engine}: ${arrived.length} arrived under 3 kills, ${new Set(given).size} were given out, ${twice} twice, ${cutShort.length} in executions that a kill cut short, ${lost.length} lost`,
			);
			expect(twice).toBe(0);
		});

		test('a stop, an outage and a silence of Testivora while n8n starts, and a new version with a new name', async () => {
			const [stopped, unreachable, silent, renamed] = await newScenes(4);
			const [stoppedId, unreachableId, silentId, renamedId] = await Promise.all([
				stopped.start(),
				unreachable.start(),
				silent.start(),
				renamed.start({ filters: { minRating: 4 } }),
			]);
			const [early, reached, good] = [stopped, unreachable, renamed].map(
				({ sandbox }) => sandbox.submit({ rating: 5 }).id,
			);
			renamed.sandbox.submit({ rating: 1, text: 'Kept out by the filter.' });
			await waitForItems(stopped, stoppedId, 1);
			await waitForItems(unreachable, unreachableId, 1);
			await waitForItems(renamed, renamedId, 1);
			await nextPolls(renamed);
			const { nodes } = await n8n.workflow(renamedId);
			await n8n.updateWorkflow(renamedId, {
				nodes: nodes.map((node) => ({
					...node,
					name: 'Renamed',
					parameters: { ...node.parameters, filters: {} },
				})),
				connections: chain('Renamed'),
			});
			await startPolling(renamed, renamedId);
			await nextPolls(renamed);

			await n8n.stop();
			const late = stopped.sandbox.submit().id;
			const missed = unreachable.sandbox.submit().id;
			silent.sandbox.submit();
			unreachable.sandbox.inject({ path: '/v1/testimonials', reset: true, times: Infinity });
			silent.sandbox.inject({ path: '/v1/testimonials', delay: 30_000, times: Infinity });
			const since = silent.sandbox.requests.length;
			await n8n.start();
			// Five tries within 15 s.
			const triesAreOver = pause(20_000);

			await Promise.all([
				waitForItems(stopped, stoppedId, 2).then(async (given) => {
					await nextPolls(stopped);
					expect(idsOf(given)).toEqual([early, late]);
					expect(await n8n.countExecutions(stoppedId)).toEqual({ success: 2 });
				}),

				// Testivora is unreachable for longer than n8n tries to activate a workflow.
				triesAreOver.then(async () => {
					expect(await n8n.publication(unreachableId)).toMatchObject({ status: 'published' });
					await eventually(async () => (await n8n.countExecutions(unreachableId)).error, {
						what: 'a failed execution',
					});
					// A poll tries five times, so one more poll fails and shows nothing.
					await nextPolls(unreachable, 6);
					unreachable.sandbox.clearFaults();
					await waitForItems(unreachable, unreachableId, 2);
					const afterwards = unreachable.sandbox.submit().id;
					expect(idsOf(await waitForItems(unreachable, unreachableId, 3))).toEqual([
						reached,
						missed,
						afterwards,
					]);
					// One execution showed the outage; another one would follow after an hour.
					expect(await n8n.countExecutions(unreachableId)).toEqual({ success: 3, error: 1 });
				}),

				// A first poll that gets no answer holds n8n up for less than 10 s, somewhat longer on a busy machine, and then hangs up. n8n 1 leaves
				// the connection open, but begins the next poll. Without the limit, this would come after 25 s.
				eventually(
					() => {
						const [first, second] = lists(silent, since);
						const end = first?.cutAt ?? second?.at;
						return end && Date.parse(end) - Date.parse(first.at);
					},
					{ what: 'the end of a first poll' },
				).then(async (held) => {
					expect(held).toBeLessThan(20_000);
					silent.sandbox.clearFaults();
					await waitForItems(silent, silentId, 1);
				}),

				// The new version goes on where the one before had been.
				nextPolls(renamed).then(async () => {
					const later = renamed.sandbox.submit({ rating: 2 }).id;
					await eventually(
						async () => idsOf(await givenOut(renamed, renamedId, 'Renamed')).includes(later),
						{ every: EVERY_MS, what: 'the new one' },
					);
					expect(idsOf(await givenOut(renamed, renamedId))).toEqual([good]);
					expect(idsOf(await givenOut(renamed, renamedId, 'Renamed'))).toEqual([later]);
				}),
			]);
		});
	});
});
