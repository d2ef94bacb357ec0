/** Imports from a service that loses answers: what is created, and what the workflow says of it. */
import type { WorkflowNode } from '../test/harness/n8n/client.mts';
import { pause } from '../test/harness/wait.mts';
import { actionNode, setStage } from '../test/harness/stage.mts';
import type { Stage } from '../test/harness/stage.mts';
import { byId } from '../test/helpers/fixtures.mts';
import { table } from '../test/harness/table.mts';
import type { Suite } from './main.mts';
import { runnable } from './workflow.mts';

/** As in imports.mts: the limits run 60 times faster than in life. */
const SCALE = 60;
const PER_SECOND = 30;
const BURST = 60;

const OURS = 'Testivora, On Error → Continue';

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
		const again = ours(stage, { skipExisting: true });
		const rows: string[][] = [];
		for (const faulty of [false, true]) {
			for (const [name, node, fresh] of [
				[OURS, ours(stage), true],
				[`${OURS}, run again with Skip Existing`, again, false],
				['HTTP Request, Retry On Fail', generic(stage, bearer), true],
			] as const) {
				if (short && name.startsWith('HTTP')) continue;
				const result = await importRows(stage, node, count, { faulty, fresh });
				if (name.startsWith('Testivora') && (result.doubled > 0 || result.wrong > 0))
					throw new Error(JSON.stringify(result));
				const { once, missing, doubled, wrong, inDoubt, took } = result;
				rows.push([
					`${name}${faulty ? ', with faults' : ''}`,
					...[once, missing, doubled, wrong, inDoubt].map((figure) => figure.toLocaleString('en')),
					`${took.toFixed(1)} s`,
					(took / allowed).toFixed(2),
				]);
			}
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
		return `The limit allows ${count.toLocaleString('en')} creates in ${allowed.toFixed(1)} s.\n\n${table(headings, rows)}`;
	} finally {
		await stage.dispose();
	}
};

export default faults;

function ours({ credential }: Stage, options: object = {}): WorkflowNode {
	const parameters = {
		resource: 'testimonial',
		operation: 'create',
		spaceId: byId('spc_courses'),
		text: '={{ $json.text }}',
		authorName: 'Ana López',
		options,
	};
	return { ...actionNode(credential, parameters, 'Testivora'), onError: 'continueRegularOutput' };
}

/** As its users set it up against this limit: see imports.mts. */
function generic({ sandbox }: Stage, bearer: string): WorkflowNode {
	return {
		name: 'HTTP Request',
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
			options: { batching: { batch: { batchSize: PER_SECOND, batchInterval: 1_000 } } },
		},
		credentials: { httpBearerAuth: { id: bearer, name: 'Bearer' } },
		retryOnFail: true,
		maxTries: 5,
		waitBetweenTries: 5_000,
	};
}

interface Result {
	once: number;
	missing: number;
	doubled: number;
	/** rows that exist and are said to have failed, or the other way round */
	wrong: number;
	/** rows of which the workflow says that they may have been created */
	inDoubt: number;
	/** seconds */
	took: number;
}

/** Every tenth create loses its answer after it was carried out, every twentieth is answered with 503 before. */
function loseAnswers({ sandbox }: Stage): void {
	const every = (nth: number, offset: number) => {
		let seen = offset;
		return { test: (path: string) => path === '/v1/testimonials' && ++seen % nth === 0 } as RegExp;
	};
	sandbox.inject({
		method: 'POST',
		path: every(10, 0),
		times: Infinity,
		reset: true,
		handled: true,
	});
	sandbox.inject({ method: 'POST', path: every(20, 5), times: Infinity, status: 503 });
}

async function importRows(
	stage: Stage,
	node: WorkflowNode,
	count: number,
	{ faulty, fresh }: { faulty: boolean; fresh: boolean },
): Promise<Result> {
	const { n8n, sandbox } = stage;
	const texts = Array.from(
		{ length: count },
		(_, index) => `Row ${index + 1}: a pleasure from start to finish.`,
	);
	const workflow = await runnable(n8n, [ROWS, node, TOGETHER], { saved: false });
	if (fresh) sandbox.store.testimonials = [];
	sandbox.requests.length = 0;
	await pause((BURST / PER_SECOND) * 1_000);
	if (faulty) loseAnswers(stage);
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

/** A list in the webhook's body, as a spreadsheet's rows would come. */
const ROWS: WorkflowNode = {
	name: 'Rows',
	type: 'n8n-nodes-base.splitOut',
	typeVersion: 1,
	parameters: { fieldToSplitOut: 'body.rows', options: {} },
};

/** All items in one, so that the run answers with what it says of each row. */
const TOGETHER: WorkflowNode = {
	name: 'Together',
	type: 'n8n-nodes-base.aggregate',
	typeVersion: 1,
	parameters: { aggregate: 'aggregateAllItemData', destinationFieldName: 'data', options: {} },
};
