import type { Headers } from '../../nodes/TestivoraTrigger/signature.ts';
import { judge } from '../helpers/webhook.mts';
import { startReceiver } from '../helpers/receiver.mts';
import type { Receiver } from '../helpers/receiver.mts';
import { startSandbox } from './sandbox.mts';
import type { Sandbox, SandboxOptions } from './sandbox.mts';

const ALL = ['testimonial.created', 'testimonial.approved', 'testimonial.deleted'];
/** A pause of 5 s takes a millisecond. */
const FAST = 5_000;

let receiver: Receiver;
let sandbox: Sandbox;
beforeEach(async () => {
	receiver = await startReceiver();
});
afterEach(async () => {
	await sandbox.stop();
	await receiver.stop();
});

/** Starts a sandbox, with one endpoint at the receiver. */
const start = async (options: SandboxOptions = {}, fields: object = {}) => {
	sandbox = await startSandbox({ timeScale: FAST, seed: false, ...options });
	return await register(fields);
};
const register = async (fields: object = {}) => {
	const answer = await fetch(`${sandbox.url}/v1/webhooks`, {
		method: 'POST',
		headers: { authorization: `Bearer ${sandbox.apiKey}`, 'content-type': 'application/json' },
		body: JSON.stringify({ url: receiver.url, events: ALL, ...fields }),
	});
	expect(answer.status).toBe(201);
	return sandbox.endpoints()[0];
};
const statuses = () => sandbox.deliveries.map(({ status }) => status);

test.each(['timestamped', 'standard', 'svix'] as const)(
	'the node verifies deliveries signed as %s',
	async (scheme) => {
		const { secret } = await start({ scheme });
		sandbox.submit();
		await sandbox.idle();
		const [{ body, headers }] = receiver.arrived;
		const now = Math.floor(Date.now() / 1000);
		expect(judge(body, headers as Headers, [secret], now, 300)).toBe('verified');
		expect(judge(body, headers as Headers, ['whsec_another'], now, 300)).toBe('mismatch');
	},
);

test('events have the published shape', async () => {
	await start();
	const { id, space_id: space } = sandbox.submit({ text: 'Hi', author: { name: 'Ana' } });
	await sandbox.idle();
	sandbox.approve(id);
	await sandbox.idle();
	sandbox.approve(id);
	sandbox.remove(id);
	await sandbox.idle();
	expect(receiver.arrived.map(({ json }) => json.event)).toEqual(ALL);
	const [created, approved, deleted] = receiver.arrived.map(({ json }) => json);
	expect(created).toMatchObject({
		id: expect.stringMatching(/^evt_/),
		object: 'event',
		version: '1.0',
		attempt: 1,
	});
	expect(created.data).toMatchObject({
		id,
		text: 'Hi',
		status: 'pending',
		author: { name: 'Ana' },
	});
	expect(created.data).not.toHaveProperty('space_id');
	expect(approved.data).toMatchObject({ status: 'approved', published_at: expect.any(String) });
	expect(deleted.data).toEqual({ id, object: 'testimonial', space_id: space, deleted: true });
});

test('an endpoint gets the events that it is registered for, and only while it is active', async () => {
	const active = await start({}, { events: ['testimonial.deleted'] });
	const paused = await register({ status: 'disabled' });
	const { id } = sandbox.submit();
	sandbox.remove(id);
	await sandbox.idle();
	expect(sandbox.deliveries).toMatchObject([
		{ event: 'testimonial.deleted', endpointId: active.id, status: 200 },
	]);
	expect(sandbox.deliveries.filter(({ endpointId }) => endpointId === paused.id)).toEqual([]);
});

test('an event that is not answered with 2xx is retried: the same id, the next attempt, another signature', async () => {
	await start();
	receiver.answers.push(500, 0, 302, 404);
	sandbox.submit();
	await sandbox.idle();
	expect(statuses()).toEqual([500, null, 302, 404, 200]);
	expect(receiver.arrived.map(({ json }) => json.attempt)).toEqual([1, 2, 3, 4, 5]);
	expect(new Set(receiver.arrived.map(({ json }) => json.id)).size).toBe(1);
	expect(new Set(receiver.arrived.map(({ headers }) => headers['testivora-signature'])).size).toBe(
		5,
	);
});

test('the pauses between attempts double', async () => {
	await start({ timeScale: 100, retries: 3 });
	receiver.answers.push(500, 500, 500);
	sandbox.submit();
	await sandbox.idle();
	const times = sandbox.deliveries.map(({ at }) => Date.parse(at));
	const pauses = times.slice(1).map((time, index) => time - times[index]);
	// 5, 10 and 20 s, a hundred times faster.
	[50, 100, 200].forEach((pause, index) =>
		expect(pauses[index]).toBeGreaterThanOrEqual(pause - 10),
	);
});

test('an endpoint is disabled after several events in a row that could not be delivered', async () => {
	const endpoint = await start({ retries: 2, disableAfter: 2 });
	receiver.answers.push(...Array<number>(6).fill(500));
	sandbox.submit();
	await sandbox.idle();
	expect(statuses()).toEqual([500, 500, 500]);
	expect(endpoint.status).toBe('active');
	sandbox.submit();
	await sandbox.idle();
	expect(endpoint.status).toBe('disabled');
	sandbox.submit();
	await sandbox.idle();
	expect(statuses()).toHaveLength(6);
});

test('a delivered event resets that count', async () => {
	const endpoint = await start({ retries: 0, disableAfter: 2 });
	receiver.answers.push(500, 200, 500);
	for (let index = 0; index < 3; index++) {
		sandbox.submit();
		await sandbox.idle();
	}
	expect(endpoint.status).toBe('active');
});

test('an endpoint that is deleted gets no retries', async () => {
	await start({ timeScale: 50 });
	receiver.answers.push(500);
	sandbox.submit();
	while (sandbox.deliveries.length === 0) await new Promise(setImmediate);
	sandbox.endpoints().length = 0;
	await sandbox.idle();
	expect(statuses()).toEqual([500]);
});

test('any event can be sent to one endpoint, whatever it is registered for', async () => {
	const { id } = await start({}, { events: ['testimonial.deleted'] });
	await register();
	sandbox.emit({ event: 'testimonial.pinned', id: 'evt_mine', data: { x: 1 } }, { endpointId: id });
	await sandbox.idle();
	expect(receiver.arrived).toMatchObject([
		{ json: { id: 'evt_mine', event: 'testimonial.pinned', data: { x: 1 } } },
	]);
});

test('stopping does not wait for retries', async () => {
	await start({ timeScale: 1 });
	receiver.answers.push(500);
	sandbox.submit();
	while (sandbox.deliveries.length === 0) await new Promise(setImmediate);
	await sandbox.stop();
	expect(statuses()).toEqual([500]);
});

describe('the page', () => {
	const post = async (path: string, body: unknown = {}, method = 'POST') =>
		await fetch(`${sandbox.url}/_sandbox${path}`, {
			method,
			...(method !== 'DELETE' && {
				headers: { 'content-type': 'application/json' },
				body: JSON.stringify(body),
			}),
		});
	const state = async () =>
		(await (await fetch(`${sandbox.url}/_sandbox/state`)).json()) as {
			testimonials: Array<{ id: string; status: string }>;
		};

	test('submits, approves and deletes a testimonial, and pauses an endpoint', async () => {
		const endpoint = await start();
		expect(await (await fetch(sandbox.url)).text()).toContain('<html');
		await post('/testimonials', { text: 'Hi', rating: 4 });
		const [{ id }] = (await state()).testimonials;
		await post(`/testimonials/${id}/approve`);
		expect((await state()).testimonials[0].status).toBe('approved');
		await post(`/testimonials/${id}`, undefined, 'DELETE');
		await sandbox.idle();
		expect(receiver.arrived.map(({ json }) => json.event).sort()).toEqual([...ALL].sort());
		await post(`/endpoints/${endpoint.id}`, { status: 'disabled' }, 'PATCH');
		expect(endpoint.status).toBe('disabled');
		expect(JSON.stringify(await state())).not.toContain('whsec_');
	});

	test('adds an endpoint, shows its secret once, edits and deletes it', async () => {
		sandbox = await startSandbox({ timeScale: FAST, seed: false });
		const made = await post('/endpoints', { url: receiver.url, events: ['testimonial.created'] });
		const { id, secret } = (await made.json()) as { id: string; secret: string };
		expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
		expect(JSON.stringify(await state())).not.toContain('whsec_');
		sandbox.submit();
		await sandbox.idle();
		const [{ body, headers }] = receiver.arrived;
		expect(judge(body, headers as Headers, [secret], Math.floor(Date.now() / 1000), 300)).toBe(
			'verified',
		);

		const elsewhere = `${receiver.url}/elsewhere`;
		await post(`/endpoints/${id}`, { url: elsewhere, events: ['testimonial.approved'] }, 'PATCH');
		expect(sandbox.endpoints()).toEqual([
			expect.objectContaining({ id, secret, url: elsewhere, events: ['testimonial.approved'] }),
		]);
		await post(`/endpoints/${id}`, undefined, 'DELETE');
		expect(sandbox.endpoints()).toEqual([]);
	});

	test.each([
		[{ url: 'n8n.example.com', events: ['testimonial.created'] }, 'url must begin with https://.'],
		[{ url: 'https://n8n.example.com', events: [] }, 'events must hold at least one known event.'],
		[{ events: ['testimonial.created'] }, 'url and events are required.'],
	])('refuses the endpoint %j', async (given, message) => {
		sandbox = await startSandbox();
		expect(await (await post('/endpoints', given)).json()).toMatchObject({ error: { message } });
		expect(sandbox.endpoints()).toEqual([]);
	});

	test('sends a failed delivery again, as the next attempt', async () => {
		const { id } = await start({ retries: 1 });
		receiver.answers.push(500, 500);
		const { id: testimonial } = sandbox.submit();
		await sandbox.idle();
		expect(statuses()).toEqual([500, 500]);
		expect((await post('/deliveries/2/again')).status).toBe(200);
		expect(sandbox.deliveries.at(-1)).toMatchObject({ attempt: 3, status: 200, endpointId: id });
		expect(receiver.arrived.at(-1)!.json).toMatchObject({ attempt: 3, data: { id: testimonial } });
		expect(new Set(receiver.arrived.map(({ json }) => json.id)).size).toBe(1);
		await post(`/endpoints/${id}`, undefined, 'DELETE');
		expect((await post('/deliveries/2/again')).status).toBe(404);
	});

	test('is notified of changes', async () => {
		await start();
		const stream = (await fetch(`${sandbox.url}/_sandbox/changes`)).body!.getReader();
		await stream.read();
		const next = stream.read();
		sandbox.submit();
		expect(new TextDecoder().decode((await next).value)).toContain('data: changed');
		await stream.cancel();
	});

	test('injects faults and clears them', async () => {
		await start();
		const account = async () =>
			(
				await fetch(`${sandbox.url}/v1/account`, {
					headers: { authorization: `Bearer ${sandbox.apiKey}` },
				})
			).status;
		await post('/faults', { method: 'GET', path: '^/v1/account', status: 503, times: 2 });
		expect(await account()).toBe(503);
		await post('/faults', undefined, 'DELETE');
		expect(await account()).toBe(200);
	});
});
