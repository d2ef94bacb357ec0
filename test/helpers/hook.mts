import { HookContext } from 'n8n-core';
import { Workflow } from 'n8n-workflow';
import type {
	IDataObject,
	IHookFunctions,
	INode,
	INodeTypes,
	IWebhookData,
	WorkflowActivateMode,
} from 'n8n-workflow';

import { TestivoraTrigger } from '../../nodes/TestivoraTrigger/TestivoraTrigger.node.ts';
import { Credentials, additionalData } from './engine.mts';

const TYPE = 'n8n-nodes-testivora.testivoraTrigger';

/** The address of n8n in these tests; its webhook has the path /webhook/6b1a/webhook, or /webhook-test/… */
export const N8N_URL = 'https://n8n.example.com';

/** A call of a lifecycle method of the trigger, with its surroundings. */
export interface Registration {
	/** `apiKey` and `baseUrl`. */
	credential: IDataObject;
	parameters?: IDataObject;
	/** The static data of the workflow, kept between calls. */
	staticData?: IDataObject;
	/** Identifies the webhook: each has its own memory in this process. */
	workflowId?: string;
	activation?: WorkflowActivateMode;
	isTest?: boolean;
	n8nUrl?: string;
}

/** n8n's own context for lifecycle methods, in a workflow with one trigger, and the log it writes. */
export function hookFor({
	credential,
	parameters = {},
	staticData = {},
	workflowId = 'w',
	activation = 'activate',
	isTest = false,
	n8nUrl = N8N_URL,
}: Registration): { hook: IHookFunctions; log: string[] } {
	const trigger = new TestivoraTrigger();
	const nodeTypes = {
		getByName: () => trigger,
		getByNameAndVersion: () => trigger,
		getKnownTypes: () => ({}),
	} as INodeTypes;
	const node: INode = {
		id: 'trigger',
		name: 'Testivora Trigger',
		type: TYPE,
		typeVersion: 1,
		position: [0, 0],
		webhookId: '6b1a',
		parameters: parameters as INode['parameters'],
		credentials: { testivoraApi: { id: '1', name: 'Testivora' } },
	};
	const workflow = new Workflow({
		id: workflowId,
		nodes: [node],
		connections: {},
		active: false,
		nodeTypes,
		staticData,
	});
	const additional = {
		...additionalData(new Credentials(credential)),
		webhookBaseUrl: `${n8nUrl}/webhook`,
		webhookTestBaseUrl: `${n8nUrl}/webhook-test`,
	};
	const webhookData = {
		isTest,
		webhookDescription: trigger.description.webhooks![0],
	} as unknown as IWebhookData;
	const hook = new HookContext(
		workflow,
		workflow.getNode(node.name)!,
		additional,
		isTest ? 'manual' : 'trigger',
		activation,
		webhookData,
	);

	const log: string[] = [];
	const level = (name: string) => (message: string, meta?: object) =>
		void log.push(`${name} ${message}${meta ? JSON.stringify(meta) : ''}`);
	const logger = {
		debug: level('debug'),
		info: level('info'),
		warn: level('warn'),
		error: level('error'),
	};
	Object.defineProperty(hook, 'logger', { value: logger });
	return { hook: hook as unknown as IHookFunctions, log };
}

/** The trigger's lifecycle methods, as n8n calls them. */
export const lifecycle = new TestivoraTrigger().webhookMethods.default;
