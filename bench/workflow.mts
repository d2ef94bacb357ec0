import { randomUUID } from 'node:crypto';

import { chain } from '../test/harness/n8n/client.mts';
import type { Execution, WorkflowNode } from '../test/harness/n8n/client.mts';
import type { N8n } from '../test/harness/n8n/instance.mts';

/** A workflow that runs on demand. */
export interface Runnable {
	/** Runs it to its end. @returns the first item of its last node */
	run(body?: object): Promise<Record<string, any>>;
	/** The latest execution; only for a workflow whose executions are saved */
	latest(): Promise<Execution>;
}

/**
 * Saves and activates a workflow of n8n's Webhook node and these nodes, one after the other. It runs as in production: manual runs would
 * also cost the messages that n8n sends the editor.
 *
 * @param saved whether n8n saves executions with their items, which costs time and memory
 */
export async function runnable(
	n8n: N8n,
	nodes: WorkflowNode[],
	{ saved }: { saved: boolean },
): Promise<Runnable> {
	const start: WorkflowNode = {
		name: 'Start',
		type: 'n8n-nodes-base.webhook',
		typeVersion: 2,
		webhookId: randomUUID(),
		parameters: { path: randomUUID(), httpMethod: 'POST', responseMode: 'lastNode' },
	};
	const id = await n8n.createWorkflow({
		name: nodes.map(({ name }) => name).join(', '),
		nodes: [start, ...nodes],
		connections: chain(start.name, ...nodes.map(({ name }) => name)),
		settings: {
			saveDataSuccessExecution: saved ? 'all' : 'none',
			saveDataErrorExecution: saved ? 'all' : 'none',
		},
	});
	const { status } = await n8n.activate(id);
	if (status !== 200) throw new Error(`n8n refused to activate the workflow "${nodes[0].name}"`);
	await n8n.publication(id);
	const url = await n8n.webhookUrl(id, start.name);

	return {
		async run(body = {}) {
			const answer = await fetch(url, {
				method: 'POST',
				headers: { 'content-type': 'application/json' },
				body: JSON.stringify(body),
			});
			const text = await answer.text();
			if (!answer.ok)
				throw new Error(
					`The workflow "${nodes[0].name}" ended with ${answer.status}: ${text.slice(0, 500)}`,
				);
			return JSON.parse(text);
		},
		async latest() {
			const [{ id: execution }] = await n8n.listExecutions(id);
			return await n8n.execution(execution);
		},
	};
}
