import type { Scene, Tour } from '../../tour.mts';
import {
	addFirstStep,
	choose,
	closeNode,
	createCredential,
	credentialField,
	giveCredential,
	openEmptyWorkflow,
	publish,
	takeCredentials,
	useSandbox,
	workflowId,
} from './moves.mts';
import { Walk } from './walk.mts';

const WRONG_KEY = `tv_live_${'0'.repeat(32)}`;

/** From an empty workflow to one that testimonials start. */
export const alert: Record<string, Scene> = {
	'Walk: an alert, with a wrong key first': async (tour) => {
		await takeCredentials(tour);
		try {
			const walk = new Walk(tour, 'alert');
			const { page } = walk;
			await openEmptyWorkflow(walk);
			await addFirstStep(walk);
			await choose(walk, 'testivora', 'Testivora', 'On testimonial created');
			const dialog = await createCredential(walk);
			await useSandbox(walk, dialog);
			await walk.type(credentialField(dialog, 'apiKey'), WRONG_KEY, 'wrong-key');
			await walk.click(dialog.getByTestId('credential-save-button'), 'saved');
			await dialog.getByText('More details').waitFor();
			await walk.click(dialog.getByText('More details'), 'details');
			await dialog.getByText('Testivora does not know this API key, or it was revoked.').waitFor();
			await walk.type(credentialField(dialog, 'apiKey'), tour.stage.sandbox.apiKey, 'right-key');
			await walk.click(dialog.getByTestId('credential-save-button'), 'saved');
			await dialog.waitFor({ state: 'detached' });
			await walk.look('connected');
			await closeNode(walk);
			await publish(walk);
			await page
				.getByTestId('activation-modal')
				.getByText('Testimonials from Testivora now start this workflow.')
				.waitFor();
			await walk.click(page.getByRole('button', { name: 'Got it' }), 'published');
			const id = workflowId(page);
			tour.stage.sandbox.submit();
			await tour.stage.n8n.waitForExecutions(id, 1);
			await walk.click(page.getByTestId('radio-button-executions'), 'executions');
			await page.getByText('Succeeded').first().waitFor();
			await walk.look('execution');
			walk.took('An alert, with a wrong key first, to its first execution');
			await tour.stage.n8n.deactivate(id);
		} finally {
			await giveCredential(tour);
		}
	},

	'Walk: no public address': async (tour) => {
		const { n8n } = tour.stage;
		await takeCredentials(tour);
		try {
			await n8n.createCredential('Testivora account', 'testivoraApi', {
				apiKey: WRONG_KEY,
				baseUrl: 'https://api.testivora.com',
				webhookSecret: '',
			});
			await notPublished(
				tour,
				'No public address',
				/or use Testivora Poll Trigger, which needs no public address\./,
			);
		} finally {
			await takeCredentials(tour);
			await giveCredential(tour);
		}
	},

	'Walk: a plan without API': async (tour) => {
		const { n8n, sandbox } = tour.stage;
		await takeCredentials(tour);
		try {
			await n8n.createCredential('Testivora account', 'testivoraApi', {
				apiKey: sandbox.noApiKey,
				baseUrl: sandbox.url,
				webhookSecret: '',
			});
			await notPublished(
				tour,
				'A plan without API',
				/Your Testivora plan does not include the API/,
			);
		} finally {
			await takeCredentials(tour);
			await giveCredential(tour);
		}
	},
};

/** Adds the trigger with the one credential there is, publishes, and reads why that did not work. */
async function notPublished(tour: Tour, row: string, why: RegExp): Promise<void> {
	const walk = new Walk(tour, row.toLowerCase().replaceAll(/\W+/g, '-'));
	await openEmptyWorkflow(walk);
	await addFirstStep(walk);
	await choose(walk, 'testivora', 'Testivora', 'On testimonial created');
	await closeNode(walk);
	await publish(walk);
	await walk.page.getByText(why).first().waitFor();
	await walk.look('not-published');
	walk.took(row);
}
