import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { chain } from '../harness/client.mts';
import { freePorts } from '../harness/launch.mts';
import { isAtLeast } from '../harness/version.mts';
import { credentialData, setStage } from '../stage.mts';
import type { Stage } from '../stage.mts';

/** What the credential's dialogue in n8n says when a user tests it. */
describe('the credential test', () => {
  let stage: Stage;
  /** A server that is not Testivora. */
  let other: Server;
  let otherUrl: string;
  /** Paths that it was asked for. */
  let asked: string[];

  beforeAll(async () => {
    stage = await setStage({ engine: 'publication', env: { N8N_LOG_LEVEL: 'debug' } });
    // "/307/…" is sent on to Testivora, "/503/…" answered so, "/page/…" is a web page, and "/below/…" is Testivora behind a proxy.
    other = createServer((request, response) => {
      asked.push(request.url!);
      const [, first] = request.url!.split('/');
      if (first === 'page') response.end('<!doctype html><title>Testimonials</title>');
      else if (first === 'below') response.end('{"object":"account"}');
      else response.writeHead(Number(first), first.startsWith('3') ? { location: `${stage.sandbox.url}/v1/account` } : {}).end('{}');
    });
    await new Promise<void>((settle) => other.listen(0, '127.0.0.1', settle));
    otherUrl = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
  });
  beforeEach(() => {
    asked = [];
    stage.sandbox.requests.length = 0;
  });
  afterAll(async () => {
    await new Promise((settle) => (other ? other.close(settle) : settle(undefined)));
    await stage?.dispose();
  });

  const testWith = async (fields: Record<string, unknown> = {}) =>
    await stage.n8n.testCredential('testivoraApi', credentialData(stage.sandbox, fields));
  const reached = () => stage.sandbox.requests.map(({ method, path, headers }) => [method, path, headers.authorization]);
  const OK = { status: 'OK', message: 'Connection successful!' };
  const NO_API_HERE = 'There is no Testivora API at this Base URL. It should be https://api.testivora.com unless you were given another one.';
  // n8n 2.0 loses, for every credential, what a request was answered with, and finds words of its own (it declares the error's `cause` anew).
  const ownWords = isAtLeast('2.0') && !isAtLeast('2.1');
  const refusal = (message: unknown) => ({ status: 'Error', message: ownWords ? expect.stringMatching(/\w+ \w+/) : message });

  test('n8n knows its fields, and hides what is secret', async () => {
    const { body } = await stage.n8n.request<any[]>('GET', '/types/credentials.json');
    const { displayName, properties } = body.find(({ name }) => name === 'testivoraApi');
    expect(displayName).toBe('Testivora API');
    // n8n adds fields of its own after ours.
    expect(properties.slice(0, 3).map(({ name, typeOptions }: any) => [name, typeOptions?.password ?? false])).toEqual([
      ['apiKey', true],
      ['baseUrl', false],
      ['webhookSecret', true],
    ]);
  });

  test.each(['', '/', '/v1', '/v1/', '//', ' '])('a right key passes, with "%s" after the base URL', async (ending) => {
    expect(await testWith({ baseUrl: `${stage.sandbox.url}${ending}` })).toEqual(OK);
    expect(reached()).toEqual([['GET', '/v1/account', `Bearer ${stage.sandbox.apiKey}`]]);
  });

  test('a key that was copied with white space passes', async () => {
    expect(await testWith({ apiKey: ` ${stage.sandbox.apiKey}\n` })).toEqual(OK);
  });

  test('a key that may only read passes', async () => {
    expect(await testWith({ apiKey: stage.sandbox.readOnlyKey })).toEqual(OK);
  });

  test.each(['/below', '/below/', '/below/v1/'])('a base URL with the path %s is kept', async (path) => {
    expect(await testWith({ baseUrl: `${otherUrl}${path}` })).toEqual(OK);
    expect(asked).toEqual(['/below/v1/account']);
  });

  test.each([`tv_live_${'0'.repeat(32)}`, ''])('the unknown key "%s" is called so', async (apiKey) => {
    expect(await testWith({ apiKey })).toEqual(
      refusal(
        'Testivora does not know this API key, or it was revoked. Copy the whole key, tv_live_ included, from Settings → API in Testivora.',
      ),
    );
  });

  test('a plan without the API is called so', async () => {
    expect(await testWith({ apiKey: stage.sandbox.noApiKey })).toEqual(
      refusal('Your Testivora plan does not include the API. It is part of the Growth and Agency plans.'),
    );
  });

  test('an address under which there is something else is called so', async () => {
    expect(await testWith({ baseUrl: `${stage.sandbox.url}/elsewhere` })).toEqual(refusal(NO_API_HERE));
    expect(await testWith({ baseUrl: `${otherUrl}/page` })).toEqual({ status: 'Error', message: NO_API_HERE });
  });

  test.each([301, 302, 303, 307, 308])('an address that sends on (%i) is called so, and the key goes no further', async (status) => {
    expect(await testWith({ baseUrl: `${otherUrl}/${status}` })).toEqual(
      refusal(
        `The Base URL sends requests on to another address (${status}). Put the final address into Base URL: redirects are not followed, so that the API key reaches no other host.`,
      ),
    );
    expect(asked).toEqual([`/${status}/v1/account`]);
    expect(reached()).toEqual([]);
  });

  test.each([
    [429, 'Testivora is receiving too many requests with this API key. Wait a minute and test it again.'],
    [503, 'Testivora is not working at the moment (503). Try again in a few minutes.'],
  ])('%i is put into words', async (status, message) => {
    expect(await testWith({ baseUrl: `${otherUrl}/${status}` })).toEqual(refusal(message));
  });

  test('an address that cannot be reached fails, with the code that n8n shows for every credential', async () => {
    const [port] = await freePorts(1);
    expect(await testWith({ baseUrl: `http://127.0.0.1:${port}` })).toEqual(refusal('ECONNREFUSED'));
    expect(await testWith({ baseUrl: 'http://nowhere.invalid' })).toEqual(refusal(expect.stringMatching(/^(ENOTFOUND|EAI_AGAIN)$/)));
    expect(await testWith({ baseUrl: 'api.testivora.com' })).toEqual(refusal('ERR_INVALID_URL'));
  });

  test('HTTP Request can use the credential, too', async () => {
    const workflow = await stage.n8n.createWorkflow({
      name: 'HTTP Request',
      nodes: [
        { name: 'Start', type: 'n8n-nodes-base.manualTrigger', typeVersion: 1 },
        {
          name: 'HTTP Request',
          type: 'n8n-nodes-base.httpRequest',
          typeVersion: 4.2,
          parameters: { url: `${stage.sandbox.url}/v1/account`, authentication: 'predefinedCredentialType', nodeCredentialType: 'testivoraApi' },
          credentials: { testivoraApi: { id: stage.credential, name: 'Testivora' } },
        },
      ],
      connections: chain('Start', 'HTTP Request'),
    });
    const { items } = await stage.n8n.runManually(workflow, 'Start');
    expect(items['HTTP Request'][0].json).toMatchObject({ object: 'account' });
    const { body } = await stage.n8n.request('GET', '/types/credentials.json');
    expect(body.find(({ name }: { name: string }) => name === 'testivoraApi')).toHaveProperty('authenticate');
  });

  test('the log of n8n at its most talkative has no key', () => {
    const { apiKey, readOnlyKey, noApiKey } = stage.sandbox;
    expect([apiKey, readOnlyKey, noApiKey].filter((key) => stage.n8n.log().includes(key))).toEqual([]);
  });
});
