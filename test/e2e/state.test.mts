import { cp } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { DatabaseSync } from 'node:sqlite';

import { LAZY_ISOLATES } from '../harness/n8n/isolates.mts';
import { chain } from '../harness/n8n/client.mts';
import { N8n } from '../harness/n8n/instance.mts';
import { listen, startGate } from '../harness/gate.mts';
import type { Gate } from '../harness/gate.mts';
import { temporaryFolder } from '../harness/temporary.mts';
import { allSettledOrThrow, eventually, pause } from '../harness/wait.mts';
import { everySeconds } from '../harness/polling.mts';
import { RACES, waitForEndpoint, TRIGGERS } from '../harness/races.mts';
import {
	credentialData,
	deliver,
	endpointAt,
	eventOf,
	goLive,
	newSecret,
	NODE,
	noEndpoint,
	post,
	setStage,
	triggerNode,
	triggerWorkflow,
} from '../harness/stage.mts';
import type { Stage } from '../harness/stage.mts';

declare const engine: 'publication' | 'legacy';

/** n8n overwrites static data with older copies: no trigger may refuse deliveries afterwards. */
describe(`static data that n8n overwrites, under the ${engine} engine`, () => {
	let stage: Stage;

	beforeAll(async () => {
		stage = await setStage(
			{ engine, env: { ...LAZY_ISOLATES, N8N_RUNNERS_ENABLED: 'true' } },
			{ retries: 0 },
		);
	});
	afterAll(() => stage?.dispose());
	afterEach(async () => {
		stage.sandbox.clearFaults();
		stage.sandbox.options.serverSecret = false;
		await stage.sandbox.idle();
	});
	beforeEach(async () => {
		// A test that failed must not leave its address to the next one.
		if (stage.n8n.options.env?.WEBHOOK_URL)
			await stage.n8n.restart({ WEBHOOK_URL: stage.n8n.webhookBase });
		delete stage.n8n.options.env?.WEBHOOK_URL;
	});

	const secretAt = (url: string) => endpointAt(stage, url)!.secret;

	/**
	 * The URLs whose trigger refuses a delivery that Testivora signed. An accepted one writes back into static data what n8n has overwritten.
	 */
	const dead = async (urls: string[]) => {
		const answers = await Promise.all(
			urls.map(async (url) => ({ url, ...(await deliver(url, eventOf(), secretAt(url))) })),
		);
		return answers
			.filter(({ status, body }) => status !== 200 || body.ignored)
			.map(({ url, status, body }) => ({ url, status, body }));
	};

	/** Waits until n8n answers at a webhook's URL. */
	const reachable = async (url: string) =>
		await eventually(async () => (await post(url, '{}', {})).status === 401, {
			what: `the webhook ${url}`,
		});

	const restart = async (urls: string[]) => {
		await stage.n8n.restart();
		await Promise.all(urls.map(reachable));
	};

	const unpublish = async (ids: string[], urls: string[]) => {
		for (const id of ids) await stage.n8n.deactivate(id);
		for (const url of urls) await noEndpoint(stage, url);
	};

	describe('requests while an endpoint is registered', () => {
		const ids: string[] = [];
		const urls: string[] = [];
		const races = Object.keys(RACES).flatMap((race) =>
			[false, true].map((serverSecret) => ({ race, serverSecret })),
		);

		test.each(races)(
			'$race, where Testivora makes the secret: $serverSecret: no trigger is dead',
			async ({ race, serverSecret }) => {
				stage.sandbox.options.serverSecret = serverSecret;
				stage.sandbox.inject(RACES[race].fault);
				const started = await Promise.all(
					Array.from({ length: TRIGGERS }, async (_, index) => {
						const id = await triggerWorkflow(stage);
						const url = await stage.n8n.webhookUrl(id, NODE);
						const [, accepted] = await Promise.all([
							stage.n8n.activate(id),
							RACES[race].run(stage, url, index),
						]);
						return { id, url, accepted };
					}),
				);
				ids.push(...started.map(({ id }) => id));
				urls.push(...started.map(({ url }) => url));
				for (const { id, url } of started) {
					await stage.n8n.publication(id);
					await waitForEndpoint(stage, url);
				}
				// n8n saves static data after the registration and after each request.
				await pause(300);
				// The others get no delivery before the restart, since that would write the registration back.
				const tried = started.slice(0, TRIGGERS / 2);
				expect(await dead(tried.map(({ url }) => url))).toEqual([]);
				for (const { id, accepted } of started) {
					const count = accepted.length + Number(tried.some((one) => one.id === id));
					const executions = await stage.n8n.waitForExecutions(id, count);
					const ran = executions.map(({ items }) => items[NODE][0].json.event.id as string);
					expect(ran).toHaveLength(count);
					expect(ran).toEqual(expect.arrayContaining(accepted));
				}
			},
		);

		test('after a restart none is dead either', async () => {
			expect(urls).toHaveLength(races.length * TRIGGERS);
			await restart(urls);
			expect(await dead(urls)).toEqual([]);
			await unpublish(ids, urls);
		});
	});

	test.each([false, true])(
		'a second trigger that is added to a busy workflow, where Testivora makes the secret: %s: both work, before and after a restart',
		async (serverSecret) => {
			stage.sandbox.options.serverSecret = serverSecret;
			const pairs = await Promise.all(
				[1, 2, 3, 4].map(async () => {
					const id = await triggerWorkflow(stage, {}, 'One');
					const one = await goLive(stage, id, 'One');
					let isBusy = true;
					let accepted = 0;
					const traffic = (async () => {
						while (isBusy) {
							const { status } = await deliver(one.url, eventOf(), one.secret);
							if (status === 200) accepted++;
						}
					})();
					const { nodes } = await stage.n8n.workflow(id);
					await stage.n8n.updateWorkflow(id, {
						nodes: [
							...nodes,
							{ ...triggerNode(stage.credential, {}, 'Two'), id: 'two', position: [0, 300] },
						],
					});
					const two = await goLive(stage, id, 'Two');
					await pause(500);
					isBusy = false;
					await traffic;
					expect(accepted).toBeGreaterThan(0);
					return { id, urls: [one.url, two.url] };
				}),
			);
			const urls = pairs.flatMap((pair) => pair.urls);
			// The other pairs get no delivery before the restart, since that would write the registration back.
			expect(await dead(urls.slice(0, 4))).toEqual([]);
			await restart(urls);
			expect(await dead(urls)).toEqual([]);
			await unpublish(
				pairs.map(({ id }) => id),
				urls,
			);
		},
	);

	describe('beside another trigger in the same workflow', () => {
		let feed: { url: string; add(): void; server: Server };

		beforeAll(async () => {
			feed = await startFeed();
		});
		afterAll(() => void feed.server.close());

		const schedule = {
			name: 'Other',
			type: 'n8n-nodes-base.scheduleTrigger',
			typeVersion: 1.2,
			parameters: { rule: { interval: [{ field: 'seconds', secondsInterval: 5 }] } },
		};
		const poller = () => ({
			name: 'Other',
			type: 'n8n-nodes-base.rssFeedReadTrigger',
			typeVersion: 1,
			parameters: { feedUrl: feed.url, pollTimes: everySeconds(5) },
		});

		test.each([
			{ other: 'a Schedule Trigger', count: 1, node: () => schedule, serverSecret: false },
			{ other: 'a polling trigger', count: TRIGGERS, node: poller, serverSecret: false },
			{ other: 'a polling trigger', count: TRIGGERS, node: poller, serverSecret: true },
		])(
			'$other, where Testivora makes the secret: $serverSecret: deliveries go on, duplicates do not run, and nothing is left behind',
			async ({ count, node, serverSecret }) => {
				stage.sandbox.options.serverSecret = serverSecret;
				const all = await Promise.all(
					Array.from({ length: count }, async () => {
						const id = await stage.n8n.createWorkflow({
							name: 'Two triggers',
							nodes: [triggerNode(stage.credential), node()],
							connections: {},
						});
						const { url } = await goLive(stage, id);
						return { id, url, events: [] as Array<ReturnType<typeof eventOf>> };
					}),
				);
				type Workflow = (typeof all)[number];
				const urls = all.map(({ url }) => url);
				const each = async <T,>(work: (workflow: Workflow) => Promise<T>) =>
					await allSettledOrThrow(all.map(work));
				const runsOf = async ({ id }: Workflow, name: string) =>
					(await stage.n8n.executions(id)).filter(({ items }) => name in items).length;
				const emission = async () => {
					const before = await each(async (one) => await runsOf(one, 'Other'));
					feed.add();
					await each(async (one) => {
						await eventually(async () => (await runsOf(one, 'Other')) > before[all.indexOf(one)], {
							every: 500,
							what: 'an emission',
						});
					});
				};
				const accept = async ({ url, events }: Workflow) => {
					const event = eventOf();
					events.push(event);
					expect((await deliver(url, event, secretAt(url))).body).toEqual({
						received: true,
						event: event.id,
					});
				};
				const known = async ({ url, events }: Workflow) => {
					for (const event of events) {
						expect(
							(await deliver(url, { ...event, attempt: 2 }, secretAt(url))).body,
						).toMatchObject({ duplicate: true });
					}
				};
				for (let round = 1; round <= 2; round++) {
					await each(accept);
					await emission();
				}
				await each(known);
				// The next accepted delivery writes back what the last emission overwrote.
				await each(accept);
				await pause(300);
				await unpublish(
					all.map(({ id }) => id),
					urls,
				);
				await each(async ({ id }) => await goLive(stage, id));
				// No delivery comes between this emission and the restart to write anything back.
				await emission();
				await restart(urls);
				await each(accept);
				await each(known);
				await each(async (one) => {
					await eventually(async () => (await runsOf(one, NODE)) >= one.events.length, {
						every: 500,
						what: 'a run for each event',
					});
					expect(await runsOf(one, NODE)).toBe(one.events.length);
				});
				await unpublish(
					all.map(({ id }) => id),
					urls,
				);
			},
		);
	});

	describe('a long execution', () => {
		let gate: Gate;

		beforeAll(async () => {
			gate = await startGate();
		});
		afterAll(() => gate?.close());

		test('that saves static data as it was before the workflow was published again: the trigger is not dead', async () => {
			const code = `const data = $getWorkflowStaticData("global"); await this.helpers.httpRequest({ url: "${gate.url}" }); data.mine = Date.now(); return $input.all();`;
			const id = await stage.n8n.createWorkflow({
				name: 'A long execution',
				nodes: [
					triggerNode(stage.credential),
					{
						name: 'Slow',
						type: 'n8n-nodes-base.code',
						typeVersion: 2,
						parameters: { jsCode: code },
					},
				],
				connections: chain(NODE, 'Slow'),
			});
			const { url } = await goLive(stage, id);
			const events = [eventOf(), eventOf()];
			expect((await deliver(url, events[0], secretAt(url))).status).toBe(200);
			await gate.reachedBy(1);
			await stage.n8n.updateParameters(id, NODE, {
				events: ['testimonial.created', 'testimonial.approved'],
			});
			await stage.n8n.activate(id);
			await stage.n8n.publication(id);
			await eventually(() => endpointAt(stage, url)?.events.length === 2, {
				what: 'the endpoint that was published again',
			});
			expect((await deliver(url, events[1], secretAt(url))).status).toBe(200);
			await gate.reachedBy(2);
			// The long execution ends last, so that nothing overwrites what it saves.
			gate.letThrough(1);
			await stage.n8n.waitForExecutions(id, 1);
			gate.letThrough(0);
			const executions = await stage.n8n.waitForExecutions(id, 2);
			expect(executions.map(({ status }) => status)).toEqual(['success', 'success']);
			expect(staticDataOf(stage.n8n, id)).toContain('"mine"');
			for (const event of events) {
				expect((await deliver(url, { ...event, attempt: 2 }, secretAt(url))).body).toMatchObject({
					duplicate: true,
				});
			}
			await restart([url]);
			expect(await dead([url])).toEqual([]);
			await unpublish([id], [url]);
		});
	});

	test('a new WEBHOOK_URL: an endpoint is registered for it, the log names the old one, and an event that comes to both runs once', async () => {
		const id = await triggerWorkflow(stage);
		const old = { ...(await goLive(stage, id)) };
		const base = stage.n8n.baseUrl.replace('127.0.0.1', 'localhost');
		const url = old.url.replace(stage.n8n.baseUrl, base);
		await stage.n8n.restart({ WEBHOOK_URL: `${base}/` });
		await stage.n8n.updateParameters(id, NODE, {
			events: ['testimonial.created', 'testimonial.deleted'],
		});
		await stage.n8n.activate(id);
		await waitForEndpoint(stage, url);
		await stage.n8n.publication(id);
		expect(endpointAt(stage, old.url)).toMatchObject({ id: old.id, secret: old.secret });
		await eventually(
			() =>
				stage.n8n
					.log()
					.includes(`the webhook endpoint ${old.id} stands at another address, ${old.url}`),
			{ what: 'the log' },
		);

		const event = stage.sandbox.emit(eventOf(), { endpointId: old.id });
		stage.sandbox.emit(event, { endpointId: endpointAt(stage, url)!.id });
		await stage.sandbox.idle();
		expect(
			stage.sandbox.deliveries
				.filter(({ eventId }) => eventId === event.id)
				.map(({ status }) => [200, 503].includes(status ?? 0)),
		).toEqual([true, true]);
		// n8n stores an execution before it answers, so that a second one would be there by now.
		await stage.n8n.waitForExecutions(id, 1);
		expect(await stage.n8n.countExecutions(id)).toEqual({ success: 1 });

		await unpublish([id], [url]);
		expect(endpointAt(stage, old.url)).toBeDefined();
	});

	test('a copied user folder under another address: production keeps its endpoint, and staging has one of its own', async () => {
		const id = await triggerWorkflow(stage);
		const production = { ...(await goLive(stage, id)) };
		expect((await deliver(production.url, eventOf(), production.secret)).status).toBe(200);
		await stage.n8n.stop();
		const folder = temporaryFolder('copy');
		let staging: N8n | undefined;
		try {
			await cp(stage.n8n.userFolder, folder.path, { recursive: true });
			await stage.n8n.start();
			staging = await N8n.start({ engine, userFolder: folder.path });
			const copy = { ...stage, n8n: staging };
			const isUntouched = () =>
				expect(endpointAt(stage, production.url)).toEqual(
					expect.objectContaining({
						id: production.id,
						status: 'active',
						secret: production.secret,
					}),
				);
			isUntouched();
			await staging.updateParameters(id, NODE, {
				events: ['testimonial.created', 'testimonial.deleted'],
			});
			const own = await goLive(copy, id);
			expect(own.url).not.toBe(production.url);
			expect((await deliver(own.url, eventOf(), own.secret)).status).toBe(200);
			isUntouched();
			await staging.deactivate(id);
			await noEndpoint(stage, own.url);
			isUntouched();
			expect(staging.log()).toContain(
				`the webhook endpoint ${production.id} stands at another address, ${production.url}, and was left alone`,
			);
			await reachable(production.url);
			expect((await deliver(production.url, eventOf(), production.secret)).status).toBe(200);
		} finally {
			await staging?.dispose();
			await folder.remove();
		}
		await unpublish([id], [production.url]);
	});

	test('an API key that was rotated in the credential: deliveries go on; once static data is lost as well, the log says what to do', async () => {
		const key = {
			key: `tv_live_${'1'.repeat(32)}`,
			scopes: ['read', 'write'] as Array<'read' | 'write'>,
			tier: 'Agency' as const,
		};
		stage.sandbox.store.keys.push(key);
		const credential = await stage.n8n.createCredential(
			'Rotated',
			'testivoraApi',
			credentialData(stage.sandbox),
		);
		const id = await triggerWorkflow({ ...stage, credential });
		const { url, secret } = await goLive(stage, id);
		await stage.n8n.updateCredential(
			credential,
			credentialData(stage.sandbox, { apiKey: key.key }),
		);
		expect((await deliver(url, eventOf(), secret)).status).toBe(200);
		// The legacy engine checks the endpoint when n8n starts, which sets the secret of the new key.
		await restart([url]);
		expect(await dead([url])).toEqual([]);
		endpointAt(stage, url)!.secret = secret;

		await stage.n8n.stop();
		const database = new DatabaseSync(stage.n8n.database);
		database.prepare('UPDATE workflow_entity SET staticData = NULL WHERE id = ?').run(id);
		database.close();
		await stage.n8n.start();
		await reachable(url);
		if (engine === 'publication') {
			expect((await deliver(url, eventOf(), secret)).status).toBe(401);
			expect(stage.n8n.log()).toContain(
				'does not match. If it came from Testivora, unpublish (deactivate) the workflow and publish (activate) it again.',
			);
			await stage.n8n.deactivate(id);
			await noEndpoint(stage, url);
			await goLive(stage, id);
		}
		expect(await dead([url])).toEqual([]);
		expect((await deliver(url, eventOf(), secret)).status).toBe(401);
		await unpublish([id], [url]);
	});

	test('a workflow that version 0.1.0 published goes on, and has the derived secret after it is published again', async () => {
		const id = await triggerWorkflow(stage);
		const { url, id: endpointId } = await goLive(stage, id);
		await stage.n8n.stop();
		const secret = newSecret();
		endpointAt(stage, url)!.secret = secret;
		const slot = { id: endpointId, url, events: ['testimonial.created'], secret, seen: '' };
		const database = new DatabaseSync(stage.n8n.database);
		const old = JSON.stringify({ global: { testivoraTrigger: { [new URL(url).pathname]: slot } } });
		database.prepare('UPDATE workflow_entity SET staticData = ? WHERE id = ?').run(old, id);
		database.close();
		await stage.n8n.start();
		await reachable(url);
		expect((await deliver(url, eventOf(), secret)).status).toBe(200);
		await stage.n8n.deactivate(id);
		await noEndpoint(stage, url);
		await goLive(stage, id);
		expect(secretAt(url)).not.toBe(secret);
		expect(await dead([url])).toEqual([]);
		expect((await deliver(url, eventOf(), secret)).status).toBe(401);
		await unpublish([id], [url]);
	});

	test('1,000 forged deliveries cost one look-up of the credential a second', async () => {
		await stage.n8n.restart({ DB_LOGGING_ENABLED: 'true', DB_LOGGING_OPTIONS: 'query' });
		const id = await triggerWorkflow(stage);
		const { url } = await goLive(stage, id);
		const lookUps = () => stage.n8n.log().split(/FROM "credentials_entity"/).length - 1;
		// What n8n has written takes a moment to arrive here.
		const settled = async () =>
			await eventually(
				async () => {
					const seen = lookUps();
					await pause(1_000);
					return lookUps() === seen;
				},
				{ every: 0, what: 'the log to arrive' },
			);
		await settled();
		const [before, since] = [lookUps(), Date.now()];
		for (let batch = 0; batch < 50; batch++) {
			const answers = await Promise.all(
				Array.from({ length: 20 }, () => deliver(url, eventOf(), newSecret())),
			);
			expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(401));
		}
		const seconds = (Date.now() - since) / 1_000;
		await settled();
		const counted = lookUps() - before;
		expect(counted).toBeGreaterThan(0);
		expect(counted).toBeLessThanOrEqual(Math.ceil(seconds) + 1);
		await unpublish([id], [url]);
	});
});

function staticDataOf(n8n: N8n, workflowId: string): string {
	const [row] = n8n.query('SELECT staticData FROM workflow_entity WHERE id = ?', workflowId);
	return String(row.staticData);
}

/** A feed for n8n's RSS Feed Trigger, which polls. */
async function startFeed() {
	const items: string[] = [];
	const start = Date.now();
	const add = () => {
		const number = items.length + 1;
		items.unshift(
			`<item><title>News ${number}</title><guid>${number}</guid><pubDate>${new Date(start + number * 60_000).toUTCString()}</pubDate></item>`,
		);
	};
	add();
	const server = createServer((_request, response) => {
		response.writeHead(200, { 'content-type': 'application/rss+xml' });
		response.end(
			`<rss version="2.0"><channel><title>News</title>${items.join('')}</channel></rss>`,
		);
	});
	return { url: await listen(server), add, server };
}
