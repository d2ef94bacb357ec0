/** What our own code, `receive()`, costs a delivery, compared with the HMAC-SHA256 of the same bytes, which no implementation avoids. */
import { createHmac } from 'node:crypto';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';

import { measure } from 'mitata';
import type { IDataObject, IWebhookFunctions, IWebhookResponseData } from 'n8n-workflow';

import { packPackage } from '../test/harness/n8n/tarball.mts';
import { eventOf, newSecret } from '../test/harness/stage.mts';
import { sign } from '../test/sandbox/signature.mts';
import { median, quantile } from './statistics.mts';
import { table } from '../test/harness/table.mts';
import type { Suite } from './main.mts';
import { takeTurns } from './turns.mts';

type Receive = (webhook: IWebhookFunctions) => Promise<IWebhookResponseData>;

const SECRET = newSecret();
const NAME = 'webhook/6b1a/webhook';
const HMAC = 'bare HMAC-SHA256';

/** Filters are set, and every event passes them. */
const PARAMETERS: IDataObject = {
	setup: 'automatic',
	events: ['testimonial.created'],
	filters: { minRating: 4, tags: 'onboarding' },
	options: {},
	simplify: true,
};

const own: Suite = async ({ short }) => {
	await packPackage();
	const require = createRequire(resolve('dist/nodes/TestivoraTrigger/index.js'));
	const { receive } = require('./delivery.js') as { receive: Receive };
	const { CAPACITY } = require('./ledger.js') as { CAPACITY: number };
	const full = await memory(receive, CAPACITY);
	const sizes = { '1 KB': 1_024, '64 KB': 65_536 };

	const rows: string[][] = [];
	for (const [size, bytes] of Object.entries(sizes)) {
		const body = () => bodyOf(bytes);
		const hmac = (bytes: Buffer) => createHmac('sha256', SECRET).update(bytes).digest();
		const times = await takeTurns(
			{
				[HMAC]: () => time(body, hmac, short),
				'Stand-in for n8n alone': () => acceptance(body, withoutTrigger, '', short),
				'Trigger, empty memory': () => acceptance(body, receive, '', short),
				'Trigger, full memory': () => acceptance(body, receive, full, short),
				'Trigger, full memory, stored text 5 events old': () =>
					acceptance(body, receive, full, short, 5),
			},
			short ? 1 : 7,
		);
		for (const [name, us] of Object.entries(times)) {
			const ratio = median(us) / median(times[HMAC]);
			rows.push([`${size}: ${name}`, spread(us), name === HMAC ? '1' : ratio.toFixed(2)]);
		}
	}

	const stored: string[][] = [];
	for (const count of [0, 1, 100, CAPACITY, 2 * CAPACITY])
		stored.push([
			count.toLocaleString('en'),
			(await memory(receive, count)).length.toLocaleString('en'),
		]);

	return [
		table(['', 'µs, median (quartiles)', '÷ bare HMAC'], rows),
		table(['Events accepted', 'Bytes that each further event stores'], stored),
	].join('\n\n');
};

export default own;

/** The median time of some work, in microseconds. `prepare` runs right before each time and is not measured. */
async function time<T>(
	prepare: () => T,
	work: (prepared: T) => unknown,
	short: boolean,
): Promise<number> {
	const generator = function* () {
		yield { 0: prepare, bench: (prepared: T) => work(prepared) };
	};
	// Without batches: they would prepare everything in advance, with a stored text that is older than n8n's ever is.
	const { p50 } = await measure(generator as never, {
		batch_threshold: 0,
		max_samples: short ? 100 : 1_500,
	});
	return p50 / 1000;
}

/**
 * The time of one accepted delivery, in microseconds, from its bytes to the text that n8n stores.
 *
 * @param known the stored text before the first delivery
 * @param behind by how many events the stored text that n8n reads is old, as when several deliveries arrive at the same time
 */
async function acceptance(
	body: () => Buffer,
	receive: Receive,
	known: string,
	short: boolean,
	behind = 0,
): Promise<number> {
	const workflow = newWorkflow();
	const texts = [known];
	const prepare = () => standIn(workflow, body(), texts[0]);
	return await time(
		prepare,
		async ({ webhook, seen: stored }) => {
			const { webhookResponse } = await receive(webhook);
			texts.push(stored());
			if (texts.length > behind + 1) texts.shift();
			return webhookResponse;
		},
		short,
	);
}

let workflows = 0;
/** Each workflow has a memory of its own. */
const newWorkflow = () => ({ id: `workflow ${++workflows}` });

/** Makes the trigger's calls to n8n, and nothing else. */
const withoutTrigger: Receive = async (webhook) => {
	webhook.getRequestObject();
	webhook.getBodyData();
	for (const name of ['options', 'setup', 'events', 'filters', 'simplify'])
		webhook.getNodeParameter(name);
	webhook.getWorkflowStaticData('global');
	webhook.getWorkflow();
	webhook.getNode();
	webhook.getNodeWebhookUrl('default');
	webhook.getMode();
	webhook.getResponseObject();
	return { webhookResponse: webhook.getWorkflowStaticData('global') };
};

/** The text that a webhook stores after this many events. */
async function memory(receive: Receive, events: number): Promise<string> {
	const workflow = newWorkflow();
	let text = '';
	for (let event = 0; event < events; event++) {
		const { webhook, seen } = standIn(workflow, bodyOf(1_024), text);
		void (await receive(webhook)).webhookResponse;
		text = seen();
	}
	return text;
}

/** A stand-in for n8n that costs next to nothing. The body comes parsed and the stored text is a new string each time, as when read from a database. */
function standIn(workflow: { id: string }, body: Buffer, seen: string) {
	const registration = { id: 'wh_1', derived: SECRET, registeredAt: 1 };
	const staticData = {
		testivoraTrigger: {
			[NAME]: { registration, seen: JSON.parse(JSON.stringify(seen)) as string },
		},
	};
	const request = {
		headers: { host: 'n8n.example.com', 'content-type': 'application/json', ...sign(body, SECRET) },
		path: `/${NAME}`,
		rawBody: body,
	};
	const response = { destroyed: false, writableEnded: false };
	const node = { name: 'Testivora Trigger', webhookId: '6b1a' };
	const parsed = JSON.parse(body.toString());
	const webhook = {
		getRequestObject: () => request,
		getBodyData: () => parsed,
		getResponseObject: () => response,
		getWorkflowStaticData: () => staticData,
		getNodeParameter: (name: string) => PARAMETERS[name],
		getWorkflow: () => workflow,
		getNode: () => node,
		getNodeWebhookUrl: () => `https://n8n.example.com/${NAME}`,
		getMode: () => 'webhook',
	} as unknown as IWebhookFunctions;
	return { webhook, seen: () => staticData.testivoraTrigger[NAME].seen };
}

/** A new event of about this many bytes. */
function bodyOf(bytes: number): Buffer {
	const event = eventOf();
	const room = bytes - Buffer.byteLength(JSON.stringify(event));
	const said =
		'Cerré 3 clientes en una semana, y no lo habría creído. “¿Así de fácil?”, me dijo mi socia. ';
	const data = {
		...(event.data as object),
		text: said.repeat(Math.ceil(room / said.length)).slice(0, room),
	};
	return Buffer.from(JSON.stringify({ ...event, data }));
}

const spread = (us: number[]) =>
	`${median(us).toFixed(1)} (${quantile(us, 0.25).toFixed(1)}–${quantile(us, 0.75).toFixed(1)})`;
