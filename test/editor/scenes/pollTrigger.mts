import { addAll, labels, openPollTrigger, reads } from '../tour.mts';
import type { Scene } from '../tour.mts';

const FIELDS = ['Poll Times', 'Mode', 'Trigger On', 'Space', 'Simplify', 'Filters', 'Options'];
const OPTIONS = ['Max Items', 'Start From'];

/** The Poll Trigger: its fields, its sample for Execute step, and what n8n says when it is published. */
export const pollTrigger: Record<string, Scene> = {
	'The Poll Trigger, its fields': async (tour) => {
		await openPollTrigger(tour);
		await reads(labels(tour), FIELDS, 'the labels of the fields');
		await tour.editor.shot('poll-trigger');
		await addAll(tour, OPTIONS);
		await tour.editor.shot('poll-trigger-all');
	},

	'The Poll Trigger, Execute step shows the newest testimonial': async (tour) => {
		const { editor, stage } = tour;
		stage.sandbox.submit({ text: 'Polled, not delivered.', author: { name: 'Jonas Weber' } });
		await openPollTrigger(tour);
		await editor.page.getByTestId('trigger-execute-button').click();
		await editor.page.getByTestId('output-panel').getByText('1 item').waitFor();
		await editor.page.getByTestId('radio-button-table').click();
		await editor.page.getByTestId('output-panel').getByText('Polled, not delivered.').waitFor();
		await editor.shot('poll-trigger-output');
	},

	'The Poll Trigger, Execute step without a testimonial to show': async (tour) => {
		await openPollTrigger(tour, { filters: { tags: 'no such tag' } });
		await tour.editor.page.getByTestId('trigger-execute-button').click();
		await tour.editor.page
			.getByText('None of the testimonials there are would start this workflow')
			.first()
			.waitFor();
		await tour.editor.shot('poll-trigger-nothing');
	},

	'The Poll Trigger, published': async (tour) => {
		const { page } = tour.editor;
		await openPollTrigger(tour);
		await tour.editor.closeNode();
		await page.getByTestId('workflow-open-publish-modal-button').click();
		await page.getByTestId('workflow-publish-button').click();
		await page
			.getByTestId('activation-modal')
			.getByText('Testivora is now asked regularly, and new testimonials start this workflow.', {
				exact: true,
			})
			.waitFor();
		await tour.editor.shot('poll-trigger-published');
	},
};
