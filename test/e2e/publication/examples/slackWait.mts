import type { OutsideRequest } from './outside.mts';

export const SLACK = {
	credential: ['slackApi', { accessToken: 'xoxb-test' }] as [string, Record<string, unknown>],
};
export const CHANNEL = {
	channelId: { __rl: true, mode: 'list', value: 'C0123456789', cachedResultName: 'praise' },
};

/** What Slack answers to a message. */
export const sent = () => ({ ok: true, channel: 'C0123456789', ts: '1700000000.000100' });

/** Clicks a button of a message that waits for one, as a browser does. */
export async function click({ body }: OutsideRequest, label: string): Promise<void> {
	const blocks = typeof body.blocks === 'string' ? JSON.parse(body.blocks) : body.blocks;
	const buttons = blocks.flatMap(
		(block: { elements?: unknown[] }) => block.elements ?? [],
	) as Array<{ text?: { text?: string }; url?: string }>;
	const button = buttons.find(({ text }) => text?.text === label);
	if (!button?.url) throw new Error(`The message has no button ${label}: ${JSON.stringify(body)}`);
	const answer = await fetch(button.url, {
		headers: { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0' },
	});
	if (!answer.ok) throw new Error(`${button.url} answered ${answer.status}`);
	await answer.text();
}
