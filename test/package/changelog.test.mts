import { release } from '../../scripts/release/changelog.mts';
import { read } from './package.mts';

const REPOSITORY = 'https://github.com/testivora/n8n-nodes-testivora';

const FIRST = `# Changelog

## [Unreleased]

### Added

- One thing.

[Unreleased]: ${REPOSITORY}/commits/main
`;

const AFTER_FIRST = `# Changelog

## [Unreleased]

## [0.1.0] - 2026-10-01

### Added

- One thing.

[Unreleased]: ${REPOSITORY}/compare/v0.1.0...HEAD
[0.1.0]: ${REPOSITORY}/releases/tag/v0.1.0
`;

const BEFORE_SECOND = AFTER_FIRST.replace(
	'## [Unreleased]\n',
	'## [Unreleased]\n\n### Fixed\n\n- Another.\n',
);

const AFTER_SECOND = `# Changelog

## [Unreleased]

## [0.2.0] - 2026-11-27

### Fixed

- Another.

## [0.1.0] - 2026-10-01

### Added

- One thing.

[Unreleased]: ${REPOSITORY}/compare/v0.2.0...HEAD
[0.2.0]: ${REPOSITORY}/compare/v0.1.0...v0.2.0
[0.1.0]: ${REPOSITORY}/releases/tag/v0.1.0
`;

describe('a release', () => {
	test('moves what is unreleased under the version and date, and compares it with the version before', () => {
		expect(release(BEFORE_SECOND, '0.2.0', '2026-11-27')).toBe(AFTER_SECOND);
	});

	test('links the first version to its tag', () => {
		expect(release(FIRST, '0.1.0', '2026-10-01')).toBe(AFTER_FIRST);
	});

	test.each([
		['without the heading', '# Changelog\n', 'needs the heading "## [Unreleased]"'],
		['with nothing unreleased', AFTER_FIRST, 'has nothing under "## [Unreleased]"'],
		['that has the version already', AFTER_SECOND, 'has the version 0.2.0 already'],
		[
			'without the link',
			BEFORE_SECOND.replace(/^\[Unreleased\]: .*\n/m, ''),
			'needs the link [Unreleased]',
		],
	])('refuses a changelog %s', (_how, changelog, why) => {
		expect(() => release(changelog, '0.2.0', '2026-11-27')).toThrow(why);
	});
});

test('every version in CHANGELOG.md that is a link has an address, and no other has', () => {
	const changelog = read('CHANGELOG.md');
	const names = (pattern: RegExp) => [...changelog.matchAll(pattern)].map(([, name]) => name);
	expect(names(/^\[([^\]]+)\]: https:/gm)).toEqual(names(/^## \[([^\]]+)\]/gm));
});
