import { randomBytes, randomUUID } from 'node:crypto';

import { event } from '../helpers/fixtures.mts';
import { startSandbox } from '../sandbox/sandbox.mts';
import type { Sandbox, SandboxOptions } from '../sandbox/sandbox.mts';
import { sign } from '../sandbox/signature.mts';
import type { SignOptions } from '../sandbox/signature.mts';
import type { StoredEndpoint } from '../sandbox/store.mts';
import { chain, OWN_CONNECTION } from './n8n/client.mts';
import { N8n } from './n8n/instance.mts';
import type { InstanceOptions } from './n8n/instance.mts';
import { eventually } from './wait.mts';

/** A real n8n and a local Testivora. */
export interface Stage {
	n8n: N8n;
	sandbox: Sandbox;
	/** the ID of a credential for the sandbox; empty where n8n was started without the package */
	credential: string;
	/** Stops both. */
	dispose(): Promise<void>;
}

export const NODE = 'Testivora Trigger';

/**
 * A local Testivora for an end-to-end test. It retries deliveries 100 times faster than Testivora, and waits longer for an answer: n8n on a
 * busy machine may take long.
 */
export async function startTestivora(options: SandboxOptions = {}): Promise<Sandbox> {
	return await startSandbox({ timeScale: 100, retries: 30, deliveryTimeout: 60_000, ...options });
}

/** Starts both; where n8n does not start, neither is left running. */
export async function setStage(
	instance: InstanceOptions,
	options: SandboxOptions = {},
): Promise<Stage> {
	const sandbox = await startTestivora(options);
	let n8n: N8n | undefined;
	const dispose = async () => {
		await n8n?.dispose();
		await sandbox.stop();
	};
	try {
		n8n = await N8n.start(instance);
		const credential = instance.tarball === null ? '' : await addCredential(n8n, sandbox);
		return { n8n, sandbox, credential, dispose };
	} catch (error) {
		await dispose();
		throw error;
	}
}

/** Saves a credential for the sandbox. @returns its ID */
export async function addCredential(n8n: N8n, sandbox: Sandbox): Promise<string> {
	return await n8n.createCredential('Testivora', 'testivoraApi', credentialData(sandbox));
}

/** Another Testivora account beside the stage's, with a credential for it. Stop its sandbox where the test ends. */
export async function otherAccount(stage: Stage, options: SandboxOptions = {}): Promise<Stage> {
	const sandbox = await startTestivora(options);
	const credential = await addCredential(stage.n8n, sandbox);
	return { ...stage, sandbox, credential, dispose: () => sandbox.stop() };
}

/** The data of a credential for the sandbox. */
export function credentialData(
	sandbox: Sandbox,
	more: Record<string, unknown> = {},
): Record<string, unknown> {
	return { apiKey: sandbox.apiKey, baseUrl: sandbox.url, webhookSecret: '', ...more };
}

/** Saves a workflow of a Testivora Trigger alone. @returns its ID */
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

/** The action. `parameters` need a resource and an operation only where these are not the defaults. */
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

/** Activates the workflow and waits until it is published. @returns its endpoint at Testivora */
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

/** Waits until no endpoint with this URL is left at Testivora. */
export async function noEndpoint(stage: Pick<Stage, 'sandbox'>, url: string): Promise<void> {
	await eventually(() => !endpointAt(stage, url), { what: `no endpoint at ${url}` });
}

/** Unpublishes the workflow and waits until its endpoint is deleted. */
export async function takeDown(stage: Stage, workflowId: string, url: string): Promise<void> {
	await stage.n8n.deactivate(workflowId);
	await noEndpoint(stage, url);
}

/**
 * Publishes a workflow whose registration fails.
 *
 * @returns what n8n shows its user; under the publication engine after five tries, which take 15 s
 */
export async function refusedActivation({ n8n }: Stage, workflowId: string): Promise<string> {
	const { status, body } = await n8n.activate(workflowId);
	if (status === 400) return JSON.stringify(body);
	const [trigger] = (await n8n.publication(workflowId)).triggers;
	return trigger?.errorMessage ?? `no refusal, but ${status}`;
}

/** An endpoint as the sandbox stores it, for tests that put one there. */
export const storedEndpoint = (fields: Partial<StoredEndpoint>): StoredEndpoint => ({
	id: 'wh_stored',
	object: 'webhook',
	url: 'https://elsewhere.example.com/hook',
	status: 'active',
	events: ['testimonial.created'],
	created_at: '2026-06-01T00:00:00.000Z',
	updated_at: '2026-06-01T00:00:00.000Z',
	secret: 'whsec_c3RyYW5nZXJzdHJhbmdlcnN0cmFuZ2Vy',
	givenUp: 0,
	...fields,
});

export const newSecret = (): string => `whsec_${randomBytes(32).toString('base64')}`;

/** A `testimonial.created` event with a unique ID. */
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

/** Sends a body to a webhook URL. The answer's body is the text where it is not JSON. */
export async function post(
	url: string,
	body: string | Buffer,
	headers: Record<string, string>,
): Promise<Answered> {
	const response = await fetch(url, {
		method: 'POST',
		body,
		headers: { ...OWN_CONNECTION, 'content-type': 'application/json', ...headers },
	});
	const text = await response.text();
	let json: unknown = text;
	try {
		json = JSON.parse(text);
	} catch {
		// Not every answer is JSON.
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
