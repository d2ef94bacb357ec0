import { deepStrictEqual } from 'node:assert';
import { readFileSync } from 'node:fs';
import type { Locator, Page } from 'playwright-core';

import { eventually } from '../../../harness/wait.mts';
import type { Tour } from '../../tour.mts';

/** What a walk took its user so far. */
export interface Effort {
	/** A drag counts as one. */
	clicks: number;
	/** Fields typed or pasted into. */
	texts: number;
}

/** Has a table with a row for each walk: its name, the clicks, the texts. */
const REPORT = 'docs/walks.md';

/**
 * A user who clicks, types and reads. Counts clicks and typed fields, and takes a picture after each step:
 * `walk-<name>-<step>-<what>.png`.
 */
export class Walk {
	readonly tour: Tour;
	readonly page: Page;
	private readonly name: string;
	private readonly effort: Effort = { clicks: 0, texts: 0 };
	private step = 0;

	/** @param name begins the names of the pictures */
	constructor(tour: Tour, name: string) {
		this.tour = tour;
		this.page = tour.editor.page;
		this.name = name;
	}

	/** @param what names the picture taken afterwards */
	async click(part: Locator, what: string): Promise<void> {
		await part.click();
		this.effort.clicks += 1;
		await this.look(what, part.page());
	}

	/**
	 * Opens a list and chooses from it. Opens it again where the page closes it, as it may when the result of a field that was just filled
	 * appears.
	 *
	 * @param opened names the picture of the open list
	 * @param what names the picture taken afterwards
	 */
	async pick(opener: Locator, opened: string, option: Locator, what: string): Promise<void> {
		await this.click(opener, opened);
		await eventually(
			async () => {
				if (!(await option.isVisible())) await opener.click();
				await option.click({ timeout: 5_000 });
				return true;
			},
			{ what: `${what} to be chosen` },
		);
		this.effort.clicks += 1;
		await this.look(what, option.page());
	}

	/** Fills a field. The click into it does not count: most fields have the focus already. */
	async type(part: Locator, text: string, what: string): Promise<void> {
		await part.fill(text);
		this.effort.texts += 1;
		await this.look(what, part.page());
	}

	/** Maps a field of the input to a parameter by dragging it there. */
	async drag(from: Locator, to: Locator, what: string): Promise<void> {
		await from.scrollIntoViewIfNeeded();
		await from.hover();
		await this.page.mouse.down();
		await to.scrollIntoViewIfNeeded();
		const { x, y, width, height } = (await to.boundingBox())!;
		// n8n starts a drag at the first movement, and finds the target in the movements after it.
		await this.page.mouse.move(x + width / 2, y + height / 2, { steps: 8 });
		await to.hover();
		await this.page.mouse.up();
		this.effort.clicks += 1;
		await this.look(what);
	}

	/** Takes a picture of the page. @param page where it is not n8n's editor */
	async look(what: string, page: Page = this.page): Promise<void> {
		this.step += 1;
		const number = String(this.step).padStart(2, '0');
		await page.screenshot({
			path: this.tour.editor.pathOf(`walk-${this.name}-${number}-${what}`),
			animations: 'disabled',
		});
	}

	/** Checks that docs/walks.md has what the walk took up to here. @param row the first cell of its row */
	took(row: string): void {
		deepStrictEqual({ ...this.effort }, reported(row), `${REPORT}, "${row}"`);
	}
}

/** @throws Error where the table has no such row */
function reported(row: string): Effort {
	const line = readFileSync(REPORT, 'utf8')
		.split('\n')
		.find((text) => text.startsWith(`| ${row} |`));
	if (line === undefined) throw new Error(`${REPORT} has no row "${row}"`);
	const [clicks, texts] = line.split('|').slice(2).map(Number);
	return { clicks, texts };
}
