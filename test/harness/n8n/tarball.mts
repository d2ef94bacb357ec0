import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { run } from '../command.mts';
import { withLock } from './lock.mts';

/** Environment variable with the tarball's path, which test workers inherit from the process that packed it. */
const PACKED = 'TESTIVORA_TARBALL';

/**
 * Builds and packs the package, once for this process and the workers that it starts.
 *
 * @returns the path of the tarball, in .run/
 */
export async function packPackage(): Promise<string> {
	process.env[PACKED] ||= await buildAndPack();
	return process.env[PACKED];
}

/** Builds the sources as they are now and packs them as npm would publish them. @returns the path of the tarball, in .run/ */
export async function buildAndPack(): Promise<string> {
	const folder = resolve('.run');
	return await withLock(join(folder, 'pack.lock'), async () => {
		await run('npm', ['run', 'build']);
		const own = await mkdtemp(join(folder, 'pack-'));
		try {
			const [{ filename }] = JSON.parse(
				await run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', own]),
			) as Array<{
				filename: string;
			}>;
			const tarball = join(folder, filename);
			// Renaming is atomic: another process may be reading an older tarball.
			await rename(join(own, filename), tarball);
			return tarball;
		} finally {
			await rm(own, { recursive: true, force: true });
		}
	});
}

/**
 * Packs the contents of a tarball again under another version number.
 *
 * @param folder where to put the new tarball
 * @returns its path
 */
export async function repackAs(version: string, tarball: string, folder: string): Promise<string> {
	const unpacked = await mkdtemp(join(folder, 'repack-'));
	await run('tar', ['-xzf', tarball, '-C', unpacked]);
	const file = join(unpacked, 'package/package.json');
	const manifest = JSON.parse(await readFile(file, 'utf8')) as { name: string };
	await writeFile(file, JSON.stringify({ ...manifest, version }, null, 2));
	const repacked = join(folder, `${manifest.name}-${version}.tgz`);
	await run('tar', ['-czf', repacked, '-C', unpacked, 'package']);
	return repacked;
}

/**
 * Installs a packed community package into a user folder as n8n's installer does: unpacks it, drops dev, peer and optional
 * dependencies from its manifest, and adds it to the folder's manifest. n8n also runs `npm install`, which does nothing for a package
 * without dependencies.
 *
 * @param userFolder what N8N_USER_FOLDER points at
 */
export async function installPackage(tarball: string, userFolder: string): Promise<void> {
	const { devDependencies, peerDependencies, optionalDependencies, ...manifest } = JSON.parse(
		await run('tar', ['-xzOf', tarball, 'package/package.json']),
	) as { name: string; version: string } & Record<string, unknown>;
	const nodes = join(userFolder, '.n8n/nodes');
	const folder = join(nodes, 'node_modules', manifest.name);
	await rm(folder, { recursive: true, force: true });
	await mkdir(folder, { recursive: true });
	await run('tar', ['-xzf', tarball, '-C', folder, '--strip-components=1']);
	await writeFile(join(folder, 'package.json'), JSON.stringify(manifest, null, 2));

	const list = join(nodes, 'package.json');
	const installed = JSON.parse(
		await readFile(list, 'utf8').catch(() => '{"name":"installed-nodes","private":true}'),
	) as {
		dependencies?: Record<string, string>;
	};
	installed.dependencies = { ...installed.dependencies, [manifest.name]: manifest.version };
	await writeFile(list, JSON.stringify(installed, null, 2));
}
