/** Deliveries to a real n8n, from the request to the answer: our trigger beside others, all in the same n8n and in turns. */
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { UNFINISHED } from '../test/harness/n8n/client.mts';
import { ensureN8n } from '../test/harness/n8n/host.mts';
import { N8n } from '../test/harness/n8n/instance.mts';
import { IsolateCounter, LAZY_ISOLATES } from '../test/harness/n8n/isolates.mts';
import { installPackage } from '../test/harness/n8n/tarball.mts';
import { eventually } from '../test/harness/wait.mts';
import { credentialData, eventOf, post } from '../test/harness/stage.mts';
import type { Stage } from '../test/harness/stage.mts';
import { Cluster } from '../test/harness/queue/cluster.mts';
import { startSandbox } from '../test/sandbox/sandbox.mts';
import { contenders, OURS } from './contenders.mts';
import type { Contender } from './contenders.mts';
import { cpuOf } from './cpu.mts';
import { median, orNothing, quantile } from './figures.mts';
import { table } from '../test/harness/table.mts';
import { load } from './load.mts';
import type { Delivery, Load } from './load.mts';
import type { Suite } from './main.mts';
import { packNothing } from './nothing.mts';
import { takeTurns } from './turns.mts';

/** An n8n to measure, and its database. */
interface Place {
	n8n: N8n;
	/** where the process listens that takes deliveries */
	address: string;
	/** of all its processes */
	pids: number[];
	query: (sql: string) => Promise<string[][]>;
	dispose: () => Promise<void>;
}

/** What a turn of one contender came to. */
interface Measured extends Load {
	/** whether its deliveries start an execution */
	runs: boolean;
	/** seconds until the last execution was over */
	finished: number;
	/** milliseconds of the processor's time for each delivery, in all processes of n8n, its execution included */
	cpu: number;
	/** isolates built for each delivery */
	isolates: number;
}

type Start = (env: Record<string, string>) => Promise<Place>;

const CONNECTIONS = 6;

/** One way to run n8n, with all contenders. */
const part =
	(start: Start, env: Record<string, string>, { inShort }: { inShort: boolean }): Suite =>
	async ({ short }) => {
		if (short && !inShort) return 'Left out of a short run.';
		return report(await measureIn(start, env, short));
	};

/** Starts an n8n, and lets contenders take turns in it. */
async function measureIn(
	start: Start,
	env: Record<string, string>,
	short: boolean,
): Promise<Map<Contender, Measured[]>> {
	const isolates = new IsolateCounter();
	try {
		const place = await start({ ...isolates.env, ...env });
		try {
			return await compare(
				place,
				isolates,
				short ? { rounds: 1, amount: 10 } : { rounds: 5, amount: 60 },
			);
		} finally {
			await place.dispose();
		}
	} finally {
		isolates.dispose();
	}
}

/** Rounds in which all contenders take turns. */
async function compare(
	place: Place,
	isolates: IsolateCounter,
	{ rounds, amount }: { rounds: number; amount: number },
): Promise<Map<Contender, Measured[]>> {
	const sandbox = await startSandbox();
	const credential = await place.n8n.createCredential(
		'Testivora',
		'testivoraApi',
		credentialData(sandbox),
	);
	const stage: Stage = { n8n: place.n8n, sandbox, credential, dispose: sandbox.stop };
	const { all, dispose } = await contenders(stage);
	try {
		await place.query('DELETE FROM execution_entity');
		for (const contender of all) if (contender.remembers) await fillMemory(place, contender);
		// The first round warms up and does not count.
		const found = await takeTurns(
			all.map((contender) => () => measureOne(place, isolates, contender, amount)),
			rounds,
			1,
		);
		return new Map(all.map((contender, index) => [contender, found[index]]));
	} finally {
		await dispose();
		await sandbox.stop();
	}
}

/** @throws Error when a delivery was not answered as it should be, or did not start, or started, an execution */
async function measureOne(
	place: Place,
	isolates: IsolateCounter,
	contender: Contender,
	amount: number,
): Promise<Measured> {
	const { name, status, runs, next, before } = contender;
	if (before) await acceptOne(place, contender, before);
	const [start, cpu, built] = [performance.now(), cpuOf(place.pids), isolates.count];
	const measured = await load(addressOf(place, contender), amount, CONNECTIONS, next);
	if (measured.statuses[status] !== amount)
		throw new Error(
			`"${name}" did not answer ${amount} deliveries with ${status}: ${JSON.stringify(measured.statuses)}`,
		);
	await executed(place, name, runs ? amount : 0);
	return {
		...measured,
		runs,
		finished: (performance.now() - start) / 1000,
		cpu: (cpuOf(place.pids) - cpu) / amount,
		isolates: (isolates.count - built) / amount,
	};
}

/** One delivery that starts an execution, to its end. */
async function acceptOne(place: Place, contender: Contender, next: () => Delivery): Promise<void> {
	const { body, headers } = next();
	const { status } = await post(addressOf(place, contender), body, headers);
	if (status !== 200) throw new Error(`A delivery was answered with ${status}`);
	await executed(place, contender.name, 1);
}

const addressOf = ({ address }: Place, { url }: Contender) => address + new URL(url).pathname;

/** Waits until all executions are over, so that nobody pays for another's, and deletes them: a database that grows would become slower. */
async function executed({ n8n, query }: Place, name: string, expected: number): Promise<void> {
	const executions = await eventually(
		async () => {
			// One that is not saved is marked as deleted when it succeeds, and keeps the status that it had.
			const found = await query(
				`SELECT id, CASE WHEN "deletedAt" IS NULL THEN status ELSE 'success' END FROM execution_entity`,
			);
			return (
				found.length >= expected &&
				!found.some(([, status]) => UNFINISHED.includes(status)) &&
				found
			);
		},
		{ timeout: 120_000, every: 50, what: `${expected} executions of "${name}"` },
	);
	const failed = executions.find(([, status]) => status !== 'success');
	if (failed)
		throw new Error(`"${name}" failed: ${JSON.stringify((await n8n.execution(failed[0])).error)}`);
	if (executions.length !== expected)
		throw new Error(`"${name}" ran ${executions.length} times and not ${expected}`);
	await query('DELETE FROM execution_entity');
}

/** Stores as many events as the trigger remembers, as after a long life. */
async function fillMemory(place: Place, contender: Contender): Promise<void> {
	const { query } = place;
	const { workflowId } = contender;
	// Set up by hand, it stores nothing before its first event.
	await acceptOne(place, contender, contender.next);
	const { Ledger, CAPACITY } = createRequire(import.meta.url)(
		resolve('dist/nodes/TestivoraTrigger/ledger.js'),
	) as typeof import('../nodes/TestivoraTrigger/ledger.ts');
	const ledger = new Ledger();
	let seen = '';
	for (let event = 0; event < CAPACITY; event++) seen = ledger.accept(eventOf().id, Date.now());
	const [[stored]] = await query(
		`SELECT "staticData" FROM workflow_entity WHERE id = '${workflowId}'`,
	);
	const staticData = JSON.parse(stored);
	for (const slot of Object.values<{ seen?: string }>(staticData.global.testivoraTrigger))
		slot.seen = seen;
	await query(
		`UPDATE workflow_entity SET "staticData" = '${JSON.stringify(staticData)}' WHERE id = '${workflowId}'`,
	);
}

/** A row for each contender. Ratios are of one round, and the median of the rounds. */
function report(found: Map<Contender, Measured[]>): string {
	const ours = [...found].find(([{ name }]) => name === OURS)![1].map(rate);
	const rows = [...found].map(([{ name }, turns]) => {
		const latencies = turns.flatMap((turn) => turn.latencies);
		const ratios = turns.map((turn, round) => ours[round] / rate(turn));
		return [
			name,
			...ratesOf(turns),
			...[0.5, 0.99].map((q) => quantile(latencies, q).toFixed(0)),
			...costsOf(turns),
			name === OURS
				? '1'
				: `${median(ratios).toFixed(3)} (${[0.25, 0.75].map((q) => quantile(ratios, q).toFixed(3)).join('–')})`,
		];
	});
	return table(
		[
			'',
			'Answered/s',
			'Executed/s',
			'p50, ms',
			'p99, ms',
			'CPU, ms',
			'Isolates',
			`${OURS} ÷ this (quartiles)`,
		],
		rows,
	);
}

const rate = ({ latencies, seconds }: Measured) => latencies.length / seconds;

/** Answered and executed each second. */
function ratesOf(turns: Measured[]): string[] {
	const executed = median(turns.map(({ latencies, finished }) => latencies.length / finished));
	return [
		median(turns.map(rate)).toFixed(1),
		turns.some(({ runs }) => runs) ? executed.toFixed(1) : '–',
	];
}

/** The processor's time and the isolates for each delivery. */
function costsOf(turns: Measured[]): string[] {
	const isolates = turns.reduce((sum, turn) => sum + turn.isolates, 0) / turns.length;
	return [
		orNothing(median(turns.map(({ cpu }) => cpu)), (cpu) => cpu.toFixed(1)),
		isolates.toFixed(2),
	];
}

const regular: Start = async (env) => {
	const userFolder = await mkdtemp(join(tmpdir(), 'n8n-testivora-bench-'));
	await cp(join((await ensureN8n()).template, '.n8n'), join(userFolder, '.n8n'), {
		recursive: true,
	});
	await installPackage(await packNothing(), userFolder);
	const n8n = await N8n.start({ engine: 'publication', userFolder, env });
	const database = new DatabaseSync(join(userFolder, '.n8n/database.sqlite'), { timeout: 10_000 });
	return {
		n8n,
		address: n8n.baseUrl,
		pids: [n8n.pid!],
		query: async (sql) =>
			database
				.prepare(sql)
				.all()
				.map((row) => Object.values(row).map(String)),
		dispose: async () => {
			database.close();
			await n8n.dispose();
			await rm(userFolder, { recursive: true, force: true });
		},
	};
};

const queue: Start = async (env) => {
	const cluster = await Cluster.start('publication', { env, packages: [await packNothing()] });
	// What the queue's tests note of each execution would count for both sides here.
	await cluster.postgres.query('DROP TRIGGER keep_start ON execution_data');
	// One process, as in regular mode, and not the tests' balancer, which would take its share of the processor.
	const [{ url: address }] = cluster.webhooks;
	const pids = [cluster.main, ...cluster.webhooks, ...cluster.workers].map(({ pid }) => pid!);
	return {
		n8n: cluster.main,
		address,
		pids,
		query: (sql) => cluster.postgres.query(sql),
		dispose: () => cluster.dispose(),
	};
};

const LEGACY = { N8N_EXPRESSION_ENGINE: 'legacy' };

/** Regular mode with SQLite and queue mode with PostgreSQL and Redis, each with the three ways in which n8n evaluates expressions. */
const deliveries: Record<string, Suite> = {
	regular: part(regular, {}, { inShort: false }),
	'regular-lazy': part(regular, LAZY_ISOLATES, { inShort: true }),
	'regular-legacy': part(regular, LEGACY, { inShort: false }),
	queue: part(queue, {}, { inShort: false }),
	'queue-lazy': part(queue, LAZY_ISOLATES, { inShort: true }),
	'queue-legacy': part(queue, LEGACY, { inShort: false }),
};

export default deliveries;
