import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Locator } from 'playwright-core';

import { startSandbox } from '../../../sandbox/sandbox.mts';
import { until } from '../../browser.mts';
import { field } from '../../tour.mts';
import type { Scene } from '../../tour.mts';
import {
	addFirstStep,
	choose,
	closeNode,
	openEmptyWorkflow,
	publish,
	workflowId,
} from './moves.mts';
import { Walk } from './walk.mts';

/** The manual set-up, with the endpoint made on the sandbox's page in place of Testivora's settings. */
export const manualSetup: Record<string, Scene> = {
	'Walk: the manual set-up, to a delivery': async (tour) => {
		const { n8n, sandbox } = tour.stage;
		const walk = new Walk(tour, 'manual');
		const { page } = walk;
		await openEmptyWorkflow(walk);
		await addFirstStep(walk);
		await choose(walk, 'testivora', 'Testivora', 'On testimonial created');
		await walk.click(field(tour, 'setup'), 'setups');
		await walk.click(page.getByRole('option').getByText('Manual', { exact: true }), 'notice');
		await walk.click(page.getByText('Webhook URLs', { exact: true }), 'urls');
		await walk.click(page.getByText('Production URL', { exact: true }), 'production');
		const address = page.getByText(/\/webhook\/[-\w]+\/webhook$/);
		const url = (await address.innerText()).trim();
		await walk.click(address, 'copied');

		const testivora = await page.context().newPage();
		await testivora.goto(sandbox.url);
		await walk.type(testivora.locator('[name=endpoint] [name=url]'), url, 'pasted');
		await walk.click(testivora.getByRole('button', { name: 'Add endpoint' }), 'endpoint');
		const secret = await testivora.locator('[data-secret] code').innerText();
		await walk.look('secret', testivora);

		await walk.click(page.getByTestId('credential-edit-button'), 'credential');
		const dialog = page.getByTestId('editCredential-modal');
		await walk.type(
			dialog.getByTestId('parameter-input-webhookSecret').locator('input'),
			secret,
			'secret-pasted',
		);
		await walk.click(dialog.getByTestId('credential-save-button'), 'saved');
		await dialog.getByText('Connection tested successfully').filter({ visible: true }).waitFor();
		await walk.look('tested');
		await walk.click(dialog.getByRole('button', { name: 'Close' }), 'closed');
		await dialog.waitFor({ state: 'detached' });
		await closeNode(walk);
		await publish(walk);
		await walk.click(page.getByRole('button', { name: 'Got it' }), 'published');

		await testivora.getByRole('button', { name: 'Submit' }).click();
		await testivora.locator('[data-list=deliveries]').getByText(/^200 /).first().waitFor();
		await walk.look('delivered', testivora);
		await testivora.close();
		const id = workflowId(page);
		await n8n.waitForExecutions(id, 1);
		walk.took('The manual set-up, to a delivery');
		await n8n.deactivate(id);
		sandbox.endpoints().length = 0;
	},

	'The sandbox, its page': async ({ editor }) => {
		// The sandbox's own retries would change the number of the next attempt.
		const sandbox = await startSandbox({ retries: 0 });
		const receiver = createServer((_request, response) => response.end('{}'));
		await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
		const { port } = receiver.address() as AddressInfo;
		const page = await editor.page.context().newPage();
		try {
			await page.goto(sandbox.url);
			await page.locator('[name=endpoint] [name=url]').fill(`${sandbox.url}/nowhere`);
			await page.getByRole('button', { name: 'Add endpoint' }).click();
			// Shown once there is the endpoint, which the testimonials are sent to.
			await page.locator('[data-secret] code').waitFor();
			const again = page.getByRole('button', { name: 'Send again' });
			for (const count of [1, 2]) {
				await page.getByRole('button', { name: 'Submit' }).click();
				await again.nth(count - 1).waitFor();
			}
			// The page draws its lists anew at each change; a click at that moment is lost.
			const click = async (button: Locator, result: Locator) =>
				await until(result, 'visible', () => button.click({ timeout: 15_000 }));
			await click(again.first(), page.getByText('Sent again as attempt 2: answered 404.'));
			await page.screenshot({ path: editor.pathOf('sandbox-again-refused'), fullPage: true });

			const endpoints = page.locator('[data-list=endpoints]');
			const save = page.getByRole('button', { name: 'Save' });
			await click(endpoints.getByRole('button', { name: 'Edit' }), save);
			await page.locator('[name=endpoint] [name=url]').fill(`http://127.0.0.1:${port}/`);
			await page.getByLabel('testimonial.approved').check();
			await save.click();
			await page.getByText('testimonial.created, testimonial.approved').waitFor();
			await click(again.first(), page.getByText('Sent again as attempt 3: answered 200.'));
			await page.screenshot({ path: editor.pathOf('sandbox-again-taken'), fullPage: true });

			await click(
				endpoints.getByRole('button', { name: 'Delete' }),
				page.getByText('No endpoints.'),
			);
			await click(
				again.first(),
				page.getByText(/^Not sent again: The endpoint wh_\w+ was deleted\.$/),
			);
			await page.screenshot({ path: editor.pathOf('sandbox-again-deleted'), fullPage: true });
		} finally {
			await page.close();
			receiver.close();
			await sandbox.stop();
		}
	},
};
