import { unflatten } from './flatted.mts';
import { isAtLeast } from './version.mts';
import { eventually } from '../wait.mts';

/** The account of every instance that the harness starts. */
export const OWNER = {
	email: 'owner@example.com',
	firstName: 'Olivia',
	lastName: 'Owner',
	password: 'Testivora1',
};

export interface Answer<T = unknown> {
	status: number;
	/** the parsed JSON, with n8n's `data` envelope; the text where it is not JSON */
	body: T;
}

export interface WorkflowNode {
	id?: string;
	name: string;
	type: string;
	typeVersion: number;
	position?: [number, number];
	parameters?: Record<string, unknown>;
	/** by credential type */
	credentials?: Record<string, { id: string; name: string }>;
	webhookId?: string;
	[setting: string]: unknown;
}

/** A workflow's connections by source node and kind ("main" or an AI connection). `chain` connects nodes in a row. */
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
	/** by node: the items of its first output, all its runs together */
	items: Record<string, Item[]>;
	/** why the execution failed */
	error?: { message: string; description?: string; [field: string]: any };
	/** by node: its runs, as n8n stores them */
	runData: Record<string, any[]>;
}

/** The result of publishing. Under the legacy engine only `published` and `not_published` occur, without triggers. */
export interface PublicationStatus {
	status: 'not_published' | 'in_progress' | 'published' | 'partial' | 'failed';
	triggers: Array<{ nodeId: string; status: string; errorMessage: string | null }>;
}

/** Connects nodes in a row, by name. */
export function chain(...names: string[]): Connections {
	return Object.fromEntries(
		names
			.slice(1)
			.map((name, index) => [names[index], { main: [[{ node: name, type: 'main', index: 0 }]] }]),
	);
}

/**
 * Headers that give a request a connection of its own. n8n closes connections that were idle for five seconds; where it was busy at that
 * moment, it closes them later, and resets a request that has just been sent.
 */
export const OWN_CONNECTION = { connection: 'close' };

/** An error response in one line, without the stack trace that n8n sends along. */
function refusal(request: string, { status, body }: Answer): string {
	return `${request}: ${status} ${(body as { message?: string })?.message ?? JSON.stringify(body)}`;
}

/** The statuses of executions that have not ended. */
export const UNFINISHED = ['new', 'running', 'waiting', 'unknown'];

/**
 * The requests that n8n's editor sends, as the owner. A response other than 2xx is thrown as an Error; only `request`, `activate` and
 * `deactivate` return it, since some tests are about it.
 */
export class N8nClient {
	/** `http://127.0.0.1:<port>` */
	readonly baseUrl: string;
	private cookie = '';

	constructor(baseUrl: string) {
		this.baseUrl = baseUrl;
	}

	/** Creates the owner of a fresh instance, or logs in as the one created before. */
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

	/** Any request to n8n's internal API, within the session. */
	async request<T = any>(method: string, path: string, body?: unknown): Promise<Answer<T>> {
		const response = await fetch(this.baseUrl + path, {
			method,
			headers: {
				...OWN_CONNECTION,
				// n8n binds the session to this; any constant will do.
				'browser-id': 'harness',
				...(this.cookie ? { cookie: this.cookie } : {}),
				...(body === undefined ? {} : { 'content-type': 'application/json' }),
			},
			body: body === undefined ? undefined : JSON.stringify(body),
			signal: AbortSignal.timeout(120_000),
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

	/** @param name at least three characters  @returns the credential's ID */
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
	 * What the credential's dialog shows for this data: `status` is `OK` or `Error`. Older versions of n8n test only a credential that is
	 * saved, whatever its data.
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

	/** Nodes get an ID and a position where they have none. @returns the workflow's ID */
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

	/** Saves changes as the editor does. An active workflow runs as before until `activate`; in n8n 1 the changes apply at once. */
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

	/** Deletes the workflow, active or not. */
	async deleteWorkflow(id: string): Promise<void> {
		if (isAtLeast('2.0')) await this.data('POST', `/rest/workflows/${id}/archive`, {});
		// Under the publication engine n8n refuses the deletion until it has unpublished the workflow, which it does after it answered.
		await eventually(async () => this.data('DELETE', `/rest/workflows/${id}`), {
			what: `the deletion of workflow ${id}`,
		});
	}

	/** Publishes the saved workflow. Under the publication engine n8n answers before it runs the triggers' methods: wait with `publication`. */
	async activate(id: string): Promise<Answer> {
		const { versionId } = await this.workflow(id);
		// n8n 1 has a switch instead of publishing.
		if (!isAtLeast('2.0'))
			return await this.request('PATCH', `/rest/workflows/${id}`, { active: true, versionId });
		return await this.request('POST', `/rest/workflows/${id}/activate`, { versionId });
	}

	/** Unpublishes the workflow. Under the publication engine n8n answers before it runs the triggers' methods. */
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

	/** Waits until publishing or unpublishing has ended, well or not: n8n tries a trigger that throws five times within 15 s. */
	async publication(id: string, timeout?: number): Promise<PublicationStatus> {
		return await eventually(
			async () => {
				const now = await this.publicationStatus(id);
				return now.status !== 'in_progress' && now;
			},
			{ timeout, what: `the publication of workflow ${id}` },
		);
	}

	// Executions

	/** All executions without their data, newest first. */
	async listExecutions(workflowId?: string): Promise<Array<{ id: string; status: string }>> {
		const found: Array<{ id: string; status: string }> = [];
		const query = new URLSearchParams({
			limit: '100',
			filter: JSON.stringify(workflowId ? { workflowId } : {}),
		});
		// Older versions of n8n have no cursor. Given both of these, they sort by ID and treat them as the bounds of a page.
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

	/** The newest execution; undefined before the first. */
	async latestExecution(workflowId: string): Promise<Execution | undefined> {
		const filter = encodeURIComponent(JSON.stringify({ workflowId }));
		const { results } = await this.data<{ results: Array<{ id: string }> }>(
			'GET',
			`/rest/executions?limit=1&filter=${filter}`,
		);
		return results.length > 0 ? await this.execution(results[0].id) : undefined;
	}

	/** All executions with their data, oldest first. */
	async executions(workflowId?: string): Promise<Execution[]> {
		const executions: Execution[] = [];
		for (const { id } of (await this.listExecutions(workflowId)).reverse())
			executions.push(await this.execution(id));
		return executions;
	}

	/** The number of executions by status. One request for each hundred of them. */
	async countExecutions(workflowId?: string): Promise<Record<string, number>> {
		const counts: Record<string, number> = {};
		for (const { status } of await this.listExecutions(workflowId))
			counts[status] = (counts[status] ?? 0) + 1;
		return counts;
	}

	/** Waits until at least `count` executions of the workflow have ended. @returns all of them, oldest first */
	async waitForExecutions(
		workflowId: string,
		count: number,
		timeout?: number,
	): Promise<Execution[]> {
		await eventually(
			async () => {
				const ended = (await this.listExecutions(workflowId)).filter(
					({ status }) => !UNFINISHED.includes(status),
				);
				if (ended.length < count) throw new Error(`${ended.length} have ended`);
				return true;
			},
			{ timeout, what: `${count} executions of workflow ${workflowId}` },
		);
		return await this.executions(workflowId);
	}

	/** Waits until no execution is queued, running or waiting. */
	async noExecutionRuns(workflowId?: string, timeout?: number): Promise<void> {
		await eventually(
			async () => {
				const counts = await this.countExecutions(workflowId);
				return UNFINISHED.every((status) => !counts[status]);
			},
			{ timeout, every: 200, what: 'all executions to end' },
		);
	}

	/** "Execute workflow" from a trigger that needs no event, such as the Manual Trigger. @returns the execution once it has ended */
	async runManually(workflowId: string, triggerName: string, timeout?: number): Promise<Execution> {
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

	/** "Listen for test event": resolves once the trigger's methods have run and the test webhook is registered. */
	async listen(workflowId: string, triggerName: string): Promise<void> {
		const { waitingForWebhook } = await this.startManually(workflowId, triggerName);
		if (!waitingForWebhook)
			throw new Error(`${triggerName} does not wait for a webhook: use runManually()`);
	}

	/** "Stop listening". n8n answers before it removes the test webhook and runs the trigger's delete method. */
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

	/** A node type's description as the editor gets it; undefined where n8n does not have the type. */
	async nodeType(name: string, version = 1): Promise<Record<string, any> | undefined> {
		const { body } = await this.request('POST', '/rest/node-types', {
			nodeInfos: [{ name, version }],
		});
		if (body.data) return body.data[0];
		// The tool variants that n8n derives from nodes are only in the list of all types.
		const all = await this.request<Array<Record<string, any>>>('GET', '/types/nodes.json');
		return all.body.find((type) => type.name === name);
	}

	/** The entries of a resource locator's list in this node. */
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

	/** The path of a trigger's webhook below the instance's production or test webhook URL. */
	protected async webhookPath(workflowId: string, nodeName: string): Promise<string> {
		const node = (await this.workflow(workflowId)).nodes.find(({ name }) => name === nodeName);
		const webhook = node && (await this.nodeType(node.type, node.typeVersion))?.webhooks?.[0];
		if (!webhook)
			throw new Error(`Workflow ${workflowId} has no node "${nodeName}" with a webhook`);
		// The built-in Webhook node's path is a parameter; other triggers' is the webhook ID and a constant.
		if (webhook.isFullPath) return String(node.parameters?.path || node.webhookId);
		return `${node.webhookId}/${webhook.path}`;
	}
}
