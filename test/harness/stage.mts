import { randomBytes, randomUUID } from 'node:crypto';

import { event } from '../helpers/fixtures.mts';
import { startSandbox } from '../sandbox/sandbox.mts';
import type { Sandbox, SandboxOptions } from '../sandbox/sandbox.mts';
import { sign } from '../sandbox/signature.mts';
import type { SignOptions } from '../sandbox/signature.mts';
import type { StoredEndpoint } from '../sandbox/store.mts';
import { chain } from './n8n/client.mts';
import { N8n } from './n8n/instance.mts';
import type { InstanceOptions } from './n8n/instance.mts';
import { eventually } from './wait.mts';

/** A real n8n and a local Testivora, with a credential that joins them: what the trigger's end-to-end tests play on. */
export interface Stage {
	n8n: N8n;
	sandbox: Sandbox;
	credential: string;
	/** Ends both. */
	dispose(): Promise<void>;
}

export const NODE = 'Testivora Trigger';

/** Starts both. The sandbox tries failed deliveries again 100 times faster than in life. */
export async function setStage(
	instance: InstanceOptions,
	options: SandboxOptions = {},
): Promise<Stage> {
	const sandbox = await startSandbox({ timeScale: 100, retries: 30, ...options });
	const n8n = await N8n.start(instance);
	const credential = await n8n.createCredential(
		'Testivora',
		'testivoraApi',
		credentialData(sandbox),
	);
	const dispose = async () => {
		await n8n.dispose();
		await sandbox.stop();
	};
	return { n8n, sandbox, credential, dispose };
}

export function credentialData(
	sandbox: Sandbox,
	more: Record<string, unknown> = {},
): Record<string, unknown> {
	return { apiKey: sandbox.apiKey, baseUrl: sandbox.url, webhookSecret: '', ...more };
}

/** Saves a workflow with a Testivora Trigger alone; what it gives out is the execution's output. */
export async function triggerWorkflow(
	{ n8n, credential }: Stage,
	parameters: Record<string, unknown> = {},
	name = NODE,
): Promise<string> {
	return await n8n.createWorkflow({
		name: `Trigger ${randomUUID()}`,
		nodes: [triggerNode(credential, parameters, name)],
		connections: chain(name),
	});
}

export function triggerNode(
	credential: string,
	parameters: Record<string, unknown> = {},
	name = NODE,
) {
	return {
		name,
		type: 'n8n-nodes-testivora.testivoraTrigger',
		typeVersion: 1.1,
		webhookId: randomUUID(),
		parameters,
		credentials: { testivoraApi: { id: credential, name: 'Testivora' } },
	};
}

/** The action, as a workflow holds it. `parameters` include its resource and operation where they are not the first ones. */
export function actionNode(
	credential: string,
	parameters: Record<string, unknown> = {},
	name = 'Testivora',
) {
	return {
		name,
		type: 'n8n-nodes-testivora.testivora',
		typeVersion: 1,
		parameters,
		credentials: { testivoraApi: { id: credential, name: 'Testivora' } },
	};
}

/** Activates the workflow and waits until its endpoint stands at Testivora and deliveries to it are verified. */
export async function goLive(
	stage: Stage,
	workflowId: string,
	name = NODE,
): Promise<StoredEndpoint> {
	const { status, body } = await stage.n8n.activate(workflowId);
	if (status !== 200) throw new Error(`n8n refused to activate: ${JSON.stringify(body)}`);
	await stage.n8n.publication(workflowId);
	const url = await stage.n8n.webhookUrl(workflowId, name);
	return await eventually(() => endpointAt(stage, url), { what: `an endpoint at ${url}` });
}

export function endpointAt(
	{ sandbox }: Pick<Stage, 'sandbox'>,
	url: string,
): StoredEndpoint | undefined {
	return sandbox.endpoints().find((endpoint) => endpoint.url === url);
}

/** Waits until no endpoint of the workflow is left at Testivora. */
export async function noEndpoint(stage: Stage, url: string): Promise<void> {
	await eventually(() => !endpointAt(stage, url), {
		timeout: 30_000,
		what: `no endpoint at ${url}`,
	});
}

export const newSecret = (): string => `whsec_${randomBytes(32).toString('base64')}`;

/** A new testimonial's event as Testivora sends it, with an ID of its own. */
export function eventOf(over: Record<string, unknown> = {}): {
	id: string;
	event: string;
	[field: string]: unknown;
} {
	const id = `evt_${randomBytes(9).toString('hex')}`;
	return {
		...event(),
		id,
		event: 'testimonial.created',
		created: new Date().toISOString(),
		...over,
	};
}

export interface Answered {
	status: number;
	headers: Headers;
	body: any;
}

/** Sends bytes to a webhook URL as they are, with these headers. */
export async function post(
	url: string,
	body: string | Buffer,
	headers: Record<string, string>,
): Promise<Answered> {
	const response = await fetch(url, {
		method: 'POST',
		body,
		headers: { 'content-type': 'application/json', ...headers },
	});
	const text = await response.text();
	let json: unknown = text;
	try {
		json = JSON.parse(text);
	} catch {
		// The text itself is what came.
	}
	return { status: response.status, headers: response.headers, body: json };
}

/** Sends an event signed with a secret. */
export async function deliver(
	url: string,
	event: object,
	secret: string,
	options: SignOptions = {},
): Promise<Answered> {
	const body = JSON.stringify(event);
	return await post(
		url,
		body,
		sign(body, secret, { id: (event as { id?: string }).id, ...options }),
	);
}
