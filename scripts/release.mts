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
const HEADING = '## [Unreleased]\n';
const COMPARE = /^\[Unreleased\]: (.+)\/compare\/(.+)\.\.\.HEAD$/m;

if (git('branch', '--show-current') !== 'main') stop('Releases are made on the branch main.');
if (git('status', '--porcelain') !== '') stop('Commit or put aside your changes first.');
if (git('tag', '--list', `v${version}`) !== '')
	stop(`v${version} is released already. Set the next version in package.json.`);
if (!changelog.includes(HEADING) || !COMPARE.test(changelog))
	stop('CHANGELOG.md needs the heading "## [Unreleased]" and its link.');

for (const script of ['lint', 'typecheck', 'test:unit'])
	execFileSync('npm', ['run', '--silent', script], { stdio: 'inherit' });
writeFileSync(
	'CHANGELOG.md',
	changelog
		.replace(HEADING, `${HEADING}\n## [${version}] - ${new Date().toISOString().slice(0, 10)}\n`)
		.replace(
			COMPARE,
			`[Unreleased]: $1/compare/v${version}...HEAD\n[${version}]: $1/compare/$2...v${version}`,
		),
);
git('commit', '--all', '--message', `Release ${version}`);
git('tag', '--annotate', `v${version}`, '--message', `Release ${version}`);
console.log(`v${version} is tagged. To publish it: git push --follow-tags`);
