/** Polls that find nothing: by our trigger, and by what people build from n8n's own nodes. */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import type { WorkflowNode } from '../test/harness/n8n/client.mts';
import { N8n } from '../test/harness/n8n/instance.mts';
import { eventually } from '../test/harness/wait.mts';
import { everySeconds, pollWorkflow } from '../test/harness/polling.mts';
import { credentialData } from '../test/harness/stage.mts';
import { startSandbox } from '../test/sandbox/sandbox.mts';
import type { Sandbox } from '../test/sandbox/sandbox.mts';
import { median, orDash } from './statistics.mts';
import { table } from '../test/harness/table.mts';
import { fill, pagesByHttpRequest } from './lists.mts';
import type { Suite } from './main.mts';
import { residentMemoryOf, peakMemoryOf, resetPeakMemory } from './process.mts';
import { runnable } from './workflow.mts';

/** What polls that find nothing cost; a list has an entry for each poll. */
interface Cost {
	requests: number;
	/** Milliseconds. */
	times: number[];
	/** MB that n8n held at its peak, less what it held before. */
	added: number;
	/** Bytes in n8n's database that tell what was seen. */
	state: number;
	/** Executions stored for each poll. */
	executions: number;
}

/** The aim at 10,000 testimonials: at most half the time. A busy machine can miss it, so the figures are shown all the same. */
const MAX_RATIO = 0.5;

const OURS = 'Testivora Poll Trigger';
const GENERIC = 'Schedule Trigger, HTTP Request, Split Out, Remove Duplicates';

const polls: Suite = async ({ short }) => {
	const [sizes, count] = short ? [[100], 2] : [[100, 1_000, 10_000], 5];
	const sandbox = await startSandbox({ seed: false });
	try {
		const rows: string[][] = [];
		for (const size of sizes) {
			fill(sandbox, size);
			const generic = await fresh(sandbox, async (n8n) => await costOfGeneric(n8n, sandbox, count));
			const ours = await fresh(sandbox, async (n8n) => await costOfOurs(n8n, sandbox, size, count));
			const ratio = median(ours.times) / median(generic.times);
			if (ours.executions > 0)
				throw new Error(`Polls among ${size} testimonials that found nothing stored executions`);
			if (size === 10_000 && ratio > MAX_RATIO) {
				console.error(`The aim is missed: among ${size} testimonials, ratio ${ratio.toFixed(2)}`);
				process.exitCode = 1;
			}
			rows.push(row(size, GENERIC, generic, 1), row(size, OURS, ours, ratio));
		}
		const headings = [
			'Testimonials',
			'Polled by',
			'Requests',
			'Time',
			'Ratio',
			'Memory added',
			'State',
			'Executions stored',
		];
		return table(headings, rows);
	} finally {
		await sandbox.stop();
	}
};

export default polls;

/** Measures in an n8n of its own, because memory once taken is not given back. Its log tells when polls begin and end. */
async function fresh(sandbox: Sandbox, measure: (n8n: N8n) => Promise<Cost>): Promise<Cost> {
	const n8n = await N8n.start({
		engine: 'publication',
		env: { N8N_LOG_LEVEL: 'debug', N8N_LOG_FORMAT: 'json' },
	});
	try {
		sandbox.requests.length = 0;
		return await measure(n8n);
	} finally {
		await n8n.dispose();
	}
}

async function costOfOurs(n8n: N8n, sandbox: Sandbox, size: number, count: number): Promise<Cost> {
	const credential = await n8n.createCredential(
		'Testivora',
		'testivoraApi',
		credentialData(sandbox),
	);
	const id = await pollWorkflow(
		{ n8n, sandbox, credential, dispose: async () => {} },
		{ pollTimes: everySeconds(3) },
	);
	const before = residentMemoryOf(n8n.pid!);
	resetPeakMemory(n8n.pid!);
	await n8n.activate(id);
	// The first is the baseline, the second warms up.
	const found = await eventually(
		() => {
			const times = pollTimes(n8n.log(), size);
			return times.length >= count + 2 && times;
		},
		{ timeout: 180_000, what: `${count + 2} polls` },
	);
	const executions = Object.values(await n8n.countExecutions(id)).reduce(
		(sum, some) => sum + some,
		0,
	);
	return {
		requests: sandbox.requests.length / pollTimes(n8n.log(), size).length,
		times: found.slice(2, count + 2),
		added: peakMemoryOf(n8n.pid!) - before,
		state: Number(
			one(n8n, 'SELECT length(staticData) AS found FROM workflow_entity WHERE id = ?', id),
		),
		executions: executions / found.length,
	};
}

/**
 * The time of each poll in n8n's log, from where n8n begins it to where our trigger has its result, in milliseconds.
 *
 * @throws Error when a poll gave something out
 */
function pollTimes(log: string, size: number): number[] {
	const times: number[] = [];
	let begun: number | undefined;
	for (const line of log.split('\n')) {
		const begins = line.includes('Poll trigger initiated');
		const ends = line.includes('testimonials read');
		if (!begins && !ends) continue;
		const at = Date.parse(
			(JSON.parse(line.slice(line.indexOf('{'))) as { metadata: { timestamp: string } }).metadata
				.timestamp,
		);
		// A tick during a poll begins, too, but is left out.
		if (begins) begun ??= at;
		if (!ends || begun === undefined) continue;
		if (!line.includes(`${size} testimonials read, 0 given out`))
			throw new Error(`A poll among ${size} testimonials: ${line}`);
		times.push(at - begun);
		begun = undefined;
	}
	return times;
}

async function costOfGeneric(n8n: N8n, sandbox: Sandbox, count: number): Promise<Cost> {
	const bearer = await n8n.createCredential('Bearer', 'httpBearerAuth', { token: sandbox.apiKey });
	const dedupe: WorkflowNode = {
		name: 'Remove Duplicates',
		type: 'n8n-nodes-base.removeDuplicates',
		typeVersion: 2,
		parameters: {
			operation: 'removeItemsSeenInPreviousExecutions',
			dedupeValue: '={{ $json.id }}',
			// Its default of 10,000 does not take a list of 10,000.
			options: { historySize: 20_000 },
		},
	};
	const nodes = [...pagesByHttpRequest(sandbox, bearer), dedupe];
	// A webhook, which is not counted, stands in for the Schedule Trigger. Executions are stored, as is the default of a new workflow.
	const workflow = await runnable(n8n, nodes, { saved: true });
	const before = residentMemoryOf(n8n.pid!);
	resetPeakMemory(n8n.pid!);
	const times: number[] = [];
	for (let poll = 0; poll < count + 2; poll++) {
		await workflow.run().catch(() => undefined);
		const { items, runData, status, error } = await workflow.latest();
		if (status !== 'success') throw new Error(`${GENERIC}: ${status}, ${error?.message}`);
		const given = items['Remove Duplicates']?.length ?? 0;
		if (poll > 0 && given > 0) throw new Error(`${GENERIC}: ${given} given out in poll ${poll}`);
		const spent = nodes
			.flatMap(({ name }) => runData[name] ?? [])
			.reduce((sum: number, { executionTime }) => sum + executionTime, 0);
		if (poll > 1) times.push(spent);
	}
	return {
		requests: sandbox.requests.length / (count + 2),
		times,
		added: peakMemoryOf(n8n.pid!) - before,
		state: Number(one(n8n, 'SELECT sum(length(value)) AS found FROM processed_data')),
		executions: 1,
	};
}

/** A single value from n8n's database. */
function one(n8n: N8n, query: string, ...values: string[]): unknown {
	const database = new DatabaseSync(join(n8n.userFolder, '.n8n', 'database.sqlite'), {
		readOnly: true,
	});
	try {
		return (database.prepare(query).get(...values) as { found: unknown }).found;
	} finally {
		database.close();
	}
}

function row(
	size: number,
	by: string,
	{ requests, times, added, state, executions }: Cost,
	ratio: number,
): string[] {
	return [
		size.toLocaleString('en'),
		by,
		String(Math.round(requests)),
		`${Math.round(median(times)).toLocaleString('en')} ms`,
		ratio.toFixed(2),
		orDash(added, (mb) => `${Math.round(mb)} MB`),
		`${Math.round(state / 1_000)} kB`,
		String(Math.round(executions)),
	];
}
