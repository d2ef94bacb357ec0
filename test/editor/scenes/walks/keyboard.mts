import type { Locator } from 'playwright-core';

import { eventually } from '../../../harness/wait.mts';
import { until } from '../../browser.mts';
import { field } from '../../tour.mts';
import type { Scene } from '../../tour.mts';
import { giveCredential, openEmptyWorkflow, takeCredentials, workflowId } from './moves.mts';
import { Walk } from './walk.mts';

/** The alert once more, without a mouse. */
export const keyboard: Record<string, Scene> = {
	'Walk: an alert, by keyboard only': async (tour) => {
		await takeCredentials(tour);
		const { n8n, sandbox } = tour.stage;
		const walk = new Walk(tour, 'keyboard');
		const { page } = walk;
		const press = async (key: string) => await page.keyboard.press(key);
		const panel = page.getByTestId('node-creator');
		const search = panel.getByTestId('node-creator-search-bar');
		/** The entry of the node panel that Enter opens, if it has this name. */
		const chosen = (name: string) =>
			panel
				.locator('[data-keyboard-nav-id][class*="active"]')
				.filter({ has: page.getByText(name, { exact: true }) });
		try {
			await openEmptyWorkflow(walk);
			await until(panel, 'visible', () => press('n'));
			await eventually(() => hasFocus(search), { what: 'a focused search' });
			// Replaces what a repeated "n" has typed.
			await press('Control+A');
			await page.keyboard.type('testivora');
			await chosen('Testivora').waitFor();
			await walk.look('searched');
			await until(page.getByText('On testimonial created'), 'visible', () => press('Enter'));
			await walk.look('entry');
			// Once the list before is gone, n8n chooses the first entry.
			await search.waitFor({ state: 'detached' });
			await eventually(
				async () => {
					if (await chosen('On testimonial created').isVisible()) return true;
					await press('ArrowDown');
					return false;
				},
				{ every: 1_000, what: '"On testimonial created" to be chosen' },
			);
			await walk.look('chosen');
			await until(page.getByTestId('ndv'), 'visible', () => press('Enter'));
			await field(tour, 'events').getByText('Testimonial Created').waitFor();
			await walk.look('node');
			const dialog = page.getByTestId('editCredential-modal');
			await pressOn(
				walk,
				page.getByTestId('node-credentials-empty-state').getByRole('button'),
				dialog,
			);
			await walk.look('dialog');
			const input = (name: string) =>
				dialog.getByTestId(`parameter-input-${name}`).locator('input');
			await typeInto(walk, input('apiKey'), sandbox.apiKey);
			await typeInto(walk, input('baseUrl'), sandbox.url);
			await walk.look('filled');
			await until(dialog, 'detached', async () => {
				await tabTo(walk, dialog.getByTestId('credential-save-button'), 'Shift+Tab');
				await press('Enter');
			});
			await walk.look('connected');
			await tour.editor.closeNode();
			const publish = page.getByTestId('workflow-publish-button');
			await until(publish, 'visible', () => press('Shift+P'));
			await walk.look('publish');
			await pressOn(walk, publish, page.getByTestId('activation-modal'));
			await walk.look('published');
			await n8n.deactivate(workflowId(page));
		} finally {
			await giveCredential(tour);
		}
	},
};

const hasFocus = async (part: Locator): Promise<boolean> =>
	await part.evaluate((node: any) => node.contains((globalThis as any).document.activeElement));

/** Presses a key until `part` has the focus. @throws Error when 40 times are not enough */
async function tabTo({ page }: Walk, part: Locator, key = 'Tab'): Promise<void> {
	await part.waitFor({ timeout: 10_000 });
	for (let presses = 0; presses < 40; presses++) {
		if (await hasFocus(part)) return;
		await page.keyboard.press(key);
	}
	throw new Error(`40 presses of ${key} do not lead to ${part}`);
}

/** Presses Enter on a button until what it opens is visible. */
async function pressOn(walk: Walk, button: Locator, opened: Locator): Promise<void> {
	await until(
		opened,
		'visible',
		async () => {
			await tabTo(walk, button);
			await walk.page.keyboard.press('Enter');
		},
		60_000,
	);
}

/** Goes to a field and replaces what it holds, again where the page moved the focus meanwhile. */
async function typeInto(walk: Walk, part: Locator, text: string): Promise<void> {
	await eventually(
		async () => {
			await tabTo(walk, part);
			await walk.page.keyboard.press('Control+A');
			await walk.page.keyboard.type(text);
			return (await part.inputValue()) === text;
		},
		{ what: `${part} to hold what was typed` },
	);
}
