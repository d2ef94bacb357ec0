/** Imports of many rows under the rate limit, by the action and by n8n's HTTP Request node. */
import type { WorkflowNode } from '../test/harness/n8n/client.mts';
import { pause } from '../test/harness/wait.mts';
import { actionNode, setStage } from '../test/harness/stage.mts';
import type { Stage } from '../test/harness/stage.mts';
import { byId } from '../test/helpers/fixtures.mts';
import { table } from '../test/harness/table.mts';
import type { Suite } from './main.mts';
import { runnable } from './workflow.mts';

/** The rate limits run so many times faster than in life: 30 writes a second instead of a minute, after a burst of 60. */
const SCALE = 60;
const PER_SECOND = 30;
const BURST = 60;

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
		const others = generic(stage, bearer);
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
		for (const node of short ? [ours(stage)] : [ours(stage), ...others]) {
			const [result] = await importTogether(stage, node, [rows(count)]);
			alone.push(row(node.name, result));
		}
		const together: string[][] = [];
		for (const node of short ? [ours(stage)] : [ours(stage), others[0]]) {
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

function ours({ credential }: Stage): WorkflowNode {
	const parameters = {
		resource: 'testimonial',
		operation: 'create',
		spaceId: byId('spc_courses'),
		text: '={{ $json.text }}',
		authorName: 'Ana López',
	};
	return actionNode(credential, parameters, OURS);
}

/** The HTTP Request node as its users set it up against a rate limit: Retry On Fail with the most and longest tries, and batches of different sizes. */
function generic({ sandbox }: Stage, bearer: string): WorkflowNode[] {
	const node = (batch: string, batching?: object): WorkflowNode => ({
		name: `HTTP Request, Retry On Fail, ${batch}`,
		type: 'n8n-nodes-base.httpRequest',
		typeVersion: 4.4,
		parameters: {
			method: 'POST',
			url: `${sandbox.url}/v1/testimonials`,
			authentication: 'genericCredentialType',
			genericAuthType: 'httpBearerAuth',
			sendBody: true,
			specifyBody: 'json',
			jsonBody:
				'={{ { space_id: "spc_courses", text: $json.text, author: { name: "Ana López" } } }}',
			options: batching ? { batching: { batch: batching } } : {},
		},
		credentials: { httpBearerAuth: { id: bearer, name: 'Bearer' } },
		retryOnFail: true,
		maxTries: 5,
		waitBetweenTries: 5_000,
	});
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

/** A list in the webhook's body, as a spreadsheet's rows would come. */
const ROWS: WorkflowNode = {
	name: 'Rows',
	type: 'n8n-nodes-base.splitOut',
	typeVersion: 1,
	parameters: { fieldToSplitOut: 'body.rows', options: {} },
};

const rows = (count: number, prefix = '') =>
	Array.from(
		{ length: count },
		(_, index) => `${prefix}Row ${index + 1}: a pleasure from start to finish.`,
	);

const inSeconds = (seconds: number) => `${seconds.toFixed(seconds < 10 ? 2 : 1)} s`;
