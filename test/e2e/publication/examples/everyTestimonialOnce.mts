import { eventually } from '../../../harness/wait.mts';
import {
	EVERY_MS,
	everySeconds,
	givenOut,
	idsOf,
	lists,
	nextPolls,
} from '../../../harness/polling.mts';
import { goLive } from '../../../harness/stage.mts';
import type { Example } from './play.mts';
import { sent, SLACK } from './slack.mts';

export const everyTestimonialOnce: Example = {
	choices: {
		'What Was Missed': { parameters: { pollTimes: everySeconds(20) } },
		'Tell Slack': SLACK,
	},
	async run(play, workflowId) {
		const { outside, sandbox } = play;
		outside.answerWith(sent);
		const before = outside.requests.length;
		const told = () => outside.requests.slice(before).map(({ body }) => body.text as string);
		await goLive(play, workflowId, 'At Once');

		const both = [];
		for (let count = 1; count <= 3; count++) {
			// Right after a poll has read the list, so that the webhook brings it long before the next poll does.
			const since = sandbox.requests.length;
			await eventually(() => lists(play, since).some(({ status }) => status === 200), {
				what: 'a poll',
			});
			both.push(sandbox.submit({ rating: 5, text: `Both ${count}.` }).id);
			await eventually(() => told().length === count, { what: 'the message' });
		}
		await sandbox.idle();
		// Testivora sends nothing to a disabled endpoint.
		const [endpoint] = sandbox.endpoints();
		endpoint.status = 'disabled';
		const missed = sandbox.submit({ rating: null, text: 'Missed <!channel>.' }).id;
		const polled = async () => idsOf(await givenOut(play, workflowId, 'What Was Missed'));
		await eventually(async () => (await polled()).length === 4 && told().length >= 4, {
			every: EVERY_MS,
			what: 'all four',
		});
		await nextPolls(play);

		expect((await polled()).sort()).toEqual([...both, missed].sort());
		expect(idsOf(await givenOut(play, workflowId, 'At Once')).sort()).toEqual([...both].sort());
		expect(told().sort()).toEqual([
			'\n> Missed &lt;!channel&gt;.\nAna López',
			...[1, 2, 3].map((count) => `⭐⭐⭐⭐⭐\n> Both ${count}.\nAna López`),
		]);
	},
};
