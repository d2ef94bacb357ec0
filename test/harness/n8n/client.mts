import { unflatten } from './flatted.mts';
import { isAtLeast } from './version.mts';
import { eventually } from '../wait.mts';

/** The log-in of every instance that the harness starts. */
export const OWNER = {
	email: 'owner@example.com',
	firstName: 'Olivia',
	lastName: 'Owner',
	password: 'Testivora1',
};

export interface Answer<T = unknown> {
	status: number;
	/** the parsed JSON, n8n's `data` envelope included; the text where it is no JSON */
	body: T;
}

export interface WorkflowNode {
	id?: string;
	name: string;
	type: string;
	typeVersion: number;
	position?: [number, number];
	parameters?: Record<string, unknown>;
	/** for each credential type the credential's id and name */
	credentials?: Record<string, { id: string; name: string }>;
	webhookId?: string;
	[setting: string]: unknown;
}

/** What n8n's connections look like, by node and kind: "main", or one for AI. `chain` makes them for nodes that follow one another. */
export type Connections = Record<
	string,
	Record<string, Array<Array<{ node: string; type: string; index: number }>>>
>;

export interface WorkflowInput {
	name: string;
	nodes: WorkflowNode[];
	connections: Connections;
	settings?: Record<string, unknown>;
	pinData?: Record<string, unknown>;
}

export interface StoredWorkflow extends WorkflowInput {
	id: string;
	active: boolean;
	versionId: string;
}

export interface Item {
	json: Record<string, any>;
	pairedItem?: unknown;
	error?: unknown;
}

export interface Execution {
	id: string;
	workflowId: string;
	mode: string;
	status: string;
	startedAt: string;
	stoppedAt: string | null;
	/** for each node that ran, the items of its first output, all runs together */
	items: Record<string, Item[]>;
	/** why the execution failed */
	error?: { message: string; description?: string; [field: string]: any };
	/** n8n's own account: for each node, its runs */
	runData: Record<string, any[]>;
}

/** What publishing came to. Under the legacy engine it is `published` or `not_published`, without triggers. */
export interface PublicationStatus {
	status: 'not_published' | 'in_progress' | 'published' | 'partial' | 'failed';
	triggers: Array<{ nodeId: string; status: string; errorMessage: string | null }>;
}

/** Connects nodes one after the other, by name. */
export function chain(...names: string[]): Connections {
	return Object.fromEntries(
		names
			.slice(1)
			.map((name, index) => [names[index], { main: [[{ node: name, type: 'main', index: 0 }]] }]),
	);
}

/** n8n's refusal in one line, without the stack that it sends along. */
function refusal(request: string, { status, body }: Answer): string {
	return `${request}: ${status} ${(body as { message?: string })?.message ?? JSON.stringify(body)}`;
}

/** The statuses of executions that are not over. */
export const UNFINISHED = ['new', 'running', 'waiting', 'unknown'];

/**
 * What the n8n editor does over HTTP, as the owner. Methods throw an Error with n8n's answer where it refuses; `activate` and `deactivate`
 * give the answer back instead, since a refusal is what some tests are about.
 */
export class N8nClient {
	/** `http://127.0.0.1:<port>`, without a slash at the end */
	readonly baseUrl: string;
	private cookie = '';

	constructor(baseUrl: string) {
		this.baseUrl = baseUrl;
	}

	/** Makes the owner of a fresh instance, or logs in as the one that the harness made. */
	async signIn(): Promise<void> {
		const { userManagement } = await this.data<{
			userManagement: { showSetupOnFirstLoad: boolean };
		}>('GET', '/rest/settings');
		if (userManagement.showSetupOnFirstLoad) await this.data('POST', '/rest/owner/setup', OWNER);
		else
			await this.data('POST', '/rest/login', {
				emailOrLdapLoginId: OWNER.email,
				email: OWNER.email,
				password: OWNER.password,
			});
	}

	/** Any request to n8n's own API, within the session. */
	async request<T = any>(method: string, path: string, body?: unknown): Promise<Answer<T>> {
		const response = await fetch(this.baseUrl + path, {
			method,
			headers: {
				// n8n ties the session to this; any constant does.
				'browser-id': 'harness',
				...(this.cookie ? { cookie: this.cookie } : {}),
				...(body === undefined ? {} : { 'content-type': 'application/json' }),
			},
			body: body === undefined ? undefined : JSON.stringify(body),
			signal: AbortSignal.timeout(60_000),
		});
		const session = response.headers
			.getSetCookie()
			.find((cookie) => cookie.startsWith('n8n-auth='));
		if (session) this.cookie = session.split(';')[0];
		const text = await response.text();
		let parsed: unknown = text;
		try {
			parsed = JSON.parse(text);
		} catch {
			// Not every answer is JSON.
		}
		return { status: response.status, body: parsed as T };
	}

	/** The `data` of an answer. */
	private async data<T>(method: string, path: string, body?: unknown): Promise<T> {
		const answer = await this.request<{ data: T }>(method, path, body);
		if (answer.status >= 300) throw new Error(refusal(`${method} ${path}`, answer));
		return answer.body.data;
	}

	// Credentials

	/** n8n wants a name of at least three characters. @returns the credential's id */
	async createCredential(
		name: string,
		type: string,
		data: Record<string, unknown>,
	): Promise<string> {
		return (await this.data<{ id: string }>('POST', '/rest/credentials', { name, type, data })).id;
	}

	/** Replaces all of a credential's data. */
	async updateCredential(id: string, data: Record<string, unknown>): Promise<void> {
		const { name, type } = await this.data<{ name: string; type: string }>(
			'GET',
			`/rest/credentials/${id}`,
		);
		await this.data('PATCH', `/rest/credentials/${id}`, { name, type, data });
	}

	async deleteCredential(id: string): Promise<void> {
		await this.data('DELETE', `/rest/credentials/${id}`);
	}

	/**
	 * What the credential's dialogue shows for this data: `status` is `OK` or `Error`. Older versions of n8n test only a credential that was
	 * saved before; with what does not matter.
	 */
	async testCredential(
		type: string,
		data: Record<string, unknown>,
	): Promise<{ status: string; message: string }> {
		const id = await this.createCredential(
			'tested',
			type,
			Object.fromEntries(Object.keys(data).map((field) => [field, 'anything'])),
		);
		try {
			return await this.data('POST', '/rest/credentials/test', {
				credentials: { id, name: 'tested', type, data },
			});
		} finally {
			await this.deleteCredential(id);
		}
	}

	// Workflows

	/** Nodes get an id and a position where they have none. @returns the workflow's id */
	async createWorkflow(workflow: WorkflowInput): Promise<string> {
		const nodes = workflow.nodes.map((node, index) => ({
			id: `node-${index}`,
			position: [index * 220, 0],
			parameters: {},
			...node,
		}));
		const settings = { executionOrder: 'v1', ...workflow.settings };
		return (
			await this.data<{ id: string }>('POST', '/rest/workflows', {
				active: false,
				...workflow,
				nodes,
				settings,
			})
		).id;
	}

	async workflow(id: string): Promise<StoredWorkflow> {
		return await this.data('GET', `/rest/workflows/${id}`);
	}

	/** Saves changes as the editor does: a workflow that is active goes on as it was until it is activated again; in n8n 1 it follows at once. */
	async updateWorkflow(id: string, changes: Partial<WorkflowInput>): Promise<void> {
		await this.data('PATCH', `/rest/workflows/${id}`, changes);
	}

	/** Changes the parameters of one node and saves. */
	async updateParameters(
		id: string,
		nodeName: string,
		parameters: Record<string, unknown>,
	): Promise<void> {
		const { nodes } = await this.workflow(id);
		await this.updateWorkflow(id, {
			nodes: nodes.map((node) =>
				node.name === nodeName
					? { ...node, parameters: { ...node.parameters, ...parameters } }
					: node,
			),
		});
	}

	/** Deactivates the workflow where it is active, and deletes it. */
	async deleteWorkflow(id: string): Promise<void> {
		if (isAtLeast('2.0')) await this.data('POST', `/rest/workflows/${id}/archive`, {});
		// The publication engine answers before it has unpublished the workflow, and refuses to delete it until then.
		await eventually(async () => this.data('DELETE', `/rest/workflows/${id}`), {
			what: `the deletion of workflow ${id}`,
		});
	}

	/**
	 * Publishes the workflow as it is saved, and gives n8n's answer. Under the publication engine the triggers' methods run after it: wait for
	 * their effect, or with `publication`.
	 */
	async activate(id: string): Promise<Answer> {
		const { versionId } = await this.workflow(id);
		// n8n 1 knows no publishing, but a switch.
		if (!isAtLeast('2.0'))
			return await this.request('PATCH', `/rest/workflows/${id}`, { active: true, versionId });
		return await this.request('POST', `/rest/workflows/${id}/activate`, { versionId });
	}

	/** Unpublishes the workflow and gives n8n's answer. */
	async deactivate(id: string): Promise<Answer> {
		if (!isAtLeast('2.0'))
			return await this.request('PATCH', `/rest/workflows/${id}`, { active: false });
		return await this.request('POST', `/rest/workflows/${id}/deactivate`, {});
	}

	async publicationStatus(id: string): Promise<PublicationStatus> {
		const { status, body } = await this.request('GET', `/rest/workflows/${id}/publication-status`);
		if (status === 200) return body.data;
		return {
			status: (await this.workflow(id)).active ? 'published' : 'not_published',
			triggers: [],
		};
	}

	/** Waits until publishing is over, well or ill: n8n tries a trigger that throws five times within 15 s. */
	async publication(id: string, timeout = 60_000): Promise<PublicationStatus> {
		return await eventually(
			async () => {
				const now = await this.publicationStatus(id);
				return now.status !== 'in_progress' && now;
			},
			{ timeout, what: `the publication of workflow ${id}` },
		);
	}

	// Executions

	/** Executions, newest first, without their data, as many as there are. */
	async listExecutions(workflowId?: string): Promise<Array<{ id: string; status: string }>> {
		const found: Array<{ id: string; status: string }> = [];
		const query = new URLSearchParams({
			limit: '100',
			filter: JSON.stringify(workflowId ? { workflowId } : {}),
		});
		// Older versions of n8n have no cursor. They sort by id, and take it as the edge of a page, where both edges are given.
		const byId = !isAtLeast('2.41');
		if (byId)
			for (const [edge, id] of [
				['firstId', 0],
				['lastId', Number.MAX_SAFE_INTEGER],
			] as const)
				query.set(edge, String(id));
		for (;;) {
			const page = await this.data<{ results: typeof found; nextCursor?: string | null }>(
				'GET',
				`/rest/executions?${query}`,
			);
			found.push(...page.results);
			if (byId && page.results.length > 0) query.set('lastId', page.results.at(-1)!.id);
			else if (page.nextCursor) query.set('cursor', page.nextCursor);
			else return found;
		}
	}

	async execution(id: string): Promise<Execution> {
		const { data, ...stored } = await this.data<
			{ data: string } & Omit<Execution, 'items' | 'runData' | 'error'>
		>('GET', `/rest/executions/${id}`);
		const { resultData } = unflatten(data) as {
			resultData?: { runData?: Record<string, any[]>; error?: Execution['error'] };
		};
		const runData = resultData?.runData ?? {};
		const items = Object.fromEntries(
			Object.entries(runData).map(([node, runs]) => [
				node,
				runs.flatMap((run) => (run.data?.main?.[0] ?? []) as Item[]),
			]),
		);
		const { workflowId, mode, status, startedAt, stoppedAt } = stored;
		return {
			id,
			workflowId,
			mode,
			status,
			startedAt,
			stoppedAt,
			items,
			error: resultData?.error,
			runData,
		};
	}

	/** Executions with what each node gave out, oldest first. */
	async executions(workflowId?: string): Promise<Execution[]> {
		const executions: Execution[] = [];
		for (const { id } of (await this.listExecutions(workflowId)).reverse())
			executions.push(await this.execution(id));
		return executions;
	}

	/** How many executions there are, by status. Cheap, whatever their number. */
	async countExecutions(workflowId?: string): Promise<Record<string, number>> {
		const counts: Record<string, number> = {};
		for (const { status } of await this.listExecutions(workflowId))
			counts[status] = (counts[status] ?? 0) + 1;
		return counts;
	}

	/** Waits until at least `count` executions of the workflow are over, and gives all of them, oldest first. */
	async waitForExecutions(
		workflowId: string,
		count: number,
		timeout = 20_000,
	): Promise<Execution[]> {
		await eventually(
			async () => {
				const over = (await this.listExecutions(workflowId)).filter(
					({ status }) => !UNFINISHED.includes(status),
				);
				if (over.length < count) throw new Error(`${over.length} are over`);
				return true;
			},
			{ timeout, what: `${count} executions of workflow ${workflowId}` },
		);
		return await this.executions(workflowId);
	}

	/** Runs the workflow from a trigger that waits for nothing (such as the Manual Trigger), and waits for the end. */
	async runManually(workflowId: string, triggerName: string, timeout = 60_000): Promise<Execution> {
		const { executionId } = await this.startManually(workflowId, triggerName);
		if (executionId === undefined)
			throw new Error(`${triggerName} waits for a webhook: use listen()`);
		return await eventually(
			async () => {
				const execution = await this.execution(executionId);
				return !UNFINISHED.includes(execution.status) && execution;
			},
			{ timeout, what: `execution ${executionId}` },
		);
	}

	/** "Listen for test event": resolves when the test webhook is registered, that is, after the trigger's methods have run. */
	async listen(workflowId: string, triggerName: string): Promise<void> {
		const { waitingForWebhook } = await this.startManually(workflowId, triggerName);
		if (!waitingForWebhook)
			throw new Error(`${triggerName} does not wait for a webhook: use runManually()`);
	}

	/** "Stop listening". n8n answers at once and removes the test webhook, and runs the trigger's delete method, after. */
	async stopListening(workflowId: string): Promise<void> {
		const answer = await this.request('DELETE', `/rest/test-webhook/${workflowId}`);
		if (answer.status >= 300) throw new Error(refusal('stop listening', answer));
	}

	private async startManually(
		workflowId: string,
		triggerName: string,
	): Promise<{ executionId?: string; waitingForWebhook?: boolean }> {
		const workflowData = await this.workflow(workflowId);
		return await this.data('POST', `/rest/workflows/${workflowId}/run`, {
			workflowData,
			triggerToStartFrom: { name: triggerName },
		});
	}

	// Nodes

	/** The description of a node type as the editor gets it; undefined where n8n does not know the type. */
	async nodeType(name: string, version = 1): Promise<Record<string, any> | undefined> {
		const { body } = await this.request('POST', '/rest/node-types', {
			nodeInfos: [{ name, version }],
		});
		if (body.data) return body.data[0];
		// What n8n makes of a node for AI agents stands only in the list of all types.
		const all = await this.request<Array<Record<string, any>>>('GET', '/types/nodes.json');
		return all.body.find((type) => type.name === name);
	}

	/** What a resource locator's list shows. `node` is one of a workflow, with its parameters and credentials. */
	async searchList(
		node: WorkflowNode,
		{
			method,
			path,
			filter,
			paginationToken,
		}: { method: string; path: string; filter?: string; paginationToken?: string },
	): Promise<Answer> {
		return await this.request('POST', '/rest/dynamic-node-parameters/resource-locator-results', {
			path,
			methodName: method,
			filter,
			paginationToken,
			nodeTypeAndVersion: { name: node.type, version: node.typeVersion },
			currentNodeParameters: node.parameters ?? {},
			credentials: node.credentials,
		});
	}

	/** The path, below the instance's production or test webhook URL, of a trigger in a saved workflow. */
	protected async webhookPath(workflowId: string, nodeName: string): Promise<string> {
		const node = (await this.workflow(workflowId)).nodes.find(({ name }) => name === nodeName);
		const webhook = node && (await this.nodeType(node.type, node.typeVersion))?.webhooks?.[0];
		if (!webhook)
			throw new Error(`Workflow ${workflowId} has no node "${nodeName}" with a webhook`);
		// The built-in Webhook node's path is its parameter, and the whole of it; other triggers have a constant one after their webhook id.
		if (webhook.isFullPath) return String(node.parameters?.path || node.webhookId);
		return `${node.webhookId}/${webhook.path}`;
	}
}
