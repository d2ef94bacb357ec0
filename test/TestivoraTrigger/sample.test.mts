import type { IDataObject } from 'n8n-workflow';

import { hookFor, lifecycle } from '../helpers/hook.mts';
import { listen } from '../helpers/listener.mts';
import type { Listener } from '../helpers/listener.mts';
import { deliver } from '../helpers/webhook.mts';
import { startSandbox } from '../sandbox/sandbox.mts';
import type { Sandbox } from '../sandbox/sandbox.mts';

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
	listener.stop();
	await sandbox.stop();
});

async function call(
	step: keyof typeof lifecycle,
	parameters: IDataObject,
	more: Partial<Parameters<typeof hookFor>[0]> = {},
): Promise<void> {
	const { hook } = hookFor({
		credential: { baseUrl: sandbox.url, apiKey: sandbox.apiKey, webhookSecret: OF_PRODUCTION },
		workflowId: 'sample',
		isTest: true,
		n8nUrl: listener.origin,
		activation: step === 'delete' ? 'update' : 'manual',
		parameters: { events: ['testimonial.created'], ...parameters } as IDataObject,
		...more,
	});
	await lifecycle[step].call(hook);
}

test('a sample that was seen on its way does not start the published workflow in the manual set-up', async () => {
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

test('with nothing to show and no public address, says both', async () => {
	const parameters = { ...LATEST, events: ['testimonial.deleted'] };
	const credential = { baseUrl: 'https://testivora.invalid', apiKey: 'tv_live_one' };
	await expect(
		call('create', parameters, { credential, n8nUrl: 'http://localhost:5678' }),
	).rejects.toThrow(
		'There is no testimonial to show yet, and the next event cannot be waited for. Testivora cannot reach this workflow',
	);
});
