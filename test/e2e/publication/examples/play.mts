import { readFileSync } from 'node:fs';

import type { Execution, WorkflowInput } from '../../../harness/n8n/client.mts';
import { eventually } from '../../../harness/wait.mts';
import type { Stage } from '../../../harness/stage.mts';
import type { Outside } from './outside.mts';

/** A real n8n, a local Testivora, and a stand-in for every other service. */
export interface Play extends Stage {
	outside: Outside;
}

/** What its user does after the import, for each node by its name, and what it then must do. */
export interface Example {
	choices: Record<string, Choice>;
	/** Runs the imported workflow and checks all that leaves it. */
	run(play: Play, workflowId: string): Promise<void>;
}

export interface Choice {
	/** the type of the credential and its data */
	credential?: [type: string, data: Record<string, unknown>];
	parameters?: Record<string, unknown>;
}

export function readExample(name: string): WorkflowInput {
	return JSON.parse(readFileSync(`examples/${name}.json`, 'utf8')) as WorkflowInput;
}

/** An example with its user's choices: the Testivora credential in every node of ours, and for others what `choices` says. */
export async function chosen(
	{ n8n, credential }: Stage,
	name: string,
	choices: Example['choices'],
): Promise<WorkflowInput> {
	const workflow = readExample(name);
	for (const node of workflow.nodes) {
		if (node.type.startsWith('n8n-nodes-testivora.'))
			node.credentials = { testivoraApi: { id: credential, name: 'Testivora' } };
		const choice = choices[node.name];
		node.parameters = { ...node.parameters, ...choice?.parameters };
		if (choice?.credential) {
			const [type, data] = choice.credential;
			node.credentials = {
				[type]: {
					id: await n8n.createCredential(`For ${node.name}`, type, data),
					name: `For ${node.name}`,
				},
			};
		}
	}
	return workflow;
}

/** Waits until the workflow's newest execution is over, and gives it. @throws Error with its message when it failed */
export async function outcome(
	{ n8n }: Play,
	workflowId: string,
	count: number,
): Promise<Execution> {
	const execution = (await n8n.waitForExecutions(workflowId, count, 40_000)).at(-1)!;
	if (execution.status !== 'success') {
		const { message, description } = execution.error ?? {};
		throw new Error(
			`The execution ended with ${execution.status}: ${message} ${description ?? ''}`,
		);
	}
	return execution;
}

/**
 * "Execute workflow" on one that starts with a form: sends the form, and waits for the page at the end.
 *
 * @param value of the form's only field: a file, or one of its choices
 * @returns the HTML of that page
 */
export async function fillIn(
	{ n8n }: Play,
	workflowId: string,
	trigger: string,
	value: string | File,
): Promise<string> {
	const { webhookId } = (await n8n.workflow(workflowId)).nodes.find(
		({ name }) => name === trigger,
	)!;
	await n8n.listen(workflowId, trigger);
	const form = new FormData();
	form.set('field-0', value);
	const sent = await fetch(`${n8n.baseUrl}/form-test/${webhookId}`, { method: 'POST', body: form });
	const { formWaitingUrl } = (await sent.json()) as { formWaitingUrl: string };
	await eventually(
		async () => {
			const [{ id, status }] = await n8n.listExecutions(workflowId);
			if (status === 'error') throw new Error((await n8n.execution(id)).error!.message);
			return status === 'waiting';
		},
		{ what: 'the page at the end' },
	);
	const page = await (await fetch(formWaitingUrl)).text();
	// The page itself does so once it is shown, and with that the execution is over.
	await fetch(formWaitingUrl, { method: 'POST' });
	return page;
}

/** The rows of one of n8n's Data Tables, without what n8n adds to each. */
export async function rowsOf({ n8n }: Play, table: string): Promise<Array<Record<string, any>>> {
	const { body: tables } = await n8n.request('GET', '/rest/data-tables-global');
	const { id, projectId } = tables.data.data.find(({ name }: { name: string }) => name === table);
	const { body } = await n8n.request('GET', `/rest/projects/${projectId}/data-tables/${id}/rows`);
	return body.data.data.map(
		({ id: _id, createdAt: _created, updatedAt: _updated, ...row }: Record<string, unknown>) => row,
	);
}
