/** A Markdown table; the first column is text, the others are numbers. */
export function table(headings: string[], rows: string[][]): string {
	const lines = [headings, headings.map((_, column) => (column === 0 ? '---' : '--:')), ...rows];
	return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
