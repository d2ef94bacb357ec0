import fc from 'fast-check';
import type { IDataObject } from 'n8n-workflow';

import { event as published, testimonial } from '../helpers/fixtures.mts';
import { memoryOf } from '../../nodes/TestivoraTrigger/processMemory.ts';
import { deriveSecret } from '../../nodes/TestivoraTrigger/secrets.ts';
import {
	API_KEY,
	NAME,
	SECRET,
	URL,
	deliver,
	registered,
	signedDelivery,
} from '../helpers/webhook.mts';
import type { Incoming } from '../helpers/webhook.mts';
import { sign } from '../sandbox/signature.mts';

const KB = 1024;
const EVENTS = ['testimonial.created'];

/** A new testimonial's event. */
const event = (fields: IDataObject = {}) =>
	published({ id: 'evt_1', event: 'testimonial.created', ...fields });

/** A signed delivery of this content to a webhook that listens to new testimonials. */
const deliverSigned = async (content: unknown, { parameters, ...rest }: Incoming = {}) =>
	await deliver({
		...signedDelivery(content),
		parameters: { events: EVENTS, ...parameters },
		...rest,
	});

describe('valid and wanted', () => {
	test('runs once, answered with 200 and JSON by n8n', async () => {
		const { result, answer, acknowledge } = await deliverSigned(event());
		expect(answer).toBeUndefined();
		expect(result.noWebhookResponse).toBeUndefined();
		expect(result.workflowData).toHaveLength(1);
		expect(result.workflowData![0]).toHaveLength(1);
		expect(acknowledge()).toEqual({ received: true, event: 'evt_1' });
	});

	test('simplified, has the fields of its data at the top', async () => {
		const { result } = await deliverSigned(event({ attempt: 2 }));
		expect(result.workflowData![0][0].json).toEqual({
			...(event().data as IDataObject),
			event: {
				id: 'evt_1',
				name: 'testimonial.created',
				created: '2026-06-03T01:00:00.000Z',
				attempt: 2,
			},
		});
	});

	test.each([false, '{{ false }}'])(
		'with Simplify %j, is as it came, unknown fields included',
		async (simplify) => {
			const whole = event({ new_field: { deep: [1, null] } });
			const { result } = await deliverSigned(whole, { parameters: { simplify } });
			expect(result.workflowData![0][0].json).toEqual(whole);
		},
	);

	test.each(['standard', 'svix'] as const)('is verified under %s as well', async (scheme) => {
		const body = Buffer.from(JSON.stringify(event()));
		const { result } = await deliver({
			body,
			headers: sign(body, SECRET, { scheme }),
			parameters: { events: EVENTS },
		});
		expect(result.workflowData).toBeDefined();
	});

	test.each([
		'application/json',
		'application/json; charset=UTF-8',
		'application/json; charset=latin1',
		'text/plain',
		undefined,
	])('is read as UTF-8, as it was signed, whatever the content type (%s)', async (contentType) => {
		const { body, headers } = signedDelivery(event());
		const parameters = { events: EVENTS, simplify: false };
		const { result } = await deliver({
			body,
			headers: { ...headers, 'content-type': contentType },
			parameters,
		});
		expect(result.workflowData![0][0].json).toEqual(event());
	});
});

test.each([
	{ created: null },
	{ created: 5, attempt: 'first' },
	{ created: undefined, attempt: undefined },
])('an event with %j is accepted: the trigger does not need these fields', async (fields) => {
	expect((await deliverSigned(event(fields))).result.workflowData).toBeDefined();
});

describe('a body that n8n did not read', () => {
	test('is read', async () => {
		const { result } = await deliverSigned(event(), { unread: true });
		expect(result.workflowData).toBeDefined();
	});

	test('and that something else has read is refused', async () => {
		const { result, answer } = await deliverSigned(event(), { unread: 'gone' });
		expect(result.workflowData).toBeUndefined();
		expect(answer?.status).toBe(401);
	});
});

describe('a known event', () => {
	test('is answered as a duplicate and does not run', async () => {
		const workflowId = 'known';
		const staticData = registered();
		(await deliverSigned(event(), { workflowId, staticData })).acknowledge();
		const { result, answer, log } = await deliverSigned(event({ attempt: 2 }), {
			workflowId,
			staticData,
		});
		expect(result).toEqual({ noWebhookResponse: true });
		expect(answer).toMatchObject({
			status: 200,
			json: { received: true, event: 'evt_1', duplicate: true },
		});
		expect(log).toEqual([
			'debug Testivora Trigger: a delivery was ignored, as the event was received before',
		]);
	});

	test('is known from static data after a restart', async () => {
		const before = await deliverSigned(event());
		before.acknowledge();
		// Another workflow ID: this process has never seen it.
		const stored = JSON.parse(JSON.stringify(before.staticData)) as IDataObject;
		const { answer } = await deliverSigned(event({ attempt: 2 }), { staticData: stored });
		expect(answer?.json).toMatchObject({ duplicate: true });
	});

	test('is remembered only once n8n has stored its execution', async () => {
		const workflowId = 'not taken over';
		const staticData = registered();
		const first = await deliverSigned(event(), { workflowId, staticData });
		expect(first.staticData).toEqual(registered());
		// n8n could not store the execution and answered 500.
		first.finish();
		const again = await deliverSigned(event({ attempt: 2 }), { workflowId, staticData });
		expect(again.result.workflowData).toBeDefined();
		again.acknowledge();
		again.finish();
		expect(
			(await deliverSigned(event({ attempt: 3 }), { workflowId, staticData })).answer?.json,
		).toMatchObject({ duplicate: true });
	});

	test('is left to the next attempt where its sender has hung up', async () => {
		const given = { workflowId: 'hung up', staticData: registered() };
		const first = await deliverSigned(event(), { ...given, hungUp: true });
		expect(first.result).toEqual({ noWebhookResponse: true });
		expect(first.answer).toBeUndefined();
		expect(first.log).toEqual([expect.stringMatching(/^debug .*hung up/)]);
		expect((await deliverSigned(event({ attempt: 2 }), given)).result.workflowData).toBeDefined();
	});

	test('is refused where it is forged, although its sender has hung up', async () => {
		const { answer, log } = await deliver({
			...signedDelivery(event(), 'whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'),
			parameters: { events: EVENTS },
			hungUp: true,
		});
		expect(answer?.status).toBe(401);
		expect(log).toEqual([expect.stringMatching(/^warn .*refused with 401/)]);
	});

	test.each([false, '{{ false }}'])(
		'runs again where Deduplicate is %j, and leaves no trace',
		async (off) => {
			const given = {
				workflowId: `off ${off}`,
				staticData: registered(),
				parameters: { options: { deduplicate: off } },
			};
			for (let round = 0; round < 2; round++) {
				const { result, acknowledge } = await deliverSigned(event(), given);
				expect(result.workflowData).toBeDefined();
				acknowledge();
			}
			expect(given.staticData).toEqual(registered());
		},
	);

	test('runs again while a person listens for test events, and leaves no trace', async () => {
		const given = { workflowId: 'test', staticData: registered(), manual: true };
		for (let round = 0; round < 2; round++) {
			const { result, acknowledge } = await deliverSigned(event(), given);
			expect(result.workflowData).toBeDefined();
			acknowledge();
		}
		expect(given.staticData).toEqual(registered());
	});

	test('is not known at another webhook of the same workflow', async () => {
		const other = 'webhook/7c2b/webhook';
		const registration = { derived: SECRET, registeredAt: 1 };
		const given = {
			workflowId: 'two webhooks',
			staticData: { testivoraTrigger: { [NAME]: { registration }, [other]: { registration } } },
		};
		(await deliverSigned(event(), given)).acknowledge();
		expect(
			(await deliverSigned(event(), { ...given, url: `https://n8n.example.com/${other}` })).result
				.workflowData,
		).toBeDefined();
		expect((await deliverSigned(event(), given)).answer?.json).toMatchObject({ duplicate: true });
	});
});

describe('an event that is being accepted by another request', () => {
	test('is put off with 503 and Retry-After', async () => {
		const workflowId = 'busy';
		await deliverSigned(event(), { workflowId });
		const { result, answer, log } = await deliverSigned(event({ attempt: 2 }), { workflowId });
		expect(result).toEqual({ noWebhookResponse: true });
		expect(answer).toMatchObject({
			status: 503,
			headers: { 'Retry-After': '5' },
			json: { received: false },
		});
		expect(log[0]).toMatch(/^debug /);
	});

	test('runs once however many come at once', async () => {
		const given = { workflowId: 'at once', staticData: registered() };
		const all = await Promise.all(
			Array.from(
				{ length: 50 },
				async (_, attempt) => await deliverSigned(event({ attempt }), given),
			),
		);
		expect(all.filter(({ result }) => result.workflowData)).toHaveLength(1);
		expect(all.filter(({ answer }) => answer?.status === 503)).toHaveLength(49);
	});

	test('is held until its lease ends where n8n neither accepts nor answers it', async () => {
		const given = { workflowId: 'hung up', staticData: registered() };
		await deliverSigned(event(), given);
		const clock = jest.spyOn(Date, 'now');
		try {
			const later = Date.now() + 119_000;
			clock.mockReturnValue(later);
			expect((await deliverSigned(event(), given)).answer?.status).toBe(503);
			clock.mockReturnValue(later + 2_000);
			expect((await deliverSigned(event(), given)).result.workflowData).toBeDefined();
		} finally {
			clock.mockRestore();
		}
	});

	test('is held until n8n is done with it once n8n stores its execution, which may wait for its turn for up to an hour', async () => {
		const given = { workflowId: 'queued', staticData: registered() };
		const { result, finish } = await deliverSigned(event(), given);
		const clock = jest.spyOn(Date, 'now');
		try {
			const content = JSON.stringify(result.workflowData);
			expect(JSON.stringify(result.workflowData)).toBe(content);
			const start = Date.now();
			for (const minutes of [10, 30, 59]) {
				clock.mockReturnValue(start + minutes * 60_000);
				expect((await deliverSigned(event(), given)).answer?.status).toBe(503);
			}
			finish();
			expect((await deliverSigned(event(), given)).result.workflowData).toBeDefined();
		} finally {
			clock.mockRestore();
		}
	});

	test('is known once n8n has accepted it, although its sender hung up', async () => {
		const given = { workflowId: 'hung up later', staticData: registered() };
		(await deliverSigned(event(), given)).acknowledge();
		expect((await deliverSigned(event(), given)).answer?.json).toMatchObject({ duplicate: true });
	});
});

describe('valid but not wanted', () => {
	const IGNORED: Array<[string, IDataObject, IDataObject]> = [
		['this workflow does not listen to such events', { event: 'testimonial.approved' }, {}],
		['this workflow does not listen to such events', { event: 'testimonial.pinned' }, {}],
		['its rating is below 5', { data: testimonial({ rating: 4 }) }, { filters: { minRating: 5 } }],
		[
			'its rating is below 1',
			{ data: testimonial({ rating: null }) },
			{ filters: { minRating: 1 } },
		],
		['its type is not video', {}, { filters: { types: ['video'] } }],
		['it has none of the tags vip', {}, { filters: { tags: ' vip, ' } }],
		['it is not featured', {}, { filters: { featured: true } }],
	];

	test.each(IGNORED)('%s: answered with 200 and ignored', async (why, fields, parameters) => {
		const { result, answer, log, staticData } = await deliverSigned(event(fields), { parameters });
		expect(result).toEqual({ noWebhookResponse: true });
		expect(answer).toMatchObject({
			status: 200,
			json: { received: true, event: 'evt_1', ignored: true },
		});
		expect(log).toEqual([`debug Testivora Trigger: a delivery was ignored, as ${why}`]);
		expect(staticData).toEqual(registered());
	});

	test.each([
		{ minRating: 5, types: ['text'], tags: 'ONBOARDING, vip', featured: false },
		{ types: [], tags: '' },
		{},
	])('%j lets it pass', async (filters) => {
		expect(
			(await deliverSigned(event(), { parameters: { filters } })).result.workflowData,
		).toBeDefined();
	});

	test('a deletion has no content, and passes every filter', async () => {
		const data = { id: 'j97abc', object: 'testimonial', space_id: 'spc_1', deleted: true };
		const parameters = {
			events: ['testimonial.deleted'],
			filters: { minRating: 5, types: ['video'], tags: 'x', featured: true },
		};
		const { result } = await deliverSigned(event({ event: 'testimonial.deleted', data }), {
			parameters,
		});
		expect(result.workflowData![0][0].json).toMatchObject(data);
	});

	test('the sender does not learn which filters there are', async () => {
		const { answer } = await deliverSigned(event(), {
			parameters: { filters: { tags: 'salary negotiation' } },
		});
		expect(answer?.text).not.toContain('salary');
	});
});

describe('not verified', () => {
	const { body, headers } = signedDelivery(event());
	const wrong = signedDelivery(event(), 'whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA').headers;
	const stale = sign(body, SECRET, { timestamp: Math.floor(Date.now() / 1000) - 400 });
	const early = sign(body, SECRET, { timestamp: Math.floor(Date.now() / 1000) + 400 });

	test.each<[string, Incoming, RegExp]>([
		['no signature', { body }, /not signed/],
		['no body', { headers }, /does not match/],
		['a wrong signature', { body, headers: wrong }, /does not match/],
		[
			'another body',
			{ body: Buffer.from(JSON.stringify(event({ attempt: 2 }))), headers },
			/does not match/,
		],
		[
			'a signature that cannot be read',
			{ body, headers: { 'testivora-signature': 'v1=00' } },
			/cannot be read/,
		],
		['an old signature', { body, headers: stale }, /too long ago/],
		['a signature of the future', { body, headers: early }, /clocks/],
		['nothing registered', { body, headers, staticData: {} }, /does not match/],
		[
			'nothing registered, and no API key',
			{ body, headers, staticData: {}, credential: { apiKey: ' ' } },
			/No signing secret/,
		],
		[
			'the slot of another webhook',
			{ body, headers, url: 'https://n8n.example.com/webhook/7c2b/webhook' },
			/does not match/,
		],
		[
			'the slot of the production URL',
			{ body, headers, path: '/webhook-test/6b1a/webhook', manual: true },
			/does not match/,
		],
		[
			'a secret that is no text',
			{
				body,
				headers,
				staticData: {
					testivoraTrigger: { [NAME]: { registration: { derived: [SECRET], made: null } } },
				},
			},
			/does not match/,
		],
		['Manual, no secret', { body, headers, parameters: { setup: 'manual' } }, /No signing secret/],
		[
			'Manual, the secret that was registered automatically',
			{
				body,
				headers,
				parameters: { setup: 'manual' },
				credential: { webhookSecret: 'whsec_another' },
			},
			/does not match/,
		],
		[
			'Manual, "whsec_"',
			{
				body,
				headers,
				parameters: { setup: 'manual' },
				credential: { webhookSecret: ' , whsec_' },
			},
			/No signing secret/,
		],
		[
			'Manual, a mask in place of the secret, with which anyone can sign',
			{
				...signedDelivery(event(), 'whsec_****************'),
				parameters: { setup: 'manual' },
				credential: { webhookSecret: 'whsec_****************' },
			},
			/No signing secret/,
		],
		[
			'Manual, another secret',
			{
				body,
				headers,
				parameters: { setup: 'manual' },
				credential: { webhookSecret: 'whsec_another' },
			},
			/does not match/,
		],
	])('%s: 401, nothing runs, and the log says why', async (_, incoming, why) => {
		const { result, answer, log } = await deliver({
			...incoming,
			parameters: { events: EVENTS, ...incoming.parameters },
		});
		expect(result).toEqual({ noWebhookResponse: true });
		expect(answer).toMatchObject({ status: 401, json: { received: false } });
		expect(answer?.json.message).toMatch(why);
		expect(log).toEqual([
			expect.stringContaining(
				`warn Testivora Trigger: a delivery was refused with 401: ${answer?.json.message}`,
			),
		]);
		// Publishing again gives an endpoint a known secret; in the manual set-up it changes nothing.
		const isHelped =
			String(answer?.json.message).includes('does not match') &&
			incoming.parameters?.setup !== 'manual';
		expect(
			log[0].endsWith(
				'publish (activate) it again. If that does not help, set Webhook Setup to Manual.',
			),
		).toBe(isHelped);
		expect(log[0] + answer?.text).not.toMatch(/whsec_|Cerré|Ana/);
	});

	test('Automatic does not verify with the secrets of the credential', async () => {
		const { answer } = await deliver({
			body,
			headers,
			parameters: { events: EVENTS },
			credential: { webhookSecret: SECRET },
			staticData: {},
		});
		expect(answer?.status).toBe(401);
	});

	test.each<[unknown, number, number]>([
		[undefined, 299, 200],
		[undefined, 302, 401],
		[10, 8, 200],
		[10, 12, 401],
		// n8n leaves this of an expression that was saved when the field took them.
		['{{ 1000 }}', 302, 200],
		['{{ 1000 }}', 1002, 401],
		...[Infinity, Number.NaN, -1, '1e9', null, {}, [1e9], true].map(
			(junk): [unknown, number, number] => [junk, 302, 401],
		),
	])('with a tolerance of %p, signed %d s ago: %d', async (tolerance, seconds, status) => {
		const signature = sign(body, SECRET, { timestamp: Math.floor(Date.now() / 1000) - seconds });
		const parameters = { events: EVENTS, options: { tolerance: tolerance as IDataObject } };
		const { answer, result } = await deliver({ body, headers: signature, parameters });
		expect(answer?.status ?? (result.workflowData && 200)).toBe(status);
	});

	test('n8n 1 gives the result of an expression: a text of the sender in it is not evaluated', async () => {
		const signature = sign(body, SECRET, { timestamp: Math.floor(Date.now() / 1000) - 400 });
		const { answer } = await deliver({
			body,
			headers: signature,
			parameters: { events: EVENTS, options: { tolerance: '{{ 1000 }}' } },
			saved: { options: { tolerance: '={{ $json.headers["x-tolerance"] }}' } },
		});
		expect(answer?.status).toBe(401);
	});

	test('an unsigned delivery leaves no warning where a sample looks for this n8n so', async () => {
		for (const manual of [true, false]) {
			const parameters = { options: { sample: 'latest' } };
			const { answer, log } = await deliver({ body, headers: {}, manual, parameters });
			expect(answer?.status).toBe(401);
			expect(log).toEqual([
				expect.stringMatching(manual ? /^debug .*is not signed/ : /^warn .*is not signed/),
			]);
		}
	});
});

describe('a registration that static data has lost', () => {
	const DERIVED = deriveSecret(API_KEY, NAME)!;
	const derived = (fields: IDataObject = {}) => ({
		...signedDelivery(event(fields), DERIVED),
		parameters: { events: EVENTS },
	});
	const registrationIn = (staticData: IDataObject) =>
		((staticData.testivoraTrigger as IDataObject | undefined)?.[NAME] as IDataObject | undefined)
			?.registration as IDataObject | undefined;

	test('a delivery is verified with the secret derived from the API key, and stores it', async () => {
		const { result, acknowledge, staticData } = await deliver({ ...derived(), staticData: {} });
		expect(result.workflowData).toBeDefined();
		expect(staticData).toEqual({});
		acknowledge();
		expect(registrationIn(staticData)).toMatchObject({ derived: DERIVED });
	});

	test('the derived secret depends on the webhook, the API key and the mode, and not on the host', async () => {
		const given = { ...derived(), staticData: {} };
		expect(
			(await deliver({ ...given, url: 'https://n8n.example.com/webhook/7c2b/webhook' })).answer
				?.status,
		).toBe(401);
		expect(
			(await deliver({ ...given, credential: { apiKey: `${API_KEY}x` } })).answer?.status,
		).toBe(401);
		expect(
			(await deliver({ ...given, manual: true, path: '/webhook-test/6b1a/webhook' })).answer
				?.status,
		).toBe(401);
		expect(
			(await deliver({ ...given, parameters: { ...given.parameters, setup: 'manual' } })).answer
				?.status,
		).toBe(401);
		expect(
			(await deliver({ ...given, url: `https://other.example.com/n8n/${NAME}` })).result
				.workflowData,
		).toBeDefined();
	});

	test('the registration that the process knows verifies, and is written back with the next accepted delivery', async () => {
		const workflowId = 'lost and written back';
		(await deliverSigned(event(), { workflowId })).acknowledge();
		const { result, acknowledge, staticData, lookUps } = await deliverSigned(
			event({ id: 'evt_2' }),
			{ workflowId, staticData: {} },
		);
		expect(result.workflowData).toBeDefined();
		expect(lookUps).toBe(0);
		acknowledge();
		expect(registrationIn(staticData)).toEqual(registrationIn(registered()));
		// Both events are in it.
		const seen = ((staticData.testivoraTrigger as IDataObject)[NAME] as IDataObject).seen as string;
		expect(seen).toHaveLength(34);
	});

	test('is written back where Deduplicate is off, too', async () => {
		const given = { workflowId: 'off, lost', parameters: { options: { deduplicate: false } } };
		(await deliverSigned(event(), given)).acknowledge();
		const { acknowledge, staticData } = await deliverSigned(event(), { ...given, staticData: {} });
		acknowledge();
		expect(staticData).toEqual(registered());
	});

	test('an old copy does not bring back an old registration while the process knows a newer one', async () => {
		const workflowId = 'old copy';
		const newer = { derived: 'whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', registeredAt: 2 };
		const staticData = { testivoraTrigger: { [NAME]: { registration: newer } } };
		const { body, headers } = signedDelivery(event(), newer.derived);
		(
			await deliver({ body, headers, parameters: { events: EVENTS }, workflowId, staticData })
		).acknowledge();
		expect((await deliverSigned(event({ id: 'evt_2' }), { workflowId })).answer?.status).toBe(401);
	});

	test('a registration that is noted while a delivery waits for the credential stays as it is', async () => {
		let go = () => {};
		const gate = new Promise<void>((resolve) => (go = resolve));
		const given = { ...derived(), workflowId: 'noted meanwhile', staticData: {}, gate };
		const waiting = deliver(given);
		const registration = {
			id: 'wh_2',
			url: URL,
			derived: DERIVED,
			made: 'whsec_made',
			registeredAt: 5,
		};
		memoryOf(given.workflowId, NAME).registration = registration;
		go();
		const { result, acknowledge, staticData } = await waiting;
		expect(result.workflowData).toBeDefined();
		acknowledge();
		expect(registrationIn(staticData)).toEqual(registration);
	});

	describe('a former registration, from an old copy of static data', () => {
		const MADE = 'whsec_TWFkZSBmb3IgYWNjb3VudCBBIGFsb25lLg==';
		const former = (fields: IDataObject) => ({
			testivoraTrigger: { [NAME]: { id: 'wh_1', url: URL, ...fields } },
		});

		test.each([
			[
				'derived from another API key',
				{ registration: { derived: 'whsec_old', made: MADE, registeredAt: Date.now() + 60_000 } },
			],
			['of version 0.1.0', { secret: MADE }],
		])(
			'%s: the derived secret replaces it for good once it has verified a delivery',
			async (name, fields) => {
				const given = { workflowId: `former, ${name}`, parameters: { events: EVENTS } };
				const staticData: IDataObject = former(fields);
				const take = async (id: string) =>
					(await deliver({ ...derived({ id }), ...given, staticData })).acknowledge();
				const expectForgeryRefused = async (workflowId = given.workflowId) => {
					const forged = signedDelivery(event({ id: 'evt_forged' }), MADE);
					const { answer } = await deliver({ ...forged, ...given, workflowId, staticData });
					expect(answer?.status).toBe(401);
				};
				await take('evt_1');
				await expectForgeryRefused();
				await expectForgeryRefused(`${given.workflowId} after a restart`);
				// The old copy comes back.
				Object.assign(staticData, former(fields));
				await expectForgeryRefused();
				await take('evt_2');
				await expectForgeryRefused(`${given.workflowId} after another restart`);
			},
		);

		test('keeps what it knows of the endpoint, and the new one counts as newer', async () => {
			const registration = {
				id: 'wh_1',
				url: URL,
				derived: 'whsec_old',
				registeredAt: Date.now() + 60_000,
			};
			const { acknowledge, staticData } = await deliver({
				...derived(),
				staticData: { testivoraTrigger: { [NAME]: { registration } } },
			});
			acknowledge();
			expect(registrationIn(staticData)).toEqual({
				...registration,
				derived: DERIVED,
				registeredAt: registration.registeredAt + 1,
			});
		});
	});

	test('the manual set-up does not write back the registration that this process knows', async () => {
		const workflowId = 'now manual';
		(await deliverSigned(event(), { workflowId })).acknowledge();
		const given = {
			workflowId,
			staticData: {},
			parameters: { setup: 'manual' },
			credential: { webhookSecret: SECRET },
		};
		const { acknowledge, staticData } = await deliverSigned(event({ id: 'evt_2' }), given);
		acknowledge();
		expect(registrationIn(staticData)).toBeUndefined();
	});

	test('a newer registration in static data counts at once', async () => {
		const workflowId = 'newer copy';
		(await deliverSigned(event(), { workflowId })).acknowledge();
		const newer = { derived: 'whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', registeredAt: 2 };
		const staticData = { testivoraTrigger: { [NAME]: { registration: newer } } };
		expect(
			(await deliverSigned(event({ id: 'evt_2' }), { workflowId, staticData })).answer?.status,
		).toBe(401);
	});

	test('a registration of version 0.1.0 is read, and stored in the new form with the next accepted delivery', async () => {
		const old = { [`/n8n/${NAME}`]: { id: 'wh_1', url: URL, events: EVENTS, secret: SECRET } };
		const { acknowledge, staticData } = await deliverSigned(event(), {
			staticData: { testivoraTrigger: old },
		});
		acknowledge();
		expect(staticData.testivoraTrigger).toEqual({
			[NAME]: {
				registration: { id: 'wh_1', url: URL, made: SECRET, registeredAt: 0 },
				seen: expect.any(String),
			},
		});
	});

	test('refused, ignored, duplicate and test deliveries write nothing', async () => {
		const workflowId = 'nothing written';
		(await deliverSigned(event(), { workflowId })).acknowledge();
		for (const incoming of [
			{
				...signedDelivery(event(), 'whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'),
				parameters: { events: EVENTS },
			},
			{ ...derived(), workflowId: 'derived, ignored', parameters: { events: [] } },
			{ ...signedDelivery(event()), parameters: { events: EVENTS } },
			{ ...derived(), parameters: { events: EVENTS }, manual: true },
			{ ...signedDelivery('no JSON'), parameters: { events: EVENTS } },
		] satisfies Incoming[]) {
			const staticData = Object.freeze({});
			const { acknowledge } = await deliver({ workflowId, ...incoming, staticData });
			acknowledge();
			expect(staticData).toEqual({});
		}
	});
});

describe('the credential', () => {
	const { body, headers } = signedDelivery(event(), 'whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA');
	const forged = { body, headers, parameters: { events: EVENTS } };
	let now = 1_770_000_000_000;
	beforeEach(() => {
		jest.useFakeTimers({ now, doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
	});
	afterEach(() => jest.useRealTimers());
	const pass = (ms: number) => jest.setSystemTime((now += ms));
	let count = 0;
	const signedNow = (secret = SECRET) => signedDelivery(event({ id: `evt_${++count}` }), secret);

	test.each(['automatic', 'manual'])(
		'is not read for a delivery that is refused without a secret (%s)',
		async (setup) => {
			const parameters = { events: EVENTS, setup };
			const stale = sign(body, SECRET, { timestamp: now / 1000 - 400 });
			for (const given of [{}, { 'testivora-signature': 'v1=00' }, stale]) {
				expect((await deliver({ body, headers: given, parameters })).lookUps).toBe(0);
			}
		},
	);

	test('is not read where the registration verifies', async () => {
		expect((await deliver({ ...signedNow(), parameters: { events: EVENTS } })).lookUps).toBe(0);
	});

	test.each(['automatic', 'manual'])(
		'is read at most once a second for forged deliveries, also for many at once (%s)',
		async (setup) => {
			let lookUps = 0;
			const parameters = { events: EVENTS, setup };
			for (let second = 0; second < 5; second++) {
				const { headers: signature } = signedNow('whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA');
				const all = await Promise.all(
					Array.from({ length: 200 }, () =>
						deliver({ ...forged, headers: signature, parameters, workflowId: `forged ${setup}` }),
					),
				);
				expect(all.every(({ answer }) => answer?.status === 401)).toBe(true);
				lookUps += all.reduce((sum, one) => sum + one.lookUps, 0);
				pass(1_000);
			}
			expect(lookUps).toBe(5);
		},
	);

	test('is read once in ten seconds for deliveries that it verifies', async () => {
		const given = {
			parameters: { events: EVENTS, setup: 'manual' },
			credential: { webhookSecret: SECRET },
			workflowId: 'ten seconds',
		};
		let lookUps = 0;
		for (let second = 0; second < 30; second++) {
			const { lookUps: more, answer } = await deliver({ ...signedNow(), ...given });
			expect(answer?.status ?? 200).toBe(200);
			lookUps += more;
			pass(1_000);
		}
		expect(lookUps).toBe(3);
	});

	test('a secret that is taken out stops working within 10 seconds, one that is added works within one', async () => {
		const given = { parameters: { events: EVENTS, setup: 'manual' }, workflowId: 'rotated' };
		const statusWith = async (signer: string, webhookSecret: string) => {
			const { answer } = await deliver({
				...signedNow(signer),
				...given,
				credential: { webhookSecret },
			});
			return answer?.status ?? 200;
		};
		const [old, other] = [SECRET, 'whsec_BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB'];
		expect(await statusWith(old, old)).toBe(200);
		pass(1_000);
		expect(await statusWith(other, other)).toBe(200);
		expect(await statusWith(old, other)).toBe(401);
		pass(1_000);
		expect(await statusWith(old, old)).toBe(200);
		pass(9_999);
		expect(await statusWith(old, other)).toBe(200);
		pass(1);
		expect(await statusWith(old, other)).toBe(401);
	});

	test('that cannot be read puts the delivery off, and is tried again a second later', async () => {
		const given = { staticData: {}, parameters: { events: EVENTS }, workflowId: 'unreadable' };
		const refused = await deliver({
			...signedNow(),
			...given,
			credential: new Error('No such credential'),
		});
		expect(refused.answer).toMatchObject({
			status: 503,
			headers: { 'Retry-After': '5' },
			json: { received: false },
		});
		expect(refused.log[0]).toMatch(/^warn .*No such credential/);
		expect((await deliver({ ...signedNow(), ...given })).lookUps).toBe(0);
		pass(1_000);
		const derivedSecret = deriveSecret(API_KEY, NAME);
		expect(
			(await deliver({ ...signedNow(derivedSecret), ...given })).result.workflowData,
		).toBeDefined();
	});

	test('is read again where the clock was set back', async () => {
		const given = { workflowId: 'clock set back' };
		await deliver({ ...forged, ...signedNow('whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'), ...given });
		pass(-3_600_000);
		expect(
			(
				await deliver({
					...forged,
					...signedNow('whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'),
					...given,
				})
			).lookUps,
		).toBe(1);
	});
});

describe('set up by hand', () => {
	const given = { parameters: { setup: 'manual' }, staticData: {} };

	test.each([SECRET, `whsec_old, ${SECRET}`, `${SECRET},whsec_new`])(
		'verifies with any secret of "%s"',
		async (webhookSecret) => {
			expect(
				(await deliverSigned(event(), { ...given, credential: { webhookSecret } })).result
					.workflowData,
			).toBeDefined();
		},
	);

	test('remembers events over a restart, although nothing was registered', async () => {
		const before = await deliverSigned(event(), {
			...given,
			staticData: {},
			credential: { webhookSecret: SECRET },
		});
		before.acknowledge();
		const staticData = JSON.parse(JSON.stringify(before.staticData)) as IDataObject;
		const after = await deliverSigned(event({ attempt: 2 }), {
			...given,
			staticData,
			credential: { webhookSecret: SECRET },
		});
		expect(after.answer?.json).toMatchObject({ duplicate: true });
	});

	test('knows an event again that comes to another spelling of the path', async () => {
		const all = {
			...given,
			staticData: {},
			credential: { webhookSecret: SECRET },
			workflowId: 'spelling',
		};
		(await deliverSigned(event(), all)).acknowledge();
		for (const path of [`/${NAME}/`, '/webhook/6b1a/%77ebhook']) {
			expect((await deliverSigned(event(), { ...all, path })).answer?.json).toMatchObject({
				duplicate: true,
			});
		}
	});
});

describe('signed, but not an event', () => {
	test.each<[string, unknown, string]>([
		['no JSON', 'hello', 'is not JSON'],
		['nothing', '', 'is not JSON'],
		['half of it', JSON.stringify(event()).slice(0, -9), 'is not JSON'],
		['null', null, 'is not an object'],
		['a list', [event()], 'is not an object'],
		['a text', '"event"', 'is not an object'],
		['no id', event({ id: undefined }), 'must have an "id"'],
		['an empty id', event({ id: '' }), 'must have an "id"'],
		['a number for an id', event({ id: 5 }), 'must have an "id"'],
		[
			'an id of a megabyte',
			event({ id: 'x'.repeat(1_000_000) }),
			'has an "id" of more than 255 characters',
		],
		['no event', event({ event: null }), 'must name its "event"'],
		['no data', event({ data: null }), 'must have "data"'],
		['a list for data', event({ data: [] as unknown as IDataObject }), 'must have "data"'],
	])('%s: 400, naming the fault', async (_, content, fault) => {
		const { result, answer, log } = await deliverSigned(content);
		expect(result).toEqual({ noWebhookResponse: true });
		expect(answer).toMatchObject({
			status: 400,
			json: { message: `This is not a Testivora event: it ${fault}.` },
		});
		expect(log).toEqual([
			`warn Testivora Trigger: a delivery was refused with 400: ${answer?.json.message}`,
		]);
	});
});

describe('whatever a sender sends', () => {
	/** Nothing runs, and the answer is a small one of those that the table has. */
	const expectRefusal = (
		{ result, answer }: Awaited<ReturnType<typeof deliver>>,
		statuses: number[],
	) => {
		expect(result).toEqual({ noWebhookResponse: true });
		expect(statuses).toContain(answer?.status);
		expect(Buffer.byteLength(answer!.text)).toBeLessThan(KB);
	};
	const parameters: IDataObject = {
		events: EVENTS,
		filters: { minRating: 3, types: ['text'], tags: 'a, b', featured: false },
	};
	const header = fc.oneof(
		fc.string({ unit: 'binary' }),
		fc.array(fc.string()),
		fc.constant(`t=${Math.floor(Date.now() / 1000)},v1=00`),
	);
	const names = [
		'testivora-signature',
		'x-testivora-signature',
		'webhook-id',
		'webhook-timestamp',
		'webhook-signature',
		'svix-signature',
	];
	const headers = fc.record(Object.fromEntries(names.map((name) => [name, header])), {
		requiredKeys: [],
	});

	test('unsigned, it is refused', async () => {
		const body = fc.oneof(
			fc.uint8Array({ maxLength: 5_000 }).map((bytes) => Buffer.from(bytes)),
			fc.json().map((text) => Buffer.from(text)),
			fc.constant(Buffer.from(JSON.stringify(event()))),
		);
		await fc.assert(
			fc.asyncProperty(body, headers, fc.boolean(), async (bytes, given, manual) => {
				const incoming = { body: bytes, headers: given as Incoming['headers'], manual };
				expectRefusal(await deliver({ ...incoming, parameters }), [401]);
				expectRefusal(
					await deliver({
						...incoming,
						parameters: { ...parameters, setup: 'manual' },
						credential: { webhookSecret: SECRET },
					}),
					[401],
				);
			}),
			{ numRuns: 1_000 },
		);
	});

	test('signed, it gets an answer below 1 KB and never throws', async () => {
		const anything = fc
			.anything({ withNullPrototype: true })
			.map((value) => JSON.parse(JSON.stringify(value) ?? 'null') as unknown);
		const text = fc.oneof(
			fc.string({ unit: 'binary', maxLength: 300 }),
			fc.constant('\u0000'.repeat(255)),
			fc.constant('€'.repeat(255)),
		);
		const data = fc.dictionary(
			fc.oneof(
				fc.constantFrom(
					'rating',
					'type',
					'tags',
					'featured',
					'event',
					'toString',
					'valueOf',
					'__proto__',
					'constructor',
				),
				fc.string(),
			),
			fc.oneof(
				anything,
				fc.constant({ toString: null }),
				fc.constant([{ toString: 1, valueOf: 1 }]),
				fc.constant([[[[]]]]),
			),
		);
		const envelope = fc.record(
			{
				id: fc.oneof(text, anything),
				event: fc.oneof(
					fc.constantFrom('testimonial.created', 'testimonial.deleted', '__proto__'),
					anything,
				),
				created: fc.oneof(fc.string(), anything),
				attempt: fc.oneof(fc.integer(), anything),
				data: fc.oneof(data, anything),
			},
			{ requiredKeys: [] },
		);
		const likely = fc.record({ id: text, event: fc.constant('testimonial.created'), data });
		await fc.assert(
			fc.asyncProperty(
				fc.oneof(anything, envelope, likely),
				fc.boolean(),
				fc.boolean(),
				async (content, simplify, filtered) => {
					const received = await deliverSigned(content, {
						parameters: { ...(filtered && parameters), simplify },
					});
					if (received.result.workflowData) {
						expect(Buffer.byteLength(JSON.stringify(received.acknowledge()))).toBeLessThan(KB);
					} else {
						expectRefusal(received, [200, 400]);
					}
				},
			),
			{ numRuns: 2_000 },
		);
	});

	test('signed bytes that are no JSON are refused', async () => {
		await fc.assert(
			fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
				expectRefusal(await deliverSigned(Buffer.from(bytes)), [400]);
			}),
			{ numRuns: 500 },
		);
	});

	test.each([
		['lists', '['.repeat(200_000) + ']'.repeat(200_000)],
		['objects', '{"a":'.repeat(200_000) + '1' + '}'.repeat(200_000)],
	])('200,000 nested %s pass as data, as type and as tags', async (_, deep) => {
		for (const field of ['deep', 'type', 'tags', 'rating']) {
			const body = JSON.stringify(event({ data: { [field]: 'HERE' } })).replace('"HERE"', deep);
			for (const given of [parameters, { events: EVENTS }]) {
				const { result, answer } = await deliverSigned(body, { parameters: given });
				expect(answer?.status ?? (result.workflowData && 200)).toBe(200);
			}
		}
		expectRefusal(await deliverSigned(deep), [400]);
	});

	test('__proto__ and constructor are fields like any other', async () => {
		const body = JSON.stringify(
			event({ data: { proto: { polluted: true }, constructor: 'x' } }),
		).replace('"proto"', '"__proto__"');
		const { result } = await deliverSigned(body);
		const { json } = result.workflowData![0][0];
		expect(Object.keys(json)).toEqual(['__proto__', 'constructor', 'event']);
		expect(Object.getPrototypeOf(json)).toBe(Object.prototype);
		expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
	});

	test('16 MB are refused, or run, in time that is in proportion to their size', async () => {
		/** Milliseconds for a refused and an accepted delivery. */
		const timeFor = async (megabytes: number) => {
			const text = 'x'.repeat(megabytes * KB * KB);
			const body = Buffer.from(JSON.stringify(event({ data: { text } })));
			const headers = {
				'testivora-signature': `t=${Math.floor(Date.now() / 1000)},v1=${'0'.repeat(64)}`,
			};
			const began = performance.now();
			expectRefusal(await deliver({ body, headers }), [401]);
			expect((await deliverSigned(body)).result.workflowData).toBeDefined();
			return performance.now() - began;
		};
		// Twice each, because a busy machine may pause during one of them.
		const little = Math.max(await timeFor(1), await timeFor(1));
		const much = Math.min(await timeFor(16), await timeFor(16));
		expect(much).toBeLessThan(16 * 10 * little);
	});

	test('a replay is a duplicate within the window, and stale after it', async () => {
		const delivery = signedDelivery(event());
		const given = {
			...delivery,
			parameters: { events: EVENTS },
			staticData: registered(),
			workflowId: 'replay',
		};
		(await deliver(given)).acknowledge();
		expect((await deliver(given)).answer?.json).toMatchObject({ duplicate: true });
		const clock = jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 302_000);
		try {
			expect((await deliver(given)).answer?.status).toBe(401);
		} finally {
			clock.mockRestore();
		}
	});

	test('5,000 events take no more than 26 KB of static data', async () => {
		const given = { workflowId: 'bounded', staticData: registered() };
		for (let index = 0; index < 5_000; index++) {
			(
				await deliverSigned({ id: `evt_${index}`, event: 'testimonial.created', data: {} }, given)
			).acknowledge();
		}
		expect(JSON.stringify(given.staticData).length).toBeLessThan(26 * KB);
	});
});
