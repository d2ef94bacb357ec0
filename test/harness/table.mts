/** A Markdown table: the first column left-aligned, the others right-aligned. */
export function table(headings: string[], rows: string[][]): string {
	const lines = [headings, headings.map((_, column) => (column === 0 ? '---' : '--:')), ...rows];
	return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
