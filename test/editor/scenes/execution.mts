import { byId } from '../../helpers/fixtures.mts';
import { openAction, reads, says } from '../tour.mts';
import type { Scene, Tour } from '../tour.mts';

/** The action, executed in the editor: its output and its errors. */
export const execution: Record<string, Scene> = {
	'An execution with output': async (tour) => {
		await openAction(tour, { resource: 'testimonial', operation: 'getAll' });
		await execute(tour);
		await output(tour).getByTestId('radio-button-table').click();
		await reads(
			output(tour).locator('th'),
			[
				'id',
				'status',
				'rating',
				'text',
				'author',
				'tags',
				'featured',
				'video',
				'created_at',
				'published_at',
				'',
			],
			'the columns of the output',
		);
		await tour.editor.shot('execution-output');
	},

	'A node error': async (tour) => {
		await openAction(tour, {
			resource: 'testimonial',
			operation: 'get',
			testimonialId: byId('tst_none'),
		});
		await execute(tour);
		await says(
			tour.editor.page.getByTestId('node-error-message'),
			'Testivora has nothing with this ID in your account',
			'the message',
		);
		await says(
			tour.editor.page.getByTestId('node-error-description'),
			'Choose it from the list or find it with Get Many, and check that the credential belongs to the account it is in. ' +
				'GET /v1/testimonials/tst_none was answered with 404: There is nothing with this ID in the account.',
			'the description',
		);
		await tour.editor.shot('execution-error');
	},

	'A node error in a field': async (tour) => {
		await openAction(tour, {
			resource: 'testimonial',
			operation: 'create',
			spaceId: byId('spc_courses'),
			text: 'Good.',
			authorName: 'Ana',
			additionalFields: { rating: '={{ 7 }}' },
		});
		await execute(tour);
		await says(
			tour.editor.page.getByTestId('node-error-message'),
			'Rating must be a whole number from 1 to 5 [item 1]',
			'the message',
		);
		await tour.editor.shot('execution-field-error');
	},
};

const output = ({ editor }: Tour) => editor.page.getByTestId('output-panel');

async function execute({ editor }: Tour): Promise<void> {
	await editor.page.getByTestId('node-execute-button').click();
}
