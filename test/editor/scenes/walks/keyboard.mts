import type { Locator } from 'playwright-core';

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
		const press = async (...keys: string[]) => {
			for (const key of keys) await page.keyboard.press(key);
		};
		try {
			await openEmptyWorkflow(walk);
			await press('n');
			await page.getByTestId('node-creator').waitFor();
			await page.keyboard.type('testivora');
			await page.getByTestId('node-creator-item-name').nth(1).waitFor();
			await walk.look('searched');
			await press('Enter');
			await page.getByText('On testimonial created').waitFor();
			await walk.look('entry');
			await press('ArrowDown', 'ArrowDown');
			await walk.look('chosen');
			await press('Enter');
			await page.getByTestId('ndv').waitFor();
			await walk.look('node');
			await tabTo(walk, page.getByTestId('node-credentials-empty-state').getByRole('button'));
			await press('Enter');
			const dialog = page.getByTestId('editCredential-modal');
			await dialog.waitFor();
			await walk.look('dialog');
			const input = (name: string) =>
				dialog.getByTestId(`parameter-input-${name}`).locator('input');
			await tabTo(walk, input('apiKey'));
			await page.keyboard.type(sandbox.apiKey);
			await tabTo(walk, input('baseUrl'));
			await press('Control+A');
			await page.keyboard.type(sandbox.url);
			await walk.look('filled');
			await tabTo(walk, dialog.getByTestId('credential-save-button'), 'Shift+Tab');
			await press('Enter');
			await dialog.waitFor({ state: 'detached' });
			await walk.look('connected');
			await press('Escape');
			await page.getByTestId('ndv').waitFor({ state: 'detached' });
			await press('Shift+P');
			await walk.look('publish');
			await page.getByTestId('workflow-publish-button').waitFor();
			await tabTo(walk, page.getByTestId('workflow-publish-button'));
			await press('Enter');
			await page.getByTestId('activation-modal').waitFor();
			await walk.look('published');
			await n8n.deactivate(workflowId(page));
		} finally {
			await giveCredential(tour);
		}
	},
};

/** Presses a key until `part` has the focus. @throws Error when 40 times are not enough */
async function tabTo({ page }: Walk, part: Locator, key = 'Tab'): Promise<void> {
	await part.waitFor();
	for (let presses = 0; presses < 40; presses++) {
		if (
			await part.evaluate((node: any) => node.contains((globalThis as any).document.activeElement))
		)
			return;
		await page.keyboard.press(key);
	}
	throw new Error(`40 presses of ${key} do not lead to ${part}`);
}
