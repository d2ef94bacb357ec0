import { ExecutionLifecycleHooks, WorkflowExecute } from 'n8n-core';
import { ICredentialsHelper, NodeConnectionTypes, Workflow, createRunExecutionData } from 'n8n-workflow';
import type {
  IConnections,
  ICredentialDataDecryptedObject,
  ICredentials,
  IDataObject,
  IExecuteFunctions,
  IHttpRequestOptions,
  INode,
  INodeExecutionData,
  INodeParameters,
  INodeType,
  INodeTypes,
  IRun,
  IWorkflowBase,
  IWorkflowExecuteAdditionalData,
} from 'n8n-workflow';

import { TestivoraApi } from '../../credentials/TestivoraApi.credentials.ts';
import { Testivora } from '../../nodes/Testivora/Testivora.node.ts';

// What runs fail with is looked at, not logged.
process.env.N8N_LOG_LEVEL = 'silent';

/** Where the API is in tests, for nock to stand in. */
export const BASE_URL = 'https://api.testivora.test';
export const API_KEY = `tv_live_${'k'.repeat(32)}`;

/** Hands on what it gets: the start of a workflow. */
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
};

const nodeTypes: INodeTypes = {
  getByName: (type) => types[type],
  getByNameAndVersion: (type) => types[type],
  getKnownTypes: () => ({}),
};

/** Gives every node the one credential and signs requests as the credential's own `authenticate` says. */
class Credentials extends ICredentialsHelper {
  readonly data: ICredentialDataDecryptedObject;

  constructor(data: ICredentialDataDecryptedObject) {
    super();
    this.data = data;
  }

  getParentTypes() {
    return [];
  }
  isCredentialUsableByNode() {
    return true;
  }
  async authenticate(
    $credentials: ICredentialDataDecryptedObject,
    _type: string,
    request: IHttpRequestOptions,
    workflow: Workflow,
    node: INode,
  ) {
    const template = new TestivoraApi().authenticate.properties.headers!.Authorization as string;
    const Authorization = workflow.expression.getSimpleParameterValue(node, template, 'internal', { $credentials });
    return { ...request, headers: { ...request.headers, Authorization } } as IHttpRequestOptions;
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
  async getDecrypted() {
    return this.data;
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
  /** Parts of the credential that differ from {@link API_KEY} at {@link BASE_URL}. */
  credential?: IDataObject;
  timezone?: string;
  /** Called when the execution has begun, with what cancels it. */
  whileRunning?: (cancel: () => void) => void;
}

/** What came of a run of the Testivora node. */
export interface Outcome {
  /** Items at the first output. */
  items: INodeExecutionData[];
  /** Items at the error output, with `onError: 'continueErrorOutput'`. */
  failed: INodeExecutionData[];
  /** What ended the execution, where something did. */
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
  { onError, credential, timezone = 'UTC', whileRunning }: Settings = {},
): Promise<Outcome> {
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
    node('Testivora', 'n8n-nodes-testivora.testivora', {
      parameters,
      onError,
      credentials: { testivoraApi: { id: '1', name: 'Testivora' } },
    }),
  ];
  const connections: IConnections = {
    Start: { main: [[{ node: 'Testivora', type: NodeConnectionTypes.Main, index: 0 }]] },
  };
  const workflow = new Workflow({ id: 'w', nodes, connections, active: false, nodeTypes, settings: { timezone, executionOrder: 'v1' } });

  const runExecutionData = createRunExecutionData({
    executionData: {
      contextData: {},
      metadata: {},
      waitingExecution: {},
      waitingExecutionSource: {},
      nodeExecutionStack: [
        { node: workflow.getNode('Start')!, data: { main: [input.map((json) => ({ json }))] }, source: null },
      ],
    },
  });
  const helper = new Credentials({ apiKey: API_KEY, baseUrl: BASE_URL, ...credential } as ICredentialDataDecryptedObject);
  const execution = new WorkflowExecute(additionalData(helper, nodes, connections), 'trigger', runExecutionData);
  const running = execution.processRunExecutionData(workflow);
  whileRunning?.(() => running.cancel());
  const run = await running;
  // Holds for every run there is: what n8n stores of it never has the key.
  if (JSON.stringify(run).includes(String(helper.data.apiKey))) throw new Error('The API key shows in the execution');

  const { runData, error } = run.data.resultData;
  const [items, failed] = runData.Testivora?.[0].data?.main ?? [];
  return { items: items ?? [], failed: failed ?? [], error: error as Outcome['error'], run };
}

function additionalData(credentialsHelper: ICredentialsHelper, nodes: INode[], connections: IConnections) {
  const workflow: IWorkflowBase = {
    id: 'w',
    name: 'w',
    active: false,
    isArchived: false,
    createdAt: new Date(0),
    updatedAt: new Date(0),
    activeVersionId: null,
    nodes,
    connections,
  };
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
