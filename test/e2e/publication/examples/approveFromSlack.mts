import { eventually } from '../../../harness/wait.mts';
import { goLive } from '../../../harness/stage.mts';
import { outcome } from './play.mts';
import type { Example } from './play.mts';
import { CHANNEL, click, sent, SLACK } from './slackWait.mts';

export const approveFromSlack: Example = {
	choices: { 'Ask in Slack': { ...SLACK, parameters: CHANNEL } },
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
			await eventually(() => outside.requests.length > 0, { what: 'the message in Slack' });
			expect(outside.requests[0]).toMatchObject({
				host: 'slack.com',
				path: '/api/chat.postMessage',
				body: { channel: 'C0123456789' },
			});
			const message = JSON.stringify(outside.requests[0].body);
			// n8n undoes Slack's escapes here, so the example takes other brackets: nobody may call the channel.
			expect(message).toContain('Good ‹!channel›.');
			expect(message).toContain('Ana & Co');
			await eventually(
				async () => (await play.n8n.listExecutions(workflowId))[0].status === 'waiting',
				{ what: 'the execution that waits' },
			);
			await click(outside.requests[0], label);
			await outcome(play, workflowId, index + 1);
			expect(sandbox.testimonials().find((one) => one.id === id)!.status).toBe(status);
		}

		outside.requests.length = 0;
		sandbox.submit({ text: 'Imported as approved.', status: 'approved' });
		await outcome(play, workflowId, 3);
		expect(outside.requests).toEqual([]);
	},
};
