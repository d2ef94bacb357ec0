/**
 * `npm run dev`: a real n8n with the package, and a local Testivora. Whenever a source is saved, the package is built and packed, and n8n
 * restarted with it. Workflows and log-in stay, also until the next `npm run dev`: the user folder is .run/dev.
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
/** An editor may save several files at once. */
const SETTLE_MS = 300;

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
await keepCredential();
console.log(`
  n8n        ${n8n.baseUrl}
             log in as ${OWNER.email} with the password ${OWNER.password}
             the credential "${CREDENTIAL}" is there
  Testivora  ${sandbox.url}

Save a file in ${WATCHED.join(', ')} to see the change in n8n: reload the editor's page once n8n is back. Ctrl-C stops.
`);

let timer: NodeJS.Timeout | undefined;
/** Builds run one after the other; what is saved during one is built by the next. */
let work = Promise.resolve();
for (const folder of WATCHED) {
	watch(folder, { recursive: true }, () => {
		clearTimeout(timer);
		timer = setTimeout(() => {
			work = work.then(takeOver);
		}, SETTLE_MS);
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

/** n8n goes on as it was where the sources do not compile. */
async function takeOver(): Promise<void> {
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

/** The sandbox makes new keys each time it starts. */
async function keepCredential(): Promise<void> {
	const data = { apiKey: sandbox.apiKey, baseUrl: sandbox.url };
	const { body } = await n8n.request<{ data: Array<{ id: string; name: string }> }>(
		'GET',
		'/rest/credentials',
	);
	const known = body.data.find(({ name }) => name === CREDENTIAL);
	if (known) await n8n.updateCredential(known.id, data);
	else await n8n.createCredential(CREDENTIAL, 'testivoraApi', data);
}
