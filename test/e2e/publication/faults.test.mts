import { randomBytes } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';

import { LAZY_ISOLATES } from '../../harness/n8n/isolates.mts';
import { eventually, pause } from '../../harness/wait.mts';
import {
	deliver,
	endpointAt,
	eventOf,
	goLive,
	otherAccount,
	setStage,
	takeDown,
	triggerWorkflow,
} from '../../harness/stage.mts';
import type { Stage } from '../../harness/stage.mts';
import { count, table } from '../../harness/outcomes.mts';
import type { Figures } from '../../harness/outcomes.mts';
import type { InjectedFault } from '../../sandbox/faults.mts';

declare const engine: 'publication' | 'legacy';

/** Milliseconds in which everything has run: enough for a machine on which n8n takes two deliveries a second. */
const LIMIT = 400_000;

/** Events that Testivora has under way at the same time. */
const IN_FLIGHT = 20;

/** Faults of n8n's process and database under load, with a sender that retries as Testivora does. No event may be lost. */
describe('faults of n8n, one process on SQLite', () => {
	let stage: Stage;
	let id: string;
	let url: string;
	/** Aborted when a test ends: one that ran out of time must not go on sending during the next. */
	let current: AbortController;
	const rows: Figures[] = [];

	beforeAll(async () => {
		// The sender retries for longer than any test takes, and gives up no endpoint.
		stage = await setStage(
			{ engine, env: LAZY_ISOLATES },
			{ seed: false, retries: 10_000, timeScale: 100, disableAfter: Infinity },
		);
		id = await triggerWorkflow(stage);
		({ url } = await goLive(stage, id));
	});
	afterAll(async () => {
		await stage?.dispose();
		process.stdout.write(`\n${table(rows)}\n\n`);
	});
	afterEach(() => current.abort());
	beforeEach(async () => {
		current = new AbortController();
		// Where the test before failed, n8n may be down and events may be under way.
		if (stage.n8n.pid === undefined) await stage.n8n.start();
		await settled();
	});

	/** Waits until Testivora has nothing to send and n8n nothing to run. */
	const settled = async () => {
		await stage.sandbox.idle();
		await stage.n8n.noExecutionRuns(id, LIMIT);
	};

	/** An event about a testimonial of its own, by whose ID its execution is found. */
	const newEvent = () => {
		const event = eventOf();
		const data = { ...(event.data as object), id: `tst_${randomBytes(9).toString('hex')}` };
		return { ...event, data };
	};
	type Event = ReturnType<typeof newEvent>;

	/** The events that n8n has not acknowledged yet. */
	const open = (events: Event[]) => {
		const acknowledged = new Set(
			stage.sandbox.deliveries.filter(({ status }) => status === 200).map(({ eventId }) => eventId),
		);
		return events.filter((event) => !acknowledged.has(event.id));
	};

	/** Makes Testivora send that many events at once. */
	const emit = (length: number) =>
		Array.from({ length }, () => stage.sandbox.emit(newEvent()) as Event);

	/** Makes Testivora send events, at most IN_FLIGHT of them unacknowledged at any moment, until `isEnough` or all are sent. */
	const send = async (total: number, isEnough: (sent: Event[]) => boolean = () => false) => {
		const { signal } = current;
		const sent: Event[] = [];
		while (sent.length < total && !isEnough(sent) && !signal.aborted) {
			if (open(sent).length < IN_FLIGHT) sent.push(...emit(1));
			else await pause(5);
		}
		return sent;
	};

	/** Waits until all is delivered and has run, and counts. */
	const record = async (test: string, sent: Event[], sentByHand = 0): Promise<Figures> => {
		await settled();
		const ids = new Set(sent.map((event) => event.id));
		const sentBySandbox = stage.sandbox.deliveries.filter(({ eventId }) => ids.has(eventId));
		const endpoints = stage.sandbox.endpoints().filter((endpoint) => endpoint.url === url);
		const figures = count(
			test,
			sent.map(({ data }) => data.id),
			sentByHand + sentBySandbox.length,
			stage.n8n.startedExecutions(id),
			new Map(),
			endpoints.length,
		);
		rows.push(figures);
		return figures;
	};

	test('500 deliveries in a burst, 50 of them at any moment, run once each', async () => {
		const events = Array.from({ length: 500 }, newEvent);
		const waiting = [...events];
		const { secret } = endpointAt(stage, url)!;
		const { signal } = current;
		let deliveries = 0;
		const sender = async () => {
			for (let event = waiting.pop(); event && !signal.aborted; event = waiting.pop()) {
				deliveries += 1;
				const { status } = await deliver(url, event, secret);
				if (status !== 200) waiting.push(event);
			}
		};
		await Promise.all(Array.from({ length: 50 }, sender));
		expect(await record('500 deliveries in a burst', events, deliveries)).toMatchObject({
			sent: 500,
			run: 500,
			twice: 0,
			cutShort: 0,
			lost: 0,
			endpointsLeft: 0,
		});
	});

	test('n8n is killed under load: only what was unacknowledged may run twice', async () => {
		const sent = await send(100, (events) => events.length - open(events).length >= 20);
		await stage.n8n.kill();
		const unacknowledged = open(sent).length;
		const before = sent.length;
		const rest = 100 - sent.length;
		// These find n8n down at first.
		sent.push(...emit(IN_FLIGHT));
		await stage.n8n.start();
		sent.push(...(await send(rest)));
		const figures = await record('`kill -9` of n8n under load', sent);
		expect(figures).toMatchObject({ sent: 100 + IN_FLIGHT, endpointsLeft: 0 });
		// Only what was sent before can have been running as n8n died.
		expect(figures.cutShort).toBeLessThanOrEqual(before);
		// n8n died after it had stored the execution and before it answered.
		expect(figures.twice).toBeLessThanOrEqual(unacknowledged);
		// While it starts, n8n answers 200 without asking any node: what is sent then is lost to every trigger.
		const answeredByStart = stage.sandbox.deliveries.filter(
			({ eventId, answer }) =>
				sent.some((event) => event.id === eventId) && answer.includes('n8n is starting up'),
		);
		expect(figures.lost).toBeLessThanOrEqual(answeredByStart.length);
	});

	test('the database is locked until deliveries fail: every event runs once', async () => {
		const database = new DatabaseSync(stage.n8n.database, { timeout: 100 });
		const before = stage.sandbox.deliveries.length;
		let sent: Event[];
		try {
			// Tried again without blocking this process, in which Testivora runs.
			await eventually(() => (database.exec('BEGIN IMMEDIATE'), true), {
				what: 'the lock on the database',
			});
			sent = emit(IN_FLIGHT);
			const failed = () => stage.sandbox.deliveries.slice(before);
			await eventually(() => failed().length >= 3, { what: 'deliveries that fail' });
			expect(failed().map(({ status }) => status)).not.toContain(200);
		} finally {
			// This releases the lock.
			database.close();
		}
		sent.push(...(await send(IN_FLIGHT)));
		expect(await record('Database locked until deliveries fail', sent)).toMatchObject({
			sent: 2 * IN_FLIGHT,
			run: 2 * IN_FLIGHT,
			twice: 0,
			cutShort: 0,
			lost: 0,
			endpointsLeft: 0,
		});
	});

	/** Each hits up to two requests of every method. */
	const FAULTS: Record<string, InjectedFault> = {
		'is slow': { delay: 1500 },
		'resets connections': { reset: true },
		'resets connections after it carried requests out': { reset: true, handled: true },
		'answers 503': { status: 503 },
		'answers with HTML': { status: 200, body: '<html>Sign in to the hotel’s network</html>' },
		'answers with half a body': { truncate: true },
	};

	describe('while an endpoint is registered and deleted, Testivora', () => {
		/** The tests, started at once, each with an account of its own: most of their time is pauses between tries. */
		const running = new Map<string, Promise<void>>();

		beforeAll(() => {
			for (const [name, fault] of Object.entries(FAULTS)) {
				const run = registerAndDelete(fault);
				running.set(name, run);
				// Its test awaits it.
				run.catch(() => {});
			}
		});

		const registerAndDelete = async (fault: InjectedFault) => {
			const account = await otherAccount(stage);
			try {
				for (const method of ['GET', 'POST', 'PATCH', 'DELETE'])
					account.sandbox.inject({ method, path: /^\/v1\/webhooks/, times: 2, ...fault });
				const workflow = await triggerWorkflow(account);
				const endpoint = await goLive(account, workflow);
				expect(account.sandbox.endpoints()).toEqual([endpoint]);
				account.sandbox.emit(eventOf());
				await account.sandbox.idle();
				await stage.n8n.waitForExecutions(workflow, 1);
				await takeDown(account, workflow, endpoint.url);
			} finally {
				await account.dispose();
			}
		};

		test.each(Object.keys(FAULTS))(
			'%s: one endpoint that works, and none after deactivation',
			async (name) => await running.get(name),
		);
	});
});
