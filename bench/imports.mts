/** Imports of many rows under the rate limit, by the action and by n8n's HTTP Request node. */
import type { WorkflowNode } from '../test/harness/n8n/client.mts';
import { pause } from '../test/harness/wait.mts';
import { setStage } from '../test/harness/stage.mts';
import type { Stage } from '../test/harness/stage.mts';
import { table } from '../test/harness/table.mts';
import type { Suite } from './main.mts';
import {
	BURST,
	createByAction,
	createByHttpRequest,
	PER_SECOND,
	ROWS,
	rows,
	SCALE,
} from './rows.mts';
import { runnable } from './workflow.mts';

/** How an import ended. */
interface Result {
	ended: string;
	/** Seconds from the first request of all imports that ran together to the end of this one. */
	took: number;
	/** Rows that exist, once or more often. */
	created: number;
	/** Rows that exist more than once. */
	doubled: number;
	missing: number;
	requests: number;
	/** The longest time from one successful create to the next, in seconds. */
	longestWait: number;
}

const imports: Suite = async ({ short }) => {
	const stage = await setStage(
		{ engine: 'publication' },
		{ seed: false, rateLimits: true, timeScale: SCALE },
	);
	try {
		const bearer = await stage.n8n.createCredential('Bearer', 'httpBearerAuth', {
			token: stage.sandbox.apiKey,
		});
		const [ours, generic] = [createByAction(stage, OURS), others(stage, bearer)];
		const count = short ? 120 : 1_000;
		const allowed = (count - BURST) / PER_SECOND;
		const row = (
			name: string,
			{ created, doubled, missing, requests, longestWait, took, ended }: Result,
		) => [
			name,
			...[created, doubled, missing, requests].map((number) => number.toLocaleString('en')),
			inSeconds(longestWait),
			inSeconds(took),
			(took / allowed).toFixed(2),
			ended,
		];

		const alone: string[][] = [];
		for (const node of short ? [ours] : [ours, ...generic]) {
			const [result] = await importTogether(stage, node, [rows(count)]);
			alone.push(row(node.name, result));
		}
		const together: string[][] = [];
		for (const node of short ? [ours] : [ours, generic[0]]) {
			const results = await importTogether(stage, node, [
				rows(count / 2, 'First '),
				rows(count / 2, 'Second '),
			]);
			results.forEach((result, index) =>
				together.push(row(`${node.name}: workflow ${index + 1}`, result)),
			);
		}

		const headings = [
			'Created',
			'Of them twice or more',
			'Missing',
			'Requests',
			'Longest wait',
			'Time',
			'÷ limit',
			'Execution',
		];
		return [
			`${count.toLocaleString('en')} creates in all, each time; the limit allows them in ${inSeconds(allowed)}.`,
			table(['One workflow', ...headings], alone),
			table(['Two workflows at once, one key', ...headings], together),
		].join('\n\n');
	} finally {
		await stage.dispose();
	}
};

export default imports;

const OURS = 'Testivora';

function others(stage: Stage, bearer: string): WorkflowNode[] {
	const node = (batches: string, batching?: { batchSize: number; batchInterval: number }) =>
		createByHttpRequest(stage, bearer, `HTTP Request, Retry On Fail, ${batches}`, batching);
	return [
		node('batches of 30 each second', { batchSize: PER_SECOND, batchInterval: 1_000 }),
		node('one each 33 ms', { batchSize: 1, batchInterval: Math.floor(1_000 / PER_SECOND) }),
		node('no batches'),
	];
}

/**
 * Runs imports at the same time, each in a workflow of its own, after the rate limit has recovered.
 *
 * @throws Error when the action created a row twice or not at all
 */
async function importTogether(
	{ n8n, sandbox }: Stage,
	node: WorkflowNode,
	lists: string[][],
): Promise<Result[]> {
	const workflows = await Promise.all(
		lists.map(async () => await runnable(n8n, [ROWS, node], { saved: false })),
	);
	sandbox.store.testimonials = [];
	sandbox.requests.length = 0;
	await pause((BURST / PER_SECOND) * 1_000);
	const ends = await Promise.all(
		lists.map(async (rows, index) => {
			const body = { rows: rows.map((text) => ({ text })) };
			const ended = await workflows[index].run(body).then(
				() => 'succeeds',
				() => 'fails',
			);
			return { ended, at: Date.now() };
		}),
	);
	const requests = sandbox.requests.map(({ body, status, at }) => ({
		text: (body as { text: string }).text,
		status,
		at: Date.parse(at),
	}));
	const results = lists.map((rows, index) => resultOf(rows, requests, ends[index]));
	const wrong = results.find(
		({ ended, created, doubled }, index) =>
			ended !== 'succeeds' || created !== lists[index].length || doubled > 0,
	);
	if (wrong && node.name === OURS)
		throw new Error(`An import by the action went wrong: ${JSON.stringify(wrong)}`);
	return results;
}

function resultOf(
	rows: string[],
	all: Array<{ text: string; status: number; at: number }>,
	{ ended, at }: { ended: string; at: number },
): Result {
	const own = new Set(rows);
	const requests = all.filter(({ text }) => own.has(text));
	const creates = requests.filter(({ status }) => status === 201);
	const times = new Map<string, number>();
	for (const { text } of creates) times.set(text, (times.get(text) ?? 0) + 1);
	const moments = [all[0].at, ...creates.map((create) => create.at)];
	return {
		ended,
		took: (at - all[0].at) / 1_000,
		created: times.size,
		doubled: [...times.values()].filter((count) => count > 1).length,
		missing: rows.length - times.size,
		requests: requests.length,
		longestWait:
			Math.max(...moments.slice(1).map((moment, index) => moment - moments[index])) / 1_000,
	};
}

const inSeconds = (seconds: number) => `${seconds.toFixed(seconds < 10 ? 2 : 1)} s`;
