import { storedEndpoint } from '../../../harness/stage.mts';
import type { Example } from './play.mts';
import { sent, SLACK } from './slack.mts';

export const webhookTurnedOffToSlack: Example = {
	choices: { 'Tell Slack': SLACK },
	async run({ n8n, outside, sandbox }, workflowId) {
		outside.answerWith(sent);
		const stored = (name: string, status: string) =>
			storedEndpoint({ id: `wh_${name}`, url: `https://${name}.example.com/hook?a=1&b=2`, status });
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
