import { request } from 'node:http';

import { sign } from '../sandbox/signature.mts';
import type { Scheme } from '../sandbox/signature.mts';
import { eventually } from '../harness/wait.mts';
import {
	credentialData,
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

/** For each kind of delivery: the answer to its sender, and what ran. */
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

	/** The number of executions, failed ones included: a refused delivery must not leave one either. */
	const runs = async (workflow = id) =>
		Object.values(await stage.n8n.countExecutions(workflow)).reduce((sum, count) => sum + count, 0);

	/** Waits for so many successful executions. */
	const ran = async (count: number) =>
		await eventually(async () => ((await stage.n8n.countExecutions(id)).success ?? 0) >= count, {
			what: `${count} executions`,
		});

	/** Sends what starts the workflow, and waits for the execution: older versions of n8n answer before they store it. */
	const withRun = async (send: () => Promise<Answered>) => {
		const before = await runs();
		const answer = await send();
		await ran(before + 1);
		return answer;
	};

	/** Sends what must not start the workflow, and checks that it does not. */
	const withoutRun = async (send: () => Promise<Answered>) => {
		const before = await runs();
		const answer = await send();
		// An execution that this delivery had started would end before that of the next accepted one.
		const event = eventOf();
		expect((await deliver(url, event, secret)).body).toEqual({ received: true, event: event.id });
		await ran(before + 1);
		expect(await runs()).toBe(before + 1);
		expect(answer.headers.get('content-type')).toContain('application/json');
		expect(JSON.stringify(answer.body).length).toBeLessThan(1024);
		return answer;
	};

	test.each(['timestamped', 'standard', 'svix'] as Scheme[])(
		'valid and matching the filters, signed with the %s scheme: 200, runs once',
		async (scheme) => {
			const event = eventOf();
			const answer = await withRun(() => deliver(url, event, secret, { scheme }));
			expect(answer).toMatchObject({ status: 200, body: { received: true, event: event.id } });
			const { items } = (await stage.n8n.latestExecution(id))!;
			const { data, ...envelope } = event as any;
			expect(items[NODE]).toEqual([
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

	test('X-Testivora-Signature with two MACs, one of them valid: 200, runs', async () => {
		const body = JSON.stringify(eventOf());
		const { 'testivora-signature': header } = sign(body, secret);
		const headers = { 'X-Testivora-Signature': header.replace(',', `,v1=${'0'.repeat(64)},`) };
		expect((await withRun(() => post(url, body, headers))).status).toBe(200);
	});

	test('known ID, with another attempt, body and signature: 200, answered as a duplicate', async () => {
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

	test('an event that is not selected, unknown or filtered out: 200, answered as ignored', async () => {
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
		const { body } = await withRun(() => deliver(url, event, secret));
		expect(body).toEqual({ received: true, event: event.id });
		const { items } = (await stage.n8n.latestExecution(id))!;
		expect(items[NODE][0].json).toMatchObject({
			id: 'tst_4',
			deleted: true,
			event: { name: 'testimonial.deleted' },
		});
	});

	const later = (seconds: number) => ({ timestamp: Math.floor(Date.now() / 1000) + seconds });
	test.each<[string, (body: string) => Record<string, string>, string?]>([
		['without a signature', () => ({})],
		['with a signature that cannot be read', () => ({ 'testivora-signature': 'v1=' })],
		['signed with another secret', (body) => sign(body, newSecret())],
		['changed after it was signed', (body) => sign(body, secret), ' '],
		[
			'changed, Standard Webhooks',
			(body) => sign(body, secret, { scheme: 'standard', id: 'evt_other' }),
			' ',
		],
		['stale', (body) => sign(body, secret, later(-301))],
		['from the future', (body) => sign(body, secret, later(600))],
	])('%s: 401', async (_name, headersFor, added = '') => {
		const body = JSON.stringify(eventOf());
		const answer = await withoutRun(() => post(url, body + added, headersFor(body)));
		expect(answer).toMatchObject({
			status: 401,
			body: { received: false, message: expect.any(String) },
		});
	});

	test('with two signature headers: 401', async () => {
		const body = JSON.stringify(eventOf());
		const { 'testivora-signature': header } = sign(body, secret);
		const status = await new Promise((resolve, reject) => {
			const outgoing = request(
				url,
				{
					method: 'POST',
					agent: false,
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

	test('signed, but not an event: 400 that names the field', async () => {
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

	test('whatever the content type, the body is verified and parsed as JSON', async () => {
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
		const other = JSON.stringify(eventOf());
		const binary = await withRun(() =>
			post(url, other, { 'content-type': 'application/octet-stream', ...sign(other, secret) }),
		);
		expect(binary.body).toMatchObject({ received: true });
		const multipart = await withoutRun(() =>
			post(url, body, { 'content-type': 'multipart/form-data; boundary=x', ...sign(body, secret) }),
		);
		expect(multipart.status).toBeGreaterThanOrEqual(400);
	});

	test('a node of version 1 runs, too', async () => {
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

	test('the same event several times at once: runs once, the others are answered as duplicates or with 503', async () => {
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

	test('100 events are all known after a restart', async () => {
		const before = await runs();
		const events = Array.from({ length: 100 }, () => eventOf());
		/** Sends all events, ten at a time. @returns the different answers */
		const sendAll = async () => {
			const answers = new Set<string>();
			const queue = [...events];
			const sender = async () => {
				for (let event = queue.pop(); event; event = queue.pop()) {
					const { status, body } = await deliver(url, event, secret);
					answers.add(`${status}${body.duplicate ? ', duplicate' : ''}`);
				}
			};
			await Promise.all(Array.from({ length: 10 }, sender));
			return [...answers];
		};
		expect(await sendAll()).toEqual(['200']);
		await ran(before + 100);
		await stage.n8n.restart();
		await eventually(async () => (await deliver(url, events[0], secret)).status === 200, {
			what: 'the webhook after the restart',
		});
		expect(await sendAll()).toEqual(['200, duplicate']);
		expect(await runs()).toBe(before + 100);
	});

	test('options: no deduplication, a wider tolerance, the whole envelope', async () => {
		const other = await triggerWorkflow(stage, {
			simplify: false,
			options: { deduplicate: false, tolerance: 3600 },
		});
		const endpoint = await goLive(stage, other);
		const event = eventOf();
		for (let times = 0; times < 3; times++) {
			const { status } = await deliver(endpoint.url, event, endpoint.secret, later(-3500));
			expect(status).toBe(200);
		}
		const executions = await stage.n8n.waitForExecutions(other, 3);
		expect(executions).toHaveLength(3);
		expect(executions[0].items[NODE][0].json).toEqual(event);
		await stage.n8n.deactivate(other);
	});

	test('manual setup: not published without a secret, and once it is taken out, always 401', async () => {
		const own = newSecret();
		const credential = await stage.n8n.createCredential(
			'By hand',
			'testivoraApi',
			credentialData(stage.sandbox),
		);
		const other = await triggerWorkflow({ ...stage, credential }, { setup: 'manual' });
		const refusal = await stage.n8n.activate(other);
		const shown =
			refusal.status === 200 ? await stage.n8n.publication(other) : (refusal.body as unknown);
		expect(JSON.stringify(shown)).toContain('The credential has no Webhook Signing Secret yet');
		const enter = async (webhookSecret: string) =>
			await stage.n8n.updateCredential(
				credential,
				credentialData(stage.sandbox, { webhookSecret }),
			);
		await enter(own);
		await stage.n8n.deactivate(other);
		await stage.n8n.publication(other);
		await stage.n8n.activate(other);
		expect(await stage.n8n.publication(other)).toMatchObject({ status: 'published' });
		const at = await stage.n8n.webhookUrl(other, NODE);
		await enter('');
		for (const guess of [own, secret, 'whsec_', ''])
			expect((await deliver(at, eventOf(), guess)).status).toBe(401);
		expect(await runs(other)).toBe(0);
		await stage.n8n.deactivate(other);
	});

	test('an endpoint that Testivora disabled gets events again once it is enabled', async () => {
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

	test('n8n’s log gives the reason of a refusal, and no secret, key or content', () => {
		const log = stage.n8n.log();
		expect(log).toContain(
			'a delivery was refused with 401: The signature of this delivery does not match.',
		);
		expect(log).not.toContain(secret);
		expect(log).not.toContain(stage.sandbox.apiKey);
		expect(log).not.toContain('Cerré');
	});
});
