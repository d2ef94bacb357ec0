import { goLive } from '../../../harness/stage.mts';
import { outcome } from './play.mts';
import type { Example } from './play.mts';
import { click, question, sent, SLACK } from './slack.mts';

export const approveFromSlack: Example = {
	choices: { 'Ask in Slack': SLACK },
	async run(play, workflowId) {
		const { outside, sandbox } = play;
		outside.answerWith(sent);
		await goLive(play, workflowId, 'New Testimonial');

		for (const [index, [label, status]] of [
			['Approve', 'approved'],
			['Reject', 'rejected'],
		].entries()) {
			outside.requests.length = 0;
			const { id } = sandbox.submit({
				rating: 4,
				text: 'Good <!channel>.',
				status: 'pending',
				author: { name: 'Ana & Co' },
			});
			const asked = await question(play, workflowId);
			expect(asked).toMatchObject({
				host: 'slack.com',
				path: '/api/chat.postMessage',
				body: { channel: 'C0123456789' },
			});
			const message = JSON.stringify(asked.body);
			// n8n removes Slack's escapes here, so the example replaces the brackets: a testimonial must not notify the channel.
			expect(message).toContain('Good ‹!channel›.');
			expect(message).toContain('Ana & Co');
			await click(asked, label);
			await outcome(play, workflowId, index + 1);
			expect(sandbox.testimonials().find((one) => one.id === id)!.status).toBe(status);
		}

		outside.requests.length = 0;
		sandbox.submit({ text: 'Imported as approved.', status: 'approved' });
		await outcome(play, workflowId, 3);
		expect(outside.requests).toEqual([]);
	},
};
