/** Imports into a service that loses requests and answers: what is created, and what the workflow says about each row. */
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

const OURS = 'Testivora, On Error → Continue';

/** What goes wrong during an import. */
type Trouble = 'nothing' | 'lost answers' | 'lost requests';

interface Measurement {
	name: string;
	node: WorkflowNode;
	trouble: Trouble;
	/** Whether an import of the same rows without Skip Existing is stopped half-way before. */
	afterStopped?: boolean;
	/** What the result must be; without it, anything. */
	expected?: (result: Result) => boolean;
}

const faults: Suite = async ({ short }) => {
	const stage = await setStage(
		{ engine: 'publication' },
		{ seed: false, rateLimits: true, timeScale: SCALE },
	);
	try {
		const count = short ? 120 : 1_000;
		const allowed = (count - BURST) / PER_SECOND;
		const bearer = await stage.n8n.createCredential('Bearer', 'httpBearerAuth', {
			token: stage.sandbox.apiKey,
		});
		const generic = createByHttpRequest(stage, bearer, 'HTTP Request', {
			batchSize: PER_SECOND,
			batchInterval: 1_000,
		});
		const isPerfect = ({ once, wrong, inDoubt }: Result) =>
			once === count && wrong === 0 && inDoubt === 0;
		// Whether a request that got no answer was handled cannot be known, so these rows must end in doubt, and none of the others.
		const doubtsWhatIsMissing = ({ missing, doubled, wrong, inDoubt }: Result) =>
			missing > 0 && inDoubt === missing && doubled === 0 && wrong === 0;
		const measurements = (['nothing', 'lost answers'] as const).flatMap(
			(trouble): Measurement[] => {
				const suffix = trouble === 'nothing' ? '' : ', with faults';
				return [
					{ name: `${OURS}${suffix}`, node: ours(stage), trouble, expected: isPerfect },
					{
						name: `${OURS}, stopped half-way and run again with Skip Existing${suffix}`,
						node: ours(stage, { skipExisting: true }),
						trouble,
						afterStopped: true,
						expected: isPerfect,
					},
					{
						name: `HTTP Request, Retry On Fail${suffix}`,
						node: generic,
						trouble,
					},
				];
			},
		);
		measurements.push({
			name: `${OURS}, with requests cut off before they are handled`,
			node: ours(stage),
			trouble: 'lost requests',
			expected: doubtsWhatIsMissing,
		});

		const lines: string[][] = [];
		for (const { name, node, trouble, afterStopped, expected } of measurements) {
			if (short && !expected) continue;
			stage.sandbox.store.testimonials = [];
			if (afterStopped) await stopHalfWay(stage, ours(stage), rows(count), trouble);
			const result = await importRows(stage, node, rows(count), trouble);
			if (expected && !expected(result)) throw new Error(`${name}: ${JSON.stringify(result)}`);
			const { once, missing, doubled, wrong, inDoubt, took } = result;
			lines.push([
				name,
				...[once, missing, doubled, wrong, inDoubt].map((figure) => figure.toLocaleString('en')),
				`${took.toFixed(1)} s`,
				(took / allowed).toFixed(2),
			]);
		}
		const headings = [
			`${count.toLocaleString('en')} rows`,
			'Created once',
			'Missing',
			'Twice or more',
			'Reported wrongly',
			'“May have been created”',
			'Time',
			'÷ limit',
		];
		return `The limit allows ${count.toLocaleString('en')} creates in ${allowed.toFixed(1)} s.\n\n${table(headings, lines)}`;
	} finally {
		await stage.dispose();
	}
};

export default faults;

function ours(stage: Stage, options?: object): WorkflowNode {
	return { ...createByAction(stage, 'Testivora', options), onError: 'continueRegularOutput' };
}

interface Result {
	once: number;
	missing: number;
	doubled: number;
	/** Rows that exist although the workflow says that they failed, or the other way round. */
	wrong: number;
	/** Rows of which the workflow says that they may have been created. */
	inDoubt: number;
	/** In seconds. */
	took: number;
}

/**
 * Lost answers: every tenth create is carried out, then its connection is cut; every twentieth is answered with 503 before anything
 * happens. Lost requests: the connection of every tenth create is cut before anything happens.
 */
function makeTrouble({ sandbox }: Stage, trouble: Trouble): void {
	const every = (nth: number, offset: number) => {
		let seen = offset;
		return { test: (path: string) => path === '/v1/testimonials' && ++seen % nth === 0 } as RegExp;
	};
	const create = { method: 'POST', times: Infinity };
	if (trouble === 'lost requests') sandbox.inject({ ...create, path: every(10, 0), reset: true });
	if (trouble === 'lost answers') {
		sandbox.inject({ ...create, path: every(10, 0), reset: true, handled: true });
		sandbox.inject({ ...create, path: every(20, 5), status: 503 });
	}
}

/** Starts an import and stops its execution in n8n, once half of the rows exist. */
async function stopHalfWay(
	stage: Stage,
	node: WorkflowNode,
	texts: string[],
	trouble: Trouble,
): Promise<void> {
	const { n8n, sandbox } = stage;
	const workflow = await runnable(n8n, [ROWS, node, TOGETHER], { saved: false });
	await pause((BURST / PER_SECOND) * 1_000);
	makeTrouble(stage, trouble);
	const running = workflow.run({ rows: texts.map((text) => ({ text })) }).catch(() => undefined);
	while (sandbox.testimonials().length < texts.length / 2) await pause(50);
	const [{ id }] = (await n8n.listExecutions()).filter(({ status }) => status === 'running');
	const { status } = await n8n.request('POST', `/rest/executions/${id}/stop`);
	if (status !== 200) throw new Error(`n8n did not stop the execution: ${status}`);
	await running;
	sandbox.clearFaults();
	const created = sandbox.testimonials().length;
	if (created >= texts.length) throw new Error(`The import was not stopped: it created ${created}`);
}

async function importRows(
	stage: Stage,
	node: WorkflowNode,
	texts: string[],
	trouble: Trouble,
): Promise<Result> {
	const { n8n, sandbox } = stage;
	const workflow = await runnable(n8n, [ROWS, node, TOGETHER], { saved: false });
	sandbox.requests.length = 0;
	await pause((BURST / PER_SECOND) * 1_000);
	makeTrouble(stage, trouble);
	const begun = performance.now();
	const answer = await workflow
		.run({ rows: texts.map((text) => ({ text })) })
		.catch(() => undefined);
	const took = (performance.now() - begun) / 1_000;
	sandbox.clearFaults();

	const times = new Map<string, number>(texts.map((text) => [text, 0]));
	for (const { text } of sandbox.testimonials()) times.set(text, (times.get(text) ?? 0) + 1);
	const counts = [...times.values()];
	// An execution that failed says of no row that it was created.
	const said = texts.map((_, index) =>
		answer ? (answer.data as Array<Record<string, any>>)[index] : { error: 'failed' },
	);
	const isInDoubt = (index: number) =>
		String(said[index]?.message).includes('may have been created');
	const isWrong = (text: string, index: number) =>
		!isInDoubt(index) && (said[index]?.error === undefined) !== times.get(text)! > 0;
	return {
		once: counts.filter((one) => one === 1).length,
		missing: counts.filter((one) => one === 0).length,
		doubled: counts.filter((one) => one > 1).length,
		wrong: texts.filter(isWrong).length,
		inDoubt: texts.filter((_, index) => isInDoubt(index)).length,
		took,
	};
}

/** Collects all items in one, so that the run answers with what it says about each row. */
const TOGETHER: WorkflowNode = {
	name: 'Together',
	type: 'n8n-nodes-base.aggregate',
	typeVersion: 1,
	parameters: { aggregate: 'aggregateAllItemData', destinationFieldName: 'data', options: {} },
};
