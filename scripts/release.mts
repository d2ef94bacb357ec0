/**
 * `npm run release`: makes the commit and the tag of the version that package.json names. Pushing the tag is left to you; GitHub Actions then
 * tests everything and publishes with provenance. Nothing is published from here.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';

const git = (...args: string[]) => execFileSync('git', args, { encoding: 'utf8' }).trim();
const stop = (why: string): never => {
	console.error(why);
	process.exit(1);
};

const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
const changelog = readFileSync('CHANGELOG.md', 'utf8');
const heading = `## ${version} – unreleased`;

if (git('branch', '--show-current') !== 'main') stop('Releases are made on the branch main.');
if (git('status', '--porcelain') !== '') stop('Commit or put aside your changes first.');
if (git('tag', '--list', `v${version}`) !== '')
	stop(
		`v${version} is released already. Set the next version in package.json, and give it a heading in CHANGELOG.md.`,
	);
if (!changelog.includes(heading)) stop(`CHANGELOG.md needs the heading "${heading}".`);

for (const script of ['lint', 'typecheck', 'test:unit'])
	execFileSync('npm', ['run', '--silent', script], { stdio: 'inherit' });
writeFileSync(
	'CHANGELOG.md',
	changelog.replace(heading, `## ${version} – ${new Date().toISOString().slice(0, 10)}`),
);
git('commit', '--all', '--message', `Release ${version}`);
git('tag', '--annotate', `v${version}`, '--message', `Release ${version}`);
console.log(`v${version} is tagged. To publish it: git push --follow-tags`);
