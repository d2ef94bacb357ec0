/** Weight: what the package needs on disk, of time to load and in memory, compared with well-known community packages. */
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { run } from '../test/harness/command.mts';
import { ensureN8n } from '../test/harness/n8n/host.mts';
import { installPackage, packPackage } from '../test/harness/n8n/tarball.mts';
import { temporaryFolder } from '../test/harness/temporary.mts';
import { median } from './statistics.mts';
import { table } from '../test/harness/table.mts';
import type { Suite } from './main.mts';
import { takeTurns } from './turns.mts';

/** Packages that load in an n8n without any others. */
const OTHERS = [
	'n8n-nodes-evolution-api@1.0.4',
	'@devlikeapro/n8n-nodes-chatwoot@1.0.2',
	'@mendable/n8n-nodes-firecrawl@2.1.2',
];

/** Git-ignored; packages are downloaded once and kept for later runs. */
const DOWNLOADS = resolve('.run/packages');

interface Installed {
	name: string;
	tarball: string;
	folder: string;
}

const weight: Suite = async ({ short }) => {
	const { dir } = await ensureN8n();
	// Outside this repository, whose n8n-workflow would be resolved before n8n's.
	const temporary = temporaryFolder('packages');
	const place = temporary.path;
	try {
		const packages = [await install(await packPackage(), place)];
		if (!short)
			for (const other of OTHERS) packages.push(await install(await download(other), place));
		return await measure(packages, join(dir, 'node_modules'), short ? 1 : 7);
	} finally {
		await temporary.remove();
	}
};

export default weight;

async function measure(packages: Installed[], n8nModules: string, rounds: number): Promise<string> {
	const tasks = packages.map(({ name, folder }) => [name, () => load(n8nModules, folder)] as const);
	const loads = await takeTurns(Object.fromEntries(tasks), rounds);

	const rows = await Promise.all(
		packages.map(async ({ name, tarball, folder }) => {
			const files = await sizes(folder);
			const unpacked = files.reduce((sum, size) => sum + size, 0);
			const [{ nodes }] = loads[name];
			return [
				name,
				kilobytes((await stat(tarball)).size),
				kilobytes(unpacked),
				files.length.toLocaleString('en'),
				String(nodes),
				`${median(loads[name].map(({ ms }) => ms)).toFixed(1)} ms`,
				kilobytes(median(loads[name].map(({ kept }) => kept))),
			];
		}),
	);
	return table(
		[
			'Package',
			'Tarball',
			'Installed, with dependencies',
			'Files',
			'Nodes',
			'Time to load',
			'Heap kept',
		],
		rows,
	);
}

/** The tarball of a package at a version, downloaded from the npm registry once. */
async function download(spec: string): Promise<string> {
	const folder = join(DOWNLOADS, spec.replaceAll('/', '+'));
	if (!existsSync(folder)) {
		await rm(`${folder}.part`, { recursive: true, force: true });
		await mkdir(`${folder}.part`, { recursive: true });
		await run('npm', ['pack', spec, '--quiet', '--pack-destination', `${folder}.part`]);
		await rename(`${folder}.part`, folder);
	}
	return join(folder, (await readdir(folder))[0]);
}

/** Installs a package as n8n does, its dependencies included. */
async function install(tarball: string, userFolder: string): Promise<Installed> {
	await installPackage(tarball, userFolder);
	const manifest = await run('tar', ['-xzOf', tarball, 'package/package.json']);
	const { name, version, dependencies } = JSON.parse(manifest) as {
		name: string;
		version: string;
		dependencies?: object;
	};
	const folder = join(userFolder, '.n8n/nodes/node_modules', name);
	if (dependencies) {
		const options = [
			'--audit=false',
			'--fund=false',
			'--bin-links=false',
			'--install-strategy=shallow',
			'--ignore-scripts',
			'--package-lock=false',
		];
		await run('npm', ['install', ...options], { cwd: folder });
	}
	return { name: `${name} ${version}`, tarball, folder };
}

/** Loads a package in a new process that resolves modules as n8n does. */
async function load(
	n8nModules: string,
	folder: string,
): Promise<{ ms: number; kept: number; nodes: number }> {
	const args = ['--expose-gc', resolve('bench/loadPackage.mts'), join(n8nModules, 'n8n'), folder];
	return JSON.parse(await run(process.execPath, args, { env: { NODE_PATH: n8nModules } }));
}

/** The sizes of all files below a folder, in bytes. */
async function sizes(folder: string): Promise<number[]> {
	const entries = await readdir(folder, { recursive: true, withFileTypes: true });
	const files = entries.filter((entry) => entry.isFile());
	return await Promise.all(
		files.map(async ({ parentPath, name }) => (await stat(join(parentPath, name))).size),
	);
}

const kilobytes = (bytes: number) => `${Math.round(bytes / 1024).toLocaleString('en')} KB`;
