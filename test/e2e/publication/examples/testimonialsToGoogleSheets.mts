import { goLive } from '../../../harness/stage.mts';
import type { OutsideRequest } from './outside.mts';
import { googleCredential, outcome } from './play.mts';
import type { Example } from './play.mts';

const DOCUMENT = '1a2B3c4D5e6F7g8H9i0J1k2L3m4N5o6P7q8R9s0T1u2V';
const LINK = `https://docs.google.com/spreadsheets/d/${DOCUMENT}/edit?gid=0#gid=0`;

/** The part of Google Sheets' API that the node uses. */
class Sheet {
	/** The user has written `id` into A1. */
	readonly rows: unknown[][] = [['id']];

	answer({ method, path, body }: OutsideRequest): unknown {
		const [, rest] = path.split(`/v4/spreadsheets/${DOCUMENT}`);
		if (rest === '' && method === 'GET')
			return { sheets: [{ properties: { sheetId: 0, title: 'Testimonials' } }] };
		if (rest === ':batchUpdate') return { replies: [] };
		const [, range] = rest.match(/^\/values\/Testimonials(?:!(.+))?$/) ?? [];
		if (method === 'GET') return { values: this.rows };
		if (method === 'PUT') this.write(range, body.values);
		for (const one of body.data ?? []) this.write(one.range.split('!')[1], one.values);
		return {};
	}

	/** Ranges such as `A2`, `A2:Z2` and `2:2`. */
	private write(range: string, values: unknown[][]): void {
		const [, column, row] = range.match(/^([A-Z]?)(\d+)/)!;
		const from = column ? column.charCodeAt(0) - 65 : 0;
		values.forEach((cells, index) => {
			const target = (this.rows[Number(row) - 1 + index] ??= []);
			cells.forEach((cell, offset) => (target[from + offset] = cell));
		});
	}
}

export const testimonialsToGoogleSheets: Example = {
	choices: {
		'Your Sheet': {
			parameters: {
				assignments: { assignments: [{ id: '1', name: 'link', type: 'string', value: LINK }] },
			},
		},
		'Add or Update the Row': {
			credential: googleCredential('googleSheetsOAuth2Api'),
		},
	},
	async run(play, workflowId) {
		const { outside, sandbox } = play;
		const sheet = new Sheet();
		outside.answerWith((request) => sheet.answer(request));
		await goLive(play, workflowId, 'New or Approved');
		const author = { name: 'Ana López', title: 'Coach', company: 'Acme' };
		const first = sandbox.submit({
			text: '=1+1',
			rating: 4,
			tags: ['onboarding', 'course'],
			author,
		});
		await outcome(play, workflowId, 1);
		// The same text as the first: rows are matched by ID.
		const second = sandbox.submit({ text: '=1+1', rating: null, author: { name: 'Tom Baker' } });
		await outcome(play, workflowId, 2);
		sandbox.approve(first.id);
		await outcome(play, workflowId, 3);

		expect(sheet.rows).toEqual([
			['id', 'created', 'status', 'rating', 'text', 'author', 'title', 'company', 'tags'],
			[
				first.id,
				first.created_at,
				'approved',
				4,
				'=1+1',
				'Ana López',
				'Coach',
				'Acme',
				'onboarding, course',
			],
			[second.id, second.created_at, 'pending', '', '=1+1', 'Tom Baker', '', '', ''],
		]);
		// Google must not take a customer's text for a formula.
		const formats = outside.requests
			.map(({ query, body }) => query.valueInputOption ?? body?.valueInputOption)
			.filter(Boolean);
		expect(new Set(formats)).toEqual(new Set(['RAW']));
	},
};
