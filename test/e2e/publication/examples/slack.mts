import { OWN_CONNECTION } from '../../../harness/n8n/client.mts';
import { eventually } from '../../../harness/wait.mts';
import type { OutsideRequest } from './outside.mts';
import { paused } from './play.mts';
import type { Choice, Play } from './play.mts';

/** The choices in a node that sends messages: a credential and a channel. */
export const SLACK: Choice = {
	credential: ['slackApi', { accessToken: 'xoxb-test' }],
	parameters: {
		channelId: { __rl: true, mode: 'list', value: 'C0123456789', cachedResultName: 'praise' },
	},
};

/** Slack's answer to a message. */
export const sent = () => ({ ok: true, channel: 'C0123456789', ts: '1700000000.000100' });

/** Waits until the workflow has sent a message and waits for the answer. @returns the request with the message */
export async function question(play: Play, workflowId: string): Promise<OutsideRequest> {
	await eventually(() => play.outside.requests.length > 0, { what: 'the message in Slack' });
	await paused(play, workflowId);
	return play.outside.requests[0];
}

/** Clicks a button of a message as a browser does. */
export async function click({ body }: OutsideRequest, label: string): Promise<void> {
	const blocks = typeof body.blocks === 'string' ? JSON.parse(body.blocks) : body.blocks;
	const buttons = blocks.flatMap(
		(block: { elements?: unknown[] }) => block.elements ?? [],
	) as Array<{ text?: { text?: string }; url?: string }>;
	const button = buttons.find(({ text }) => text?.text === label);
	if (!button?.url) throw new Error(`The message has no button ${label}: ${JSON.stringify(body)}`);
	const answer = await fetch(button.url, {
		headers: {
			...OWN_CONNECTION,
			'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0',
		},
	});
	if (!answer.ok) throw new Error(`${button.url} answered ${answer.status}`);
	await answer.text();
}
