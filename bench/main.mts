/**
 * `npm run bench [-- suite…] [--short] [--write]`: measures the package, and prints tables in Markdown.
 *
 * Each suite is a file in this folder. A long one has parts, each with a table of its own: `deliveries` runs all of them, `deliveries/queue`
 * one. `--write` puts the tables between their markers in docs/performance.md. `--short` takes minutes: it shows that the suites work, and
 * its figures mean nothing.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { cpus, loadavg, totalmem } from 'node:os';
import { parseArgs } from 'node:util';

import manifest from '../package.json' with { type: 'json' };
import { ensureN8n } from '../test/harness/n8n/host.mts';
import { endProgress, showProgress } from '../test/harness/n8n/progress.mts';

/** Measures. @returns Markdown */
export type Suite = (options: { short: boolean }) => Promise<string>;

const SUITES = ['deliveries', 'settings', 'own', 'lists', 'polls', 'imports', 'faults', 'weight'];
const PAGE = 'docs/performance.md';

const { positionals, values } = parseArgs({
	allowPositionals: true,
	options: {
		short: { type: 'boolean', default: false },
		write: { type: 'boolean', default: false },
	},
});
const { short, write } = values;
const suites = Object.assign({}, ...(await Promise.all(SUITES.map(partsOf)))) as Record<
	string,
	Suite
>;
/** Whether a name on the command line is that of a suite, or of the suite of a part. */
const selects = (wanted: string, name: string) => name === wanted || name.startsWith(`${wanted}/`);
const unknown = positionals.filter(
	(wanted) => !Object.keys(suites).some((name) => selects(wanted, name)),
);
if (unknown.length > 0)
	throw new Error(
		`There is no suite "${unknown.join('", "')}"; there are ${Object.keys(suites).join(', ')}.`,
	);
if (short && write)
	throw new Error('The figures of a short run mean nothing: leave out --short or --write.');

const { version } = await ensureN8n(showProgress());
endProgress();
const load = loadavg()[0].toFixed(2);
const machine =
	`n8n-nodes-testivora ${manifest.version}, ${new Date().toISOString().slice(0, 10)}, ${cpus()[0].model.trim()}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GB, ` +
	`Node ${process.versions.node}, n8n ${version}, load average at the start ${load}.`;
console.log(machine);

for (const [name, suite] of Object.entries(suites)) {
	if (positionals.length > 0 && !positionals.some((wanted) => selects(wanted, name))) continue;
	const since = Date.now();
	const measured = (await suite({ short })).trim();
	console.log(`\n## ${name} (${Math.round((Date.now() - since) / 1000)} s)\n\n${measured}`);
	if (write) await put(name, `${measured}\n\n${machine}`);
}

/** A suite by its name; or its parts, each as `suite/part`. */
async function partsOf(name: string): Promise<Record<string, Suite>> {
	const { default: suite } = (await import(`./${name}.mts`)) as {
		default: Suite | Record<string, Suite>;
	};
	if (typeof suite === 'function') return { [name]: suite };
	return Object.fromEntries(
		Object.entries(suite).map(([part, measure]) => [`${name}/${part}`, measure]),
	);
}

/** Puts a text between the markers of a suite in the page. */
async function put(name: string, text: string): Promise<void> {
	const page = await readFile(PAGE, 'utf8');
	const [open, close] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
	const [from, to] = [page.indexOf(open), page.indexOf(close)];
	if (from < 0 || to < from)
		throw new Error(`${PAGE} has no place for "${name}": it needs ${open} and ${close}.`);
	await writeFile(PAGE, `${page.slice(0, from + open.length)}\n\n${text}\n\n${page.slice(to)}`);
}
