import { equal } from 'node:assert/strict';

import { field, settles } from '../../tour.mts';
import type { Scene } from '../../tour.mts';
import { addAfter, addFirstStep, choose, closeNode, openEmptyWorkflow } from './moves.mts';
import { Walk } from './walk.mts';

/** Approve what waits and has five stars. */
export const moderation: Record<string, Scene> = {
	'Walk: approve all with five stars': async (tour) => {
		const { sandbox } = tour.stage;
		const walk = new Walk(tour, 'approve');
		const { page } = walk;
		sandbox.submit({ text: 'Four stars, waits.', rating: 4, author: { name: 'Tom Baker' } });
		sandbox.submit({ text: 'Five stars, waits.', rating: 5, author: { name: 'Jonas Weber' } });
		await openEmptyWorkflow(walk);
		const panel = await addFirstStep(walk);
		await walk.click(panel.getByText('Trigger manually', { exact: true }), 'manual-trigger');
		await addAfter(walk, 'When clicking ‘Execute workflow’');
		await choose(walk, 'testivora', 'Testivora', 'Get many testimonials');
		const add = page.getByTestId('collection-parameter-add').last();
		const option = (name: string) =>
			page
				.getByTestId('collection-parameter-option')
				.filter({ visible: true })
				.getByText(name, { exact: true });
		await walk.pick(add, 'filters', option('Status'), 'status');
		await walk.click(field(tour, 'status'), 'statuses');
		await walk.click(page.getByRole('option').getByText('Pending', { exact: true }), 'pending');
		await walk.pick(add, 'filters', option('Minimum Rating'), 'rating');
		await walk.type(field(tour, 'minRating').locator('input'), '5', 'five');
		await walk.click(page.getByTestId('node-execute-button'), 'executed');
		await page
			.getByTestId('output-panel')
			.getByText(/\d items?/)
			.first()
			.waitFor();
		await walk.look('found');
		await closeNode(walk);
		await addAfter(walk, 'Get many testimonials');
		await choose(walk, 'testivora', 'Testivora', 'Approve testimonial');
		const input = page.getByTestId('ndv-input-panel');
		await walk.drag(
			input.locator('[data-name="id"]').first(),
			field(tour, 'testimonialId'),
			'id-mapped',
		);
		await walk.click(page.getByTestId('node-execute-button'), 'executed');
		await page
			.getByTestId('output-panel')
			.getByText(/\d items?/)
			.first()
			.waitFor();
		await walk.look('approved');
		await settles(
			async () =>
				sandbox.testimonials().filter(({ rating, status }) => status === 'pending' && rating === 5)
					.length,
			0,
			'all with five stars to be approved',
		);
		equal(
			sandbox.testimonials().find(({ text }) => text === 'Four stars, waits.')?.status,
			'pending',
		);
		walk.took('All waiting testimonials with five stars approved');
	},
};
