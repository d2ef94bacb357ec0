import { googleCredential } from './play.mts';
import type { Example } from './play.mts';

export const weeklyDigestByEmail: Example = {
	choices: {
		'Send the Digest': {
			credential: googleCredential('gmailOAuth2'),
			parameters: { sendTo: 'team@example.com' },
		},
	},
	async run({ n8n, outside, sandbox }, workflowId) {
		outside.answerWith(() => ({ id: 'm1', threadId: 't1', labelIds: ['SENT'] }));
		const kept = sandbox.store.testimonials;
		try {
			sandbox.store.testimonials = [];
			const none = await n8n.runManually(workflowId, 'Every Monday');
			expect([none.status, none.error]).toEqual(['success', undefined]);
			expect(outside.requests).toEqual([]);

			sandbox.submit({ text: 'Old.' }).created_at = new Date(
				Date.now() - 8 * 86_400_000,
			).toISOString();
			sandbox.submit({
				text: 'First <b>& best</b>.',
				rating: 5,
				author: { name: 'Ana López', company: 'Acme' },
			});
			sandbox.submit({
				text: 'Second.',
				rating: null,
				status: 'approved',
				author: { name: 'Tom' },
			});
			const { status, error } = await n8n.runManually(workflowId, 'Every Monday');
			expect([status, error]).toEqual(['success', undefined]);
			expect(outside.requests).toHaveLength(1);
			const { host, path, body } = outside.requests[0];
			expect([host, path]).toEqual(['www.googleapis.com', '/gmail/v1/users/me/messages/send']);
			const mail = Buffer.from(body.raw, 'base64url').toString('utf8');
			expect(mail).toContain('To: team@example.com');
			const html = mail
				.replace(/=\r?\n/g, '')
				.replace(/(=[0-9A-F]{2})+/g, (bytes) =>
					Buffer.from(bytes.replaceAll('=', ''), 'hex').toString('utf8'),
				);
			expect(html).toContain('2 testimonials this week');
			expect(html).toContain('First &lt;b&gt;&amp; best&lt;/b&gt;.');
			expect(html).toContain('Ana López, Acme');
			expect(html).toContain('Second.');
			expect(html).not.toContain('Old.');
		} finally {
			sandbox.store.testimonials = kept;
		}
	},
};
