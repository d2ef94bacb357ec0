import { createHash } from 'node:crypto';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, delimiter, dirname, join } from 'node:path';

import { run } from '../command.mts';
import { temporaryFolder } from '../temporary.mts';

/** A local npm registry for n8n's installer of community packages. */
export interface Registry {
	/** With this environment n8n's npm uses only this registry, and n8n has no access to the internet. */
	env: Record<string, string>;
	stop(): Promise<void>;
}

/**
 * Serves packed versions of one package as npm's registry does: their manifests, the last one being the latest, and their tarballs.
 *
 * Without a licence n8n passes npm's public registry to npm on the command line, which wins over npm's settings. So a script named `npm`,
 * first on the PATH, replaces that argument. Requests that n8n sends itself go to a proxy that does not exist; n8n then falls back on npm.
 */
export async function startRegistry(tarballs: string[]): Promise<Registry> {
	const packed = await Promise.all(
		tarballs.map(async (file) => {
			const manifest = JSON.parse(await run('tar', ['-xzOf', file, 'package/package.json'])) as {
				name: string;
				version: string;
			};
			return { manifest, file, bytes: await readFile(file) };
		}),
	);
	const { name } = packed[0].manifest;
	const server = createServer((request, response) => {
		const path = decodeURIComponent(request.url!.split('?')[0]);
		const tarball = packed.find(({ file }) => path === `/${basename(file)}`);
		if (tarball) return void response.end(tarball.bytes);
		if (path !== `/${name}`)
			return void response
				.writeHead(404, { 'content-type': 'application/json' })
				.end('{"error":"Not found"}');
		const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
		const versions = packed.map(({ manifest, file, bytes }) => [
			manifest.version,
			{
				...manifest,
				dist: {
					tarball: `${url}/${basename(file)}`,
					integrity: `sha512-${createHash('sha512').update(bytes).digest('base64')}`,
				},
			},
		]);
		const { version: latest } = packed.at(-1)!.manifest;
		response.setHeader('content-type', 'application/json');
		response.end(
			JSON.stringify({ name, 'dist-tags': { latest }, versions: Object.fromEntries(versions) }),
		);
	});
	await new Promise<void>((settle) => server.listen(0, '127.0.0.1', settle));
	const { port } = server.address() as AddressInfo;

	const folder = temporaryFolder('npm');
	const path = [dirname(process.execPath), process.env.PATH].join(delimiter);
	const front = join(folder.path, 'npm');
	await writeFile(
		front,
		`#!/bin/sh
for argument; do
  shift
  case "$argument" in --registry=*) argument=--registry=http://127.0.0.1:${port} ;; esac
  set -- "$@" "$argument"
done
PATH='${path}' exec npm "$@"
`,
	);
	await chmod(front, 0o755);

	const nowhere = 'http://127.0.0.1:9';
	return {
		env: {
			PATH: folder.path + delimiter + path,
			npm_config_registry: `http://127.0.0.1:${port}`,
			npm_config_cache: join(folder.path, 'cache'),
			npm_config_update_notifier: 'false',
			HTTP_PROXY: nowhere,
			HTTPS_PROXY: nowhere,
			NO_PROXY: '127.0.0.1,localhost',
		},
		async stop() {
			await new Promise((settle) => server.close(settle));
			await folder.remove();
		},
	};
}
