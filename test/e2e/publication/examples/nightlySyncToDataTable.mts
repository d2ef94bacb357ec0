import { rowsOf } from './play.mts';
import type { Example } from './play.mts';

export const nightlySyncToDataTable: Example = {
	choices: {},
	async run(play, workflowId) {
		const { n8n, sandbox } = play;
		const run = async () => {
			const { status, error } = await n8n.runManually(workflowId, 'Every Night');
			expect({ status, error }).toEqual({ status: 'success', error: undefined });
			return await rowsOf(play, 'approved testimonials');
		};
		sandbox.testimonials().length = 0;
		const author = {
			name: 'Ana López',
			title: 'Coach',
			company: 'Acme',
			photo_url: 'https://example.com/ana.jpg',
		};
		const ana = sandbox.submit({
			text: 'First.',
			rating: 5,
			tags: ['onboarding', 'course'],
			featured: true,
			author,
			status: 'approved',
		});
		const tom = sandbox.submit({
			text: 'Second.',
			rating: null,
			author: { name: 'Tom Baker' },
			status: 'approved',
		});
		sandbox.submit({ text: 'Not yet.', status: 'pending' });
		const row = {
			testimonial_id: ana.id,
			rating: 5,
			text: 'First.',
			author: 'Ana López',
			title: 'Coach',
			company: 'Acme',
			photo_url: 'https://example.com/ana.jpg',
			tags: 'onboarding, course',
			featured: true,
			created: ana.created_at,
			synced: expect.any(String),
		};
		const other = {
			testimonial_id: tom.id,
			rating: null,
			text: 'Second.',
			author: 'Tom Baker',
			title: null,
			company: null,
			featured: false,
		};
		const byText = (rows: Array<Record<string, any>>) =>
			rows.sort((a, b) => a.text.localeCompare(b.text));
		expect(byText(await run())).toEqual([row, expect.objectContaining(other)]);

		// The next night: one was changed, one rejected.
		ana.text = 'First, corrected.';
		tom.status = 'rejected';
		expect(await run()).toEqual([{ ...row, text: 'First, corrected.' }]);

		// When the list cannot be read completely, the table stays as it was.
		sandbox.inject({
			method: 'GET',
			path: '/v1/testimonials',
			status: 403,
			body: { error: { type: 'plan_required', message: 'No.' } },
		});
		expect((await n8n.runManually(workflowId, 'Every Night')).status).toBe('error');
		expect(await rowsOf(play, 'approved testimonials')).toHaveLength(1);

		ana.status = 'rejected';
		expect(await run()).toEqual([]);
	},
};
