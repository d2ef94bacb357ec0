import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A file of this repository, as text. */
export const textOf = (file: string) => readFileSync(file, 'utf8');

export const readme = () => textOf('README.md');

/** The repository, as pages and issue templates link to it. */
const REPOSITORY = 'https://github.com/testivora/n8n-nodes-testivora';

/** The first folders of paths that a page may name, such as `nodes/shared/api.ts`. */
const FOLDERS = 'bench|credentials|docs|examples|icons|nodes|scripts|test|tools|\\.github|\\.ci';

/** The links of a page that lead nowhere: to a file that does not exist, or to a heading that it does not have. */
export function brokenLinksIn(page: string): string[] {
	const links = [...textOf(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link);
	return links.filter((link) => {
		const own = ownPathOf(link);
		if (own === undefined) return false;
		const [file, heading] = own.path.split('#');
		const target = file ? (own.isAbsolute ? file : join(dirname(page), file)) : (own.base ?? page);
		return !existsSync(target) || (heading !== undefined && !headingsOf(target).includes(heading));
	});
}

/** What a link leads to in this repository; undefined where it leads elsewhere. */
function ownPathOf(link: string): { path: string; isAbsolute: boolean; base?: string } | undefined {
	if (!/^https?:/.test(link)) return { path: link, isAbsolute: false };
	if (link.startsWith(`${REPOSITORY}/blob/main/`))
		return { path: link.slice(`${REPOSITORY}/blob/main/`.length), isAbsolute: true };
	if (link.startsWith(`${REPOSITORY}#`))
		return { path: link.slice(REPOSITORY.length), isAbsolute: true, base: 'README.md' };
	return undefined;
}

/** The files and folders of this repository that a page names in code style and that do not exist. */
export function missingFilesIn(page: string): string[] {
	const named = textOf(page).matchAll(new RegExp(`\`((?:${FOLDERS})/[\\w./-]*)`, 'g'));
	return [...named].map(([, path]) => path).filter((path) => !existsSync(path));
}

/** The npm scripts a page names that package.json does not have. */
export function unknownScriptsIn(page: string): string[] {
	const { scripts } = JSON.parse(textOf('package.json')) as { scripts: Record<string, string> };
	const named = [...textOf(page).matchAll(/npm (?:run ([\w:]+)|(test)\b)/g)].map(
		([, run, test]) => run ?? test,
	);
	return named.filter((name) => !(name in scripts));
}

/** The files in a folder of this repository that a page links to, in its order and without their ending. */
export function linkedIn(page: string, folder: string, ending: string): string[] {
	return [...textOf(page).matchAll(/\]\(([^)\s#]+)(?:#[^)\s]*)?\)/g)]
		.map(([, link]) => join(dirname(page), link))
		.filter((file) => dirname(file) === folder && file.endsWith(ending))
		.map((file) => file.slice(folder.length + 1, -ending.length));
}

/** The names of the files in a folder that end so, without the ending. */
export function namesIn(folder: string, ending: string): string[] {
	return globSync(`${folder}/*${ending}`).map((file) =>
		file.slice(folder.length + 1, -ending.length),
	);
}

/** The suites of the benchmark that docs/performance.md has markers for, each with what is between them. */
export function suitesInPerformance(): Map<string, string> {
	const parts = textOf('docs/performance.md').matchAll(/<!-- ([\w/-]+) -->(.*?)<!-- \/\1 -->/gs);
	return new Map([...parts].map(([, suite, text]) => [suite, text]));
}

/** The anchors that GitHub makes of a page's headings. */
export function headingsOf(page: string): string[] {
	return [...textOf(page).matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
		heading
			.replace(/\[([^\]]+)\]\([^)]+\)/g, '$1')
			.toLowerCase()
			.replace(/[^\p{L}\p{N}\s-]/gu, '')
			.replace(/\s/g, '-'),
	);
}
