/** What n8n's settings do to the rate of our trigger: each setting has an n8n of its own, and they take turns. */
import { addCredential } from '../test/harness/stage.mts';
import { IsolateCounter, LAZY_ISOLATES } from '../test/harness/n8n/isolates.mts';
import { startSandbox } from '../test/sandbox/sandbox.mts';
import type { Sandbox } from '../test/sandbox/sandbox.mts';
import { table } from '../test/harness/table.mts';
import { ourTrigger } from './contenders.mts';
import { costsOf, measureOne, rate, ratesOf } from './deliveries.mts';
import type { Measured } from './deliveries.mts';
import { regular } from './deployments.mts';
import type { Suite } from './main.mts';
import { median, quantile } from './statistics.mts';
import { takeTurns } from './turns.mts';

interface Setting {
	env?: Record<string, string>;
	typeVersion?: number;
}

const COMPILE_CACHE = { N8N_EXPRESSION_ENGINE_COMPILE_CACHE: 'true' };
const SAVE_NONE = { EXECUTIONS_DATA_SAVE_ON_SUCCESS: 'none' };

/** The others are compared with the first. */
const SETTINGS: Record<string, Setting> = {
	'n8n as it comes, trigger of version 1.1': {},
	'Trigger of version 1': { typeVersion: 1 },
	'Compile cache': { env: COMPILE_CACHE },
	'Successful executions not saved': { env: SAVE_NONE },
	'Lazy isolates': { env: LAZY_ISOLATES },
	'Lazy isolates, trigger of version 1': { env: LAZY_ISOLATES, typeVersion: 1 },
	'Lazy isolates, successful executions not saved': { env: { ...LAZY_ISOLATES, ...SAVE_NONE } },
};

const settings: Suite = async ({ short }) => {
	const { rounds, amount } = short ? { rounds: 1, amount: 10 } : { rounds: 7, amount: 60 };
	const disposals: Array<() => Promise<unknown>> = [];
	try {
		const sandbox = await startSandbox();
		disposals.push(sandbox.stop);
		const tasks: Record<string, () => Promise<Measured>> = {};
		for (const [name, setting] of Object.entries(SETTINGS))
			tasks[name] = await prepare(setting, sandbox, amount, disposals);
		return report(await takeTurns(tasks, rounds, 1));
	} finally {
		for (const dispose of disposals.reverse()) await dispose();
	}
};

export default settings;

/** Starts an n8n with a setting. @returns one turn of its deliveries */
async function prepare(
	{ env, typeVersion }: Setting,
	sandbox: Sandbox,
	amount: number,
	disposals: Array<() => Promise<unknown>>,
): Promise<() => Promise<Measured>> {
	const isolates = new IsolateCounter();
	disposals.push(() => isolates.dispose());
	const deployment = await regular({ ...isolates.env, ...env });
	disposals.push(deployment.dispose);
	const { n8n } = deployment;
	const credential = await addCredential(n8n, sandbox);
	const stage = { n8n, sandbox, credential, dispose: deployment.dispose };
	const contender = await ourTrigger(stage, {}, typeVersion);
	return async () => await measureOne(deployment, isolates, contender, amount);
}

/** A row for each setting. Ratios are computed for each round; the row has their median. */
function report(results: Record<string, Measured[]>): string {
	const [first] = Object.keys(results);
	const rows = Object.entries(results).map(([name, turns]) => {
		const ratios = turns.map((turn, round) => rate(turn) / rate(results[first][round]));
		return [
			name,
			...ratesOf(turns),
			...costsOf(turns),
			name === first
				? '1'
				: `${median(ratios).toFixed(2)} (${[0.25, 0.75].map((q) => quantile(ratios, q).toFixed(2)).join('–')})`,
		];
	});
	return table(
		['', 'Answered/s', 'Executed/s', 'CPU, ms', 'Isolates', 'Ratio to the first (quartiles)'],
		rows,
	);
}
