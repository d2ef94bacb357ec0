import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { chain } from '../../harness/n8n/client.mts';
import { freePorts } from '../../harness/n8n/launch.mts';
import { credentialData, setStage } from '../../harness/stage.mts';
import type { Stage } from '../../harness/stage.mts';

/** What n8n's credential dialog shows after a test. */
describe('the credential test', () => {
	let stage: Stage;
	/** A server that is not Testivora. */
	let other: Server;
	let otherUrl: string;
	/** the paths that it was asked for */
	let asked: string[];
	/** its answer below /as */
	let instead: { status: number; body: string };

	beforeAll(async () => {
		stage = await setStage({ engine: 'publication', env: { N8N_LOG_LEVEL: 'debug' } });
		// "/307/…" redirects to Testivora, "/503/…" answers with this status, "/as/…" with `instead`; "/below/…" is Testivora behind a proxy.
		other = createServer((request, response) => {
			asked.push(request.url!);
			const [, first] = request.url!.split('/');
			if (first === 'as') response.writeHead(instead.status).end(instead.body);
			else if (first === 'below') response.end('{"object":"account"}');
			else
				response
					.writeHead(
						Number(first),
						first.startsWith('3') ? { location: `${stage.sandbox.url}/v1/account` } : {},
					)
					.end('{}');
		});
		await new Promise<void>((settle) => other.listen(0, '127.0.0.1', settle));
		otherUrl = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
	});
	beforeEach(() => {
		asked = [];
		stage.sandbox.requests.length = 0;
	});
	afterAll(async () => {
		other?.close();
		other?.closeAllConnections();
		await stage?.dispose();
	});

	const testWith = async (fields: Record<string, unknown> = {}) =>
		await stage.n8n.testCredential('testivoraApi', credentialData(stage.sandbox, fields));
	const reached = () =>
		stage.sandbox.requests.map(({ method, path, headers }) => [
			method,
			path,
			headers.authorization,
		]);
	const OK = { status: 'OK', message: 'Connection successful!' };
	const refusal = (message: RegExp) => ({
		status: 'Error',
		message: expect.stringMatching(message),
	});

	test('has its fields in n8n, the secret ones hidden', async () => {
		const { body } = await stage.n8n.request<any[]>('GET', '/types/credentials.json');
		const { displayName, properties } = body.find(({ name }) => name === 'testivoraApi');
		expect(displayName).toBe('Testivora API');
		// n8n adds fields after ours.
		expect(
			properties
				.slice(0, 3)
				.map(({ name, typeOptions }: any) => [name, typeOptions?.password ?? false]),
		).toEqual([
			['apiKey', true],
			['baseUrl', false],
			['webhookSecret', true],
		]);
	});

	test.each(['', '/', '/v1', '/v1/', '//', ' '])(
		'passes with a valid key and "%s" after the base URL',
		async (ending) => {
			expect(await testWith({ baseUrl: `${stage.sandbox.url}${ending}` })).toEqual(OK);
			expect(reached()).toEqual([['GET', '/v1/account', `Bearer ${stage.sandbox.apiKey}`]]);
		},
	);

	test('passes with white space around the key', async () => {
		expect(await testWith({ apiKey: ` ${stage.sandbox.apiKey}\n` })).toEqual(OK);
	});

	test('passes with a key that may only read', async () => {
		expect(await testWith({ apiKey: stage.sandbox.readOnlyKey })).toEqual(OK);
	});

	test.each(['/below', '/below/', '/below/v1/'])(
		'keeps the path %s of the base URL',
		async (path) => {
			expect(await testWith({ baseUrl: `${otherUrl}${path}` })).toEqual(OK);
			expect(asked).toEqual(['/below/v1/account']);
		},
	);

	test('unknown key', async () => {
		expect(await testWith({ apiKey: `tv_live_${'0'.repeat(32)}` })).toEqual(
			refusal(
				/^Testivora does not know this API key, or it was revoked\. Paste a key from Settings → API in Testivora into the Testivora credential/,
			),
		);
	});

	test('no key', async () => {
		expect(await testWith({ apiKey: '' })).toEqual(
			refusal(/^Testivora (does not know this API key|did not get an API key)/),
		);
	});

	test('a plan without the API', async () => {
		expect(await testWith({ apiKey: stage.sandbox.noApiKey })).toEqual(
			refusal(
				/^Your Testivora plan does not include the API\. The API needs the Growth or the Agency plan/,
			),
		);
	});

	test('a key that may not read, on a plan that has the API', async () => {
		instead = {
			status: 403,
			body: JSON.stringify({
				error: { type: 'insufficient_scope', message: 'This key may only write.' },
			}),
		};
		expect(await testWith({ baseUrl: `${otherUrl}/as` })).toEqual(
			refusal(
				/^This API key may not read\. Create a key with the scopes "read" and "write" in Testivora under Settings → API/,
			),
		);
	});

	test('no API at the base URL', async () => {
		expect(await testWith({ baseUrl: `${otherUrl}/404` })).toEqual(
			refusal(/^No Testivora API at this Base URL\. Open the Testivora credential/),
		);
	});

	test.each([
		'',
		'OK',
		'null',
		'[]',
		'<!doctype html><title>Testimonials</title>',
		'\n\n  <!doctype html><title>Log in</title>',
	])('the answer %j, which is not an account', async (body) => {
		instead = { status: 200, body };
		expect(await testWith({ baseUrl: `${otherUrl}/as` })).toEqual(
			refusal(
				/^Testivora sent an answer that could not be read: it is not .*Check the Base URL in the Testivora credential/,
			),
		);
	});

	test.each([301, 302, 303, 307, 308])('a redirect (%i), which is not followed', async (status) => {
		expect(await testWith({ baseUrl: `${otherUrl}/${status}` })).toEqual(
			refusal(
				new RegExp(
					`^The Base URL sends requests on to another address \\(${status}\\)\\. Redirects are not followed`,
				),
			),
		);
		expect(asked).toEqual([`/${status}/v1/account`]);
		expect(reached()).toEqual([]);
	});

	test.each([
		[429, /^Testivora is receiving too many requests with this API key\. Wait a minute/],
		[503, /^Testivora is not working at the moment \(503\)\. /],
	])('status %i', async (status, message) => {
		expect(await testWith({ baseUrl: `${otherUrl}/${status}` })).toEqual(refusal(message));
	});

	test('a base URL that cannot be reached', async () => {
		const [port] = await freePorts(1);
		expect(await testWith({ baseUrl: `http://127.0.0.1:${port}` })).toEqual(
			refusal(/^Testivora refused the connection\. /),
		);
		expect(await testWith({ baseUrl: 'http://nowhere.invalid' })).toEqual(
			refusal(
				/^Testivora could not be (found under that address|looked up)\. .*Check the Base URL/,
			),
		);
	});

	test.each([
		'api.testivora.com',
		'https://me:secret@api.testivora.com',
		'https://me@api.testivora.com',
	])('the base URL %s, which is not a plain web address', async (baseUrl) => {
		expect(await testWith({ baseUrl })).toEqual(
			refusal(
				/^The Base URL in the Testivora credential is not a plain web address\. It should look like/,
			),
		);
	});

	test('does not show a key that the answer repeats', async () => {
		const apiKey = 'a key/of another + form';
		instead = {
			status: 401,
			body: JSON.stringify({ error: { type: 'invalid_api_key', message: `Unknown: ${apiKey}` } }),
		};
		const told = await testWith({ apiKey, baseUrl: `${otherUrl}/as` });
		expect(told).toEqual(refusal(/Testivora says: Unknown: …/));
		expect(stage.n8n.log()).not.toContain(apiKey);
	});

	test('the HTTP Request node can use the credential', async () => {
		const workflow = await stage.n8n.createWorkflow({
			name: 'HTTP Request',
			nodes: [
				{ name: 'Start', type: 'n8n-nodes-base.manualTrigger', typeVersion: 1 },
				{
					name: 'HTTP Request',
					type: 'n8n-nodes-base.httpRequest',
					typeVersion: 4.2,
					parameters: {
						url: `${stage.sandbox.url}/v1/account`,
						authentication: 'predefinedCredentialType',
						nodeCredentialType: 'testivoraApi',
					},
					credentials: { testivoraApi: { id: stage.credential, name: 'Testivora' } },
				},
			],
			connections: chain('Start', 'HTTP Request'),
		});
		const { items } = await stage.n8n.runManually(workflow, 'Start');
		expect(items['HTTP Request'][0].json).toMatchObject({ object: 'account' });
		const { body } = await stage.n8n.request('GET', '/types/credentials.json');
		expect(body.find(({ name }: { name: string }) => name === 'testivoraApi')).toHaveProperty(
			'authenticate',
		);
	});

	test('n8n’s debug log contains no key', () => {
		const { apiKey, readOnlyKey, noApiKey } = stage.sandbox;
		expect([apiKey, readOnlyKey, noApiKey].filter((key) => stage.n8n.log().includes(key))).toEqual(
			[],
		);
	});
});
