import { sleep } from 'n8n-workflow';
import type { IDataObject } from 'n8n-workflow';
import nock from 'nock';

import { deriveSecret } from '../../nodes/TestivoraTrigger/secrets.ts';
import { memoryOf } from '../../nodes/TestivoraTrigger/processMemory.ts';
import { N8N_URL, hookFor, lifecycle } from '../helpers/hook.mts';
import type { Registration } from '../helpers/hook.mts';
import { event } from '../helpers/fixtures.mts';
import { deliver, signedDelivery } from '../helpers/webhook.mts';
import { startSandbox } from '../sandbox/sandbox.mts';
import type { Sandbox } from '../sandbox/sandbox.mts';
import type { StoredEndpoint } from '../sandbox/store.mts';

jest.mock('n8n-workflow', () => ({
	...jest.requireActual('n8n-workflow'),
	sleep: jest.fn(async () => {}),
}));

const NAME = 'webhook/6b1a/webhook';
const PATH = `/${NAME}`;
const URL = N8N_URL + PATH;
const TEST_URL = `${N8N_URL}/webhook-test/6b1a/webhook`;
const CREATED = ['testimonial.created'];

let sandbox: Sandbox;
let staticData: IDataObject;
/** Each workflow has a memory of its own in this process, so another workflow ID acts as a restart of n8n. */
let workflowId: string;
let workflows = 0;
const restart = () => void (workflowId = `w${++workflows}`);
/** The lines of n8n's log in a test. */
let log: string[];

beforeAll(async () => {
	sandbox = await startSandbox({ seed: false });
});
afterAll(async () => {
	await sandbox.stop();
	nock.restore();
});
beforeEach(() => {
	staticData = {};
	restart();
	log = [];
	sandbox.clearFaults();
	sandbox.endpoints().length = 0;
	sandbox.requests.length = 0;
	Object.assign(sandbox.options, { webhookApi: true, serverSecret: false, pageSizeCap: 100 });
});
// Whatever a test did: neither the key nor a secret shows in the log.
afterEach(() => {
	for (const secret of [sandbox.apiKey, 'whsec_', 'tv_live_'])
		expect(log.join('\n')).not.toContain(secret);
});

type Step = keyof typeof lifecycle;

/** One lifecycle method, called as n8n would. */
const call = async (step: Step, given: Partial<Registration> = {}) => {
	const { hook, log: lines } = hookFor({
		credential: { baseUrl: sandbox.url, apiKey: sandbox.apiKey },
		staticData,
		workflowId,
		...given,
		parameters: { events: CREATED, ...given.parameters },
	});
	try {
		return await lifecycle[step].call(hook);
	} finally {
		log.push(...lines);
	}
};

/** Activates as n8n does: checkExists, then create where that gives false. */
const activate = async (given: Partial<Registration> = {}) =>
	(await call('checkExists', given)) || (await call('create', given));

/** The error of a call that must throw. It must hold neither the key nor a secret. */
const failure = async (
	step: Step,
	given: Partial<Registration> = {},
): Promise<Error & { description?: string; httpCode?: string }> => {
	const error = await call(step, given).then(
		() => undefined,
		(thrown: Error) => thrown,
	);
	if (!error) throw new Error(`${step} succeeded`);
	expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toMatch(/whsec_[A-Za-z0-9]/);
	expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain(sandbox.apiKey);
	return error;
};

/** The registration in static data. */
const registered = () => {
	const slots = (
		staticData.global as
			{ testivoraTrigger?: Record<string, { registration?: Registered }> } | undefined
	)?.testivoraTrigger;
	return slots?.[NAME]?.registration;
};
type Registered = {
	id?: string;
	url: string;
	derived?: string;
	made?: string;
	registeredAt: number;
};
const derived = () => deriveSecret(sandbox.apiKey, NAME);
/** The API requests so far, with the IDs of endpoints left out. */
const asked = () =>
	sandbox.requests.map(({ method, path }) => `${method} ${path.replace(/wh_\w+/, ':id')}`);
const forget = () => void (sandbox.requests.length = 0);
const addEndpoint = async (fields: IDataObject = {}) => {
	const body = JSON.stringify({ url: URL, events: CREATED, ...fields });
	const headers = { authorization: `Bearer ${sandbox.apiKey}`, 'content-type': 'application/json' };
	const answer = await fetch(`${sandbox.url}/v1/webhooks`, { method: 'POST', headers, body });
	expect(answer.status).toBe(201);
	forget();
	return sandbox.endpoints()[0];
};
const expectOneAsWanted = (url = URL, events = CREATED) => {
	expect(sandbox.endpoints()).toHaveLength(1);
	const [endpoint] = sandbox.endpoints();
	expect(endpoint).toMatchObject({ url, events, status: 'active' });
	expect(registered()).toMatchObject({ id: endpoint.id, url });
	expect([registered()!.derived, registered()!.made]).toContain(endpoint.secret);
	return endpoint;
};

describe('registering', () => {
	test('the first time: looks for the URL, then registers with the derived secret', async () => {
		await activate();
		expect(asked()).toEqual(['GET /v1/webhooks', 'POST /v1/webhooks']);
		expect(expectOneAsWanted().secret).toBe(derived());
		expect(registered()).toMatchObject({ derived: derived(), made: undefined });
	});

	test('a second activation only checks', async () => {
		await activate();
		const before = { ...expectOneAsWanted() };
		forget();
		await activate();
		expect(asked()).toEqual(['GET /v1/webhooks/:id']);
		expect(sandbox.endpoints()).toEqual([before]);
	});

	test('create called again makes no second endpoint', async () => {
		for (let round = 0; round < 3; round++) await call('create');
		expectOneAsWanted();
	});

	test('a secret that the API made is replaced by the derived one, and both count', async () => {
		sandbox.options.serverSecret = true;
		await activate();
		expect(asked()).toEqual(['GET /v1/webhooks', 'POST /v1/webhooks', 'PATCH /v1/webhooks/:id']);
		expect(expectOneAsWanted().secret).toBe(derived());
		expect(registered()).toMatchObject({
			derived: derived(),
			made: expect.stringMatching(/^whsec_/),
		});
	});

	test.each([{ status: 422 }, { status: 500, times: 5 }, { reset: true, times: 5 }])(
		'a secret that the API made stays known where it cannot be replaced (%j)',
		async (fault) => {
			sandbox.options.serverSecret = true;
			sandbox.inject({ method: 'PATCH', ...fault });
			await activate();
			expectOneAsWanted();
		},
	);

	test('a masked secret is not stored, and is replaced by the derived one', async () => {
		const masked = {
			id: 'wh_masked',
			url: URL,
			events: CREATED,
			status: 'active',
			secret: 'whsec_****************************',
		};
		sandbox.inject({ method: 'POST', status: 201, body: masked });
		sandbox.inject({ method: 'PATCH', status: 200, body: masked });
		await activate();
		expect(registered()).toMatchObject({ derived: derived(), made: undefined });
		expect(asked()).toEqual(['GET /v1/webhooks', 'POST /v1/webhooks', 'PATCH /v1/webhooks/:id']);
	});

	test('a secret in the answer to PATCH is not trusted', async () => {
		const { id } = await addEndpoint({ status: 'disabled' });
		sandbox.inject({
			method: 'PATCH',
			handled: true,
			status: 200,
			body: { id, secret: 'whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' },
		});
		await activate();
		expect(registered()).toMatchObject({ derived: derived(), made: undefined });
	});

	test('an answer to PATCH may have no body', async () => {
		const { id } = await addEndpoint({ status: 'disabled' });
		sandbox.inject({ method: 'PATCH', handled: true, status: 204, body: '' });
		await activate();
		expect(registered()!.id).toBe(id);
	});

	test('events that this process accepted meanwhile are not lost', async () => {
		const ledger = memoryOf(workflowId, NAME).ledger;
		const seen = ledger.accept('evt_1', Date.now());
		await activate();
		expect(
			(staticData.global as { testivoraTrigger: Record<string, { seen: string }> })
				.testivoraTrigger[NAME].seen,
		).toBe(seen);
	});

	test('the order of events does not matter', async () => {
		await activate({ parameters: { events: ['testimonial.deleted', 'testimonial.approved'] } });
		expect(
			await call('checkExists', {
				parameters: { events: ['testimonial.approved', 'testimonial.deleted'] },
			}),
		).toBe(true);
	});

	test('without an event: a message, and no request', async () => {
		const error = await failure('create', { parameters: { events: [] } });
		expect(error.message).toBe('Choose at least one event in Trigger On');
		expect(asked()).toEqual([]);
	});
});

describe('an endpoint with this URL that exists already', () => {
	test('is repaired, whatever else differs', async () => {
		const { id } = await addEndpoint({ events: ['testimonial.deleted'], status: 'disabled' });
		await activate();
		expect(expectOneAsWanted().id).toBe(id);
	});

	test('is found on the last of many pages', async () => {
		const { id } = await addEndpoint();
		for (let index = 0; index < 7; index++)
			await addEndpoint({ url: `https://other.example.com/${index}` });
		sandbox.options.pageSizeCap = 2;
		await activate();
		expect(sandbox.endpoints()).toHaveLength(8);
		expect(registered()!.id).toBe(id);
		expect(asked()).toEqual([...Array(4).fill('GET /v1/webhooks'), 'PATCH /v1/webhooks/:id']);
	});

	test('of several, one stays', async () => {
		for (let index = 0; index < 3; index++) await addEndpoint();
		await activate();
		expectOneAsWanted();
	});

	test('is not one whose URL is only similar', async () => {
		for (const url of [`${URL}/x`, `${URL}?x=1`, URL.replace('6b1a', '6B1A'), TEST_URL])
			await addEndpoint({ url });
		await activate();
		expect(sandbox.endpoints()).toHaveLength(5);
	});

	test.each([`${URL}/`, URL.replace('n8n', 'N8N'), URL.replace('com/', 'com:443/')])(
		'is one whose URL the API wrote as %s',
		async (url) => {
			const { id } = await addEndpoint({ url });
			await activate();
			expect(sandbox.endpoints()).toHaveLength(1);
			expect(registered()!.id).toBe(id);
			Object.assign(sandbox.endpoints()[0], { url });
			expect(await call('checkExists')).toBe(true);
			await call('delete');
			expect(sandbox.endpoints()).toEqual([]);
		},
	);

	test('of several, the known one stays, with its secrets', async () => {
		sandbox.options.serverSecret = true;
		await activate();
		const { id, made } = registered()!;
		await addEndpoint();
		sandbox.endpoints().find((one) => one.id === id)!.status = 'disabled';
		await activate();
		expect(expectOneAsWanted().id).toBe(id);
		expect(registered()!.made).toBe(made);
	});

	test.each([{ events: null }, { url: null }, { url: 5 }, { id: null }, { status: undefined }])(
		'is found beside an unexpected entry in the list (%j)',
		async (odd) => {
			await addEndpoint({ url: 'https://other.example.com/' });
			Object.assign(sandbox.endpoints()[0], odd);
			await activate();
			expect(sandbox.endpoints()).toHaveLength(2);
			await call('delete');
			expect(sandbox.endpoints()).toHaveLength(1);
		},
	);

	describe('where the API does not let a secret be changed', () => {
		const refuseSecret = (status: number) =>
			sandbox.inject({
				method: 'PATCH',
				status,
				body: { error: { type: 'invalid_secret', message: 'No.' } },
			});

		test.each([400, 422])(
			'%d: an endpoint with a known secret is repaired in everything else',
			async (status) => {
				sandbox.options.serverSecret = 'always';
				await activate();
				const { id, secret } = expectOneAsWanted();
				Object.assign(sandbox.endpoints()[0], { status: 'disabled' });
				refuseSecret(status);
				await activate();
				expect(expectOneAsWanted()).toMatchObject({ id, secret });
				expect(sandbox.requests.at(-1)!.body).toEqual({
					url: URL,
					events: CREATED,
					status: 'active',
				});
			},
		);

		test('an endpoint whose secret is not known is not taken over', async () => {
			await addEndpoint({ status: 'disabled' });
			refuseSecret(422);
			expect((await failure('create')).httpCode).toBe('422');
			expect(sandbox.endpoints()).toMatchObject([{ status: 'disabled' }]);
		});

		test('an endpoint whose secret was derived from another API key is not given up', async () => {
			const { id, secret } = await addEndpoint({ status: 'disabled' });
			const registration = { id, url: URL, derived: secret, registeredAt: 1 };
			staticData = { global: { testivoraTrigger: { [NAME]: { registration } } } };
			refuseSecret(422);
			expect((await failure('create')).httpCode).toBe('422');
			expect(registered()).toEqual(registration);
		});
	});

	test('is replaced where the API does not let endpoints be changed', async () => {
		const { id } = await addEndpoint({ status: 'disabled' });
		sandbox.inject({
			method: 'PATCH',
			status: 405,
			body: { error: { type: 'method_not_allowed', message: 'No.' } },
			times: 9,
		});
		await activate();
		expect(expectOneAsWanted().id).not.toBe(id);
	});

	test('is registered anew where it is deleted before it can be repaired', async () => {
		await addEndpoint();
		sandbox.inject({ method: 'PATCH', status: 404 });
		sandbox.endpoints()[0].url = URL;
		await activate();
		expect(asked()).toEqual([
			'GET /v1/webhooks',
			'PATCH /v1/webhooks/:id',
			'DELETE /v1/webhooks/:id',
			'POST /v1/webhooks',
		]);
		expect(registered()!.id).toBe(sandbox.endpoints()[0].id);
	});
});

describe('repairing drift', () => {
	test.each([
		['events', { events: ['testimonial.deleted'] }],
		['more events', { events: ['testimonial.created', 'testimonial.deleted'] }],
		['status', { status: 'disabled' }],
		['an unknown status', { status: 'paused' }],
		['secret and status', { status: 'disabled', secret: 'whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' }],
	])('%s', async (_, drift) => {
		await activate();
		const { id } = sandbox.endpoints()[0];
		Object.assign(sandbox.endpoints()[0], drift);
		forget();
		await activate();
		expect(asked()).toEqual(['GET /v1/webhooks/:id', 'GET /v1/webhooks', 'PATCH /v1/webhooks/:id']);
		expect(expectOneAsWanted().id).toBe(id);
	});

	test('a deleted endpoint is registered anew with the same secret', async () => {
		await activate();
		const { secret, id } = sandbox.endpoints()[0];
		sandbox.endpoints().length = 0;
		await activate();
		expect(expectOneAsWanted()).toMatchObject({ secret });
		expect(registered()!.id).not.toBe(id);
		expect(log.filter((line) => !line.startsWith('debug'))).toEqual([]);
	});

	test('an answer that names another ID does not change which endpoint is deleted later', async () => {
		await activate();
		const other = await addEndpoint({ url: 'https://other.example.com/' });
		sandbox.inject({ method: 'PATCH', handled: true, status: 200, body: other });
		await call('create');
		await call('delete');
		expect(sandbox.endpoints()).toEqual([other]);
	});

	test('static data was lost and n8n restarted: the endpoint is found by its URL and gets the derived secret', async () => {
		await activate();
		const { id } = sandbox.endpoints()[0];
		sandbox.endpoints()[0].secret = 'whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA';
		staticData = {};
		restart();
		await activate();
		expect(expectOneAsWanted()).toMatchObject({ id, secret: derived() });
	});

	test('static data was lost while the process goes on: nothing changes', async () => {
		await activate();
		forget();
		staticData = {};
		await activate();
		expect(asked()).toEqual(['GET /v1/webhooks/:id']);
	});

	test('a registration of version 0.1.0 gets the derived secret when n8n starts, and its own stays known', async () => {
		const { id, secret } = await addEndpoint();
		staticData = {
			global: { testivoraTrigger: { [PATH]: { id, url: URL, events: CREATED, secret } } },
		};
		expect(await activate({ activation: 'init' })).toBe(true);
		expect(expectOneAsWanted()).toMatchObject({ id, secret: derived() });
		expect(registered()).toMatchObject({ derived: derived(), made: secret });
	});
});

describe('an endpoint at another address', () => {
	const other = 'https://production.example.com';

	test('that static data names, as in a copied database, is left alone by publishing and unpublishing', async () => {
		await activate({ n8nUrl: other });
		const production = { ...sandbox.endpoints()[0] };
		restart();
		await activate();
		expect(sandbox.endpoints()).toHaveLength(2);
		expect(sandbox.endpoints()).toContainEqual(production);
		expect(log.filter((line) => line.startsWith('warn'))).toEqual([
			expect.stringContaining(
				`${production.id} stands at another address, ${other}${PATH}, and was left alone`,
			),
		]);
		await call('delete');
		expect(sandbox.endpoints()).toEqual([production]);
	});

	test('is left alone where nothing was published here before', async () => {
		await activate({ n8nUrl: other });
		const production = { ...sandbox.endpoints()[0] };
		restart();
		await call('delete');
		expect(sandbox.endpoints()).toEqual([production]);
		expect(log.at(-1)).toMatch(/^warn .*stands at another address/);
	});

	test('is not mistaken for this one while Testivora does not answer', async () => {
		await activate({ n8nUrl: other });
		restart();
		sandbox.inject({ path: /webhooks/, status: 503, times: 10 });
		expect(await call('checkExists', { activation: 'init' })).toBe(false);
	});

	test('is named in the log where n8n has an address that Testivora cannot reach', async () => {
		await activate({ n8nUrl: other });
		const production = { ...sandbox.endpoints()[0] };
		nock('https://api.testivora.test')
			.get('/v1/webhooks')
			.query(true)
			.reply(200, { object: 'list', data: [production], has_more: false });
		await call('delete', {
			n8nUrl: 'http://localhost:5678',
			credential: { baseUrl: 'https://api.testivora.test', apiKey: 'tv_live_x' },
		});
		expect(log.at(-1)).toMatch(/^warn .*stands at another address/);
	});
});

describe('another account', () => {
	test('gets an endpoint with another secret; the old secret is forgotten, and the log names the old endpoint', async () => {
		await activate();
		const { id, derived: old } = registered()!;
		const account = await startSandbox({ seed: false });
		try {
			const given = { credential: { baseUrl: account.url, apiKey: account.apiKey } };
			await activate(given);
			expect(account.endpoints()).toHaveLength(1);
			expect(registered()).toMatchObject({
				derived: deriveSecret(account.apiKey, NAME),
				made: undefined,
			});
			expect(registered()!.derived).not.toBe(old);
			expect(log.filter((line) => line.startsWith('warn'))).toEqual([
				expect.stringContaining(
					`${id} is not in the Testivora account of this API key. If the credential now belongs to another account, delete the endpoint in the old one`,
				),
			]);
		} finally {
			await account.stop();
		}
	});

	test('with an endpoint at this URL already: old secrets are forgotten', async () => {
		await activate();
		sandbox.endpoints().length = 0;
		const { id } = await addEndpoint();
		await activate();
		expect(registered()).toMatchObject({ id, derived: derived() });
		staticData = {
			global: {
				testivoraTrigger: {
					[NAME]: {
						registration: {
							id: 'wh_other',
							derived: 'whsec_old',
							made: 'whsec_made',
							registeredAt: 1,
						},
					},
				},
			},
		};
		restart();
		await activate();
		expect(registered()).toMatchObject({ derived: derived(), made: undefined });
	});
});

describe('a key that was changed', () => {
	const LEAKED = `tv_live_${'L'.repeat(32)}`;

	/** Gives the trigger a delivery that was signed with this secret. */
	const receive = async (secret: string) =>
		await deliver({
			...signedDelivery(event({ id: `evt_${secret}`, event: 'testimonial.created' }), secret),
			workflowId,
			staticData: staticData.global as IDataObject,
			credential: { apiKey: LEAKED },
			parameters: { events: CREATED },
			url: URL,
		});

	test('the secret of the old key is replaced when the workflow is published again, even where it could not be deleted', async () => {
		sandbox.store.keys.push({ key: LEAKED, scopes: ['read', 'write'], tier: 'Agency' });
		const leaked = { credential: { baseUrl: sandbox.url, apiKey: LEAKED } };
		await activate(leaked);
		sandbox.store.keys.pop();
		await call('delete', leaked);
		expect(registered()!.derived).toBe(deriveSecret(LEAKED, NAME));
		await activate();
		expect(expectOneAsWanted().secret).toBe(derived());
		expect(registered()).toMatchObject({ derived: derived(), made: undefined });
	});

	test('is found at the next start of n8n, which sets the secret of the new key', async () => {
		await activate();
		const { id } = sandbox.endpoints()[0];
		sandbox.store.keys.push({ key: LEAKED, scopes: ['read', 'write'], tier: 'Agency' });
		const given = {
			credential: { baseUrl: sandbox.url, apiKey: LEAKED },
			activation: 'init' as const,
		};
		forget();
		expect(await call('checkExists', given)).toBe(true);
		expect(asked()).toEqual(['GET /v1/webhooks/:id', 'PATCH /v1/webhooks/:id']);
		expect(expectOneAsWanted()).toMatchObject({ id, secret: deriveSecret(LEAKED, NAME) });
		sandbox.store.keys.pop();
	});

	test('where the API ignores the new secret, the endpoint’s old one goes on until the workflow is published again', async () => {
		await activate();
		const { id, secret: old } = sandbox.endpoints()[0];
		sandbox.store.keys.push({ key: LEAKED, scopes: ['read', 'write'], tier: 'Agency' });
		const given = { credential: { baseUrl: sandbox.url, apiKey: LEAKED } };
		sandbox.inject({ method: 'PATCH', status: 200, body: { id, url: URL } });
		expect(await call('checkExists', { ...given, activation: 'init' })).toBe(true);
		expect((await receive(old)).result.workflowData).toBeDefined();

		await call('delete', given);
		await activate(given);
		expect((await receive(old)).answer?.status).toBe(401);
		sandbox.store.keys.pop();
	});

	test('once a delivery was verified with the new secret, the old one no longer counts, also after a restart', async () => {
		await activate();
		const { secret: old } = sandbox.endpoints()[0];
		sandbox.store.keys.push({ key: LEAKED, scopes: ['read', 'write'], tier: 'Agency' });
		const given = { credential: { baseUrl: sandbox.url, apiKey: LEAKED } };
		await call('checkExists', { ...given, activation: 'init' });
		const { result, acknowledge } = await receive(deriveSecret(LEAKED, NAME)!);
		expect(result.workflowData).toBeDefined();
		acknowledge();
		for (let restarts = 0; restarts < 2; restarts++) {
			expect((await receive(old)).answer?.status).toBe(401);
			restart();
		}
		sandbox.store.keys.pop();
	});
});

/** A `true` from checkExists keeps n8n's legacy engine from calling create and, where that throws, delete. */
describe('an endpoint as wanted, whose secret cannot be renewed when n8n starts', () => {
	const refused = (status: number, type: string) => ({
		status,
		times: 1,
		body: { error: { type, message: 'No.' } },
	});

	describe.each([
		[
			'is that of version 0.1.0',
			({ id, secret }: StoredEndpoint) => ({ [PATH]: { id, url: URL, secret } }),
		],
		[
			'was derived from another API key',
			({ id, secret }: StoredEndpoint) => ({
				[NAME]: { registration: { id, url: URL, derived: secret, registeredAt: 1 } },
			}),
		],
	])('the known secret %s', (_, slotOf) => {
		test.each([
			['503 beyond the retries', { status: 503, times: 50 }],
			['429 for an hour', { status: 429, headers: { 'Retry-After': '3600' }, times: 50 }],
			['403 for a read-only key', refused(403, 'insufficient_scope')],
			['405', refused(405, 'method_not_allowed')],
			['404', refused(404, 'not_found')],
			['422 for a secret', refused(422, 'invalid_secret')],
			['HTML', { status: 200, body: '<html>', times: 1 }],
		])('%s: stays, and verifies deliveries', async (_fault, fault) => {
			const before = { ...(await addEndpoint()) };
			staticData = { global: { testivoraTrigger: slotOf(before) } };
			for (const activation of ['init', 'leadershipChange'] as const) {
				sandbox.clearFaults();
				sandbox.inject({ method: 'PATCH', ...fault });
				expect(await call('checkExists', { activation })).toBe(true);
			}
			expect(sandbox.endpoints()).toEqual([before]);
			const warned = expect.stringMatching(
				/^warn .*keeps its old signing secret.*publish \(activate\) it again\.$/,
			);
			expect(log).toEqual([warned, warned]);
			for (const workflow of [workflowId, `${workflowId} after a restart`]) {
				const { result } = await deliver({
					...signedDelivery(event({ id: workflow, event: 'testimonial.created' }), before.secret),
					parameters: { events: CREATED },
					staticData: staticData.global as IDataObject,
					credential: { apiKey: sandbox.apiKey },
					workflowId: workflow,
				});
				expect(result.workflowData).toBeDefined();
			}
		});
	});

	test('is registered anew by a person who publishes, which says what went wrong', async () => {
		const { id, secret } = await addEndpoint();
		staticData = { global: { testivoraTrigger: { [PATH]: { id, url: URL, secret } } } };
		sandbox.inject({ method: 'PATCH', ...refused(403, 'insufficient_scope') });
		expect(await call('checkExists')).toBe(false);
		expect((await failure('create')).message).toMatch(/^This API key may only read\. Create a key/);
	});

	test('takes ten seconds at most', async () => {
		const { id, secret } = await addEndpoint();
		staticData = { global: { testivoraTrigger: { [PATH]: { id, url: URL, secret } } } };
		const { hook } = hookFor({
			credential: { baseUrl: sandbox.url, apiKey: sandbox.apiKey },
			staticData,
			workflowId,
			parameters: { events: CREATED },
			activation: 'init',
		});
		const sent = jest.spyOn(hook.helpers, 'httpRequestWithAuthentication');
		await lifecycle.checkExists.call(hook);
		expect(sent.mock.calls.map(([, { method }]) => method)).toEqual(['GET', 'PATCH']);
		for (const [, { timeout }] of sent.mock.calls) expect(timeout).toBeLessThanOrEqual(10_000);
	});
});

describe('a registration that fails', () => {
	test.each([
		['answered with 500 after it was carried out', { handled: true, status: 500 }],
		['cut off after it was carried out', { handled: true, reset: true }],
		['answered with half a body', { truncate: true }],
		['answered with HTML', { handled: true, status: 200, body: '<html>' }],
		[
			'answered with an object without ID',
			{ handled: true, status: 201, body: { object: 'webhook' } },
		],
		[
			'answered with the ID ".."',
			{
				handled: true,
				status: 201,
				body: { id: '..', url: URL, events: CREATED, status: 'active' },
			},
		],
	])(
		'%s: the endpoint is replaced, since only the lost answer may have held its secret',
		async (_, fault) => {
			sandbox.options.serverSecret = true;
			sandbox.inject({ method: 'POST', path: '/v1/webhooks', ...fault });
			sandbox.inject({ method: 'PATCH', status: 422 });
			await activate();
			expectOneAsWanted();
		},
	);

	test('not carried out: throws, and there is no endpoint', async () => {
		sandbox.inject({ method: 'POST', path: '/v1/webhooks', status: 500, times: 2 });
		expect((await failure('create')).httpCode).toBe('500');
		expect(sandbox.endpoints()).toEqual([]);
		expect(registered()).toBeUndefined();
	});

	// n8n 1 and early n8n 2 show the description alone when a workflow cannot be activated, and n8n 2.41 the message; a test shows both.
	test.each([false, true])(
		'refused: the reason is where n8n shows it (test run: %s)',
		async (isTest) => {
			const body = { error: { type: 'invalid_url', message: 'No such host.' } };
			sandbox.inject({ method: 'POST', path: '/v1/webhooks', status: 422, body });
			const { message, description } = await failure('create', { isTest });
			if (isTest) {
				expect(message).toBe('Testivora did not accept this: No such host');
				expect(description).toMatch(/^POST \/v1\/webhooks was answered/);
			} else {
				expect(message).toMatch(/^Testivora did not accept this: No such host\. POST/);
				expect(description).toBe(message);
			}
		},
	);

	test('carried out, but never answered: the deletion that n8n then tries finds the endpoint by its URL', async () => {
		sandbox.inject({ method: 'POST', path: '/v1/webhooks', handled: true, reset: true });
		sandbox.inject({
			method: 'GET',
			path: '/v1/webhooks',
			times: 1,
			status: 200,
			body: { object: 'list', data: [], has_more: false },
		});
		sandbox.inject({ method: 'GET', path: '/v1/webhooks', times: 5, status: 503 });
		await failure('create');
		expect(sandbox.endpoints()).toHaveLength(1);
		await call('delete');
		expect(sandbox.endpoints()).toEqual([]);
	});

	test('and is tried again by n8n ends in one endpoint', async () => {
		sandbox.inject({ method: 'GET', path: '/v1/webhooks', times: 5, status: 503 });
		await failure('create');
		await call('delete');
		await call('create');
		expectOneAsWanted();
	});

	test('because the list is cut short: registers nothing, since the endpoint may exist', async () => {
		await addEndpoint();
		const body = { object: 'list', data: [], has_more: true, next_cursor: null };
		sandbox.inject({ method: 'GET', path: '/v1/webhooks', status: 200, body });
		await failure('create');
		expect(sandbox.endpoints()).toHaveLength(1);
		expect(asked()).not.toContain('POST /v1/webhooks');
	});

	test('beside an ID ".." in the list: no request has it in its path', async () => {
		const data = [{ id: '..', url: URL, events: CREATED, status: 'active' }];
		sandbox.inject({
			method: 'GET',
			path: '/v1/webhooks',
			times: 2,
			status: 200,
			body: { object: 'list', data, has_more: false },
		});
		await call('create');
		await call('delete');
		expect(asked()).toEqual(['GET /v1/webhooks', 'POST /v1/webhooks', 'GET /v1/webhooks']);
	});
});

describe('an account without webhook API', () => {
	test.each([404, 405, 501] as const)(
		'%d: the message names Manual and the URL to paste',
		async (status) => {
			sandbox.options.webhookApi = status;
			const { message } = await failure('create');
			expect(message).toContain('Set Webhook Setup to Manual');
			expect(message).toContain(URL);
			expect(await call('delete')).toBe(true);
		},
	);

	test.each([404, 405])(
		'a Base URL at which something else answers %d has a message of its own',
		async (status) => {
			sandbox.inject({ path: /v1/, times: 9, status, body: '<h1>Nothing here</h1>' });
			expect((await failure('create')).message).toMatch(
				/^No Testivora API at this Base URL. Open the Testivora credential/,
			);
		},
	);

	test.each([
		[404, 'No matching routes found'],
		[405, '{"message":"Method Not Allowed"}'],
	])(
		'an API that does not know the path, and says so without its envelope (%d)',
		async (status, body) => {
			sandbox.inject({ path: /webhooks/, times: 9, status, body });
			const { message } = await failure('create');
			expect(message).toContain('Set Webhook Setup to Manual');
			expect(message).toContain(URL);
			expect(await call('delete')).toBe(true);
			expect(log).toEqual([]);
		},
	);

	test('a Base URL at which something else answers: the log of a deactivation says what is left to delete', async () => {
		await activate();
		sandbox.inject({ path: /v1/, times: 9, status: 404, body: '<h1>Nothing here</h1>' });
		expect(await call('delete')).toBe(true);
		expect(log).toEqual([
			expect.stringMatching(
				/^warn .*could not be deleted \(No Testivora API at this Base URL.*Settings → Webhooks/,
			),
		]);
	});

	test('Manual sends no request', async () => {
		sandbox.options.webhookApi = false;
		const given = {
			parameters: { setup: 'manual' },
			credential: { baseUrl: sandbox.url, apiKey: sandbox.apiKey, webhookSecret: 'whsec_x' },
		};
		expect(await activate(given)).toBe(true);
		expect(await call('delete', given)).toBe(true);
		expect(asked()).toEqual([]);
		expect(log).toEqual([]);
	});

	test.each([
		undefined,
		' , whsec_',
		'whsec_****************',
		'whsec_MfKQ9r8GKYqrTwjU••••••••',
		'whsec_xxxxxxxxxxxxxxxx',
		'whsec_MfKQ...LaSw',
		'tv_live_0123456789abcdef0123456789abcdef',
	])(
		'Manual with the secret %j: not published, and the user reads what to do',
		async (webhookSecret) => {
			const given = {
				parameters: { setup: 'manual' },
				credential: { baseUrl: sandbox.url, apiKey: sandbox.apiKey, webhookSecret },
			};
			expect(await call('checkExists', given)).toBe(false);
			expect((await failure('create', given)).message).toMatch(
				/^The credential has no Webhook Signing Secret yet.*Settings → Webhooks/,
			);
			expect(asked()).toEqual([]);
		},
	);

	test('Manual without a secret in the credential: goes on when n8n starts, with a warning in the log', async () => {
		const given = { parameters: { setup: 'manual' }, activation: 'init' as const };
		expect(await call('checkExists', given)).toBe(true);
		expect(log).toEqual([
			expect.stringMatching(/^warn .*no Webhook Signing Secret, so every delivery is refused/),
		]);
	});
});

describe('deleting', () => {
	test('removes the endpoint and its registration; a second time does nothing', async () => {
		await activate();
		expect(await call('delete')).toBe(true);
		expect(sandbox.endpoints()).toEqual([]);
		expect((staticData.global as IDataObject).testivoraTrigger).toEqual({});
		expect(await call('delete')).toBe(true);
		expect(log).toEqual([]);
	});

	test.each([404, 410])('answered with %d: it is gone already', async (status) => {
		await activate();
		const body = { error: { type: 'not_found', message: 'There is nothing with this ID.' } };
		sandbox.inject({ method: 'DELETE', status, body });
		expect(await call('delete')).toBe(true);
		expect(registered()).toBeUndefined();
	});

	test('whose answer was lost, and whose retry finds nothing, has succeeded', async () => {
		await activate();
		sandbox.inject({ method: 'DELETE', handled: true, reset: true });
		expect(await call('delete')).toBe(true);
		expect(asked().slice(-2)).toEqual(['DELETE /v1/webhooks/:id', 'DELETE /v1/webhooks/:id']);
		expect(sandbox.endpoints()).toEqual([]);
		expect(registered()).toBeUndefined();
		expect(log).toEqual([]);
	});

	test.each([405, 501])(
		'answered with %d: the endpoint is disabled instead, and the log says so',
		async (status) => {
			await activate();
			const body = { error: { type: 'method_not_allowed', message: 'DELETE is not allowed.' } };
			sandbox.inject({ method: 'DELETE', status, body, times: 5 });
			expect(await call('delete')).toBe(true);
			expect(sandbox.endpoints()).toEqual([expect.objectContaining({ status: 'disabled' })]);
			expect(log).toEqual([
				expect.stringMatching(
					/^warn .*was disabled instead. Delete it in Testivora under Settings → Webhooks/,
				),
			]);
			sandbox.clearFaults();
			await activate();
			expectOneAsWanted();
		},
	);

	test('where it can only be disabled: the secret that Testivora made is still known when the workflow is published again', async () => {
		sandbox.options.serverSecret = 'always';
		await activate();
		sandbox.inject({
			method: 'DELETE',
			status: 405,
			body: { error: { type: 'method_not_allowed', message: 'No.' } },
			times: 9,
		});
		await call('delete');
		await activate();
		expectOneAsWanted();
	});

	test('leaves an endpoint alone that the user added at the same URL, as for a change to Manual, and names it', async () => {
		await activate();
		const mine = { ...(await addEndpoint()) };
		await call('delete');
		expect(sandbox.endpoints()).toEqual([mine]);
		expect(registered()).toBeUndefined();
		expect(log).toEqual([
			expect.stringMatching(
				new RegExp(
					`^warn .*${mine.id} has the same URL.*is not the one that this trigger registered`,
				),
			),
		]);
	});

	test('removes every endpoint with the URL where static data knows an older one only', async () => {
		await activate();
		const stale = JSON.parse(JSON.stringify(staticData));
		await call('delete');
		await activate();
		restart();
		staticData = stale;
		await call('delete');
		expect(sandbox.endpoints()).toEqual([]);
	});

	test('removes every endpoint with the URL where static data knows none', async () => {
		await addEndpoint();
		await addEndpoint();
		const other = await addEndpoint({ url: TEST_URL });
		await call('delete');
		expect(sandbox.endpoints()).toEqual([other]);
	});

	test.each([
		['500', { method: 'DELETE', times: 50, status: 500 }],
		['a reset', { method: 'DELETE', times: 50, reset: true }],
		['HTML', { method: 'DELETE', times: 50, status: 200, body: '<html>' }],
		['429 for an hour', { times: 50, status: 429, headers: { 'Retry-After': '3600' } }],
	])(
		'%s: does not throw, since n8n 1 would go on running the workflow; the log says what is left, and it stays known',
		async (_, fault) => {
			await activate();
			const { id } = registered()!;
			sandbox.inject({ path: /webhooks/, ...fault });
			expect(await call('delete')).toBe(true);
			expect(log).toEqual([
				expect.stringMatching(/^warn .*could not be deleted.*Settings → Webhooks/),
			]);
			expect(log[0]).toContain(URL);
			expect(registered()!.id).toBe(id);
			sandbox.clearFaults();
			expect(await call('delete')).toBe(true);
			expect(sandbox.endpoints()).toEqual([]);
		},
	);

	test.each([
		['HTML', { method: 'DELETE', times: 3, status: 200, body: '<html>' }],
		['500', { method: 'DELETE', times: 7, status: 500 }],
		['a list of HTML', { method: 'GET', times: 3, status: 200, body: '<html>' }],
	])('answered with %s for a while: tried again until it is done', async (_, fault) => {
		await activate();
		sandbox.inject({ path: /webhooks/, ...fault });
		expect(await call('delete')).toBe(true);
		expect(sandbox.endpoints()).toEqual([]);
		expect(log.filter((line) => line.startsWith('warn'))).toEqual([]);
	});

	test.each(['GET', 'DELETE'])(
		'while Testivora does not answer a %s: gives up after 30 seconds in all',
		async (silent) => {
			await activate();
			const { hook, log: lines } = hookFor({
				credential: { baseUrl: sandbox.url, apiKey: sandbox.apiKey },
				staticData,
				workflowId,
				parameters: { events: CREATED },
			});
			let now = Date.now();
			const began = now;
			const clock = jest.spyOn(Date, 'now').mockImplementation(() => now);
			const pauses = jest.mocked(sleep).mockImplementation(async (ms) => void (now += ms));
			const send = hook.helpers.httpRequestWithAuthentication;
			jest.spyOn(hook.helpers, 'httpRequestWithAuthentication').mockImplementation(async function (
				this: unknown,
				name,
				options,
				more,
			) {
				if (options.method !== silent) return await send.call(hook, name, options, more);
				now += options.timeout!;
				throw Object.assign(new Error('timeout exceeded'), { code: 'ECONNABORTED' });
			});
			try {
				await lifecycle.delete.call(hook);
			} finally {
				clock.mockRestore();
				pauses.mockImplementation(async () => {});
			}
			expect(now - began).toBeGreaterThan(20_000);
			expect(now - began).toBeLessThanOrEqual(30_000);
			expect(lines).toEqual([expect.stringMatching(/^warn .*could not be deleted/)]);
		},
	);

	test('an unknown endpoint that can be neither deleted nor disabled: the log says what is left', async () => {
		await addEndpoint();
		const body = { error: { type: 'method_not_allowed', message: 'Not allowed.' } };
		for (const method of ['DELETE', 'PATCH'])
			sandbox.inject({ method, status: 405, body, times: 9 });
		expect(await call('delete')).toBe(true);
		expect(log).toEqual([expect.stringMatching(/^warn .*could not be deleted/)]);
	});

	test.each([401, 403])(
		'%d: says which endpoint to delete by hand, and does not stop the deactivation',
		async (status) => {
			await activate();
			sandbox.inject({ method: 'DELETE', times: 5, status });
			expect(await call('delete')).toBe(true);
			expect(log).toEqual([
				expect.stringMatching(/^warn .*could not be deleted.*Settings → Webhooks/),
			]);
			expect(log[0]).toContain(URL);
			// The endpoint is still there, so its secret must stay known.
			expect(registered()).toMatchObject({ derived: derived(), made: undefined });
		},
	);

	test('Manual leaves an endpoint alone that the user made', async () => {
		const mine = await addEndpoint();
		await call('delete', { parameters: { setup: 'manual' } });
		expect(sandbox.endpoints()).toEqual([mine]);
	});

	test('Manual removes the endpoint that Automatic had registered, and no other', async () => {
		await activate();
		const mine = await addEndpoint();
		await call('delete', { parameters: { setup: 'manual' } });
		expect(sandbox.endpoints()).toEqual([mine]);
	});
});

describe('checking while something is wrong', () => {
	beforeEach(async () => {
		await activate();
		forget();
	});

	test.each([
		['500', { status: 500, times: 5 }],
		['503', { status: 503, times: 5 }],
		['a reset', { reset: true, times: 5 }],
		['HTML instead of JSON', { status: 200, body: '<html>', times: 1 }],
		['429 for an hour', { status: 429, headers: { 'Retry-After': '3600' }, times: 1 }],
	])('%s: what stands is taken as it was when n8n starts, with a warning', async (_, fault) => {
		for (const activation of ['init', 'leadershipChange'] as const) {
			sandbox.inject({ method: 'GET', ...fault });
			expect(await call('checkExists', { activation })).toBe(true);
			expect(log).toEqual([expect.stringMatching(/^warn .*taken as it was/)]);
			log = [];
		}
	});

	test('where nothing is known, there may be no endpoint: one is registered when n8n starts, or the publication fails', async () => {
		for (const activation of ['init', 'leadershipChange'] as const) {
			staticData = {};
			restart();
			sandbox.endpoints().length = 0;
			sandbox.inject({ status: 503, times: 5 });
			expect(await call('checkExists', { activation })).toBe(false);
			expect((await failure('create', { activation })).httpCode).toBe('503');
			sandbox.clearFaults();
			expect(await activate({ activation })).toBe(true);
			expectOneAsWanted();
		}
	});

	test('where only the secret is known, as after a delivery: counts as registered while Testivora does not answer', async () => {
		const [id, { registeredAt }] = [sandbox.endpoints()[0].id, registered()!];
		staticData = {
			global: {
				testivoraTrigger: { [NAME]: { registration: { derived: derived(), registeredAt } } },
			},
		};
		restart();
		sandbox.inject({ method: 'GET', status: 503, times: 5 });
		expect(await call('checkExists', { activation: 'init' })).toBe(true);
		sandbox.clearFaults();
		expect(await activate({ activation: 'init' })).toBe(true);
		expect(expectOneAsWanted().id).toBe(id);
	});

	test('takes ten seconds at most', async () => {
		const { hook } = hookFor({
			credential: { baseUrl: sandbox.url, apiKey: sandbox.apiKey },
			staticData,
			workflowId,
			parameters: { events: CREATED },
		});
		const sent = jest.spyOn(hook.helpers, 'httpRequestWithAuthentication');
		await lifecycle.checkExists.call(hook);
		expect(sent.mock.calls[0][1].timeout).toBeLessThanOrEqual(10_000);
	});

	test('a transient error: a person who publishes is told that nothing was changed', async () => {
		sandbox.inject({ status: 500, times: 10 });
		expect(await call('checkExists', { activation: 'update' })).toBe(false);
		expect((await failure('create', { activation: 'update' })).httpCode).toBe('500');
	});

	test('a revoked key: a person who activates is told', async () => {
		const given = { credential: { baseUrl: sandbox.url, apiKey: 'tv_live_revoked' } };
		expect(await call('checkExists', given)).toBe(false);
		expect((await failure('create', given)).httpCode).toBe('401');
	});

	test('a revoked key: taken as it was when n8n starts', async () => {
		const given = {
			credential: { baseUrl: sandbox.url, apiKey: 'tv_live_revoked' },
			activation: 'init' as const,
		};
		expect(await call('checkExists', given)).toBe(true);
		expect(log).toEqual([expect.stringMatching(/^warn /)]);
	});

	test('a credential that cannot be used: taken as it was when n8n starts', async () => {
		const given = {
			credential: { baseUrl: 'no address', apiKey: 'x' },
			activation: 'init' as const,
		};
		expect(await call('checkExists', given)).toBe(true);
	});

	test.each([404, 410])('%d is not transient, not even when n8n starts', async (status) => {
		sandbox.inject({
			method: 'GET',
			status,
			body: { error: { type: 'not_found', message: 'Nothing has this ID.' } },
		});
		expect(await call('checkExists', { activation: 'init' })).toBe(false);
	});
});

describe('test and production', () => {
	test('have an endpoint each and never touch the other one', async () => {
		await activate();
		const production = { ...sandbox.endpoints()[0] };
		const slot = { ...registered() };
		// n8n keeps static data of a test apart. Even with the same static data they must not touch each other.
		for (const data of [{}, staticData]) {
			const test = { isTest: true, staticData: data };
			await activate(test);
			expect(
				sandbox
					.endpoints()
					.map(({ url }) => url)
					.sort(),
			).toEqual([TEST_URL, URL]);
			await call('delete', test);
			expect(sandbox.endpoints()).toEqual([production]);
			if (data === staticData) expect(registered()).toEqual(slot);
		}
	});
});

describe('a URL that Testivora cannot reach', () => {
	const https = { baseUrl: 'https://api.testivora.test', apiKey: 'tv_live_x' };

	test.each([
		'http://localhost:5678',
		'https://localhost',
		'https://192.168.1.5',
		'http://n8n.example.com',
	])('%s is refused, with what to set', async (n8nUrl) => {
		const error = await failure('create', { n8nUrl, credential: https });
		expect(error.message).toMatch(
			/^Testivora cannot reach this workflow: the webhook URL .*WEBHOOK_URL/,
		);
		expect(error.description).toContain(`${n8nUrl}${PATH}`);
		// Nothing was registered, so the deletion that n8n then tries sends no request.
		expect(await call('delete', { n8nUrl, credential: https })).toBe(true);
	});

	test.each(['n8n.example.com', ''])(
		'without a scheme (%j) is refused with the message that names WEBHOOK_URL, whatever n8n calls first',
		async (n8nUrl) => {
			expect(await call('checkExists', { n8nUrl, credential: https })).toBe(false);
			expect((await failure('create', { n8nUrl, credential: https })).message).toMatch(
				/webhook URL is not a web address.*WEBHOOK_URL/,
			);
			expect(await call('delete', { n8nUrl, credential: https })).toBe(true);
		},
	);

	test('is fine where Testivora itself is a sandbox under plain HTTP', async () => {
		await activate({ n8nUrl: 'http://localhost:5678' });
		expectOneAsWanted(`http://localhost:5678${PATH}`);
	});
});

test('waits while a person activates take ten seconds at most in all', async () => {
	jest.mocked(sleep).mockClear();
	sandbox.inject({ method: 'GET', status: 503, times: 20 });
	await failure('create');
	expect(jest.mocked(sleep).mock.calls.reduce((sum, [ms]) => sum + ms, 0)).toBeLessThan(10_000);
});
