/** Deliveries to a real n8n, from the request to the answer: our trigger and others take turns in the same n8n. */
import { createRequire } from 'node:module';
import { resolve } from 'node:path';

import { UNFINISHED } from '../test/harness/n8n/client.mts';
import { IsolateCounter, LAZY_ISOLATES } from '../test/harness/n8n/isolates.mts';
import { eventually } from '../test/harness/wait.mts';
import { credentialData, eventOf, post } from '../test/harness/stage.mts';
import type { Stage } from '../test/harness/stage.mts';
import { startSandbox } from '../test/sandbox/sandbox.mts';
import { contenders, OURS } from './contenders.mts';
import type { Contender } from './contenders.mts';
import { queue, regular } from './deployments.mts';
import type { Deployment, Start } from './deployments.mts';
import { cpuOf } from './process.mts';
import { median, orDash, quantile } from './statistics.mts';
import { table } from '../test/harness/table.mts';
import { load } from './load.mts';
import type { Delivery, Load } from './load.mts';
import type { Suite } from './main.mts';
import { takeTurns } from './turns.mts';

/** The result of one contender's turn. */
export interface Measured extends Load {
	/** whether its deliveries start an execution */
	runs: boolean;
	/** seconds until the last execution was over */
	finished: number;
	/** milliseconds of CPU time for each delivery in all processes of n8n, its execution included */
	cpu: number;
	/** isolates built for each delivery */
	isolates: number;
}

const CONNECTIONS = 6;

/** The suite for one way to run n8n. */
const suiteFor =
	(start: Start, env: Record<string, string>, { inShort }: { inShort: boolean }): Suite =>
	async ({ short }) => {
		if (short && !inShort) return 'Left out of a short run.';
		return report(await measureIn(start, env, short));
	};

/** Starts an n8n, measures all contenders in it, and stops it. */
async function measureIn(
	start: Start,
	env: Record<string, string>,
	short: boolean,
): Promise<Record<string, Measured[]>> {
	const isolates = new IsolateCounter();
	try {
		const deployment = await start({ ...isolates.env, ...env });
		try {
			return await compare(
				deployment,
				isolates,
				short ? { rounds: 1, amount: 10 } : { rounds: 5, amount: 60 },
			);
		} finally {
			await deployment.dispose();
		}
	} finally {
		await isolates.dispose();
	}
}

/** Lets all contenders take turns. */
async function compare(
	deployment: Deployment,
	isolates: IsolateCounter,
	{ rounds, amount }: { rounds: number; amount: number },
): Promise<Record<string, Measured[]>> {
	const sandbox = await startSandbox();
	const credential = await deployment.n8n.createCredential(
		'Testivora',
		'testivoraApi',
		credentialData(sandbox),
	);
	const stage: Stage = { n8n: deployment.n8n, sandbox, credential, dispose: sandbox.stop };
	const { all, dispose } = await contenders(stage);
	try {
		await deployment.query('DELETE FROM execution_entity');
		for (const contender of all) if (contender.remembers) await fillMemory(deployment, contender);
		const tasks = all.map((contender) => {
			const turn = async () => await measureOne(deployment, isolates, contender, amount);
			return [contender.name, turn] as const;
		});
		return await takeTurns(Object.fromEntries(tasks), rounds, 1);
	} finally {
		await dispose();
		await sandbox.stop();
	}
}

/** One turn. @throws Error when a delivery got another status, or the number of executions is not as expected */
export async function measureOne(
	deployment: Deployment,
	isolates: IsolateCounter,
	contender: Contender,
	amount: number,
): Promise<Measured> {
	const { name, status, runs, next, before } = contender;
	if (before) await acceptOne(deployment, contender, before);
	const [start, cpu, built] = [performance.now(), cpuOf(deployment.pids), isolates.count];
	const measured = await load(addressOf(deployment, contender), amount, CONNECTIONS, next);
	if (measured.statuses[status] !== amount)
		throw new Error(
			`"${name}" did not answer ${amount} deliveries with ${status}: ${JSON.stringify(measured.statuses)}`,
		);
	await finishExecutions(deployment, name, runs ? amount : 0);
	return {
		...measured,
		runs,
		finished: (performance.now() - start) / 1000,
		cpu: (cpuOf(deployment.pids) - cpu) / amount,
		isolates: (isolates.count - built) / amount,
	};
}

/** Sends a delivery and waits until its execution has ended. */
async function acceptOne(
	deployment: Deployment,
	contender: Contender,
	next: () => Delivery,
): Promise<void> {
	const { body, headers } = next();
	const { status } = await post(addressOf(deployment, contender), body, headers);
	if (status !== 200) throw new Error(`A delivery was answered with ${status}`);
	await finishExecutions(deployment, contender.name, 1);
}

const addressOf = ({ address }: Deployment, { url }: Contender) => address + new URL(url).pathname;

/**
 * Waits until all executions have ended, as the next turn must not pay for them, and deletes them, as a growing database becomes slower.
 *
 * @throws Error when one failed, or there are more than expected
 */
async function finishExecutions(
	{ n8n, query }: Deployment,
	name: string,
	expected: number,
): Promise<void> {
	const executions = await eventually(
		async () => {
			// An execution that is not saved is marked as deleted when it succeeds, and its status stays what it was.
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

/** Fills the trigger's stored memory with as many events as it holds. */
async function fillMemory(deployment: Deployment, contender: Contender): Promise<void> {
	const { query } = deployment;
	const { workflowId } = contender;
	// In the manual set-up, nothing is stored before the first event.
	await acceptOne(deployment, contender, contender.next);
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

/** A row for each contender. Ratios are computed for each round; the row has their median. */
function report(results: Record<string, Measured[]>): string {
	const ours = results[OURS].map(rate);
	const rows = Object.entries(results).map(([name, turns]) => {
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

/** Deliveries answered a second. */
export const rate = ({ latencies, seconds }: Measured) => latencies.length / seconds;

/** Deliveries answered and executed a second. */
export function ratesOf(turns: Measured[]): string[] {
	const executed = median(turns.map(({ latencies, finished }) => latencies.length / finished));
	return [
		median(turns.map(rate)).toFixed(1),
		turns.some(({ runs }) => runs) ? executed.toFixed(1) : '–',
	];
}

/** CPU time and isolates a delivery. */
export function costsOf(turns: Measured[]): string[] {
	const isolates = turns.reduce((sum, turn) => sum + turn.isolates, 0) / turns.length;
	return [
		orDash(median(turns.map(({ cpu }) => cpu)), (cpu) => cpu.toFixed(1)),
		isolates.toFixed(2),
	];
}

const LEGACY = { N8N_EXPRESSION_ENGINE: 'legacy' };

/** Regular mode with SQLite, and queue mode with PostgreSQL and Redis; each with n8n's three ways to evaluate expressions. */
const deliveries: Record<string, Suite> = {
	regular: suiteFor(regular, {}, { inShort: false }),
	'regular-lazy': suiteFor(regular, LAZY_ISOLATES, { inShort: true }),
	'regular-legacy': suiteFor(regular, LEGACY, { inShort: false }),
	queue: suiteFor(queue, {}, { inShort: false }),
	'queue-lazy': suiteFor(queue, LAZY_ISOLATES, { inShort: true }),
	'queue-legacy': suiteFor(queue, LEGACY, { inShort: false }),
};

export default deliveries;
