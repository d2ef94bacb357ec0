import { randomUUID } from 'node:crypto';

import { chain } from './n8n/client.mts';
import type { Execution } from './n8n/client.mts';
import type { N8n } from './n8n/instance.mts';
import { credentialData, startTestivora } from './stage.mts';
import type { Stage } from './stage.mts';
import type { SandboxOptions } from '../sandbox/sandbox.mts';
import { eventually } from './wait.mts';

/** What the poll trigger's end-to-end tests share. */

export const POLL_NODE = 'Testivora Poll Trigger';

/** Poll Times for a poll every few seconds. n8n's shortest interval is a minute, so the node gets several times within the minute. */
export function everySeconds(seconds: number): Record<string, unknown> {
	const starts = Array.from({ length: Math.ceil(60 / seconds) }, (_, index) => index * seconds);
	return {
		item: starts.map((second) => ({ mode: 'custom', cronExpression: `${second} * * * * *` })),
	};
}

/** Poll Times for a poll at activation, and then once a year. */
export const NEVER = { item: [{ mode: 'custom', cronExpression: '0 0 0 1 1 *' }] };

/** A Testivora Poll Trigger that polls every two seconds: n8n makes a sandbox for expressions for each poll, which takes 0.1 s of the processor. */
export function pollNode(
	credential: string,
	parameters: Record<string, unknown> = {},
	name = POLL_NODE,
) {
	return {
		// The node keeps what it remembers under this, also when its name changes.
		id: randomUUID(),
		name,
		type: 'n8n-nodes-testivora.testivoraPollTrigger',
		typeVersion: 1,
		parameters: { pollTimes: everySeconds(2), ...parameters },
		credentials: { testivoraApi: { id: credential, name: 'Testivora' } },
	};
}

/** Saves a workflow with a Testivora Poll Trigger alone; what it gives out is the output of the execution. */
export async function pollWorkflow(
	{ n8n, credential }: Stage,
	parameters: Record<string, unknown> = {},
): Promise<string> {
	return await n8n.createWorkflow({
		name: `Poll ${randomUUID()}`,
		nodes: [pollNode(credential, parameters)],
		connections: chain(POLL_NODE),
	});
}

/** A Testivora and a credential of its own for workflows of an n8n that other tests use at the same time. */
export interface Scene extends Stage {
	/** Saves a workflow with a Testivora Poll Trigger alone, activates it, and waits until its first poll is over. */
	start(parameters?: Record<string, unknown>): Promise<string>;
	/** The same without activating it. */
	save(parameters?: Record<string, unknown>): Promise<string>;
	/** To be deactivated with the others at the end. */
	track(workflowId: string): string;
}

/** @param n8n stays when the scene is disposed of: only its workflows end */
export async function newScene(n8n: N8n, options: SandboxOptions = {}): Promise<Scene> {
	const sandbox = await startTestivora(options);
	const credential = await n8n.createCredential(
		'Testivora',
		'testivoraApi',
		credentialData(sandbox),
	);
	const workflows: string[] = [];
	const scene: Scene = {
		n8n,
		sandbox,
		credential,
		track(id) {
			workflows.push(id);
			return id;
		},
		save: async (parameters) => scene.track(await pollWorkflow(scene, parameters)),
		async start(parameters) {
			const id = await scene.save(parameters);
			await startPolling(scene, id);
			return id;
		},
		async dispose() {
			for (const id of workflows) await n8n.deactivate(id);
			await sandbox.stop();
		},
	};
	return scene;
}

/** Plays a test in a scene of its own. Where it fails, the end of n8n's log is shown. */
export async function inScene(
	n8n: N8n,
	play: (scene: Scene) => Promise<void>,
	options: SandboxOptions = {},
): Promise<void> {
	const scene = await newScene(n8n, options);
	try {
		await play(scene);
	} catch (error) {
		process.stderr.write(`\nThe end of n8n's log:\n${n8n.log().slice(-3_000)}\n`);
		throw error;
	} finally {
		await scene.dispose();
	}
}

/**
 * Requests for the list that were sent since a point in the sandbox's log. Those that a poll adds for a status which did not occur in the
 * list are left out.
 */
export function lists({ sandbox }: Pick<Stage, 'sandbox'>, since = 0) {
	return sandbox.requests
		.slice(since)
		.filter(
			({ method, path, query }) =>
				method === 'GET' && path === '/v1/testimonials' && query.status === undefined,
		);
}

/** Activates a workflow and waits until its first poll is over: the baseline stands. */
export async function startPolling(stage: Stage, workflowId: string): Promise<void> {
	const since = stage.sandbox.requests.length;
	const { status, body } = await stage.n8n.activate(workflowId);
	if (status !== 200) throw new Error(`n8n refused to activate: ${JSON.stringify(body)}`);
	await stage.n8n.publication(workflowId);
	await eventually(() => lists(stage, since).some((request) => request.status === 200), {
		what: 'a first poll',
	});
}

/** Waits until `count` polls have ended. The first may have begun before this call. */
export async function nextPolls(stage: Stage, count = 2): Promise<void> {
	const since = stage.sandbox.requests.length;
	// The first page of the last poll shows that the one before is over, as polls do not overlap. A poll that is under way does not count.
	await eventually(
		() => lists(stage, since).filter(({ query }) => query.cursor === undefined).length > count,
		{ what: `${count} polls` },
	);
}

/** Milliseconds between two looks at what was given out: each look takes n8n a request for each execution. */
export const EVERY_MS = 500;

/** What a workflow's successful executions were started with, one entry an execution, oldest first. */
export async function givenOut(
	stage: Stage,
	workflowId: string,
	name = POLL_NODE,
): Promise<Array<Array<Record<string, any>>>> {
	const executions: Execution[] = await stage.n8n.executions(workflowId);
	return executions
		.filter(({ status }) => status === 'success')
		.map(({ items }) => (items[name] ?? []).map(({ json }) => json));
}

/** A moment at which n8n was killed, and since when what had arrived may have been in the result that it was storing. */
export interface Kill {
	from: number;
	to: number;
}

/**
 * Kills a process of n8n that polls.
 *
 * n8n saves what the trigger remembers and then the execution; what a poll has just found is lost when n8n dies in between. What arrived
 * before the last three polls began is safe, as the results of earlier polls are stored: Max Items must not hold anything back.
 */
export async function kill(stage: Stage, process: { kill(): Promise<void> }): Promise<Kill> {
	const polls = lists(stage).filter(({ query }) => query.cursor === undefined);
	const from = Date.parse((polls.at(-3) ?? polls[0]).at);
	await process.kill();
	return { from, to: Date.now() };
}

/** The testimonials that n8n may not have lost. @param lost IDs */
function unexplained({ sandbox }: Stage, lost: string[], kills: Kill[]): string[] {
	const arrivedAt = new Map(
		sandbox.testimonials().map(({ id, created_at: at }) => [id, Date.parse(at)]),
	);
	return lost.filter(
		(id) => !kills.some(({ from, to }) => arrivedAt.get(id)! >= from && arrivedAt.get(id)! <= to),
	);
}

/**
 * Waits until nothing is missing but what n8n may have been storing when it was killed. What arrived while n8n was down or starting comes
 * with the first poll, which may take long to be stored on a busy machine.
 *
 * @param missing gives the IDs that are not given out so far
 * @returns those that stay missing
 */
export async function waitForTheRest(
	stage: Stage,
	kills: Kill[],
	missing: () => Promise<string[]>,
): Promise<string[]> {
	return await eventually(
		async () => {
			const ids = await missing();
			const open = unexplained(stage, ids, kills).length;
			if (open > 0) throw new Error(`${open} are missing`);
			return ids;
		},
		{ every: 1_000, what: 'everything but what n8n was storing when it was killed' },
	);
}

/**
 * The IDs of the testimonials in everything that n8n has stored of a workflow's executions, those included that a killed n8n cut short:
 * such an execution was started, and n8n shows it as crashed.
 */
export function storedIds(n8n: N8n, workflowId: string): Set<string> {
	const rows = n8n.query(
		`SELECT data FROM execution_entity JOIN execution_data ON executionId = id WHERE workflowId = ?`,
		workflowId,
	);
	return new Set(rows.flatMap(({ data }) => String(data).match(/tst_[A-Za-z0-9]+/g) ?? []));
}

/** Waits until so many items were given out, and gives them, execution by execution. */
export async function waitForItems(
	stage: Stage,
	workflowId: string,
	count: number,
	timeout?: number,
) {
	return await eventually(
		async () => {
			const given = await givenOut(stage, workflowId);
			if (given.flat().length < count)
				throw new Error(`${given.flat().length} of ${count} were given out`);
			return given;
		},
		{ timeout, every: EVERY_MS, what: `${count} items` },
	);
}

/** The testimonials' IDs, all executions together. */
export function idsOf(given: Array<Array<Record<string, any>>>): string[] {
	return given.flat().map(({ id }) => id);
}
