import { readFileSync } from 'node:fs';

import { OWN_CONNECTION } from '../../../harness/n8n/client.mts';
import type { Execution, WorkflowInput } from '../../../harness/n8n/client.mts';
import { eventually } from '../../../harness/wait.mts';
import type { Stage } from '../../../harness/stage.mts';
import type { Outside } from './outside.mts';

/** A real n8n, a local Testivora, and a stand-in for all other services. */
export interface Play extends Stage {
	outside: Outside;
}

/** The test of one example. */
export interface Example {
	/** by node: what its user fills in after the import */
	choices: Record<string, Choice>;
	/** Runs the imported workflow and checks everything that it sends. */
	run(play: Play, workflowId: string): Promise<void>;
}

export interface Choice {
	/** its type and data */
	credential?: [type: string, data: Record<string, unknown>];
	parameters?: Record<string, unknown>;
}

/** A Google credential of this type, with an access token. */
export const googleCredential = (type: string): Choice['credential'] => [
	type,
	{
		clientId: 'id',
		clientSecret: 'secret',
		oauthTokenData: { access_token: 'token', token_type: 'Bearer', expires_in: 3600 },
	},
];

export function readExample(name: string): WorkflowInput {
	return JSON.parse(readFileSync(`examples/${name}.json`, 'utf8')) as WorkflowInput;
}

/** An example with its user's choices, and the Testivora credential in each of our nodes. */
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

/** Waits until `count` executions have ended. @returns the newest  @throws Error with its message when it failed */
export async function outcome(
	{ n8n }: Play,
	workflowId: string,
	count: number,
): Promise<Execution> {
	const execution = (await n8n.waitForExecutions(workflowId, count)).at(-1)!;
	if (execution.status !== 'success') {
		const { message, description } = execution.error ?? {};
		throw new Error(
			`The execution ended with ${execution.status}: ${message} ${description ?? ''}`,
		);
	}
	return execution;
}

/** Waits until the newest execution is paused for a person's answer. @throws Error with its message when it failed instead */
export async function paused({ n8n }: Play, workflowId: string): Promise<void> {
	await eventually(
		async () => {
			const [newest] = await n8n.listExecutions(workflowId);
			if (newest?.status === 'error')
				throw new Error((await n8n.execution(newest.id)).error!.message);
			return newest?.status === 'waiting';
		},
		{ what: 'the execution to wait for an answer' },
	);
}

/**
 * "Execute workflow" where the workflow starts with a form: submits the form.
 *
 * @param value of the form's only field: a file, or one of its choices
 * @returns the HTML of the page that the workflow ends with
 */
export async function submitForm(
	play: Play,
	workflowId: string,
	trigger: string,
	value: string | File,
): Promise<string> {
	const { n8n } = play;
	const { webhookId } = (await n8n.workflow(workflowId)).nodes.find(
		({ name }) => name === trigger,
	)!;
	await n8n.listen(workflowId, trigger);
	const form = new FormData();
	form.set('field-0', value);
	const headers = OWN_CONNECTION;
	const sent = await fetch(`${n8n.baseUrl}/form-test/${webhookId}`, {
		method: 'POST',
		headers,
		body: form,
	});
	const { formWaitingUrl } = (await sent.json()) as { formWaitingUrl: string };
	await paused(play, workflowId);
	const page = await (await fetch(formWaitingUrl, { headers })).text();
	// In a browser the page sends this request, which ends the execution.
	await fetch(formWaitingUrl, { method: 'POST', headers });
	return page;
}

/** The rows of one of n8n's Data Tables, without the columns that n8n adds. */
export async function rowsOf({ n8n }: Play, table: string): Promise<Array<Record<string, any>>> {
	const { body: tables } = await n8n.request('GET', '/rest/data-tables-global');
	const { id, projectId } = tables.data.data.find(({ name }: { name: string }) => name === table);
	const { body } = await n8n.request('GET', `/rest/projects/${projectId}/data-tables/${id}/rows`);
	return body.data.data.map(
		({ id: _id, createdAt: _created, updatedAt: _updated, ...row }: Record<string, unknown>) => row,
	);
}
