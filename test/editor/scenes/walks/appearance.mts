import { ok } from 'node:assert';

import { NODE } from '../../../harness/stage.mts';
import { labels, openAction, openTrigger, reads } from '../../tour.mts';
import type { Scene, Tour } from '../../tour.mts';

const NARROW = { width: 1024, height: 768 };
const TRIGGER = ['Trigger On', 'Simplify', 'Filters', 'Webhook Setup', 'Options'];

/** The places where most is to be read, in n8n's dark theme and in a narrow window. */
export const appearance: Record<string, Scene> = {
	'In the dark: the trigger, the notice of the manual set-up, the credential': async (tour) => {
		const { editor } = tour;
		await editor.theme('dark');
		await openTrigger(tour);
		await editor.openNode(NODE);
		await editor.shot('dark-trigger');
		await openTrigger(tour, { setup: 'manual' });
		await editor.openNode(NODE);
		await notice(tour).waitFor();
		await editor.shot('dark-manual');
		await editor.page.getByTestId('credential-edit-button').click();
		await editor.page.getByTestId('editCredential-modal').getByText('Base URL').waitFor();
		await editor.shot('dark-credential');
	},

	'In 1024 pixels: the trigger, the manual set-up, the fields of an import': async (tour) => {
		const { editor } = tour;
		await editor.page.setViewportSize(NARROW);
		await openTrigger(tour);
		await editor.openNode(NODE);
		await fits(tour, TRIGGER);
		await editor.shot('narrow-trigger');
		await openTrigger(tour, { setup: 'manual' });
		await editor.openNode(NODE);
		await notice(tour).waitFor();
		await fits(tour, TRIGGER);
		await editor.shot('narrow-manual');
		await openAction(tour, {
			resource: 'testimonial',
			operation: 'create',
			additionalFields: { rating: 5, authorPhotoUrl: 'https://example.com/ana.jpg' },
			options: { skipExisting: true },
		});
		await fits(tour, [
			'Resource',
			'Operation',
			'Space',
			'Text',
			'Author Name',
			'Additional Fields',
			'Author Photo URL',
			'Rating',
			'Options',
			'Skip Existing',
		]);
		await editor.shot('narrow-import');
	},
};

const notice = ({ editor: { page } }: Tour) =>
	page.getByTestId('node-parameters').locator('.notice');

/** Each of these labels stands in the window from its beginning to its end. */
async function fits(tour: Tour, expected: string[]): Promise<void> {
	// n8n draws them one after the other.
	await reads(labels(tour), expected, 'the labels of the fields');
	for (const label of await labels(tour).filter({ visible: true }).all()) {
		const { x, width } = (await label.boundingBox())!;
		ok(
			x >= 0 && x + width <= NARROW.width,
			`"${await label.innerText()}" reaches beyond the window`,
		);
	}
}
