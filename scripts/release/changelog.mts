const REPOSITORY = 'https://github.com/testivora/n8n-nodes-testivora';
const UNRELEASED = '## [Unreleased]';

/**
 * Makes what is under `## [Unreleased]` the section of a version, with an empty `## [Unreleased]` above it, and adapts the links at the end.
 *
 * @param changelog CHANGELOG.md in the form of Keep a Changelog
 * @param date of the release, e.g. "2026-11-27"
 * @throws Error when the changelog has no such heading, nothing under it, or the version already
 */
export function release(changelog: string, version: string, date: string): string {
	if (changelog.includes(`\n## [${version}]`))
		throw new Error(`CHANGELOG.md has the version ${version} already.`);
	const [before, after] = changelog.split(`\n${UNRELEASED}\n`);
	if (after === undefined) throw new Error(`CHANGELOG.md needs the heading "${UNRELEASED}".`);
	const [changes] = after.split(/^(?:## |\[)/m);
	if (changes.trim() === '') throw new Error(`CHANGELOG.md has nothing under "${UNRELEASED}".`);

	const previous = /^## \[(\d[^\]]*)\]/m.exec(after)?.[1];
	const links = [
		`[Unreleased]: ${REPOSITORY}/compare/v${version}...HEAD`,
		previous
			? `[${version}]: ${REPOSITORY}/compare/v${previous}...v${version}`
			: `[${version}]: ${REPOSITORY}/releases/tag/v${version}`,
	].join('\n');
	const oldLink = /^\[Unreleased\]: .*$/m;
	if (!oldLink.test(after)) throw new Error('CHANGELOG.md needs the link [Unreleased] at its end.');
	return `${before}\n${UNRELEASED}\n\n## [${version}] - ${date}\n${after.replace(oldLink, links)}`;
}
