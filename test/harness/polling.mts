import { randomUUID } from 'node:crypto';

import { chain } from './n8n/client.mts';
import type { Execution } from './n8n/client.mts';
import { eventually } from './wait.mts';
import type { Stage } from './stage.mts';

/** What the poll trigger's end-to-end tests share. */

export const POLL_NODE = 'Testivora Poll Trigger';

/**
 * Times at which n8n polls: every few seconds. Its shortest interval is a minute, but a node may have several times, each at a second of
 * its own.
 */
export function everySeconds(seconds: number): Record<string, unknown> {
	const starts = Array.from({ length: Math.ceil(60 / seconds) }, (_, index) => index * seconds);
	return {
		item: starts.map((second) => ({ mode: 'custom', cronExpression: `${second} * * * * *` })),
	};
}

/** Polls at activation only: once a year. */
export const NEVER = { item: [{ mode: 'custom', cronExpression: '0 0 0 1 1 *' }] };

/** A Testivora Poll Trigger that polls every two seconds. */
export function pollNode(
	credential: string,
	parameters: Record<string, unknown> = {},
	name = POLL_NODE,
) {
	return {
		// Found again by this after its name has changed.
		id: randomUUID(),
		name,
		type: 'n8n-nodes-testivora.testivoraPollTrigger',
		typeVersion: 1,
		parameters: { pollTimes: everySeconds(2), ...parameters },
		credentials: { testivoraApi: { id: credential, name: 'Testivora' } },
	};
}

/** Saves a workflow with a Testivora Poll Trigger alone; what it gives out is the execution's output. */
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

/** Requests for the list that were sent since a point in the sandbox's log. */
export function lists({ sandbox }: Stage, since = 0) {
	return sandbox.requests
		.slice(since)
		.filter(({ method, path }) => method === 'GET' && path === '/v1/testimonials');
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

/** Waits until at least one whole poll has begun and ended from now on. */
export async function nextPolls(stage: Stage, count = 2): Promise<void> {
	const since = stage.sandbox.requests.length;
	// The last one counted may still be under way; the one before it is over, since polls do not overlap.
	await eventually(
		() => lists(stage, since).filter(({ query }) => query.cursor === undefined).length > count,
		{
			timeout: 30_000,
			what: `${count} polls`,
		},
	);
}

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

/** Waits until so many items were given out, and gives them, execution by execution. */
export async function waitForItems(
	stage: Stage,
	workflowId: string,
	count: number,
	timeout = 30_000,
) {
	return await eventually(
		async () => {
			const given = await givenOut(stage, workflowId);
			if (given.flat().length < count)
				throw new Error(`${given.flat().length} of ${count} were given out`);
			return given;
		},
		{ timeout, what: `${count} items` },
	);
}

/** The testimonials' IDs, all executions together. */
export function idsOf(given: Array<Array<Record<string, any>>>): string[] {
	return given.flat().map(({ id }) => id);
}
