/**
 * `npm run release`: makes the commit and the tag of the version in package.json. You push the tag; GitHub Actions then tests everything and
 * publishes with provenance. Nothing is published from here.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';

import { release } from './release/changelog.mts';

const CHANGELOG = 'CHANGELOG.md';

const git = (...args: string[]) => execFileSync('git', args, { encoding: 'utf8' }).trim();
const stop = (why: string): never => {
	console.error(why);
	process.exit(1);
};

const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };

if (git('branch', '--show-current') !== 'main') stop('Releases are made on the branch main.');
if (git('status', '--porcelain') !== '') stop('Commit or stash your changes first.');
if (git('tag', '--list', `v${version}`) !== '')
	stop(`v${version} is released already. Set the next version in package.json.`);

let changelog = '';
try {
	const today = new Date().toISOString().slice(0, 10);
	changelog = release(readFileSync(CHANGELOG, 'utf8'), version, today);
} catch (error) {
	stop((error as Error).message);
}

for (const script of ['lint', 'typecheck', 'test:unit'])
	execFileSync('npm', ['run', '--silent', script], { stdio: 'inherit' });
writeFileSync(CHANGELOG, changelog);
git('commit', '--all', '--message', `Release ${version}`);
git('tag', '--annotate', `v${version}`, '--message', `Release ${version}`);
console.log(`v${version} is tagged. To publish it: git push --follow-tags`);
