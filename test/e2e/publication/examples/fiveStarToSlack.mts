import { goLive } from '../../../harness/stage.mts';
import { outcome } from './play.mts';
import type { Example } from './play.mts';
import { sent, SLACK } from './slack.mts';

export const fiveStarToSlack: Example = {
	choices: {
		'Tell Slack': SLACK,
	},
	async run(play, workflowId) {
		const { outside, sandbox } = play;
		outside.answerWith(sent);
		await goLive(play, workflowId, 'Five Stars');
		sandbox.submit({ rating: 4, text: 'Four stars: not told.' });
		sandbox.submit({ rating: null, text: 'No stars: not told.' });
		sandbox.submit({
			rating: 5,
			text: 'More <b>& better</b> <!channel>\nthan I hoped for.',
			author: {
				name: 'Ana López',
				title: 'Coach',
				company: 'Acme & Co',
				social: 'https://instagram.com/ana',
			},
		});
		await outcome(play, workflowId, 1);
		sandbox.submit({
			rating: 5,
			type: 'video',
			text: '',
			author: { name: 'Tom Baker', social: '<!here>' },
		});
		await outcome(play, workflowId, 2);

		expect(outside.requests).toMatchObject([
			{
				host: 'slack.com',
				method: 'POST',
				path: '/api/chat.postMessage',
				body: { channel: 'C0123456789' },
			},
			{
				host: 'slack.com',
				method: 'POST',
				path: '/api/chat.postMessage',
				body: { channel: 'C0123456789' },
			},
		]);
		expect(outside.requests.map(({ body }) => body.text)).toEqual([
			'⭐⭐⭐⭐⭐\n> More &lt;b&gt;&amp; better&lt;/b&gt; &lt;!channel&gt;\n> than I hoped for.\nAna López, Coach, Acme &amp; Co https://instagram.com/ana',
			'⭐⭐⭐⭐⭐\n> (a video)\nTom Baker &lt;!here&gt;',
		]);
	},
};
