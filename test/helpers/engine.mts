import { ExecutionLifecycleHooks, LoadOptionsContext, WorkflowExecute } from 'n8n-core';
import {
	ICredentialsHelper,
	NodeConnectionTypes,
	Workflow,
	createRunExecutionData,
	setSafeRegexEngine,
} from 'n8n-workflow';
import type {
	IConnections,
	ICredentialDataDecryptedObject,
	ICredentials,
	IDataObject,
	IExecuteFunctions,
	IHttpRequestOptions,
	INode,
	INodeExecutionData,
	INodeListSearchResult,
	INodeParameters,
	INodeType,
	INodeTypes,
	IRun,
	IWorkflowBase,
	IWorkflowExecuteAdditionalData,
} from 'n8n-workflow';

import { TestivoraApi } from '../../credentials/TestivoraApi.credentials.ts';
import { Testivora } from '../../nodes/Testivora/Testivora.node.ts';

// Tests look at what runs fail with, so n8n need not log it.
process.env.N8N_LOG_LEVEL = 'silent';

// n8n's own engine ends an expression after 250 ms of the wall clock, which pass on a busy machine although the processor did nothing.
setSafeRegexEngine({
	exec: (pattern, input, flags) => new RegExp(pattern, flags).exec(input),
	test: (pattern, input, flags) => new RegExp(pattern, flags).test(input),
	replace: (pattern, input, flags, replacement) =>
		input.replace(new RegExp(pattern, flags), replacement),
	matchAll: (pattern, input, flags = '') => [
		...input.matchAll(new RegExp(pattern, flags.includes('g') ? flags : `${flags}g`)),
	],
	split: (pattern, input, flags) => input.split(new RegExp(pattern, flags)),
});

/** The Base URL in tests; nock answers there. */
export const BASE_URL = 'https://api.testivora.test';
export const API_KEY = `tv_live_${'k'.repeat(32)}`;

/** The start of a workflow: passes its input on. */
class Items implements INodeType {
	description = {
		displayName: 'Items',
		name: 'items',
		group: ['transform' as const],
		version: 1,
		description: 'Items',
		defaults: { name: 'Items' },
		inputs: [NodeConnectionTypes.Main],
		outputs: [NodeConnectionTypes.Main],
		properties: [],
	};

	async execute(this: IExecuteFunctions) {
		return [this.getInputData()];
	}
}

const types: Record<string, INodeType> = {
	'test.items': new Items(),
	'n8n-nodes-testivora.testivora': new Testivora(),
	// The type under which n8n offers the same node to AI agents.
	'n8n-nodes-testivora.testivoraTool': new Testivora(),
};
types['n8n-nodes-testivora.testivoraTool'].description.name += 'Tool';

const nodeTypes: INodeTypes = {
	getByName: (type) => types[type],
	getByNameAndVersion: (type) => types[type],
	getKnownTypes: () => ({}),
};

/** Gives every node the same credential, and signs requests with the credential's own `authenticate`. */
export class Credentials extends ICredentialsHelper {
	readonly data: ICredentialDataDecryptedObject;

	constructor(different: IDataObject = {}) {
		super();
		this.data = {
			apiKey: API_KEY,
			baseUrl: BASE_URL,
			...different,
		} as ICredentialDataDecryptedObject;
	}

	getParentTypes() {
		return [];
	}
	isCredentialUsableByNode() {
		return true;
	}
	async authenticate(
		credential: ICredentialDataDecryptedObject,
		_type: string,
		request: IHttpRequestOptions,
	) {
		return await new TestivoraApi().authenticate(credential, request);
	}
	async preAuthentication() {
		return undefined;
	}
	async runPreAuthentication() {
		return undefined;
	}
	async getCredentials(): Promise<ICredentials> {
		throw new Error('Tests hold no encrypted credentials');
	}
	async getDecrypted(
		...[, , , mode, executeData, , expressions]: Parameters<ICredentialsHelper['getDecrypted']>
	) {
		if (!expressions) return this.data;
		// Like n8n's own helper, resolve expressions in the credential for the item in question.
		const { workflow, runExecutionData, runIndex, itemIndex, node, connectionInputData } =
			expressions;
		const { expression } = workflow;
		const { data } = this;
		const given = [
			runExecutionData,
			runIndex,
			itemIndex,
			node.name,
			connectionInputData,
			mode,
			{},
			executeData,
			false,
			data,
		] as const;
		return expression.getParameterValue(
			data as INodeParameters,
			...given,
		) as ICredentialDataDecryptedObject;
	}
	async updateCredentials() {}
	async updateCredentialsOauthTokenData() {}
	getCredentialsProperties() {
		return new TestivoraApi().properties;
	}
}

/** How a node runs in a test, beside its parameters. */
export interface Settings {
	onError?: INode['onError'];
	/** Switches Retry On Fail on, with this many tries and no pause between them. */
	maxTries?: number;
	/** JSON of the input items of further runs in the same execution, as in a loop. */
	furtherRuns?: IDataObject[][];
	/** As an AI agent's tool. */
	asTool?: boolean;
	/** Parts of the credential that differ from {@link API_KEY} at {@link BASE_URL}. */
	credential?: IDataObject;
	timezone?: string;
	/** Called when the execution has begun, with a function that cancels it. */
	whileRunning?: (cancel: () => void) => void;
}

/** The outcome of an execution of the Testivora node. */
export interface Outcome {
	/** Items at the first output, of all runs. */
	items: INodeExecutionData[];
	/** Items at the error output, with `onError: 'continueErrorOutput'`. */
	failed: INodeExecutionData[];
	/** What ended the execution, if it failed. */
	error?: Error & { description?: string; context?: IDataObject; httpCode?: string };
	run: IRun;
}

/**
 * Runs the Testivora node in a workflow, with n8n-core's own engine.
 *
 * @param parameters as a saved workflow holds them, expressions included
 * @param input JSON of the input items
 */
export async function runTestivora(
	parameters: INodeParameters,
	input: IDataObject[] = [{}],
	{ furtherRuns = [], credential, whileRunning, ...settings }: Settings = {},
): Promise<Outcome> {
	const workflow = workflowWith(parameters, settings);
	const runExecutionData = createRunExecutionData({
		executionData: {
			contextData: {},
			metadata: {},
			waitingExecution: {},
			waitingExecutionSource: {},
			nodeExecutionStack: [input, ...furtherRuns].map((items) => ({
				node: workflow.getNode('Start')!,
				data: { main: [items.map((json) => ({ json }))] },
				source: null,
			})),
		},
	});
	const helper = new Credentials(credential);
	const running = new WorkflowExecute(
		additionalData(helper),
		'trigger',
		runExecutionData,
	).processRunExecutionData(workflow);
	whileRunning?.(() => running.cancel());
	const run = await running;
	// In every test, n8n must not store the key with the execution.
	if (JSON.stringify(run).includes(String(helper.data.apiKey)))
		throw new Error('The API key shows in the execution');

	const { runData, error } = run.data.resultData;
	const outputs = (runData.Testivora ?? []).map(({ data }) => data?.main ?? []);
	const [items, failed] = [0, 1].map((output) => outputs.flatMap((main) => main[output] ?? []));
	return { items, failed, error: error as Outcome['error'], run };
}

/**
 * The entries that the editor gets for a resource locator of the Testivora node.
 *
 * @param filter what the user typed
 * @param cursor the `paginationToken` of the answer before
 */
export async function searchTestivora(
	method: keyof Testivora['methods']['listSearch'],
	filter?: string,
	cursor?: string,
	{ credential }: Settings = {},
): Promise<INodeListSearchResult> {
	const workflow = workflowWith({});
	const context = new LoadOptionsContext(
		workflow,
		workflow.getNode('Testivora')!,
		additionalData(new Credentials(credential)),
		'',
	);
	return await new Testivora().methods.listSearch[method].call(context, filter, cursor);
}

function workflowWith(
	parameters: INodeParameters,
	{ onError, maxTries, asTool = false, timezone = 'UTC' }: Settings = {},
): Workflow {
	const node = (name: string, type: string, more: Partial<INode> = {}): INode => ({
		id: name,
		name,
		type,
		typeVersion: 1,
		position: [0, 0],
		parameters: {},
		...more,
	});
	const nodes = [
		node('Start', 'test.items'),
		node('Testivora', `n8n-nodes-testivora.testivora${asTool ? 'Tool' : ''}`, {
			parameters,
			onError,
			...(maxTries && { retryOnFail: true, maxTries, waitBetweenTries: 1 }),
			credentials: { testivoraApi: { id: '1', name: 'Testivora' } },
		}),
	];
	const connections: IConnections = {
		Start: { main: [[{ node: 'Testivora', type: NodeConnectionTypes.Main, index: 0 }]] },
	};
	return new Workflow({
		id: 'w',
		nodes,
		connections,
		active: false,
		nodeTypes,
		settings: { timezone, executionOrder: 'v1' },
	});
}

/** The part of n8n's data for an execution that the nodes need. */
export function additionalData(credentialsHelper: ICredentialsHelper) {
	const workflow = { id: 'w', name: 'w', nodes: [], connections: {} } as unknown as IWorkflowBase;
	return {
		credentialsHelper,
		hooks: new ExecutionLifecycleHooks('trigger', '1', workflow),
		executionId: '1',
		currentNodeExecutionIndex: 0,
		variables: {},
		webhookWaitingBaseUrl: 'http://localhost/webhook-waiting',
		formWaitingBaseUrl: 'http://localhost/form-waiting',
	} as unknown as IWorkflowExecuteAdditionalData;
}
