/**
 * `npm run dev`: a real n8n with the package, and a local Testivora. Whenever a source is saved, the package is built, packed and installed,
 * and n8n restarted. Workflows and log-in survive, also until the next `npm run dev`: n8n's user folder is .run/dev.
 */
import { watch } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

import { OWNER } from '../test/harness/n8n/client.mts';
import { ensureN8n } from '../test/harness/n8n/host.mts';
import { N8n } from '../test/harness/n8n/instance.mts';
import { endProgress, showProgress } from '../test/harness/n8n/progress.mts';
import { buildAndPack, installPackage } from '../test/harness/n8n/tarball.mts';
import { startSandbox } from '../test/sandbox/sandbox.mts';

const WATCHED = ['nodes', 'credentials', 'icons'];
const CREDENTIAL = 'Testivora sandbox';
/** An editor may save several files at once: wait for the last one. */
const DEBOUNCE_MS = 300;

const { values } = parseArgs({
	options: {
		port: { type: 'string', default: '5678' },
		'sandbox-port': { type: 'string', default: '4010' },
	},
});
const say = (text: string) => console.log(`${new Date().toLocaleTimeString()}  ${text}`);

await ensureN8n(showProgress()).finally(endProgress);
say('Building and packing the package …');
const tarball = await buildAndPack();
const sandbox = await startSandbox({ port: Number(values['sandbox-port']), rateLimits: true });
const userFolder = resolve('.run/dev');
const n8n = await N8n.start({
	engine: 'publication',
	whole: true,
	userFolder,
	port: Number(values.port),
	tarball,
});
await saveCredential();
console.log(`
  n8n        ${n8n.baseUrl}
             log in as ${OWNER.email} with the password ${OWNER.password}
             the credential "${CREDENTIAL}" is there
  Testivora  ${sandbox.url}

Save a file in ${WATCHED.join(', ')} to see the change in n8n: reload the editor's page once n8n is back. Ctrl-C stops.
`);

let timer: NodeJS.Timeout | undefined;
/** Rebuilds run one after the other; a change during one leads to another. */
let rebuilds = Promise.resolve();
for (const folder of WATCHED) {
	watch(folder, { recursive: true }, () => {
		clearTimeout(timer);
		timer = setTimeout(() => {
			rebuilds = rebuilds.then(rebuild);
		}, DEBOUNCE_MS);
	});
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
	process.once(signal, () => {
		say('Stopping.');
		void n8n
			.stop()
			.then(() => sandbox.stop())
			.finally(() => process.exit());
	});
}

/** When the sources do not compile, n8n keeps running with the last build. */
async function rebuild(): Promise<void> {
	try {
		say('Something changed: building …');
		const changed = await buildAndPack();
		await n8n.stop();
		await installPackage(changed, userFolder);
		await n8n.start();
		say('n8n is back, with the change.');
	} catch (error) {
		say((error as Error).message);
	}
}

/** Creates the credential, or updates it: the sandbox makes new keys at each start. */
async function saveCredential(): Promise<void> {
	const data = { apiKey: sandbox.apiKey, baseUrl: sandbox.url };
	const { body } = await n8n.request<{ data: Array<{ id: string; name: string }> }>(
		'GET',
		'/rest/credentials',
	);
	const known = body.data.find(({ name }) => name === CREDENTIAL);
	if (known) await n8n.updateCredential(known.id, data);
	else await n8n.createCredential(CREDENTIAL, 'testivoraApi', data);
}
