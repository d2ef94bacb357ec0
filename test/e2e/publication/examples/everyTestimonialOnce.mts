import { eventually } from '../../../harness/wait.mts';
import { everySeconds, givenOut, idsOf, nextPolls } from '../../../harness/polling.mts';
import { goLive } from '../../../harness/stage.mts';
import type { Example } from './play.mts';

export const everyTestimonialOnce: Example = {
	choices: {
		'What Was Missed': { parameters: { pollTimes: everySeconds(3) } },
		'Tell Slack': {
			credential: ['slackApi', { accessToken: 'xoxb-test' }],
			parameters: {
				channelId: { __rl: true, mode: 'list', value: 'C0123456789', cachedResultName: 'praise' },
			},
		},
	},
	async run(play, workflowId) {
		const { outside, sandbox } = play;
		outside.answerWith(() => ({ ok: true, channel: 'C0123456789', ts: '1700000000.000100' }));
		const before = outside.requests.length;
		const told = () => outside.requests.slice(before).map(({ body }) => body.text as string);
		await goLive(play, workflowId, 'At Once');
		await nextPolls(play);

		const both = [];
		for (let count = 1; count <= 5; count++) {
			// Right after a poll: the webhook brings it at once, the next poll seconds later.
			await nextPolls(play, 1);
			both.push(sandbox.submit({ rating: 5, text: `Both ${count}.` }).id);
		}
		await sandbox.idle();
		// While its endpoint is switched off, Testivora sends nothing.
		const [endpoint] = sandbox.endpoints();
		endpoint.status = 'disabled';
		const missed = sandbox.submit({ rating: null, text: 'Missed <!channel>.' }).id;
		const polled = async () => idsOf(await givenOut(play, workflowId, 'What Was Missed'));
		await eventually(async () => (await polled()).length === 6 && told().length >= 6, {
			what: 'all six',
			timeout: 40_000,
		});
		await nextPolls(play);

		expect((await polled()).sort()).toEqual([...both, missed].sort());
		expect(idsOf(await givenOut(play, workflowId, 'At Once')).sort()).toEqual([...both].sort());
		expect(told().sort()).toEqual([
			'\n> Missed &lt;!channel&gt;.\nAna López',
			...[1, 2, 3, 4, 5].map((count) => `⭐⭐⭐⭐⭐\n> Both ${count}.\nAna López`),
		]);
	},
};
