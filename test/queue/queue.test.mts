import { randomBytes } from 'node:crypto';

import { LAZY_ISOLATES } from '../harness/n8n/isolates.mts';
import { chain, UNFINISHED } from '../harness/n8n/client.mts';
import { eventually, pause } from '../harness/wait.mts';
import { RACES, waitForEndpoint, TRIGGERS } from '../harness/races.mts';
import {
	actionNode,
	credentialData,
	deliver,
	eventOf,
	NODE,
	startTestivora,
	triggerNode,
} from '../harness/stage.mts';
import type { Answered } from '../harness/stage.mts';
import { byId } from '../helpers/fixtures.mts';
import type { Sandbox } from '../sandbox/sandbox.mts';
import { newTestimonial } from '../sandbox/store.mts';
import { Cluster } from '../harness/queue/cluster.mts';
import { count, table } from '../harness/outcomes.mts';
import type { Figures } from '../harness/outcomes.mts';

declare const engine: 'publication' | 'legacy';

type Event = ReturnType<typeof eventOf>;

/** Events whose first delivery is under way at the same time. */
const IN_FLIGHT = 20;

/** Milliseconds that Testivora waits for the answer to a delivery. */
const TIMEOUT = {
	/** until the database is back, in the tests that take it away */
	real: 15_000,
	/** otherwise: a slow machine may take longer than the real time for what has piled up */
	patient: 60_000,
};

/** n8n in queue mode, with two webhook processes and two workers. The tests take the least time in this order. */
describe('queue mode', () => {
	let sandbox: Sandbox;
	let cluster: Cluster;
	let workflowId: string;
	/** of the webhook's URL */
	let path: string;
	const figures: Figures[] = [];

	beforeAll(async () => {
		// A failed delivery is tried again after 250 ms, 500 ms, 1 s and so on, from then on every 16 s, for more than six minutes: longer than
		// any process or database is away.
		sandbox = await startTestivora({
			timeScale: 20,
			deliveryTimeout: TIMEOUT.patient,
			seed: false,
		});
		cluster = await Cluster.start(engine, { env: LAZY_ISOLATES });
		const credential = await cluster.main.createCredential(
			'Testivora',
			'testivoraApi',
			credentialData(sandbox),
		);
		workflowId = await cluster.main.createWorkflow({
			name: 'Queue',
			nodes: [
				triggerNode(credential),
				actionNode(
					credential,
					{ resource: 'testimonial', operation: 'get', testimonialId: byId('={{ $json.id }}') },
					'Read it back',
				),
			],
			connections: chain(NODE, 'Read it back'),
		});
		expect((await cluster.main.activate(workflowId)).status).toBe(200);
		await cluster.main.publication(workflowId);
		path = new URL(await cluster.main.webhookUrl(workflowId, NODE)).pathname;
	});

	afterAll(async () => {
		await cluster?.dispose();
		await sandbox?.stop();
		process.stderr.write(`\nn8n in queue mode, as counted in this run:\n\n${table(figures)}\n\n`);
	});

	/** An event about a testimonial that Testivora has. */
	const newEvent = (): Event => {
		const testimonial = newTestimonial({ text: 'A pleasure from start to finish.', rating: 5 });
		testimonial.id = `tst_${randomBytes(9).toString('hex')}`;
		sandbox.store.testimonials.push(testimonial);
		return eventOf({ data: testimonial });
	};
	const newEvents = (length: number) => Array.from({ length }, newEvent);
	const idOf = (event: Event) => (event.data as { id: string }).id;

	/** How often the workflow's action has read each testimonial, as Testivora saw it. */
	const reads = () => {
		const seen = new Map<string, number>();
		for (const { method, path: requested } of sandbox.requests) {
			const [, id] = requested.split('/v1/testimonials/');
			if (method === 'GET' && id) seen.set(id, (seen.get(id) ?? 0) + 1);
		}
		return seen;
	};

	/** The highest number among Testivora's deliveries. It is not always the last in the log, which is in order of their ends. */
	const latest = () => sandbox.deliveries.reduce((highest, { id }) => Math.max(highest, id), 0);

	/**
	 * Waits until Testivora has nothing more to send and every execution has ended. Those that n8n could neither run nor mark as failed stay
	 * open until its main process looks for them, at its start and every three hours: gives up on them once n8n's queue has been empty, and
	 * none of them has ended, for 30 s.
	 */
	const settled = async () => {
		await sandbox.idle();
		let [left, since] = ['', Date.now()];
		await eventually(
			async () => {
				const open = (await cluster.startedExecutions(workflowId))
					.filter(({ status }) => UNFINISHED.includes(status))
					.map(({ id }) => id)
					.join();
				if (open !== left || (await cluster.queued()) > 0) [left, since] = [open, Date.now()];
				return open === '' || Date.now() - since > 30_000;
			},
			{ timeout: 300_000, every: 500, what: 'every execution to end' },
		);
	};

	/** Waits for the end of all executions, and counts what became of the events. */
	const record = async (
		test: string,
		sent: Event[],
		deliveries: () => number,
	): Promise<Figures> => {
		await settled();
		const executions = await cluster.startedExecutions(workflowId);
		const row = count(
			test,
			sent.map(idOf),
			deliveries(),
			executions,
			reads(),
			sandbox.endpoints().length,
		);
		figures.push(row);
		// For a lost event, show what its sender was answered.
		const stored = new Set(executions.map(({ testimonial }) => testimonial));
		for (const event of sent.filter((one) => !stored.has(idOf(one)))) {
			const attempts = sandbox.deliveries.filter(({ eventId }) => eventId === event.id);
			process.stderr.write(
				`\nLost: ${JSON.stringify(attempts, ['at', 'attempt', 'status', 'answer', 'error'])}\n`,
			);
		}
		return row;
	};

	/** Makes Testivora send that many events, and calls `atThird` when a third of them have been sent. Testivora retries what fails. */
	const load = async (
		test: string,
		total: number,
		atThird: () => Promise<void> = async () => {},
	): Promise<Figures> => {
		const before = latest();
		const firstAttempts = () =>
			sandbox.deliveries.filter(({ id, attempt }) => id > before && attempt === 1).length;
		const sent: Event[] = [];
		let meanwhile: Promise<void> | undefined;
		while (sent.length < total) {
			for (
				let room = IN_FLIGHT - (sent.length - firstAttempts());
				room > 0 && sent.length < total;
				room--
			) {
				const event = newEvent();
				sent.push(event);
				sandbox.emit(event);
			}
			if (sent.length >= total / 3) meanwhile ??= atThird();
			await pause(5);
		}
		await meanwhile;
		return await record(test, sent, () => latest() - before);
	};

	/** Sends events in this order, some at a time, each to the webhook process with the number that `to` gives. Nothing is retried. */
	const send = async (
		events: Event[],
		to: (index: number) => number,
		inFlight = IN_FLIGHT,
	): Promise<Answered[]> => {
		const [{ secret }] = sandbox.endpoints();
		const answers: Answered[] = [];
		let next = 0;
		const sender = async () => {
			while (next < events.length) {
				const index = next++;
				answers[index] = await deliver(
					cluster.webhooks[to(index)].url + path,
					events[index],
					secret,
				);
			}
		};
		await Promise.all(Array.from({ length: inFlight }, sender));
		return answers;
	};
	const alternately = (index: number) => index % 2;
	const theOtherWayRound = (index: number) => (index + 1) % 2;
	const known = (answers: Answered[]) =>
		answers.filter(({ status, body }) => status === 200 && body.duplicate === true).length;

	test('activation registers one endpoint, with the address that all webhook processes share', () => {
		expect(sandbox.endpoints()).toMatchObject([
			{ url: cluster.balancer.url + path, status: 'active', events: ['testimonial.created'] },
		]);
	});

	describe('races: requests at both webhook processes while the main process registers an endpoint', () => {
		const started: Array<{ id: string; url: string }> = [];
		const races = Object.keys(RACES).flatMap((race) =>
			[false, true].map((serverSecret) => ({ race, serverSecret })),
		);

		afterAll(async () => {
			sandbox.clearFaults();
			sandbox.options.serverSecret = false;
			for (const { id } of started) await cluster.main.deactivate(id);
			await eventually(() => sandbox.endpoints().length === 1, {
				what: 'the other endpoints to be deleted',
			});
			// The next test counts what the workers start.
			await eventually(async () => (await cluster.queued()) === 0, {
				what: 'the executions of the deliveries to end',
			});
			cluster.balancer.answered.fill(0);
		});

		/** Which triggers refuse, at which process, a delivery that Testivora signed. */
		const dead = async (triggers: typeof started) => {
			const refused = [];
			for (const { url } of triggers) {
				const { secret } = sandbox.endpoints().find((endpoint) => endpoint.url === url)!;
				for (const { url: process } of cluster.webhooks) {
					const { status, body } = await deliver(
						process + new URL(url).pathname,
						eventOf(),
						secret,
					);
					if (status !== 200) refused.push({ url, process, status, body });
				}
			}
			return refused;
		};

		test.each(races)(
			'$race, where Testivora makes the secret: $serverSecret: no trigger is dead',
			async ({ race, serverSecret }) => {
				sandbox.options.serverSecret = serverSecret;
				sandbox.inject(RACES[race].fault);
				const credential = await cluster.main.createCredential(
					'Testivora',
					'testivoraApi',
					credentialData(sandbox),
				);
				const triggers = await Promise.all(
					Array.from({ length: TRIGGERS }, async (_, index) => {
						const id = await cluster.main.createWorkflow({
							name: `${race} ${index}`,
							nodes: [triggerNode(credential)],
							connections: {},
						});
						const url = await cluster.main.webhookUrl(id, NODE);
						await Promise.all([
							cluster.main.activate(id),
							RACES[race].run({ sandbox }, url, index),
						]);
						return { id, url };
					}),
				);
				started.push(...triggers);
				for (const { id, url } of triggers) {
					await cluster.main.publication(id);
					await waitForEndpoint({ sandbox }, url);
				}
				// n8n saves static data after the registration and after each request, and nothing shows when it has.
				await pause(2_000);
				// The others get no delivery before the restart, since that would write the registration back.
				expect(await dead(triggers.slice(0, TRIGGERS / 2))).toEqual([]);
			},
		);

		test('after a restart of every process none is dead either', async () => {
			expect(started).toHaveLength(races.length * TRIGGERS);
			await cluster.restart();
			expect(await dead(started)).toEqual([]);
		});
	});

	test('deliveries spread over both webhook processes run once each, in the workers', async () => {
		const started = () =>
			cluster.workers.map((worker) => worker.log().match(/Worker started execution/g)?.length ?? 0);
		const before = started();
		const row = await load('No fault', 100);
		expect(row).toMatchObject({
			sent: 100,
			deliveries: 100,
			run: 100,
			twice: 0,
			cutShort: 0,
			lost: 0,
			endpointsLeft: 0,
		});
		expect(cluster.balancer.answered).toEqual([50, 50]);
		expect([...reads().values()]).toEqual(Array(100).fill(1));
		const ran = started().map((count, worker) => count - before[worker]);
		expect(Math.min(...ran)).toBeGreaterThan(0);
		expect(ran[0] + ran[1]).toBe(100);
	});

	test('after a little more traffic, each webhook process knows what the other one has accepted', async () => {
		const events = newEvents(100);
		const accepted = await send(events, alternately);
		expect(accepted.map(({ status }) => status)).toEqual(Array(100).fill(200));
		await send(newEvents(4), alternately, 1);
		const again = known(await send(events, theOtherWayRound));
		const row = await record(
			'Each event again at the other webhook process, after a little more traffic',
			events,
			() => 200,
		);
		expect(again).toBe(100);
		expect(row).toMatchObject({ run: 100, twice: 0, cutShort: 0, lost: 0 });
	});

	test('right after a burst, each webhook process knows most of what the other one has accepted', async () => {
		const events = newEvents(100);
		await send(events, alternately);
		const again = known(await send(events, theOtherWayRound));
		const row = await record(
			'Each event again at the other webhook process, right after the last of a burst',
			events,
			() => 200,
		);
		// The last saves of two processes overwrite each other, so the other process does not know a few events. Those run again, and no others.
		expect(again).toBeGreaterThanOrEqual(70);
		expect(row).toMatchObject({ run: 100, twice: 100 - again, cutShort: 0, lost: 0 });
	});

	test('1,000 deliveries in a burst run once each', async () => {
		const row = await load('A burst', 1000);
		expect(row).toMatchObject({ run: 1000, twice: 0, cutShort: 0, lost: 0, endpointsLeft: 0 });
	});

	test('after a restart, every process knows what was accepted before', async () => {
		const events = newEvents(100);
		await send(events, alternately);
		await send(newEvents(4), alternately, 1);
		await settled();
		await cluster.restart();
		const again = known(await send(events, theOtherWayRound));
		const row = await record(
			'Each event again after a restart of every process',
			events,
			() => 200,
		);
		expect(again).toBe(100);
		expect(row).toMatchObject({ run: 100, twice: 0, cutShort: 0, lost: 0, endpointsLeft: 0 });
	});

	test('when a webhook process and a worker are stopped and started again, every event runs', async () => {
		const replaced = [cluster.webhooks[1], cluster.workers[1]];
		const row = await load(
			'`SIGTERM` to a webhook process and a worker, then new ones',
			200,
			async () => {
				await Promise.all(replaced.map((member) => member.stop()));
				await Promise.all(replaced.map((member) => member.start()));
			},
		);
		expect(row).toMatchObject({ run: 200, cutShort: 0, lost: 0, endpointsLeft: 0 });
		expect(row.twice).toBeLessThanOrEqual(IN_FLIGHT);
	});

	test('when a webhook process dies, nothing is lost', async () => {
		const [victim] = cluster.webhooks;
		const row = await load('`kill -9` of a webhook process', 200, async () => {
			await victim.kill();
			await victim.start();
		});
		expect(row).toMatchObject({ run: 200, cutShort: 0, lost: 0, endpointsLeft: 0 });
		// Those it had stored and not yet answered, and those it had accepted and not yet saved.
		expect(row.twice).toBeLessThanOrEqual(IN_FLIGHT);
	});

	test('when a worker dies, every execution but those it was running ends well', async () => {
		const [victim] = cluster.workers;
		const row = await load('`kill -9` of a worker', 200, async () => {
			await victim.kill();
			await victim.start();
		});
		expect(row).toMatchObject({ twice: 0, lost: 0, endpointsLeft: 0 });
		// A worker runs ten executions at a time, and n8n does not resume them.
		expect(row.cutShort).toBeLessThanOrEqual(10);
	});

	test('when the database is gone for five seconds, nothing is lost', async () => {
		sandbox.options.deliveryTimeout = TIMEOUT.real;
		const row = await load('PostgreSQL gone for 5 s', 200, async () => {
			await cluster.postgres.stop();
			await pause(5000);
			await cluster.postgres.start();
			sandbox.options.deliveryTimeout = TIMEOUT.patient;
		});
		expect(row).toMatchObject({ lost: 0, endpointsLeft: 0 });
		// Where n8n stored an event after its sender had stopped waiting, the next attempt may have gone to the other process.
		expect(row.twice).toBeLessThanOrEqual(IN_FLIGHT);
	});

	test('when the database is locked for longer than Testivora waits, nothing is lost and few events run twice', async () => {
		sandbox.options.deliveryTimeout = TIMEOUT.real;
		const row = await load('PostgreSQL locked for 20 s', 200, async () => {
			await cluster.postgres.query(
				'BEGIN; LOCK TABLE execution_entity, workflow_entity; SELECT pg_sleep(20); COMMIT',
			);
			sandbox.options.deliveryTimeout = TIMEOUT.patient;
		});
		expect(row).toMatchObject({ lost: 0, endpointsLeft: 0 });
		expect(row.deliveries).toBeGreaterThan(row.sent);
		expect(row.twice).toBeLessThanOrEqual(IN_FLIGHT / 2);
	});

	test('deactivation deletes the endpoint', async () => {
		expect((await cluster.main.deactivate(workflowId)).status).toBe(200);
		await eventually(() => sandbox.endpoints().length === 0, {
			what: 'the endpoint to be deleted',
		});
	});
});
