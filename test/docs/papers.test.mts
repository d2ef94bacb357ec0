import { globSync } from 'node:fs';

import { CAPACITY as TESTIMONIALS } from '../../nodes/TestivoraPollTrigger/memory.ts';
import { CAPACITY as EVENTS } from '../../nodes/TestivoraTrigger/ledger.ts';
import {
	brokenLinksIn,
	headingsOf,
	linkedIn,
	missingFilesIn,
	namesIn,
	suitesInPerformance,
	textOf,
	unknownScriptsIn,
} from './readme.mts';

const DOCS = globSync('docs/*.md').sort();
const TEMPLATES = globSync('.github/ISSUE_TEMPLATE/*.yml').sort();
const { version } = JSON.parse(textOf('package.json')) as { version: string };

/** Lines that tell how things came to be. Pages tell what is true; history is the changelog's. */
const HISTORY = /^.*\b(?:since then|has since|earlier run|does not have yet|a week later)\b.*$/gim;

const PAGES = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'examples/README.md', ...DOCS];

describe.each([...PAGES, 'CHANGELOG.md', ...TEMPLATES])('%s', (page) => {
	test('has no broken link', () => {
		expect(brokenLinksIn(page)).toEqual([]);
	});

	test('names no npm script that does not exist', () => {
		expect(unknownScriptsIn(page)).toEqual([]);
	});

	test('names no file that does not exist', () => {
		expect(missingFilesIn(page)).toEqual([]);
	});
});

test.each(PAGES)('%s tells no history', (page) => {
	expect(textOf(page).match(HISTORY) ?? []).toEqual([]);
});

describe('README.md', () => {
	test('is short', () => {
		expect(textOf('README.md').split('\n').length).toBeLessThan(230);
	});

	test('keeps the headings that codex files, issue templates and earlier links open', () => {
		expect(headingsOf('README.md')).toEqual(
			expect.arrayContaining([
				'installation',
				'five-minutes-to-a-slack-alert',
				'operations',
				'credentials',
				'compatibility',
				'usage',
				'examples-to-import',
				'troubleshooting',
				'what-is-assumed-about-testivora',
				'resources',
				'version-history',
			]),
		);
	});

	test('links to every example once', () => {
		expect(linkedIn('README.md', 'examples', '.json').sort()).toEqual(
			namesIn('examples', '.json').sort(),
		);
	});
});

test('README.md or CONTRIBUTING.md links to every page in docs/', () => {
	const linked = ['README.md', 'CONTRIBUTING.md'].flatMap((page) => linkedIn(page, 'docs', '.md'));
	expect([...new Set(linked)].sort()).toEqual(namesIn('docs', '.md').sort());
});

test('examples/README.md shows every picture of an example once', () => {
	const folder = 'docs/pictures/examples';
	expect(linkedIn('examples/README.md', folder, '.png').sort()).toEqual(
		namesIn(folder, '.png').sort(),
	);
});

test('every picture of the editor is on a page', () => {
	const shown = ['README.md', ...DOCS].flatMap((page) => linkedIn(page, 'docs/pictures', '.png'));
	expect(shown.sort()).toEqual(namesIn('docs/pictures', '.png').sort());
});

test('docs/trigger.md and docs/poll-trigger.md say how much the triggers remember', () => {
	expect(textOf('docs/trigger.md')).toContain(`last ${EVENTS.toLocaleString('en')} events`);
	expect(textOf('docs/poll-trigger.md')).toContain(
		`up to ${TESTIMONIALS.toLocaleString('en')} testimonials`,
	);
});

test('docs/installation.md names this version', () => {
	const page = textOf('docs/installation.md');
	expect(page).toContain(`"version":"${version}"`);
	expect(page).toContain(`n8n-nodes-testivora-${version}.tgz`);
});

test('docs/assumptions.md has every assumption that the code names', () => {
	const numbers = globSync('{nodes,credentials}/**/*.ts').flatMap((file) =>
		[...textOf(file).matchAll(/\bassumptions? (A\d+)/gi)].map(([, number]) => number),
	);
	const headings = [...textOf('docs/assumptions.md').matchAll(/^## (A\d+) /gm)].map(
		([, number]) => number,
	);
	expect(numbers.length).toBeGreaterThan(0);
	expect([...new Set(numbers)].filter((number) => !headings.includes(number))).toEqual([]);
});

test('docs/performance.md has a table of every suite, or says that there is none yet', () => {
	const suites = suitesInPerformance();
	const deliveries = [
		'regular',
		'regular-lazy',
		'regular-legacy',
		'queue',
		'queue-lazy',
		'queue-legacy',
	].map((part) => `deliveries/${part}`);
	expect([...suites.keys()]).toEqual([
		...deliveries,
		'settings',
		'own',
		'lists/10000',
		'lists/100000',
		'polls',
		'imports',
		'faults',
		'weight',
	]);
	for (const text of suites.values()) expect(text).toMatch(/\| --- \||^\s*Not measured yet\.\s*$/);
});

test('CHANGELOG.md begins with what is not released, and has a link for each version', () => {
	const page = textOf('CHANGELOG.md');
	const versions = [...page.matchAll(/^## \[([^\]]+)\]/gm)].map(([, name]) => name);
	const links = [...page.matchAll(/^\[([^\]]+)\]: https:\/\/github\.com\//gm)].map(
		([, name]) => name,
	);
	expect(versions[0]).toBe('Unreleased');
	expect(links).toEqual(versions);
	expect(page).toContain(`/compare/v${versions[1]}...HEAD`);
});
