import type { Locator } from 'playwright-core';

import { openAction, reads } from '../tour.mts';
import type { Scene, Tour } from '../tour.mts';

/** The credential's dialogue. Saving it also tests it. */
export const credential: Record<string, Scene> = {
	'The credential with a test that passes': async (tour) => {
		const dialog = await open(tour);
		await reads(
			dialog.getByTestId('credential-connection-parameter').locator('label'),
			['API Key *', 'Base URL', 'Webhook Signing Secret', 'Allowed HTTP Request Domains'],
			'the fields of the credential',
		);
		await dialog
			.getByText('Only for Testivora Triggers whose Webhook Setup is Manual', { exact: true })
			.waitFor();
		await tour.editor.shot('credential-new');
		await fill(dialog, 'apiKey', tour.stage.sandbox.apiKey);
		await fill(dialog, 'baseUrl', tour.stage.sandbox.url);
		await save(dialog);
		// n8n closes the dialogue by itself when the test of a new credential has passed.
		await dialog.waitFor({ state: 'detached' });
		await tour.editor.page.getByTestId('credential-edit-button').click();
		await dialog.getByText('Connection tested successfully').filter({ visible: true }).waitFor();
		await tour.editor.shot('credential-passes');
	},

	'The credential with a test that fails': async (tour) => {
		const dialog = await open(tour);
		await fill(dialog, 'apiKey', tour.stage.sandbox.noApiKey);
		await fill(dialog, 'baseUrl', tour.stage.sandbox.url);
		await save(dialog);
		await dialog.getByText('More details').click();
		await dialog
			.getByText(
				'Your Testivora plan does not include the API. The API needs the Growth or the Agency plan.',
			)
			.waitFor();
		await tour.editor.shot('credential-fails');
	},
};

async function open(tour: Tour): Promise<Locator> {
	const { page } = tour.editor;
	await openAction(tour);
	await page.getByTestId('node-credentials-select').click();
	await page.getByTestId('node-credentials-select-item-new').click();
	return page.getByTestId('editCredential-modal');
}

async function fill(dialog: Locator, name: string, value: string): Promise<void> {
	await dialog.getByTestId(`parameter-input-${name}`).locator('input').fill(value);
}

async function save(dialog: Locator): Promise<void> {
	await dialog.getByTestId('credential-save-button').click();
}
