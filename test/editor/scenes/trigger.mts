import { endpointAt, NODE } from '../../harness/stage.mts';
import { eventually } from '../../harness/wait.mts';
import { addAll, choose, labels, offers, openTrigger, reads, says } from '../tour.mts';
import type { Scene, Tour } from '../tour.mts';

const FIELDS = ['Trigger On', 'Simplify', 'Filters', 'Webhook Setup', 'Options'];
const FILTERS = ['Featured', 'Minimum Rating', 'Tags', 'Types'];
const OPTIONS = ['Deduplicate', 'Sample for Execute Step', 'Signature Tolerance (Seconds)'];

/** The trigger: both set-ups, Execute step, and what n8n says when it is published. */
export const trigger: Record<string, Scene> = {
	'The trigger, automatic': async (tour) => {
		await open(tour);
		const { page } = tour.editor;
		await reads(labels(tour), FIELDS, 'the labels of the fields');
		await page.getByText('Wait for a testimonial', { exact: true }).waitFor();
		await tour.editor.shot('trigger-automatic');
		await addAll(tour, OPTIONS);
		await addAll(tour, FILTERS);
		await reads(
			labels(tour),
			[...FIELDS.slice(0, 3), ...FILTERS, ...FIELDS.slice(3), ...OPTIONS],
			'the labels with all that can be added',
		);
		await tour.editor.shot('trigger-automatic-all');
		await page.getByText('When will this node trigger my flow?').click();
		await page.getByText('Use test mode while you build your workflow.').waitFor();
		await tour.editor.shot('trigger-help');
	},

	'The trigger, its events': async (tour) => {
		await open(tour);
		await offers(tour, 'events', [
			'Testimonial Approved',
			'Testimonial Created',
			'Testimonial Deleted',
		]);
		await tour.editor.shot('trigger-events');
	},

	'The trigger, manual': async (tour) => {
		await open(tour);
		await offers(tour, 'setup', ['Automatic', 'Manual']);
		await tour.editor.shot('trigger-setups');
		const { page } = tour.editor;
		await choose(tour, 'Manual');
		await page.getByText('Webhook URLs', { exact: true }).click();
		await page.getByText('Production URL', { exact: true }).click();
		await page.getByText(/\/webhook\/[-\w]+\/webhook$/).waitFor();
		await says(
			page.getByTestId('node-parameters').locator('.notice'),
			'Three steps, then publish (activate) the workflow: ' +
				'Open "Webhook URLs" above and copy the Production URL. ' +
				'In Testivora, open Settings → Webhooks → New endpoint, paste the URL and pick the same events as here. ' +
				'Click the pencil beside the credential above and paste the signing secret shown there (whsec_…) into Webhook Signing Secret. ' +
				'To use "Execute step" too, add the Test URL as a second endpoint, and its secret to the credential after a comma.',
			'the notice',
		);
		await tour.editor.shot('trigger-manual');
		await tour.forReadme('manual-setup', page.getByTestId('node-parameters'));
	},

	'The trigger while it listens, and its output': async (tour) => {
		const { editor, stage } = tour;
		const id = await open(tour);
		const { page } = editor;
		await page.getByTestId('trigger-execute-button').click();
		await page.getByText('Listening for test event').waitFor();
		await editor.shot('trigger-listening');
		await editor.closeNode();
		await page
			.getByText(
				'Now submit a testimonial in Testivora. Approve or delete one if Trigger On says so.',
			)
			.first()
			.waitFor();
		await editor.shot('trigger-listening-canvas');
		const url = await stage.n8n.testWebhookUrl(id, NODE);
		await eventually(() => endpointAt(stage, url), { what: 'the endpoint of the test' });
		stage.sandbox.submit({
			text: 'We closed three clients within a week.',
			tags: ['onboarding'],
			author: { name: 'Ana López', title: 'Coach', company: 'Acme' },
		});
		await editor.openNode(NODE);
		await page.getByTestId('output-panel').getByText('1 item').waitFor();
		await page.getByTestId('radio-button-table').click();
		await reads(
			page.getByTestId('output-panel').locator('th'),
			[
				'id',
				'type',
				'status',
				'rating',
				'text',
				'featured',
				'tags',
				'author',
				'video',
				'created_at',
				'published_at',
				'event',
				'',
			],
			'the columns of the output',
		);
		await editor.shot('trigger-output');
		await page.getByTestId('radio-button-schema').click();
		await page.getByTestId('output-panel').getByText('Ana López').waitFor();
		await editor.shot('trigger-output-schema');
		// So small that its text is legible at the README's width.
		await page.setViewportSize({ width: 1120, height: 700 });
		await tour.forReadme('trigger', page.getByTestId('ndv'));
	},

	'The trigger, the latest testimonial as the sample for Execute step': async (tour) => {
		const { editor, stage } = tour;
		stage.sandbox.submit({ text: 'The latest of all.', author: { name: 'Mina Sato' } });
		await openTrigger(tour, { options: { sample: 'latest' } });
		await editor.openNode(NODE);
		await editor.page.getByTestId('trigger-execute-button').click();
		await editor.page.getByTestId('output-panel').getByText('1 item').waitFor();
		await editor.page.getByTestId('radio-button-table').click();
		await editor.page.getByTestId('output-panel').getByText('The latest of all.').waitFor();
		await editor.shot('trigger-sample');
	},

	'The trigger, published': async (tour) => {
		const { page } = tour.editor;
		await openTrigger(tour);
		await publish(tour);
		await page
			.getByTestId('activation-modal')
			.getByText('Testimonials from Testivora now start this workflow.', { exact: true })
			.waitFor();
		await tour.editor.shot('trigger-published');
	},

	'The trigger, not published: the account has no webhook API': async (tour) => {
		tour.stage.sandbox.options.webhookApi = false;
		try {
			await openTrigger(tour);
			await publish(tour);
			await tour.editor.page
				.getByText('This Testivora account cannot register webhooks through the API.')
				.first()
				.waitFor();
			await tour.editor.shot('trigger-not-published');
		} finally {
			tour.stage.sandbox.options.webhookApi = true;
		}
	},
};

async function open(tour: Tour): Promise<string> {
	const id = await openTrigger(tour);
	await tour.editor.openNode(NODE);
	return id;
}

async function publish({ editor: { page } }: Tour): Promise<void> {
	await page.getByTestId('workflow-open-publish-modal-button').click();
	await page.getByTestId('workflow-publish-button').click();
}
