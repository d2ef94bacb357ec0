import { request } from 'node:http';

import { sign } from '../sandbox/signature.mts';
import type { Scheme } from '../sandbox/signature.mts';
import { eventually } from '../harness/wait.mts';
import {
	deliver,
	endpointAt,
	eventOf,
	goLive,
	newSecret,
	NODE,
	post,
	setStage,
	triggerNode,
	triggerWorkflow,
} from '../harness/stage.mts';
import type { Answered, Stage } from '../harness/stage.mts';

declare const engine: 'publication' | 'legacy';

/** Every row of the delivery table, as a sender sees it, and what then ran. */
describe(`deliveries under the ${engine} engine`, () => {
	let stage: Stage;
	let id: string;
	let url: string;
	let secret: string;

	beforeAll(async () => {
		stage = await setStage({ engine });
		id = await triggerWorkflow(stage, {
			events: ['testimonial.created', 'testimonial.deleted'],
			filters: { minRating: 4 },
		});
		({ url, secret } = await goLive(stage, id));
	});
	afterAll(() => stage?.dispose());

	/** Runs so far, failed ones included: a refused delivery must not even leave one of those. */
	const runs = async (workflow = id) =>
		Object.values(await stage.n8n.countExecutions(workflow)).reduce((sum, count) => sum + count, 0);

	/** Waits until so many runs are over; cheaper than to fetch what each gave out. */
	const ran = async (count: number) =>
		await eventually(async () => ((await stage.n8n.countExecutions(id)).success ?? 0) >= count, {
			timeout: 90_000,
			every: 200,
			what: `${count} runs`,
		});

	/** The newest run. */
	const lastRun = async () => {
		const { body } = await stage.n8n.request(
			'GET',
			`/rest/executions?limit=1&filter=${encodeURIComponent(JSON.stringify({ workflowId: id }))}`,
		);
		return await stage.n8n.execution(body.data.results[0].id);
	};

	/** Sends what starts the workflow, and waits until it ran: older versions of n8n answer before they store the run. */
	const withRun = async (send: () => Promise<Answered>) => {
		const before = await runs();
		const answer = await send();
		await ran(before + 1);
		return answer;
	};

	/** Sends what must not start the workflow, and looks that it does not. */
	const withoutRun = async (send: () => Promise<Answered>) => {
		const before = await runs();
		const answer = await send();
		// The next accepted delivery is over after anything that this one may have started.
		const event = eventOf();
		expect((await deliver(url, event, secret)).body).toEqual({ received: true, event: event.id });
		await ran(before + 1);
		expect(await runs()).toBe(before + 1);
		expect(answer.headers.get('content-type')).toContain('application/json');
		expect(JSON.stringify(answer.body).length).toBeLessThan(1024);
		return answer;
	};

	test.each(['timestamped', 'standard', 'svix'] as Scheme[])(
		'valid and wanted, signed as %s: 200, runs once',
		async (scheme) => {
			const before = await runs();
			const event = eventOf();
			const answer = await deliver(url, event, secret, { scheme });
			expect(answer).toMatchObject({ status: 200, body: { received: true, event: event.id } });
			await ran(before + 1);
			const execution = await lastRun();
			const { data, ...envelope } = event as any;
			expect(execution.items[NODE]).toEqual([
				expect.objectContaining({
					json: {
						...data,
						event: {
							id: event.id,
							name: 'testimonial.created',
							created: envelope.created,
							attempt: 1,
						},
					},
				}),
			]);
		},
	);

	test('the header may also be X-Testivora-Signature, with several macs of which one is right', async () => {
		const body = JSON.stringify(eventOf());
		const { 'testivora-signature': header } = sign(body, secret);
		const headers = { 'X-Testivora-Signature': header.replace(',', `,v1=${'0'.repeat(64)},`) };
		expect((await withRun(() => post(url, body, headers))).status).toBe(200);
	});

	test('known id: 200, said to be a duplicate, although attempt, bytes and signature differ', async () => {
		const event = eventOf();
		expect((await withRun(() => deliver(url, event, secret))).body).not.toHaveProperty('duplicate');
		const answer = await withoutRun(() =>
			deliver(url, { ...event, attempt: 2 }, secret, { scheme: 'standard' }),
		);
		expect(answer).toMatchObject({
			status: 200,
			body: { received: true, duplicate: true, event: event.id },
		});
	});

	test('not subscribed, filtered out or unknown: 200, said to be ignored', async () => {
		for (const event of [
			eventOf({ event: 'testimonial.approved' }),
			eventOf({ event: 'testimonial.translated' }),
			eventOf({ data: { id: 'tst_2', rating: 3 } }),
			eventOf({ data: { id: 'tst_3', rating: null } }),
		]) {
			expect(await withoutRun(() => deliver(url, event, secret))).toMatchObject({
				status: 200,
				body: { ignored: true, event: event.id },
			});
		}
	});

	test('a deleted testimonial passes every filter', async () => {
		const event = eventOf({
			event: 'testimonial.deleted',
			data: { id: 'tst_4', object: 'testimonial', space_id: 'spc_1', deleted: true },
		});
		const before = await runs();
		expect((await deliver(url, event, secret)).body).toEqual({ received: true, event: event.id });
		await ran(before + 1);
		const execution = await lastRun();
		expect(execution.items[NODE][0].json).toMatchObject({
			id: 'tst_4',
			deleted: true,
			event: { name: 'testimonial.deleted' },
		});
	});

	test('not signed, wrongly signed, stale or from the future: 401', async () => {
		const now = Math.floor(Date.now() / 1000);
		const body = JSON.stringify(eventOf());
		const refusals: Array<Promise<Answered>> = [];
		const refused = (headers: Record<string, string>, bytes = body) => {
			refusals.push(withoutRun(() => post(url, bytes, headers)));
			return refusals.at(-1)!;
		};
		for (const [headers, bytes] of [
			[{}],
			[sign(body, newSecret())],
			[sign(body, secret), body.replace('5', '1')],
			[sign(body, secret, { timestamp: now - 301 })],
			[sign(body, secret, { timestamp: now + 310 })],
			[{ 'testivora-signature': 'v1=' }],
			[sign(body, secret, { scheme: 'standard', id: 'evt_other' }), `${body} `],
		] as Array<[Record<string, string>, string?]>) {
			expect(await refused(headers, bytes)).toMatchObject({
				status: 401,
				body: { received: false, message: expect.any(String) },
			});
		}
	});

	test('a signature header that comes twice: 401', async () => {
		const body = JSON.stringify(eventOf());
		const { 'testivora-signature': header } = sign(body, secret);
		const status = await new Promise((resolve, reject) => {
			const outgoing = request(
				url,
				{
					method: 'POST',
					headers: [
						'Host',
						new URL(url).host,
						'Content-Type',
						'application/json',
						'Content-Length',
						String(Buffer.byteLength(body)),
						'Testivora-Signature',
						header,
						'Testivora-Signature',
						header,
					],
				},
				(incoming) => {
					incoming.resume();
					resolve(incoming.statusCode);
				},
			);
			outgoing.on('error', reject);
			outgoing.end(body);
		});
		expect(status).toBe(401);
	});

	test('signed, but not an event: 400 that names what is wrong', async () => {
		for (const [event, fault] of [
			[{}, '"id"'],
			[eventOf({ id: '' }), '"id"'],
			[eventOf({ id: 'x'.repeat(256) }), '255'],
			[eventOf({ event: 7 }), '"event"'],
			[eventOf({ data: 'none' }), '"data"'],
			[[], 'not'],
		] as Array<[object, string]>) {
			const answer = await withoutRun(() => deliver(url, event, secret));
			expect(answer).toMatchObject({
				status: 400,
				body: { received: false, message: expect.stringContaining(fault) },
			});
		}
	});

	test('a body under a false name is read as the bytes it is', async () => {
		const form = 'id=evt_form&event=testimonial.created';
		const answer = await withoutRun(() =>
			post(url, form, {
				'content-type': 'application/x-www-form-urlencoded',
				...sign(form, secret),
			}),
		);
		expect(answer.status).toBe(400);
		const event = eventOf();
		const body = JSON.stringify(event);
		const plain = await withRun(() =>
			post(url, body, { 'content-type': 'text/plain', ...sign(body, secret) }),
		);
		expect(plain.body).toEqual({ received: true, event: event.id });
		const unread = JSON.stringify(eventOf());
		const bytes = await withRun(() =>
			post(url, unread, { 'content-type': 'application/octet-stream', ...sign(unread, secret) }),
		);
		expect(bytes.body).toMatchObject({ received: true });
		const multipart = await withoutRun(() =>
			post(url, body, { 'content-type': 'multipart/form-data; boundary=x', ...sign(body, secret) }),
		);
		expect(multipart.status).toBeGreaterThanOrEqual(400);
	});

	test('a node of version 1 runs as well', async () => {
		const node = { ...triggerNode(stage.credential), typeVersion: 1 };
		const workflow = await stage.n8n.createWorkflow({
			name: 'Version 1',
			nodes: [node],
			connections: {},
		});
		const endpoint = await goLive(stage, workflow);
		const event = eventOf();
		expect((await deliver(endpoint.url, event, endpoint.secret)).body).toEqual({
			received: true,
			event: event.id,
		});
		const [{ items }] = await stage.n8n.waitForExecutions(workflow, 1);
		expect(items[NODE][0].json.event.id).toBe(event.id);
		await stage.n8n.deactivate(workflow);
	});

	test('the same event many times at once runs once; the others are duplicates or told to come back', async () => {
		const before = await runs();
		const events = Array.from({ length: 5 }, () => eventOf());
		const answers = await Promise.all(
			events.flatMap((event) => Array.from({ length: 8 }, () => deliver(url, event, secret))),
		);
		for (const { status, headers, body } of answers) {
			if (status === 503) expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
			else
				expect({ status, known: body }).toMatchObject({ status: 200, known: { received: true } });
		}
		const accepted = answers.filter(({ status, body }) => status === 200 && !body.duplicate);
		expect(accepted.map(({ body }) => body.event).sort()).toEqual(
			events.map((event) => event.id).sort(),
		);
		await ran(before + 5);
		expect(await runs()).toBe(before + 5);
	});

	test('100 events are all known after a restart, in any order', async () => {
		const before = await runs();
		const events = Array.from({ length: 100 }, () => eventOf());
		const sendAll = async () => {
			const answers: Answered[] = [];
			const queue = [...events];
			await Promise.all(
				Array.from({ length: 10 }, async () => {
					for (let event = queue.pop(); event; event = queue.pop())
						answers.push(await deliver(url, event, secret));
				}),
			);
			return answers;
		};
		expect((await sendAll()).every(({ status, body }) => status === 200 && !body.duplicate)).toBe(
			true,
		);
		await ran(before + 100);
		await stage.n8n.restart();
		await eventually(async () => (await deliver(url, events[0], secret)).status === 200, {
			what: 'the webhook after the restart',
		});
		expect(
			(await sendAll()).every(({ status, body }) => status === 200 && body.duplicate === true),
		).toBe(true);
		expect(await runs()).toBe(before + 100);
	});

	test('options: without deduplication every delivery runs; a wider tolerance; the raw envelope', async () => {
		const other = await triggerWorkflow(stage, {
			simplify: false,
			options: { deduplicate: false, tolerance: 3600 },
		});
		const endpoint = await goLive(stage, other);
		const event = eventOf();
		const hourAgo = Math.floor(Date.now() / 1000) - 3500;
		for (let times = 0; times < 3; times++) {
			expect(
				(await deliver(endpoint.url, event, endpoint.secret, { timestamp: hourAgo })).status,
			).toBe(200);
		}
		const executions = await stage.n8n.waitForExecutions(other, 3);
		expect(executions).toHaveLength(3);
		expect(executions[0].items[NODE][0].json).toEqual(event);
		await stage.n8n.deactivate(other);
	});

	test('the manual set-up without a secret: 401 for everything', async () => {
		const other = await triggerWorkflow(stage, { setup: 'manual' });
		await stage.n8n.activate(other);
		await stage.n8n.publication(other);
		const at = await stage.n8n.webhookUrl(other, NODE);
		for (const guess of [secret, 'whsec_', ''])
			expect((await deliver(at, eventOf(), guess)).status).toBe(401);
		expect(await runs(other)).toBe(0);
		await stage.n8n.deactivate(other);
	});

	test('an endpoint that Testivora turned off and on again goes on where it was', async () => {
		const endpoint = endpointAt(stage, url)!;
		endpoint.status = 'disabled';
		stage.sandbox.submit();
		await stage.sandbox.idle();
		endpoint.status = 'active';
		const before = await runs();
		stage.sandbox.submit();
		await stage.sandbox.idle();
		await ran(before + 1);
	});

	test('n8n’s log says why deliveries were refused, and holds no secret, key or content', () => {
		const log = stage.n8n.log();
		expect(log).toContain(
			'a delivery was refused with 401: The signature of this delivery does not match.',
		);
		expect(log).not.toContain(secret);
		expect(log).not.toContain(stage.sandbox.apiKey);
		expect(log).not.toContain('Cerré');
	});
});
