import type { IDataObject, IGetNodeParameterOptions, IWebhookFunctions } from 'n8n-workflow';

import { whyUnwanted } from '../../nodes/shared/filters.ts';
import { emptyFilters, filtersOf } from '../../nodes/shared/triggerFields.ts';
import { testimonial } from '../helpers/fixtures.mts';

/**
 * An n8n that evaluates expressions in every field, as older versions do.
 *
 * @param filters as they are saved
 * @param given what their expressions give, by name
 */
function contextWith(filters: IDataObject | null, given: IDataObject = {}): IWebhookFunctions {
	return {
		getNodeParameter: (
			_: string,
			__: unknown,
			{ rawExpressions }: IGetNodeParameterOptions = {},
		) => (rawExpressions || !filters ? filters : { ...filters, ...given }),
	} as unknown as IWebhookFunctions;
}

const GOOD = testimonial({ rating: 5, type: 'text', tags: ['vip'], featured: true });
const passes = (context: IWebhookFunctions) => whyUnwanted(GOOD, filtersOf(context)) === undefined;

describe.each([
	['minRating', 4, 'Minimum Rating'],
	['tags', 'vip', 'Tags'],
	['types', ['text'], 'Types'],
	['featured', true, 'Featured'],
])('the filter %s', (name, value, label) => {
	test.each([undefined, null, '', ' ', []])(
		'lets nothing pass when its expression gives %j',
		(nothing) => {
			const context = contextWith({ [name]: '={{ $vars.mistyped }}' }, { [name]: nothing });
			expect(passes(context)).toBe(false);
			expect(emptyFilters(context)).toEqual([label]);
		},
	);

	test('filters by what its expression gives', () => {
		const context = contextWith({ [name]: '={{ $vars.known }}' }, { [name]: value });
		expect(passes(context)).toBe(true);
		expect(emptyFilters(context)).toEqual([]);
	});

	test.each([undefined, null, '', []])('lets everything pass when it was left as %j', (empty) => {
		const context = contextWith({ [name]: empty });
		expect(passes(context)).toBe(true);
		expect(emptyFilters(context)).toEqual([]);
	});
});

test.each([{}, null])('%j lets everything pass', (filters) => {
	expect(passes(contextWith(filters))).toBe(true);
});
