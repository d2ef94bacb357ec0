/** Lists: all testimonials, by Get Many and by what a user would build from n8n's own nodes. */
import type { Execution, WorkflowNode } from '../test/harness/n8n/client.mts';
import { N8n } from '../test/harness/n8n/instance.mts';
import { actionNode, credentialData } from '../test/harness/stage.mts';
import type { Stage } from '../test/harness/stage.mts';
import { startSandbox } from '../test/sandbox/sandbox.mts';
import type { Sandbox } from '../test/sandbox/sandbox.mts';
import { newTestimonial } from '../test/sandbox/store.mts';
import type { Testimonial } from '../test/sandbox/store.mts';
import { median, orDash } from './statistics.mts';
import { table } from '../test/harness/table.mts';
import type { Suite } from './main.mts';
import { cpuOf, residentMemoryOf, peakMemoryOf, resetPeakMemory } from './process.mts';
import { takeTurns } from './turns.mts';
import { runnable } from './workflow.mts';

/** An n8n and a local Testivora, with a credential for each kind of node. */
interface ListStage extends Omit<Stage, 'dispose'> {
	/** ID of HTTP Request's credential */
	bearer: string;
}

/** What a whole run cost n8n. */
interface Run {
	/** milliseconds */
	took: number;
	/** milliseconds of CPU time */
	cpu: number;
	/** MB of memory before the run, and at its peak */
	before: number;
	peak: number;
}

/** The ways to read the list, and the nodes of each. The others are compared with the first. */
const WAYS: Record<string, (stage: ListStage) => WorkflowNode[]> = {
	'HTTP Request with pagination, Split Out': ({ sandbox, bearer }) =>
		pagesByHttpRequest(sandbox, bearer),
	'Testivora, Simplify off': (stage) => [getMany(stage, { returnAll: true, simplify: false })],
	'Testivora, Simplify on': (stage) => [getMany(stage, { returnAll: true })],
};

/** All testimonials as items, by n8n's own nodes. @param bearer ID of HTTP Request's credential */
export function pagesByHttpRequest(sandbox: Sandbox, bearer: string): WorkflowNode[] {
	return [
		{
			name: 'HTTP Request',
			type: 'n8n-nodes-base.httpRequest',
			typeVersion: 4.4,
			parameters: {
				url: `${sandbox.url}/v1/testimonials`,
				authentication: 'genericCredentialType',
				genericAuthType: 'httpBearerAuth',
				sendQuery: true,
				queryParameters: { parameters: [{ name: 'limit', value: '100' }] },
				options: {
					pagination: {
						pagination: {
							paginationMode: 'updateAParameterInEachRequest',
							parameters: {
								parameters: [
									{ type: 'qs', name: 'cursor', value: '={{ $response.body.next_cursor }}' },
								],
							},
							paginationCompleteWhen: 'other',
							completeExpression: '={{ !$response.body.has_more }}',
						},
					},
				},
			},
			credentials: { httpBearerAuth: { id: bearer, name: 'Bearer' } },
		},
		{
			name: 'Split Out',
			type: 'n8n-nodes-base.splitOut',
			typeVersion: 1,
			parameters: { fieldToSplitOut: 'data', options: {} },
		},
	];
}

/** Counts the items, so that a run answers with one. */
const COUNT: WorkflowNode = {
	name: 'Count',
	type: 'n8n-nodes-base.summarize',
	typeVersion: 1.1,
	parameters: {
		fieldsToSummarize: { values: [{ aggregation: 'count', field: 'id' }] },
		options: {},
	},
};

/** With a large heap, V8 collects garbage late. With a small one, the peak shows what is really held. */
const SMALL_HEAP_MB = 512;

const lists: Record<string, Suite> = {
	'10000': async ({ short }) => {
		const [many, rounds, freshRounds] = short ? [300, 1, 1] : [10_000, 7, 5];
		return await withTestimonials(
			many,
			async (sandbox) =>
				await withN8n(sandbox, async (stage) => {
					const perRun = short
						? async (way: string) => await once(stage, way, many)
						: inFreshN8n(sandbox, many);
					return [
						summary(many, await times(stage, many, rounds), await inTurns(freshRounds, perRun)),
						await counts(stage),
					].join('\n\n');
				}),
		);
	},
	'100000': async ({ short }) => {
		if (short) return 'Left out of a short run.';
		const many = 100_000;
		return await withTestimonials(many, async (sandbox) => {
			const free = await inTurns(2, inFreshN8n(sandbox, many));
			const bounded = await inTurns(
				2,
				inFreshN8n(sandbox, many, { NODE_OPTIONS: `--max-old-space-size=${SMALL_HEAP_MB}` }),
			);
			return [
				large('100,000 testimonials', free),
				large(`The same, heap of at most ${SMALL_HEAP_MB} MB`, bounded),
			].join('\n\n');
		});
	},
};

export default lists;

/** One run in an n8n of its own, because a process does not give back the memory of an earlier run. */
const inFreshN8n =
	(sandbox: Sandbox, entries: number, env: Record<string, string> = {}) =>
	async (way: string) =>
		await withN8n(sandbox, async (stage) => await once(stage, way, entries), env);

/** Does some work with a local Testivora that has so many testimonials. */
async function withTestimonials<T>(
	count: number,
	work: (sandbox: Sandbox) => Promise<T>,
): Promise<T> {
	const sandbox = await startSandbox({ seed: false });
	try {
		fill(sandbox, count);
		return await work(sandbox);
	} finally {
		await sandbox.stop();
	}
}

/** Measures all ways, in turns. */
async function inTurns<T>(
	rounds: number,
	measure: (way: string) => Promise<T>,
	warmUps = 0,
): Promise<Record<string, T[]>> {
	const tasks = Object.keys(WAYS).map((way) => [way, () => measure(way)] as const);
	return await takeTurns(Object.fromEntries(tasks), rounds, warmUps);
}

/** Milliseconds that the nodes of each way took, as n8n measures them, after a warm-up. */
async function times(
	stage: ListStage,
	entries: number,
	rounds: number,
): Promise<Record<string, number[]>> {
	const workflows = Object.fromEntries(
		await Promise.all(
			Object.entries(WAYS).map(
				async ([way, nodes]) =>
					[way, await runnable(stage.n8n, nodes(stage), { saved: true })] as const,
			),
		),
	);
	const measure = async (way: string) => {
		await workflows[way].run();
		const execution = await workflows[way].latest();
		return timeOf(
			execution,
			WAYS[way](stage).map(({ name }) => name),
			entries,
		);
	};
	return await inTurns(rounds, measure, 1);
}

/** Milliseconds that the nodes took in an execution, in all. @throws Error when the last one did not output every testimonial */
function timeOf({ status, items, runData }: Execution, nodes: string[], entries: number): number {
	const given = new Set(items[nodes.at(-1)!]?.map(({ json }) => json.id)).size;
	if (status !== 'success' || given !== entries)
		throw new Error(`${nodes.join(', ')}: ${status} with ${given} of ${entries} testimonials`);
	return nodes
		.flatMap((node) => runData[node])
		.reduce((sum: number, { executionTime }) => sum + executionTime, 0);
}

/** One run that n8n does not save. @throws Error when it did not read every testimonial */
async function once(stage: ListStage, way: string, entries: number): Promise<Run> {
	const workflow = await runnable(stage.n8n, [...WAYS[way](stage), COUNT], { saved: false });
	const pid = stage.n8n.pid!;
	const before = residentMemoryOf(pid);
	resetPeakMemory(pid);
	const [since, used] = [performance.now(), cpuOf([pid])];
	const { count_id: given } = await workflow.run();
	const [took, cpu, peak] = [performance.now() - since, cpuOf([pid]) - used, peakMemoryOf(pid)];
	if (given !== entries) throw new Error(`${way}: ${given} of ${entries} testimonials`);
	return { took, cpu, before, peak };
}

/** How many pages Get Many requests: with a filter that the API knows, only pages of matches; with a limit, no more than needed. */
async function counts(stage: ListStage): Promise<string> {
	const asked = async (parameters: object) => {
		const workflow = await runnable(stage.n8n, [getMany(stage, parameters), COUNT], {
			saved: false,
		});
		const from = stage.sandbox.requests.length;
		const { count_id: given } = await workflow.run();
		return { given, requests: stage.sandbox.requests.slice(from) };
	};
	const filtered = await asked({ returnAll: true, filters: { status: 'approved' } });
	const approved = stage.sandbox
		.testimonials()
		.filter(({ status }) => status === 'approved').length;
	const limited = await asked({ limit: 150 });
	const rows = [
		['Status “Approved”', approved, filtered],
		['Limit 150', 150, limited],
	] as const;
	for (const [name, due, { given }] of rows)
		if (given !== due) throw new Error(`${name}: ${given} of ${due} testimonials`);
	if (!filtered.requests.every(({ query }) => query.status === 'approved'))
		throw new Error('the API was not asked to filter');
	return table(
		['Get Many', 'Testimonials', 'Pages asked for'],
		rows.map(([name, due, { requests }]) => [name, String(due), String(requests.length)]),
	);
}

function getMany({ credential }: ListStage, parameters: object): WorkflowNode {
	return actionNode(
		credential,
		{ resource: 'testimonial', operation: 'getAll', ...parameters },
		'Get Many',
	);
}

/** Does some work with an n8n of its own. */
async function withN8n<T>(
	sandbox: Sandbox,
	work: (stage: ListStage) => Promise<T>,
	env: Record<string, string> = {},
): Promise<T> {
	const n8n = await N8n.start({ engine: 'publication', env });
	try {
		const credential = await n8n.createCredential(
			'Testivora',
			'testivoraApi',
			credentialData(sandbox),
		);
		const bearer = await n8n.createCredential('Bearer', 'httpBearerAuth', {
			token: sandbox.apiKey,
		});
		return await work({ n8n, sandbox, credential, bearer });
	} finally {
		await n8n.dispose();
	}
}

/** Replaces the sandbox's testimonials by so many of usual length, every third one approved. */
export function fill({ store }: Sandbox, count: number): void {
	const text =
		'Cerré 3 clientes en una semana, y no lo habría creído. “¿Así de fácil?”, me dijo mi socia, y sí: así de fácil. ';
	store.testimonials = Array.from({ length: count }, (_, index): Testimonial =>
		newTestimonial({
			text: `${text.repeat(1 + (index % 3))}${index}`,
			rating: 1 + (index % 5),
			status: ['approved', 'pending', 'rejected'][index % 3],
			tags: ['onboarding', 'coaching'].slice(index % 3),
			author: {
				name: `Ana López ${index}`,
				title: 'Coach',
				company: 'Acme',
				photo_url: `https://example.com/${index}.jpg`,
			},
		}),
	);
}

function summary(
	entries: number,
	times: Record<string, number[]>,
	runs: Record<string, Run[]>,
): string {
	const rows = Object.keys(WAYS).map((way) => [
		way,
		...withRatio(times, way, inSeconds),
		...memoryColumns(runs, way),
	]);
	return table(
		[`${entries.toLocaleString('en')} testimonials`, 'Time of the nodes', 'Ratio', ...MEMORY],
		rows,
	);
}

function large(heading: string, runs: Record<string, Run[]>): string {
	const cpu = mapped(runs, (run) => run.cpu);
	const rows = Object.keys(WAYS).map((way) => [
		way,
		inSeconds(median(runs[way].map(({ took }) => took))),
		...withRatio(cpu, way, inSeconds),
		...memoryColumns(runs, way),
	]);
	return table([heading, 'Whole run', 'CPU of n8n', 'Ratio', ...MEMORY], rows);
}

const MEMORY = ['Peak memory of n8n', 'Ratio', 'Of that, added by the run', 'Ratio'];

function memoryColumns(runs: Record<string, Run[]>, way: string): string[] {
	const peak = mapped(runs, (run) => run.peak);
	const added = mapped(runs, (run) => run.peak - run.before);
	return [...withRatio(peak, way, inMb), ...withRatio(added, way, inMb)];
}

/** The median of a way's rounds, and the median of each round's ratio to the first way. */
function withRatio(
	found: Record<string, number[]>,
	way: string,
	written: (number: number) => string,
): string[] {
	const [first] = Object.keys(WAYS);
	const ratios = found[way].map((one, round) => one / found[first][round]);
	return [orDash(median(found[way]), written), orDash(median(ratios), (ratio) => ratio.toFixed(2))];
}

const mapped = (
	runs: Record<string, Run[]>,
	field: (run: Run) => number,
): Record<string, number[]> =>
	Object.fromEntries(Object.entries(runs).map(([way, found]) => [way, found.map(field)]));

const inSeconds = (ms: number) => `${(ms / 1000).toFixed(2)} s`;
const inMb = (mb: number) => `${Math.round(mb)} MB`;
