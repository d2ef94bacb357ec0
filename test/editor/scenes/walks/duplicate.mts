import { settles } from '../../tour.mts';
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

/** A workflow, and its duplicate. */
export const duplicate: Record<string, Scene> = {
	'Walk: a workflow duplicated, both published': async (tour) => {
		const { n8n, sandbox } = tour.stage;
		sandbox.endpoints().length = 0;
		const walk = new Walk(tour, 'duplicate');
		const { page } = walk;
		await openEmptyWorkflow(walk);
		await addFirstStep(walk);
		await choose(walk, 'testivora', 'Testivora', 'On testimonial created');
		await closeNode(walk);
		await publish(walk);
		await walk.click(page.getByRole('button', { name: 'Got it' }), 'published');
		const first = workflowId(page);
		await walk.click(page.getByTestId('workflow-menu'), 'menu');
		await walk.click(page.getByTestId('workflow-menu-item-duplicate'), 'dialog');
		const [copy] = await Promise.all([
			page.context().waitForEvent('page'),
			walk.click(
				page.getByRole('dialog').getByRole('button', { name: /Duplicate|Save/ }),
				'duplicated',
			),
		]);
		await copy.getByTestId('canvas-node').first().waitFor();
		await walk.look('copy', copy);
		await walk.click(copy.getByTestId('workflow-open-publish-modal-button'), 'publish-copy');
		await walk.click(copy.getByTestId('workflow-publish-button'), 'publishing-copy');
		await settles(async () => sandbox.endpoints().length, 2, 'two endpoints');
		const second = workflowId(copy);
		sandbox.submit();
		await n8n.waitForExecutions(first, 1);
		await n8n.waitForExecutions(second, 1);
		walk.took('A workflow and its duplicate, both published');
		await copy.close();
		await n8n.deactivate(first);
		await n8n.deactivate(second);
	},
};
