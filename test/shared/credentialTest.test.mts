import type { ICredentialTestFunctions, ICredentialsDecrypted, IDataObject } from 'n8n-workflow';

import { TestivoraApi } from '../../credentials/TestivoraApi.credentials.ts';
import { Testivora } from '../../nodes/Testivora/Testivora.node.ts';
import { TestivoraPollTrigger } from '../../nodes/TestivoraPollTrigger/TestivoraPollTrigger.node.ts';
import { TestivoraTrigger } from '../../nodes/TestivoraTrigger/TestivoraTrigger.node.ts';
import { testTestivoraApi } from '../../nodes/shared/credentialTest.ts';
import { API_KEY } from '../helpers/engine.mts';
import { refusal } from '../helpers/fixtures.mts';

let request: jest.Mock;

beforeEach(() => void (request = jest.fn()));

const testWith = async (data: IDataObject = {}) =>
	await testTestivoraApi.call(
		{ helpers: { request } } as unknown as ICredentialTestFunctions,
		{
			id: '1',
			name: 'Testivora',
			type: 'testivoraApi',
			data: { apiKey: API_KEY, ...data },
		} as ICredentialsDecrypted,
	);

const answer = (statusCode: number, body: unknown, headers = {}) =>
	request.mockResolvedValue({
		statusCode,
		headers,
		body: typeof body === 'string' ? body : JSON.stringify(body),
	});

test('an account passes; it is requested once, with the key, without following redirects', async () => {
	answer(200, { object: 'account' });
	expect(await testWith({ apiKey: ` ${API_KEY}\n` })).toEqual({
		status: 'OK',
		message: 'Connection successful!',
	});
	expect(request.mock.calls).toEqual([
		[
			{
				method: 'GET',
				uri: 'https://api.testivora.com/v1/account',
				headers: { Accept: 'application/json', Authorization: `Bearer ${API_KEY}` },
				timeout: 30_000,
				followRedirect: false,
				simple: false,
				resolveWithFullResponse: true,
			},
		],
	]);
});

test.each(['', ' ', 'OK', 'null', '[]', '"account"', '\n<!doctype html><title>Welcome</title>'])(
	'the answer %j does not pass',
	async (body) => {
		answer(200, body);
		const { status, message } = await testWith();
		expect(status).toBe('Error');
		expect(message).toMatch(
			/^Testivora sent an answer that could not be read: .*Check the Base URL/,
		);
	},
);

test.each(['https://me@a.test', 'https://me:pw@a.test', 'a.test', 'ftp://a.test'])(
	'the Base URL %s does not pass, and nothing is sent',
	async (baseUrl) => {
		expect(await testWith({ baseUrl })).toEqual({
			status: 'Error',
			message:
				'The Base URL in the Testivora credential is not a plain web address. It should look like https://api.testivora.com. Open the credential and correct it.',
		});
		expect(request).not.toHaveBeenCalled();
	},
);

test.each([
	[
		401,
		refusal('invalid_api_key', 'No.'),
		/^Testivora does not know this API key, or it was revoked\. .*Settings → API/,
	],
	[
		403,
		refusal('plan_required', 'No.'),
		/^Your Testivora plan does not include the API\. .*Growth/,
	],
	[403, refusal('insufficient_scope', 'No.'), /^This API key may not read\. .*"read" and "write"/],
	[
		403,
		refusal('suspended', 'Suspended.'),
		/^Testivora does not allow this with this API key\. .*Testivora says: Suspended/,
	],
	[403, '<h1>Forbidden</h1>', /^Testivora does not allow this with this API key\. /],
	[404, '<h1>Not found</h1>', /^No Testivora API at this Base URL\. /],
	[
		307,
		'',
		/^The Base URL sends requests on to another address \(307\)\. Redirects are not followed/,
	],
	[
		429,
		refusal('rate_limited', 'Slow.'),
		/^Testivora is receiving too many requests with this API key\. Wait a minute/,
	],
	[503, '', /^Testivora is not working at the moment \(503\)\. /],
])('%i %j is described, with what to do', async (statusCode, body, message) => {
	answer(statusCode, body);
	expect(await testWith()).toEqual({ status: 'Error', message: expect.stringMatching(message) });
});

test('an address that cannot be reached is named as such', async () => {
	request.mockRejectedValue(
		Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), { code: 'ECONNREFUSED' }),
	);
	expect(await testWith()).toEqual({
		status: 'Error',
		message: expect.stringMatching(/^Testivora refused the connection\. .*Base URL/),
	});
});

test.each([API_KEY, 'my own key'])('a key in the answer is masked: %s', async (apiKey) => {
	answer(401, refusal('invalid_api_key', `Unknown key ${apiKey}`));
	expect((await testWith({ apiKey })).message).not.toContain(apiKey);
	request.mockRejectedValue(new Error(`Odd header ${apiKey}`));
	expect((await testWith({ apiKey })).message).not.toContain(apiKey);
});

test('a credential without data gives a message and does not throw', async () => {
	answer(401, refusal('unauthorized', 'Send a key.'));
	const credential = { id: '1', name: 'Testivora', type: 'testivoraApi' };
	const { status, message } = await testTestivoraApi.call(
		{ helpers: { request } } as unknown as ICredentialTestFunctions,
		credential,
	);
	expect([status, message]).toEqual([
		'Error',
		expect.stringMatching(/^Testivora did not get an API key with the request/),
	]);
});

test('n8n finds the test at every node that uses the credential', () => {
	// A declarative test in the credential would take precedence.
	expect(new TestivoraApi()).not.toHaveProperty('test');
	for (const { description, methods } of [
		new Testivora(),
		new TestivoraPollTrigger(),
		new TestivoraTrigger(),
	]) {
		expect(description.credentials).toEqual([
			{ name: 'testivoraApi', required: true, testedBy: 'testTestivoraApi' },
		]);
		expect(methods.credentialTest).toEqual({ testTestivoraApi });
	}
});

test('authenticate is an own property, as n8n copies no others', async () => {
	const credential = new TestivoraApi();
	expect(Object.keys(credential)).toContain('authenticate');
	const { authenticate } = credential;
	expect(
		await authenticate(
			{ apiKey: ` ${API_KEY} ` },
			{ url: 'https://a.test', headers: { Accept: 'x' } },
		),
	).toEqual({
		url: 'https://a.test',
		headers: { Accept: 'x', Authorization: `Bearer ${API_KEY}` },
	});
	expect(await authenticate({}, { url: 'https://a.test' })).toMatchObject({
		headers: { Authorization: 'Bearer ' },
	});
});
