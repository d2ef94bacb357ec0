/** `npm run sandbox`: a local Testivora, until Ctrl-C. */
import { parseArgs } from 'node:util';

import { startSandbox } from './sandbox.mts';
import type { Scheme } from './signature.mts';

const { values } = parseArgs({
	options: {
		port: { type: 'string', default: '4010' },
		scheme: { type: 'string', default: 'timestamped' },
		'time-scale': { type: 'string', default: '1' },
		'no-webhook-api': { type: 'boolean', default: false },
	},
});

const sandbox = await startSandbox({
	port: Number(values.port),
	scheme: values.scheme as Scheme,
	timeScale: Number(values['time-scale']),
	webhookApi: !values['no-webhook-api'],
	rateLimits: true,
});

console.log(`A local Testivora is running.

  Page, to submit and approve testimonials   ${sandbox.url}
  Base URL for the credential in n8n         ${sandbox.url}
  API key, full access                       ${sandbox.apiKey}
  API key, read only                         ${sandbox.readOnlyKey}
  API key of a plan without API              ${sandbox.noApiKey}

In n8n, make a credential "Testivora API" with that Base URL and key. Because the Base URL is plain HTTP, a webhook URL
on this machine is allowed. To see what a workflow does when Testivora does not work, inject a fault, for example:

  curl -X POST ${sandbox.url}/_sandbox/faults -H 'content-type: application/json' \\
    -d '{"method":"GET","path":"^/v1/testimonials","status":503,"times":2}'

A fault has: method, path (a pattern), times, status, headers, body, delay (ms), reset, truncate, handled (after the request was
carried out). DELETE on the same address clears them. Ctrl-C stops.`);

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
	process.once(signal, () => void sandbox.stop().then(() => process.exit(0)));
}
