import { CAPACITY } from '../../nodes/TestivoraTrigger/ledger.ts';
import {
	brokenLinksIn,
	examplesInReadme,
	namesIn,
	readme,
	suitesWithFigures,
	unknownScriptsIn,
} from './readme.mts';

describe.each([
	'README.md',
	'CONTRIBUTING.md',
	'SECURITY.md',
	'CHANGELOG.md',
	'docs/performance.md',
	'docs/polling.md',
	'docs/reliability.md',
])('%s', (page) => {
	test('has no link that leads nowhere', () => {
		expect(brokenLinksIn(page)).toEqual([]);
	});

	test('names no npm script that does not exist', () => {
		expect(unknownScriptsIn(page)).toEqual([]);
	});
});

test('README.md tells how many events the trigger remembers', () => {
	expect(readme()).toContain(`last ${CAPACITY.toLocaleString('en')} events`);
});

test('README.md shows every example and no other, and every picture of one', () => {
	const { files, pictures } = examplesInReadme();
	expect(files).toEqual(expect.arrayContaining(pictures));
	expect(namesIn('examples', '.json').sort()).toEqual(files.sort());
	expect(namesIn('docs/pictures/examples', '.png').sort()).toEqual(pictures.sort());
});

test('docs/performance.md has the figures of every suite', () => {
	const deliveries = [
		'regular',
		'regular-lazy',
		'regular-legacy',
		'queue',
		'queue-lazy',
		'queue-legacy',
	].map((part) => `deliveries/${part}`);
	expect(suitesWithFigures()).toEqual([
		...deliveries,
		'own',
		'lists/10000',
		'lists/100000',
		'imports',
		'faults',
		'weight',
	]);
});
