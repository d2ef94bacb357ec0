import type { IDataObject } from 'n8n-workflow';
import nock from 'nock';

import { page } from '../helpers/fixtures.mts';
import { hookFor, lifecycle } from '../helpers/hook.mts';
import { listen } from '../helpers/listener.mts';
import type { Listener } from '../helpers/listener.mts';
import { deliver } from '../helpers/webhook.mts';
import { eventually, pause } from '../harness/wait.mts';
import { startSandbox } from '../sandbox/sandbox.mts';
import type { Sandbox } from '../sandbox/sandbox.mts';
import type { Testimonial } from '../sandbox/store.mts';

jest.mock('n8n-workflow', () => ({
	...jest.requireActual('n8n-workflow'),
	sleep: jest.fn(async () => {}),
}));

const OF_PRODUCTION = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const LATEST = { options: { sample: 'latest' } };

let sandbox: Sandbox;
let listener: Listener;
beforeAll(async () => {
	[sandbox, listener] = [await startSandbox({ seed: false }), await listen()];
	sandbox.submit();
});
afterAll(async () => {
	nock.restore();
	listener.stop();
	await sandbox.stop();
});

async function call(
	step: keyof typeof lifecycle,
	parameters: IDataObject,
	more: Partial<Parameters<typeof hookFor>[0]> = {},
): Promise<string[]> {
	const { hook, log } = hookFor({
		credential: { baseUrl: sandbox.url, apiKey: sandbox.apiKey, webhookSecret: OF_PRODUCTION },
		workflowId: 'sample',
		isTest: true,
		n8nUrl: listener.origin,
		activation: step === 'delete' ? 'update' : 'manual',
		parameters: { events: ['testimonial.created'], ...parameters } as IDataObject,
		...more,
	});
	await lifecycle[step].call(hook);
	return log;
}

test('a sample that is intercepted does not start the published workflow in the manual set-up', async () => {
	await call('create', { setup: 'manual', ...LATEST });
	const { body, headers } = await listener.firstSample;
	const replay = await deliver({
		body,
		headers: headers as Record<string, string>,
		parameters: { setup: 'manual', events: ['testimonial.created'] },
		credential: { apiKey: sandbox.apiKey, webhookSecret: OF_PRODUCTION },
		staticData: {},
	});
	expect(replay.answer?.status).toBe(401);
	expect(replay.result.workflowData).toBeUndefined();
});

test.each([
	['a sample, then the next event', LATEST, {}],
	['the next event, then a sample', {}, LATEST],
])('%s, as after the page was reloaded: the endpoint is removed', async (_, first, second) => {
	await call('create', first);
	await call('create', second);
	expect(sandbox.endpoints()).toHaveLength(1);
	await call('delete', second);
	expect(sandbox.endpoints()).toEqual([]);
});

test('with no testimonial and no public address, says both', async () => {
	const baseUrl = 'https://api.testivora.test';
	nock(baseUrl).get('/v1/testimonials').query(true).times(4).reply(200, page([]));
	const credential = { baseUrl, apiKey: 'tv_live_one' };
	await expect(
		call('create', LATEST, { credential, n8nUrl: 'http://localhost:5678' }),
	).rejects.toThrow(
		'There is no testimonial to show yet, and the next event cannot be waited for. Testivora cannot reach this workflow',
	);
});

test('a testimonial that waits for approval is shown, also where the list shows approved ones only', async () => {
	const [approvedOnly, n8n] = [
		await startSandbox({ seed: false, unasked: 'approved' }),
		await listen(),
	];
	try {
		approvedOnly.submit({ status: 'approved', created_at: '2026-01-01T00:00:00.000Z' });
		const { id } = approvedOnly.submit();
		await call('create', LATEST, {
			credential: { baseUrl: approvedOnly.url, apiKey: approvedOnly.apiKey },
			n8nUrl: n8n.origin,
		});
		expect(JSON.parse(String((await n8n.firstSample).body))).toMatchObject({ data: { id } });
	} finally {
		n8n.stop();
		await approvedOnly.stop();
	}
});

test('a sample that comes before n8n knows the test URL is delivered again', async () => {
	const n8n = await listen({ first: 'early' });
	try {
		const log = await call('create', LATEST, { n8nUrl: n8n.origin });
		await eventually(() => n8n.samples() === 2);
		await pause(50);
		expect(n8n.samples()).toBe(2);
		expect(log).toEqual([]);
	} finally {
		n8n.stop();
	}
});

test('of a long list, 1,000 testimonials are read', async () => {
	const [long, n8n] = [await startSandbox({ seed: false }), await listen()];
	try {
		for (let count = 0; count < 1_001; count++) long.submit();
		const credential = { baseUrl: long.url, apiKey: long.apiKey };
		await call('create', LATEST, { credential, n8nUrl: n8n.origin });
		expect(long.requests).toHaveLength(10);
	} finally {
		n8n.stop();
		await long.stop();
	}
});

test('a sample that was taken, though its answer was lost, is not said to be missing', async () => {
	const n8n = await listen({ first: 'lost' });
	try {
		const log = await call('create', LATEST, { n8nUrl: n8n.origin });
		await eventually(() => n8n.samples() === 2);
		await pause(50);
		expect(n8n.samples()).toBe(2);
		expect(log).toEqual([]);
	} finally {
		n8n.stop();
	}
});

test('with deletions alone and no public address, says both', async () => {
	const parameters = { ...LATEST, events: ['testimonial.deleted'] };
	const credential = { baseUrl: 'https://testivora.invalid', apiKey: 'tv_live_one' };
	await expect(
		call('create', parameters, { credential, n8nUrl: 'http://localhost:5678' }),
	).rejects.toThrow(
		'A deletion cannot be shown as a sample, and the next event cannot be waited for. Testivora cannot reach this workflow',
	);
});

test('a list that breaks off: the newest of what was read is shown', async () => {
	const [slow, n8n] = [await startSandbox({ seed: false, pageSizeCap: 1 }), await listen()];
	try {
		slow.submit({ text: 'On the second page.' });
		slow.submit({ text: 'On the first page.' });
		slow.inject({ path: '/v1/testimonials', page: 2, status: 503, times: 9 });
		const credential = { baseUrl: slow.url, apiKey: slow.apiKey };
		await call('create', LATEST, { credential, n8nUrl: n8n.origin });
		expect(JSON.parse(String((await n8n.firstSample).body)).data.text).toBe('On the first page.');
	} finally {
		n8n.stop();
		await slow.stop();
	}
});

describe('of the chosen events', () => {
	/** The event that is delivered as a sample, to a sandbox with these testimonials. */
	const sampleOf = async (events: string[], testimonials: Array<Partial<Testimonial>>) => {
		const [other, n8n] = [await startSandbox({ seed: false }), await listen()];
		try {
			for (const fields of testimonials) other.submit(fields);
			const credential = { baseUrl: other.url, apiKey: other.apiKey };
			const parameters = { ...LATEST, events };
			await call('create', parameters, { credential, n8nUrl: n8n.origin });
			expect(other.endpoints()).toEqual([]);
			return JSON.parse(String((await n8n.firstSample).body)) as IDataObject;
		} finally {
			n8n.stop();
			await other.stop();
		}
	};
	const [created, approved, deleted] = ['created', 'approved', 'deleted'].map(
		(name) => `testimonial.${name}`,
	);
	const pending = { status: 'pending', text: 'Waits.', created_at: '2026-06-02T00:00:00.000Z' };
	const shown = { status: 'approved', text: 'Shown.', created_at: '2026-06-01T00:00:00.000Z' };

	test.each<[string[], Array<Partial<Testimonial>>, string, string]>([
		[[approved, created], [pending], created, 'Waits.'],
		[[approved, created], [pending, shown], approved, 'Shown.'],
		[[created, approved], [pending, shown], created, 'Waits.'],
		[[deleted, approved], [pending, shown], approved, 'Shown.'],
	])('%j, with %j: the first that a testimonial fits', async (events, given, name, text) => {
		expect(await sampleOf(events, given)).toMatchObject({ event: name, data: { text } });
	});

	test('deletions alone: says that they have no sample, and registers the test URL', async () => {
		const log = await call('create', { ...LATEST, events: [deleted] });
		expect(log).toEqual([
			'info Testivora Trigger: a deletion cannot be shown as a sample, so Execute step waits for the next event',
		]);
		expect(sandbox.endpoints()).toHaveLength(1);
		await call('delete', LATEST);
	});

	test('none that a testimonial fits: says so, and registers the test URL', async () => {
		const log = await call('create', {
			...LATEST,
			events: [created],
			filters: { minRating: 5, tags: 'nobody has this' },
		});
		expect(log).toEqual([
			'info Testivora Trigger: there is no testimonial to show yet, so Execute step waits for the next event',
		]);
		await call('delete', LATEST);
	});
});
