import { outcome, submitForm } from './play.mts';
import type { Example } from './play.mts';

/** As spreadsheet programs save it: with a byte order mark, quotes and CRLF. */
const CSV = [
	'\ufefftext,name,rating,title,company,tags',
	'"Clear, kind and to the point.",Tom Baker,5,Coach,Acme,"onboarding, course"',
	'Six of five!,Mina Sato,6,,,',
	',Jonas Weber,4,,,',
	'No rating given.,Ana López,,,,',
].join('\r\n');

export const importFromCsv: Example = {
	choices: {
		'Create Testimonial': {
			parameters: {
				spaceId: { __rl: true, mode: 'list', value: 'spc_coaching', cachedResultName: 'Coaching' },
			},
		},
	},
	async run(play, workflowId) {
		const { sandbox } = play;
		sandbox.testimonials().length = 0;
		const page = await submitForm(
			play,
			workflowId,
			'Upload',
			new File([CSV], 'testimonials.csv', { type: 'text/csv' }),
		);
		const { items } = await outcome(play, workflowId, 1);

		expect(sandbox.testimonials().reverse()).toMatchObject([
			{
				space_id: 'spc_coaching',
				text: 'Clear, kind and to the point.',
				rating: 5,
				status: 'pending',
				tags: ['onboarding', 'course'],
				author: { name: 'Tom Baker', title: 'Coach', company: 'Acme' },
			},
			{ text: 'No rating given.', rating: null, tags: [], author: { name: 'Ana López' } },
		]);
		const rows = items.Report[0].json.rows.split('\n');
		expect(items.Report).toHaveLength(1);
		expect(items.Report[0].json).toMatchObject({ created: 2, failed: 2 });
		expect(rows).toEqual([
			expect.stringMatching(/^Row 3 \(Mina Sato\): Rating must be a whole number from 1 to 5\. \w/),
			expect.stringMatching(/^Row 4 \(Jonas Weber\): Text must not be empty\. \w/),
		]);
		expect(page).toContain('2 created, 2 not');
		for (const row of rows) expect(page).toContain(row);

		// The same file again, with the second row corrected.
		const corrected = new File([CSV.replace('Sato,6', 'Sato,5')], 'testimonials.csv', {
			type: 'text/csv',
		});
		const again = await submitForm(play, workflowId, 'Upload', corrected);
		expect(again).toContain('1 created, 1 not');
		expect(again).toContain('2 were there already.');
		expect(sandbox.testimonials()).toHaveLength(3);
	},
};
