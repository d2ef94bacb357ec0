import { chain } from '../../../harness/n8n/client.mts';
import { field } from '../../tour.mts';
import type { Scene } from '../../tour.mts';
import { addAfter, choose } from './moves.mts';
import { Walk } from './walk.mts';

const ROWS = `return Array.from({ length: 10 }, (_, index) => ({
  json: {
    name: 'Customer ' + (index + 1),
    text: index === 6 ? '' : 'Good course, part ' + (index + 1) + '.',
    stars: index === 2 ? 7 : 5,
  },
}));`;

/** Ten rows, of which the third has seven stars and the seventh has no text. */
export const importing: Record<string, Scene> = {
	'Walk: an import with two bad rows': async (tour) => {
		const { editor, stage } = tour;
		const walk = new Walk(tour, 'import');
		const { page } = walk;
		await editor.openWorkflow(
			await stage.n8n.createWorkflow({
				name: 'Import',
				nodes: [
					{ name: 'Start', type: 'n8n-nodes-base.manualTrigger', typeVersion: 1 },
					{
						name: 'Rows',
						type: 'n8n-nodes-base.code',
						typeVersion: 2,
						parameters: { jsCode: ROWS },
					},
				],
				connections: chain('Start', 'Rows'),
			}),
		);
		await walk.look('start');
		await addAfter(walk, 'Rows');
		await choose(walk, 'testivora', 'Testivora', 'Create testimonial');
		await walk.click(page.getByText('Execute previous nodes'), 'rows');
		await page.getByTestId('ndv-input-panel').getByText('10 items').first().waitFor();
		await walk.look('input');
		await walk.click(field(tour, 'spaceId'), 'spaces');
		await walk.click(page.getByTestId('rlc-item').getByText('Online Courses'), 'space');
		const input = page.getByTestId('ndv-input-panel');
		const pill = (name: string) => input.locator(`[data-name="${name}"]`).first();
		await walk.drag(pill('text'), field(tour, 'text'), 'text-mapped');
		await walk.drag(pill('name'), field(tour, 'authorName'), 'author-mapped');
		await walk.pick(
			page.getByTestId('collection-parameter-add').first(),
			'fields',
			page.getByTestId('collection-parameter-option').getByText('Rating', { exact: true }),
			'rating',
		);
		await walk.drag(pill('stars'), field(tour, 'rating'), 'rating-mapped');
		await walk.click(page.getByTestId('node-execute-button'), 'executed');
		await page.getByTestId('node-error-message').waitFor();
		await walk.look('first-error');
		await walk.click(page.getByTestId('ndv').getByText('Settings', { exact: true }), 'settings');
		await walk.click(field(tour, 'onError'), 'on-error');
		await walk.click(page.getByRole('option').getByText('Continue', { exact: true }), 'continue');
		await walk.click(page.getByTestId('node-execute-button'), 'executed');
		const output = page.getByTestId('output-panel');
		await output.getByText('10 items').waitFor();
		await walk.look('output');
		for (const row of [3, 7])
			await output.getByText(`[item ${row}]`).first().scrollIntoViewIfNeeded();
		await walk.look('reasons');
		walk.took('An import of ten rows, two of them bad, until it is clear which');
	},
};
