import { DatabaseSync } from 'node:sqlite';

import { startSandbox } from '../sandbox/sandbox.mts';
import { newTestimonial } from '../sandbox/store.mts';
import type { Testimonial } from '../sandbox/store.mts';
import { LAZY_ISOLATES } from '../harness/n8n/isolates.mts';
import { N8n } from '../harness/n8n/instance.mts';
import { isAtLeast } from '../harness/n8n/version.mts';
import { eventually, pause } from '../harness/wait.mts';
import {
	EVERY_MS,
	everySeconds,
	givenOut,
	idsOf,
	inScene,
	lists,
	NEVER,
	nextPolls,
	POLL_NODE,
	startPolling,
	waitForItems,
} from '../harness/polling.mts';
import type { Scene } from '../harness/polling.mts';
import { credentialData } from '../harness/stage.mts';

const CREATED = 'testimonial.created';
const APPROVED = 'testimonial.approved';

/** Executes SQL, and tries again where n8n holds the lock: waiting for it in SQLite would block this process, in which Testivora runs. */
const execute = async (database: DatabaseSync, sql: string) =>
	await eventually(() => (database.exec(sql), true), { what: sql });

const submit = ({ sandbox }: Scene, input: Partial<Testimonial> = {}) => sandbox.submit(input).id;

declare const engine: 'publication' | 'legacy';

/** What the poll trigger gives out, and what lists, faults and settings make of it. */
describe(`Testivora Poll Trigger under the ${engine} engine`, () => {
	let n8n: N8n;

	beforeAll(async () => {
		n8n = await N8n.start({ engine, env: LAZY_ISOLATES });
	});
	afterAll(() => n8n?.dispose());

	/** n8n keeps the memory in a table of its own there, and makes a new context for each poll, whatever the engine. */
	(isAtLeast('2.41') && engine === 'publication' ? test.concurrent : test.skip)(
		'under n8n’s durable scheduler, each testimonial comes once, over a kill',
		async () => {
			const durable = await N8n.start({
				engine,
				env: {
					N8N_SCHEDULER_ENABLED: 'true',
					N8N_SCHEDULER_POLL_TRIGGERS_ENABLED: 'true',
					N8N_POLLER_DURABLE_CURSORS_ENABLED: 'true',
					N8N_SCHEDULER_EXECUTOR_INTERVAL: '1',
					N8N_SCHEDULER_MATERIALIZATION_INTERVAL: '2',
				},
			});
			try {
				await inScene(durable, async (scene) => {
					const id = await scene.start();
					await nextPolls(scene);
					expect(await durable.countExecutions(id)).toEqual({});
					const arrived = [submit(scene), submit(scene)];
					await waitForItems(scene, id, 2);
					await durable.kill();
					arrived.push(submit(scene));
					await durable.start();
					await waitForItems(scene, id, 3);
					await nextPolls(scene);
					expect(idsOf(await givenOut(scene, id)).sort()).toEqual(arrived.sort());
				});
			} finally {
				await durable.dispose();
			}
		},
	);

	test.concurrent.each([
		['503', { status: 503 }],
		['a cut connection', { reset: true }],
		['half a body', { truncate: true }],
	])('%s on page 2 delays what is not surely new, and loses and doubles nothing', (_, fault) =>
		inScene(
			n8n,
			async (scene) => {
				const { sandbox } = scene;
				const id = await scene.start();
				sandbox.inject({ path: '/v1/testimonials', page: 2, times: Infinity, ...fault });
				// Beside one that is known, the two on page 1 are surely new.
				const arrived = [1, 2].map(() => submit(scene));
				expect(idsOf(await waitForItems(scene, id, 2)).sort()).toEqual([...arrived].sort());
				// Where page 1 shows nothing that is known, the rest of the list must tell.
				arrived.push(...[1, 2, 3, 4].map(() => submit(scene)));
				await nextPolls(scene);
				expect(idsOf(await givenOut(scene, id))).toHaveLength(2);
				sandbox.clearFaults();
				await waitForItems(scene, id, 6);
				await nextPolls(scene);
				expect(idsOf(await givenOut(scene, id)).sort()).toEqual(arrived.sort());
			},
			{ pageSizeCap: 3 },
		),
	);

	test.concurrent(
		'429 with a Retry-After within the poll’s time is waited out; with a longer one the next poll asks again',
		() =>
			inScene(
				n8n,
				async (scene) => {
					const { sandbox } = scene;
					const id = await scene.start();
					const refused = {
						path: '/v1/testimonials',
						page: 2,
						status: 429,
						body: { error: { type: 'rate_limited', message: 'Slow down' } },
					};
					sandbox.inject({ ...refused, headers: { 'retry-after': '6' } });
					const since = sandbox.requests.length;
					const arrived = [1, 2, 3].map(() => submit(scene));
					await waitForItems(scene, id, 3);
					const [first] = lists(scene, since).filter(({ status }) => status === 429);
					const again = lists(scene, since).find(
						({ query, at }) => query.cursor === first.query.cursor && at > first.at,
					)!;
					expect(Date.parse(again.at) - Date.parse(first.at)).toBeGreaterThan(5_900);

					sandbox.inject({ ...refused, headers: { 'retry-after': '3600' } });
					arrived.push(...[1, 2, 3].map(() => submit(scene)));
					await waitForItems(scene, id, 6);
					await nextPolls(scene);
					expect(idsOf(await givenOut(scene, id)).sort()).toEqual(arrived.sort());
					expect(await n8n.countExecutions(id)).not.toHaveProperty('error');
				},
				{ pageSizeCap: 2 },
			),
	);

	test.concurrent(
		'a rotated key goes on; another account and another space begin anew, and give only what comes then',
		() =>
			inScene(n8n, async (scene) => {
				const { sandbox, credential } = scene;
				const other = await startSandbox({ seed: true });
				try {
					const id = await scene.start();
					const [key] = sandbox.store.keys;
					key.key = 'tv_live_rotated0000000000000000000000';
					const rotated = credentialData(sandbox, { apiKey: key.key });
					await n8n.updateCredential(credential, rotated);
					const arrived = [submit(scene)];
					await waitForItems(scene, id, 1);

					await n8n.updateCredential(credential, credentialData(other));
					await eventually(() => lists({ sandbox: other }).length > 2, {
						what: 'polls at the other account',
					});
					arrived.push(other.submit().id);
					await waitForItems(scene, id, 2);
					expect(n8n.log()).toContain('is another one than before');

					await n8n.updateCredential(credential, rotated);
					await nextPolls(scene);
					await n8n.updateParameters(id, POLL_NODE, {
						spaceId: { __rl: true, mode: 'id', value: 'spc_coaching' },
					});
					await startPolling(scene, id);
					await nextPolls(scene);
					submit(scene, { space_id: 'spc_courses' });
					arrived.push(submit(scene, { space_id: 'spc_coaching' }));
					await waitForItems(scene, id, 3);
					await nextPolls(scene);
					expect(idsOf(await givenOut(scene, id))).toEqual(arrived);
				} finally {
					await other.stop();
				}
			}),
	);

	test.concurrent.each(['newest', 'oldest', 'shuffled'] as const)(
		'a list with %s first, on many pages, gives each testimonial once',
		(order) =>
			inScene(
				n8n,
				async (scene) => {
					const id = await scene.start();
					const arrived: string[] = [];
					for (let count = 0; count < 12; count++) {
						// Some backdated, some with the same time.
						arrived.push(
							submit(scene, { created_at: count % 3 ? '2026-01-01T00:00:00.000Z' : undefined }),
						);
						await pause(250);
					}
					await waitForItems(scene, id, 12);
					await nextPolls(scene);
					expect(idsOf(await givenOut(scene, id)).sort()).toEqual(arrived.sort());
				},
				{ order, pageSizeCap: 2 },
			),
	);

	test.concurrent('a list that shows approved testimonials only hides none', () =>
		inScene(
			n8n,
			async (scene) => {
				submit(scene);
				const id = await scene.start({ events: [CREATED, APPROVED] });
				const waiting = submit(scene);
				expect(idsOf(await waitForItems(scene, id, 1))).toEqual([waiting]);
				scene.sandbox.approve(waiting);
				const [, [approved]] = await waitForItems(scene, id, 2);
				expect(approved.event).toMatchObject({ id: `poll:${APPROVED}:${waiting}` });
				await nextPolls(scene);
				expect(idsOf(await givenOut(scene, id))).toEqual([waiting, waiting]);
			},
			{ unasked: 'approved' },
		),
	);

	test.concurrent('a slow poll and the next ones do not overlap', () =>
		inScene(n8n, async (scene) => {
			const { sandbox } = scene;
			// A poll asks separately for each status that does not occur in the list. With this one, all occur, and a poll is one request.
			submit(scene, { status: 'rejected' });
			const id = await scene.start({ pollTimes: everySeconds(1) });
			await nextPolls(scene);
			sandbox.inject({ path: '/v1/testimonials', delay: 5_000 });
			const since = sandbox.requests.length;
			const arrived = [submit(scene)];
			await eventually(() => lists(scene, since).length > 0, { what: 'the slow poll' });
			arrived.push(submit(scene));
			await pause(3_000);
			expect(lists(scene, since)).toHaveLength(1);
			await waitForItems(scene, id, 2);
			await nextPolls(scene);
			expect(idsOf(await givenOut(scene, id)).sort()).toEqual(arrived.sort());
		}),
	);

	test.concurrent(
		'approved later, born approved, both events of one testimonial, in this order',
		() =>
			inScene(n8n, async (scene) => {
				const id = await scene.start({ events: [APPROVED, CREATED] });
				const later = submit(scene);
				await waitForItems(scene, id, 1);
				scene.sandbox.approve(later);
				await waitForItems(scene, id, 2);
				const born = submit(scene, { status: 'approved' });
				const given = (await waitForItems(scene, id, 4)).flat();
				expect(given.map(({ event }) => event.id)).toEqual([
					`poll:${CREATED}:${later}`,
					`poll:${APPROVED}:${later}`,
					`poll:${CREATED}:${born}`,
					`poll:${APPROVED}:${born}`,
				]);
				expect(given[1].event.created).toBe(given[1].published_at);
			}),
	);

	test.concurrent('filters, a space and Simplify off', () =>
		inScene(n8n, async (scene) => {
			const { sandbox } = scene;
			const id = await scene.start({
				filters: { minRating: 4, tags: 'course' },
				spaceId: { __rl: true, mode: 'id', value: 'spc_coaching' },
				simplify: false,
			});
			submit(scene, { rating: 5, tags: ['course'], space_id: 'spc_courses' });
			submit(scene, { rating: 3, tags: ['course'], space_id: 'spc_coaching' });
			submit(scene, { rating: 5, tags: [], space_id: 'spc_coaching' });
			const wanted = sandbox.submit({ rating: 4, tags: ['Course'], space_id: 'spc_coaching' });
			await waitForItems(scene, id, 1);
			await nextPolls(scene);
			expect((await givenOut(scene, id)).flat()).toEqual([
				{
					id: `poll:${CREATED}:${wanted.id}`,
					object: 'event',
					event: CREATED,
					created: wanted.created_at,
					data: wanted,
				},
			]);
		}),
	);

	test.concurrent(
		'Start From gives the past, and Max Items divides it over polls, oldest first',
		() =>
			inScene(n8n, async (scene) => {
				const past = Array.from({ length: 7 }, (_, index) =>
					submit(scene, { created_at: `2031-01-0${index + 1}T00:00:00.000Z` }),
				);
				const id = await scene.start({
					options: { startFrom: '2031-01-02T00:00:00.000Z', maxItems: 4 },
				});
				const given = await waitForItems(scene, id, 6);
				await nextPolls(scene);
				expect(given.map((items) => items.map((item) => item.id))).toEqual([
					past.slice(1, 5),
					past.slice(5),
				]);
				expect(idsOf(await givenOut(scene, id))).toHaveLength(6);
			}),
	);

	test.concurrent(
		'Execute step gives the newest testimonial and changes nothing, or says that there is none',
		() =>
			inScene(n8n, async (scene) => {
				const id = await scene.save({ pollTimes: NEVER });
				submit(scene, { created_at: '2020-01-01T00:00:00.000Z' });
				const newest = submit(scene, { created_at: '2040-01-01T00:00:00.000Z' });
				const { status, items } = await n8n.runManually(id, POLL_NODE);
				expect(status).toBe('success');
				expect(items[POLL_NODE].map(({ json }) => json.id)).toEqual([newest]);

				const none = await scene.save({
					pollTimes: NEVER,
					filters: { tags: 'a tag that nothing has' },
				});
				const { error } = await n8n.runManually(none, POLL_NODE);
				expect(error?.message).toBe('None of the testimonials there are would start this workflow');
			}),
	);

	test('10,000 testimonials are watched; one more is too many, and says so', () =>
		inScene(n8n, async (scene) => {
			const { store } = scene.sandbox;
			store.testimonials = Array.from({ length: 9_999 }, () =>
				newTestimonial({ text: 'One of many.' }),
			);
			const id = await scene.start();
			const last = submit(scene);
			expect(idsOf(await waitForItems(scene, id, 1))).toEqual([last]);
			submit(scene);
			const failed = async () =>
				(await n8n.executions(id)).find(({ status }) => status === 'error');
			const { error } = await eventually(failed, { every: EVERY_MS, what: 'the message' });
			expect(error?.message).toBe(
				'There are more than 10,000 testimonials, which Testivora Poll Trigger cannot watch',
			);
			expect(idsOf(await givenOut(scene, id))).toEqual([last]);
		}));

	// Older versions read the output before they begin to store it.
	(isAtLeast('2.41') ? test : test.skip)(
		'executions that n8n cannot store: the next poll gives the same out, once',
		() =>
			inScene(n8n, async (scene) => {
				const id = await scene.start();
				const database = new DatabaseSync(n8n.database, { timeout: 100 });
				try {
					await execute(
						database,
						`CREATE TRIGGER refuse BEFORE INSERT ON execution_entity WHEN NEW.workflowId = '${id}' BEGIN SELECT RAISE(FAIL, 'no room'); END`,
					);
					const arrived = submit(scene);
					await nextPolls(scene, 3);
					expect(await n8n.countExecutions(id)).toEqual({});
					await execute(database, 'DROP TRIGGER refuse');
					expect(idsOf(await waitForItems(scene, id, 1))).toEqual([arrived]);
					await nextPolls(scene, 3);
					expect(await n8n.countExecutions(id)).toEqual({ success: 1 });
				} finally {
					await execute(database, 'DROP TRIGGER IF EXISTS refuse');
					database.close();
				}
			}),
	);

	/** n8n waits a second for a lock on its SQLite database, and then gives up what it wanted to store. */
	test('a locked database doubles nothing, and polls go on afterwards', () =>
		inScene(n8n, async (scene) => {
			const id = await scene.start();
			const before = submit(scene);
			await waitForItems(scene, id, 1);
			const database = new DatabaseSync(n8n.database, { timeout: 100 });
			const during: string[] = [];
			try {
				await execute(database, 'BEGIN IMMEDIATE');
				for (let second = 0; second < 6; second++) {
					during.push(submit(scene));
					await pause(1_000);
				}
				database.exec('ROLLBACK');
			} finally {
				database.close();
			}
			await nextPolls(scene, 3);
			const after = submit(scene);
			await eventually(async () => idsOf(await givenOut(scene, id)).includes(after), {
				every: EVERY_MS,
				what: 'the one that came afterwards',
			});
			await nextPolls(scene, 3);
			const given = idsOf(await givenOut(scene, id));
			const lost = during.filter((one) => !given.includes(one));
			const twice = given.length - new Set(given).size;
			console.log(
				`${during.length} arrived while the database was locked for 6 s, ${twice} were given out twice, ${lost.length} lost`,
			);
			expect(given).toContain(before);
			expect(twice).toBe(0);
			// Older versions read the output before they begin to store it.
			if (isAtLeast('2.41')) expect(lost).toEqual([]);
		}));
});
