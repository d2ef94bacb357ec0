import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { testedVersions, VERSIONS } from '../harness/n8n/version.mts';
import { readme } from './readme.mts';

/** A version of n8n, and the major version of Node.js that runs it. */
export interface Tested {
	n8n: string;
	node: string;
}

/** The versions in tools/n8n. Where a folder pins no Node.js, n8n runs under that of the repository. */
export function versionsInFolders(): Tested[] {
	const own = (
		JSON.parse(readFileSync('package.json', 'utf8')) as { devDependencies: { node: string } }
	).devDependencies.node;
	return testedVersions().map((folder) => {
		const { dependencies } = JSON.parse(
			readFileSync(join(VERSIONS, folder, 'package.json'), 'utf8'),
		) as { dependencies: { n8n: string; node?: string } };
		if (dependencies.n8n !== folder)
			throw new Error(`tools/n8n/${folder} installs n8n ${dependencies.n8n}`);
		return { n8n: folder, node: /\d+/.exec(dependencies.node ?? own)![0] };
	});
}

/** The versions in the README's Compatibility table, oldest first. */
export function versionsInReadme(): Tested[] {
	const section =
		readme()
			.split(/^## /m)
			.find((part) => part.startsWith('Compatibility')) ?? '';
	return [...section.matchAll(/^\| \*\*([\d.]+)\*\* \| (\d+) \|/gm)]
		.map(([, n8n, node]) => ({ n8n, node }))
		.reverse();
}

/** The versions in the matrix of the CI workflow, oldest first, each once. */
export function versionsInCi(): string[] {
	const matrix = readFileSync('.github/workflows/ci.yml', 'utf8').matchAll(/n8n: '([\d.]+)'/g);
	return [...new Set([...matrix].map(([, version]) => version))].reverse();
}
