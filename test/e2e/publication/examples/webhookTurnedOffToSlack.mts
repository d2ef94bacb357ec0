import { endpoint } from '../../../helpers/fixtures.mts';
import type { StoredEndpoint } from '../../../sandbox/store.mts';
import type { Example } from './play.mts';
import { CHANNEL, sent, SLACK } from './slackWait.mts';

export const webhookTurnedOffToSlack: Example = {
	choices: { 'Tell Slack': { ...SLACK, parameters: CHANNEL } },
	async run({ n8n, outside, sandbox }, workflowId) {
		outside.answerWith(sent);
		const stored = (name: string, status: string) =>
			({
				...endpoint({ id: `wh_${name}`, url: `https://${name}.example.com/hook?a=1&b=2`, status }),
				secret: 'whsec_none',
				givenUp: 0,
			}) as unknown as StoredEndpoint;
		const endpoints = sandbox.endpoints();
		endpoints.splice(0, Infinity, stored('crm', 'active'));
		expect((await n8n.runManually(workflowId, 'Every Morning')).status).toBe('success');
		expect(outside.requests).toEqual([]);

		endpoints.push(stored('site', 'disabled'), stored('shop', 'disabled'));
		expect((await n8n.runManually(workflowId, 'Every Morning')).status).toBe('success');
		expect(outside.requests.map(({ path, body }) => [path, body.channel, body.text])).toEqual([
			[
				'/api/chat.postMessage',
				'C0123456789',
				':warning: Testivora sends nothing to these addresses any more:\n• https://site.example.com/hook?a=1&amp;b=2\n• https://shop.example.com/hook?a=1&amp;b=2',
			],
		]);
	},
};
