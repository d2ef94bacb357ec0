import { readdirSync } from 'node:fs';
import { resolve } from 'node:path';

/** Holds a folder with package.json and package-lock.json for each n8n version under test. Relative to the root, where npm scripts run. */
export const VERSIONS = resolve('tools/n8n');

/** The versions that can be tested, oldest first. */
export const testedVersions = (): string[] => readdirSync(VERSIONS).sort(compare);

/**
 * The version of n8n under test: the environment variable N8N_VERSION, or the newest.
 *
 * @throws Error where that version has no folder in tools/n8n
 */
export function versionUnderTest(): string {
	const known = testedVersions();
	const wanted = process.env.N8N_VERSION || known.at(-1)!;
	if (!known.includes(wanted))
		throw new Error(`N8N_VERSION is ${wanted}, but tools/n8n has only ${known.join(', ')}`);
	return wanted;
}

/** Whether the n8n under test has this version or a later one. @param version such as `2.40` */
export const isAtLeast = (version: string): boolean => compare(versionUnderTest(), version) >= 0;

function compare(one: string, other: string): number {
	return one.localeCompare(other, 'en', { numeric: true });
}
