import { goLive } from '../../../harness/stage.mts';
import { outcome } from './play.mts';
import type { Example } from './play.mts';

export const testimonialToSummary: Example = {
	choices: {},
	async run(play, workflowId) {
		await goLive(play, workflowId);
		const { id } = play.sandbox.submit({
			text: 'Worth it.',
			rating: 4,
			author: { name: 'Ana López' },
		});
		const { items } = await outcome(play, workflowId, 1);
		expect(items.Summary).toMatchObject([
			{
				json: {
					summary: '★★★★ “Worth it.” Ana López',
					status: 'pending',
					because: 'testimonial.created',
				},
			},
		]);
		play.sandbox.approve(id);
		expect((await outcome(play, workflowId, 2)).items.Summary).toMatchObject([
			{ json: { status: 'approved', because: 'testimonial.approved' } },
		]);
	},
};
