/** What the deliveries are sent to: our trigger, and what a user could use without it. */
import { createHmac, randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';

import fastify from 'fastify';

import { chain } from '../test/harness/n8n/client.mts';
import type { WorkflowNode } from '../test/harness/n8n/client.mts';
import {
	credentialData,
	eventOf,
	goLive,
	newSecret,
	NODE,
	post,
	triggerNode,
} from '../test/harness/stage.mts';
import type { Stage } from '../test/harness/stage.mts';
import { sign } from '../test/sandbox/signature.mts';
import type { Delivery } from './load.mts';
import { NOTHING } from './nothing.mts';

/** A published workflow that takes deliveries. */
export interface Contender {
	name: string;
	workflowId: string;
	url: string;
	/** the status that every delivery is answered with */
	status: number;
	/** whether a delivery starts an execution */
	runs: boolean;
	/** whether it remembers event ids; its memory is filled before the first round */
	remembers?: boolean;
	/** makes the next delivery */
	next: () => Delivery;
	/** a delivery to send before each round; it is not measured */
	before?: () => Delivery;
}

/** The contender that the others are compared with. */
export const OURS = 'Testivora Trigger';

/** Publishes all contenders. `dispose` stops the services that they use. */
export async function contenders(
	stage: Stage,
): Promise<{ all: Contender[]; dispose: () => Promise<void> }> {
	const github = await startGithub();
	const plain = (): Delivery => ({ body: JSON.stringify(eventOf()), headers: {} });
	const others: Contender[] = [
		await published(stage, 'A trigger that does nothing, version 1', [nothing(1)], plain),
		await published(stage, 'A trigger that does nothing, version 1.1', [nothing(1.1)], plain),
		await published(
			stage,
			'A trigger that does nothing, version 1.1, with a credential',
			[
				{
					...nothing(1.1),
					credentials: { testivoraApi: { id: stage.credential, name: 'Testivora' } },
				},
			],
			plain,
		),
		await published(stage, 'GitHub Trigger', [await githubTrigger(stage, github.url)], () => {
			const { body } = plain();
			return {
				body,
				headers: {
					'x-hub-signature-256': `sha256=${createHmac('sha256', github.secret()).update(body).digest('hex')}`,
				},
			};
		}),
		await published(stage, 'Webhook node', [webhookNode()], plain),
		{
			...(await published(
				stage,
				'Chain of six nodes',
				await chainNodes(stage),
				signedWith(CHAIN_SECRET),
			)),
			// Remove Duplicates fails when its first deliveries arrive at the same time: each of them creates the row of its memory.
			before: signedWith(CHAIN_SECRET),
		},
	];
	await checkChain(stage, others.at(-1)!);
	return {
		all: [...(await automatic(stage)), ...(await manual(stage)), ...others],
		dispose: () => github.stop(),
	};
}

const nothing = (typeVersion: number): WorkflowNode => ({
	name: 'Nothing',
	type: NOTHING,
	typeVersion,
	webhookId: randomUUID(),
});

/** Filters that every accepted event passes. */
const FILTERS = { minRating: 4, tags: 'onboarding' };

/** Our trigger in the automatic set-up, with deliveries that it accepts, knows, filters out and refuses. */
async function automatic(stage: Stage): Promise<Contender[]> {
	const accepted = { ...(await ourTrigger(stage)), remembers: true };
	const { secret } = accepted;
	const notRun = { ...accepted, runs: false, remembers: false };
	let known = eventOf();
	return [
		accepted,
		{
			...(await ourTrigger(stage, { options: { deduplicate: false } })),
			name: 'Ours: Deduplicate off',
		},
		{
			...notRun,
			name: 'Ours: a duplicate',
			next: signedWith(secret, () => known),
			// Another event each time: the memory holds the last 1,500 only.
			before: () => signedWith(secret, () => (known = eventOf()))(),
		},
		{
			...notRun,
			name: 'Ours: filtered out',
			next: signedWith(secret, () => eventOf({ data: { id: 'tst_1', rating: 1 } })),
		},
		{ ...notRun, name: 'Ours: wrong signature', status: 401, next: signedWith(newSecret()) },
	];
}

/** Our trigger in the automatic set-up, with deliveries that it accepts. */
export async function ourTrigger(
	stage: Stage,
	parameters: object = {},
	typeVersion = 1.1,
): Promise<Contender & { secret: string }> {
	const node = {
		...triggerNode(stage.credential, { filters: FILTERS, ...parameters }),
		typeVersion,
	};
	const workflowId = await stage.n8n.createWorkflow({
		name: OURS,
		nodes: [node],
		connections: chain(NODE),
	});
	const { url, secret } = await goLive(stage, workflowId);
	return {
		name: OURS,
		workflowId,
		url,
		secret,
		status: 200,
		runs: true,
		next: signedWith(secret),
	};
}

/** Our trigger in the manual set-up, whose signing secret is in the credential. */
async function manual(stage: Stage): Promise<Contender[]> {
	const secret = newSecret();
	const credential = await stage.n8n.createCredential(
		'By hand',
		'testivoraApi',
		credentialData(stage.sandbox, { webhookSecret: secret }),
	);
	const node = triggerNode(credential, { setup: 'manual', filters: FILTERS });
	const accepted = await published(stage, 'Ours, manual set-up', [node], signedWith(secret));
	return [
		{ ...accepted, remembers: true },
		{
			...accepted,
			name: 'Ours, manual set-up: wrong signature',
			status: 401,
			runs: false,
			next: signedWith(newSecret()),
		},
	];
}

function signedWith(secret: string, event: () => { id: string } = eventOf): () => Delivery {
	return () => {
		const body = JSON.stringify(event());
		return { body, headers: sign(body, secret) };
	};
}

async function published(
	{ n8n }: Stage,
	name: string,
	nodes: WorkflowNode[],
	next: () => Delivery,
): Promise<Contender> {
	const workflowId = await n8n.createWorkflow({
		name,
		nodes,
		connections: chain(...nodes.map((node) => node.name)),
	});
	const { status, body } = await n8n.activate(workflowId);
	const publication = await n8n.publication(workflowId);
	if (status !== 200 || publication.status !== 'published') {
		throw new Error(`n8n did not publish "${name}": ${JSON.stringify([body, publication])}`);
	}
	return {
		name,
		workflowId,
		url: await n8n.webhookUrl(workflowId, nodes[0].name),
		status: 200,
		runs: true,
		next,
	};
}

/** A stand-in for GitHub: takes the registration of a webhook, and so knows its secret. */
async function startGithub() {
	let secret = '';
	const server = fastify();
	server.post('/repos/:owner/:repository/hooks', async (request, reply) => {
		const { config, events } = request.body as { config: { secret: string }; events: string[] };
		secret = config.secret;
		return await reply.status(201).send({ id: 1, active: true, config, events });
	});
	server.delete(
		'/repos/:owner/:repository/hooks/:id',
		async (_request, reply) => await reply.status(204).send(),
	);
	await server.listen({ port: 0, host: '127.0.0.1' });
	const { port } = server.server.address() as AddressInfo;
	return { url: `http://127.0.0.1:${port}`, secret: () => secret, stop: () => server.close() };
}

async function githubTrigger({ n8n }: Stage, server: string): Promise<WorkflowNode> {
	const credential = await n8n.createCredential('GitHub', 'githubApi', {
		server,
		user: 'someone',
		accessToken: 'token',
	});
	const byName = (value: string) => ({ __rl: true, mode: 'name', value });
	return {
		name: 'GitHub Trigger',
		type: 'n8n-nodes-base.githubTrigger',
		typeVersion: 1,
		webhookId: randomUUID(),
		parameters: {
			owner: byName('someone'),
			repository: byName('something'),
			events: ['issues'],
			options: {},
		},
		credentials: { githubApi: { id: credential, name: 'GitHub' } },
	};
}

/** Checks that the chain works: an item for a new event, none for a duplicate, and nothing behind the If node for a wrong signature. */
async function checkChain({ n8n }: Stage, { workflowId, url, next }: Contender): Promise<void> {
	const genuine = next();
	const forged = { ...next(), headers: signedWith(newSecret())().headers };
	const given = [];
	for (const [index, { body, headers }] of [genuine, genuine, forged].entries()) {
		await post(url, body, headers);
		const { items } = (await n8n.waitForExecutions(workflowId, index + 1))[index];
		given.push([items['Edit Fields']?.length ?? 0, items['Remove Duplicates']?.length ?? 0]);
	}
	if (JSON.stringify(given) !== '[[1,1],[1,0],[0,0]]')
		throw new Error(`The chain does not do what it should: ${JSON.stringify(given)}`);
}

function webhookNode(options: Record<string, unknown> = {}): WorkflowNode {
	const path = randomUUID();
	return {
		name: 'Webhook',
		type: 'n8n-nodes-base.webhook',
		typeVersion: 2.1,
		webhookId: path,
		parameters: { httpMethod: 'POST', path, responseMode: 'onReceived', options },
	};
}

const CHAIN_SECRET = newSecret();

/** What our trigger replaces, in n8n's own nodes: raw body → verify → filter → map → deduplicate. */
async function chainNodes({ n8n }: Stage): Promise<WorkflowNode[]> {
	const credential = await n8n.createCredential('HMAC', 'crypto', { hmacSecret: CHAIN_SECRET });
	const header = "$json.headers['testivora-signature']";
	const field = (name: string, type: string, value: string) => ({
		id: name,
		name,
		type,
		value: `={{ ${value} }}`,
	});
	const condition = (leftValue: string, operator: object, rightValue: unknown) => ({
		id: randomUUID(),
		leftValue: `={{ ${leftValue} }}`,
		operator,
		rightValue,
	});
	return [
		webhookNode({ rawBody: true }),
		{
			name: 'Extract from File',
			type: 'n8n-nodes-base.extractFromFile',
			typeVersion: 1.1,
			parameters: {
				operation: 'text',
				binaryPropertyName: 'data',
				destinationKey: 'text',
				options: { keepSource: 'json' },
			},
		},
		{
			name: 'Crypto',
			type: 'n8n-nodes-base.crypto',
			typeVersion: 2,
			parameters: {
				action: 'hmac',
				type: 'SHA256',
				value: `={{ ${header}.match(/t=(\\d+)/)[1] + '.' + $json.text }}`,
				dataPropertyName: 'mac',
				encoding: 'hex',
			},
			credentials: { crypto: { id: credential, name: 'HMAC' } },
		},
		{
			name: 'If',
			type: 'n8n-nodes-base.if',
			typeVersion: 2.3,
			parameters: {
				conditions: {
					options: { caseSensitive: true, leftValue: '', typeValidation: 'strict', version: 3 },
					combinator: 'and',
					conditions: [
						condition(header, { type: 'string', operation: 'endsWith' }, '={{ $json.mac }}'),
						condition('$json.body.data.rating', { type: 'number', operation: 'gte' }, 4),
					],
				},
				options: {},
			},
		},
		{
			name: 'Edit Fields',
			type: 'n8n-nodes-base.set',
			typeVersion: 3.4,
			parameters: {
				mode: 'manual',
				assignments: {
					assignments: [
						field('id', 'string', '$json.body.id'),
						field('text', 'string', '$json.body.data.text'),
						field('rating', 'number', '$json.body.data.rating'),
						field('author', 'object', '$json.body.data.author'),
					],
				},
				options: {},
			},
		},
		{
			name: 'Remove Duplicates',
			type: 'n8n-nodes-base.removeDuplicates',
			typeVersion: 2,
			parameters: {
				operation: 'removeItemsSeenInPreviousExecutions',
				logic: 'removeItemsWithAlreadySeenKeyValues',
				dedupeValue: '={{ $json.id }}',
				options: {},
			},
		},
	];
}
