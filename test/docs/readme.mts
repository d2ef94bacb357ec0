import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A file of this repository, as text. */
export const textOf = (file: string) => readFileSync(file, 'utf8');

export const readme = () => textOf('README.md');

/** The messages in the left column of the README's troubleshooting tables. */
export function messagesInReadme(): string[] {
	const section =
		readme()
			.split(/^## /m)
			.find((part) => part.startsWith('Troubleshooting')) ?? '';
	return section
		.split('\n')
		.filter((line) => line.startsWith('| `'))
		.flatMap((line) => line.split(' | ')[0].match(/`[^`]+`/g) ?? [])
		.map((code) => code.slice(1, -1));
}

/** The links of a page that lead nowhere: to a file that is not there, or to a heading that it does not have. */
export function brokenLinksIn(page: string): string[] {
	const links = [...textOf(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link);
	return links.filter((link) => {
		if (/^https?:/.test(link)) return false;
		const [file, heading] = link.split('#');
		const target = file ? join(dirname(page), file) : page;
		return !existsSync(target) || (heading !== undefined && !headingsOf(target).includes(heading));
	});
}

/** The npm scripts a page names that package.json does not have. */
export function unknownScriptsIn(page: string): string[] {
	const { scripts } = JSON.parse(textOf('package.json')) as { scripts: Record<string, string> };
	const named = [...textOf(page).matchAll(/npm (?:run ([\w:]+)|(test)\b)/g)].map(
		([, run, test]) => run ?? test,
	);
	return named.filter((name) => !(name in scripts));
}

/** The examples in the README, by name and in its order: those with a heading that leads to the file, and those with a picture. */
export function examplesInReadme(): Record<'files' | 'pictures', string[]> {
	const named = (link: RegExp) => [...readme().matchAll(link)].map(([, name]) => name);
	return {
		files: named(/^### \[[^\]]+\]\(examples\/([^)]+)\.json\)$/gm),
		pictures: named(/^!\[[^\]]+\]\(docs\/pictures\/examples\/([^)]+)\.png\)$/gm),
	};
}

/** The names of the files in a folder that end so, without the ending. */
export function namesIn(folder: string, ending: string): string[] {
	return globSync(`${folder}/*${ending}`).map((file) =>
		file.slice(folder.length + 1, -ending.length),
	);
}

/** The suites of the benchmark between whose markers docs/performance.md has a table. */
export function suitesWithFigures(): string[] {
	const parts = textOf('docs/performance.md').matchAll(/<!-- ([\w/-]+) -->(.*?)<!-- \/\1 -->/gs);
	return [...parts]
		.filter(([, , figures]) => figures.includes('| --- |'))
		.map(([, suite]) => suite);
}

/** Headings as GitHub makes anchors of them. */
function headingsOf(page: string): string[] {
	return [...textOf(page).matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
		heading
			.replace(/\[([^\]]+)\]\([^)]+\)/g, '$1')
			.toLowerCase()
			.replace(/[^\p{L}\p{N}\s-]/gu, '')
			.replace(/\s/g, '-'),
	);
}
