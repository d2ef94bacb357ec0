import { createHash } from 'node:crypto';
import { cp, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

import { run } from '../command.mts';
import { withLock } from './lock.mts';
import { launch } from './launch.mts';
import { during } from './progress.mts';
import type { OnProgress } from './progress.mts';
import { VERSIONS, versionUnderTest } from './version.mts';

/** An n8n that is installed and has started once. */
export interface Host {
	/** the folder that holds its node_modules */
	dir: string;
	version: string;
	/** the Node that runs it: the one pinned in its package.json, otherwise the one that runs the harness */
	node: string;
	/** the script to run under that Node */
	bin: string;
	/** a user folder after n8n's first start, all migrations done, without an owner: a start with a copy of it takes half the time */
	template: string;
	/** Node's compile cache, filled by the first start */
	compileCache: string;
}

/**
 * Installs the n8n under test, as pinned in tools/n8n/<version>/package-lock.json, into .tools/n8n-<version>, where it is not there yet.
 * Several processes may call this at once: one installs, the others wait. An interrupted installation is started over.
 *
 * @param onProgress an installation takes two to five minutes
 * @throws Error naming the missing system packages where SQLite's binding can be neither downloaded nor compiled
 */
export async function ensureN8n(onProgress?: OnProgress): Promise<Host> {
	if (Number(process.versions.node.split('.')[0]) < 24) {
		throw new Error(
			`n8n needs Node 24 and this is ${process.versions.node}: run "npm install", then start this through its npm script, which finds Node 24 in node_modules.`,
		);
	}
	const version = versionUnderTest();
	const locked = resolve(VERSIONS, version);
	const { dependencies } = JSON.parse(await readFile(join(locked, 'package.json'), 'utf8')) as {
		dependencies: { node?: string };
	};
	const dir = resolve('.tools', `n8n-${version}`);
	const host: Host = {
		dir,
		version,
		node: dependencies.node ? join(dir, 'node_modules/node/bin/node') : process.execPath,
		bin: join(dir, 'node_modules/n8n/bin/n8n'),
		template: join(dir, 'user-folder'),
		compileCache: join(dir, 'compile-cache'),
	};
	const wanted = createHash('sha256')
		.update(await readFile(join(locked, 'package-lock.json')))
		.digest('hex');
	const stamp = join(dir, 'finished');
	const finished = async () => existsSync(stamp) && (await readFile(stamp, 'utf8')) === wanted;

	if (await finished()) return host;
	const since = Date.now();
	const waiting = () =>
		onProgress?.(
			`waiting for another process that installs n8n ${version}`,
			(Date.now() - since) / 1000,
		);
	await withLock(
		`${dir}.lock`,
		async () => {
			if (await finished()) return;
			await rm(stamp, { force: true });
			await during(
				onProgress,
				`n8n ${version}: downloading and unpacking, usually 2 to 4 minutes, once`,
				since,
				() => installPackages(locked, host),
			);
			await during(onProgress, `n8n ${version}: SQLite's binding`, since, () =>
				installSqlite(host),
			);
			await during(
				onProgress,
				`n8n ${version}: first start, which creates its database`,
				since,
				() => makeTemplate(host),
			);
			await writeFile(stamp, wanted);
		},
		waiting,
	);
	return host;
}

/**
 * Not `npm ci`, which refuses a lock without the optional packages of other platforms. Without install scripts: n8n needs only those of
 * sqlite3 (see `installSqlite`) and of the package `node`, which fetches the binary.
 */
async function installPackages(locked: string, { dir, node }: Host): Promise<void> {
	await mkdir(dir, { recursive: true });
	await rm(join(dir, 'node_modules'), { recursive: true, force: true });
	for (const file of ['package.json', 'package-lock.json'])
		await cp(join(locked, file), join(dir, file));
	await run(
		'npm',
		['install', '--legacy-peer-deps', '--ignore-scripts', '--no-audit', '--no-fund'],
		{ cwd: dir },
	);
	if (node !== process.execPath)
		await run('npm', ['rebuild', 'node', '--ignore-scripts=false'], { cwd: dir });
}

/** Downloads SQLite's prebuilt binding, or compiles it where the download fails. */
async function installSqlite({ dir, node }: Host): Promise<void> {
	const works = () =>
		run(node, ['-e', "require('sqlite3')"], { cwd: dir }).then(
			() => true,
			() => false,
		);
	let reason = '';
	for (const how of [[], ['--build-from-source']]) {
		await run('npm', ['rebuild', 'sqlite3', '--ignore-scripts=false', ...how], {
			cwd: dir,
			env: headers(),
		}).catch((error: Error) => {
			reason = error.message;
		});
		if (await works()) return;
	}
	throw new Error(
		'n8n keeps its data in SQLite, whose binding could neither be downloaded nor compiled here. ' +
			`Install python3, make and a C++ compiler (Debian: "apt-get install python3 make g++"), then run this again.\n${reason}`,
	);
}

/** Points node-gyp at the headers of the dev dependency `node`, which it would otherwise download. */
function headers(): NodeJS.ProcessEnv {
	const bare = `node-${process.platform}-${process.arch}`;
	const found = [
		resolve('node_modules/node/node_modules', bare),
		resolve('node_modules', bare),
		dirname(dirname(process.execPath)),
	].find((candidate) => existsSync(join(candidate, 'include/node/node_api.h')));
	return found ? { npm_config_nodedir: found } : {};
}

/** Starts n8n once, which checks the installation, and keeps the user folder. */
async function makeTemplate(host: Host): Promise<void> {
	const making = `${host.template}.new`;
	await rm(making, { recursive: true, force: true });
	await mkdir(making, { recursive: true });
	const first = await launch(host, { userFolder: making });
	await first.stop();
	// The editor's files, which n8n writes at each start.
	await rm(join(making, '.cache'), { recursive: true, force: true });
	await rm(host.template, { recursive: true, force: true });
	await rename(making, host.template);
}
