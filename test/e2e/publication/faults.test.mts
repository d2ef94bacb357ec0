import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';

import { eventually, pause } from '../../harness/wait.mts';
import {
	deliver,
	endpointAt,
	eventOf,
	goLive,
	noEndpoint,
	setStage,
	triggerWorkflow,
} from '../../harness/stage.mts';
import type { Stage } from '../../harness/stage.mts';
import { count, table } from '../../harness/figures.mts';
import type { Figures } from '../../harness/figures.mts';

declare const engine: 'publication' | 'legacy';

/** What goes wrong while it runs, with a sender that tries again as Testivora does: nothing may be lost, and next to nothing run twice. */
describe('faults while it runs, one process on SQLite', () => {
	let stage: Stage;
	let id: string;
	let url: string;
	const rows: Figures[] = [];

	beforeAll(async () => {
		stage = await setStage({ engine }, { retries: 40, timeScale: 50 });
		id = await triggerWorkflow(stage);
		({ url } = await goLive(stage, id));
	});
	afterAll(async () => {
		await stage?.dispose();
		process.stdout.write(`\n${table(rows)}\n\n`);
	});
	afterEach(() => stage.sandbox.clearFaults());

	const emit = (count: number) =>
		Array.from({ length: count }, () => stage.sandbox.emit(eventOf()).id);

	/** Every execution with the event that started it, also of one that n8n's death cut short: the event stands in what it stored. */
	const executions = async () => {
		const found: Array<{ testimonial: string; status: string }> = [];
		for (const { id: execution, status } of await stage.n8n.listExecutions(id)) {
			const { body } = await stage.n8n.request('GET', `/rest/executions/${execution}`);
			found.push({ testimonial: /evt_[0-9a-f]{18}/.exec(body.data.data)?.[0] ?? '', status });
		}
		return found;
	};

	/** Waits until all attempts and all runs are over, and counts. */
	const account = async (fault: string, sent: string[], sentByHand = 0) => {
		await stage.sandbox.idle();
		await eventually(
			async () => {
				const { new: queued = 0, running = 0 } = await stage.n8n.countExecutions(id);
				return queued + running === 0;
			},
			{ timeout: 120_000, every: 250, what: 'all runs to be over' },
		);
		const deliveries =
			sentByHand + stage.sandbox.deliveries.filter(({ eventId }) => sent.includes(eventId)).length;
		const endpoints = stage.sandbox.endpoints().filter((endpoint) => endpoint.url === url).length;
		rows.push(count(fault, sent, deliveries, await executions(), new Map(), endpoints));
		return rows.at(-1)!;
	};

	test('1,000 deliveries in a burst, 50 of them at any moment', async () => {
		const waiting = Array.from({ length: 1000 }, () => eventOf());
		const sent = waiting.map((event) => event.id);
		let deliveries = 0;
		const sender = async () => {
			for (let event = waiting.pop(); event; event = waiting.pop()) {
				deliveries += 1;
				const { status } = await deliver(url, event, endpointAt(stage, url)!.secret);
				if (status !== 200) waiting.push(event);
			}
		};
		await Promise.all(Array.from({ length: 50 }, sender));
		const figures = await account('1,000 deliveries in a burst', sent, deliveries);
		expect(figures).toMatchObject({
			sent: 1000,
			run: 1000,
			twice: 0,
			cutShort: 0,
			lost: 0,
			endpointsLeft: 0,
		});
	}, 400_000);

	test('n8n is killed under load', async () => {
		const sent = emit(100);
		await eventually(
			() => stage.sandbox.deliveries.filter(({ status }) => status === 200).length > 20,
			{ what: 'some deliveries' },
		);
		await stage.n8n.kill();
		sent.push(...emit(20));
		await stage.n8n.start();
		const figures = await account('kill -9 of n8n under load', sent);
		// Twice only where n8n died between storing and answering, which can hit no more than were under way at once.
		// n8n answers 200 by itself, without asking a node, while it starts: what is sent just then is lost to every trigger.
		const early = stage.sandbox.deliveries.filter(
			({ eventId, answer }) => sent.includes(eventId) && answer.includes('n8n is starting up'),
		);
		expect(figures).toMatchObject({ sent: 120, endpointsLeft: 0 });
		expect(figures.lost).toBeLessThanOrEqual(early.length);
		expect(figures.twice).toBeLessThanOrEqual(20);
	}, 400_000);

	test('the database is locked for seconds', async () => {
		const database = new DatabaseSync(join(stage.n8n.userFolder, '.n8n/database.sqlite'));
		database.exec('BEGIN IMMEDIATE');
		const sent = emit(40);
		await pause(6_000);
		database.exec('ROLLBACK');
		database.close();
		const figures = await account('database locked for 6 s', sent);
		expect(figures).toMatchObject({
			sent: 40,
			run: 40,
			twice: 0,
			cutShort: 0,
			lost: 0,
			endpointsLeft: 0,
		});
	}, 400_000);

	test.each([
		['slow', { delay: 1500 }],
		['resetting connections', { reset: true }],
		['resetting connections after it carried requests out', { reset: true, handled: true }],
		['answering 503', { status: 503 }],
		['answering HTML', { status: 200, body: '<html>Sign in to the hotel’s network</html>' }],
		['answering half a body', { truncate: true }],
	])(
		'Testivora is %s while endpoints are registered, repaired and deleted',
		async (_name, fault) => {
			for (const method of ['GET', 'POST', 'PATCH', 'DELETE'])
				stage.sandbox.inject({ method, path: /^\/v1\/webhooks/, times: 2, ...fault });
			const other = await triggerWorkflow(stage);
			const endpoint = await goLive(stage, other);
			stage.sandbox.emit(eventOf(), { endpointId: endpoint.id });
			await stage.sandbox.idle();
			await stage.n8n.waitForExecutions(other, 1);
			await stage.n8n.deactivate(other);
			await noEndpoint(stage, endpoint.url);
		},
		120_000,
	);
});
