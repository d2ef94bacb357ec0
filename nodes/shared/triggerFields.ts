import type {
	IDataObject,
	IHookFunctions,
	INodeProperties,
	IPollFunctions,
	IWebhookFunctions,
} from 'n8n-workflow';

import type { TestimonialFilters } from './filters';

/** The fields that both triggers show, and how they are read. */

export const simplifyField: INodeProperties = {
	displayName: 'Simplify',
	name: 'simplify',
	type: 'boolean',
	// An expression would cost each delivery an evaluation by n8n.
	noDataExpression: true,
	default: true,
	description: 'Whether to return a simplified version of the response instead of the raw data',
};

export const filtersField: INodeProperties = {
	displayName: 'Filters',
	name: 'filters',
	type: 'collection',
	placeholder: 'Add Filter',
	default: {},
	description: 'Only testimonials that match all of these start the workflow',
	options: [
		{
			displayName: 'Featured',
			name: 'featured',
			type: 'boolean',
			noDataExpression: true,
			default: true,
			description:
				'Whether the testimonial must be featured; turn it off for those that are not featured',
		},
		{
			displayName: 'Minimum Rating',
			name: 'minRating',
			type: 'number',
			noDataExpression: true,
			typeOptions: { minValue: 1, maxValue: 5, numberPrecision: 0 },
			default: 4,
			description:
				'The lowest rating that starts the workflow, 1 to 5. Testimonials without a rating do not.',
		},
		{
			displayName: 'Tags',
			name: 'tags',
			type: 'string',
			noDataExpression: true,
			default: '',
			placeholder: 'e.g. onboarding, coaching',
			description:
				'Separated by commas. One of them is enough; upper and lower case do not matter.',
		},
		{
			displayName: 'Types',
			name: 'types',
			type: 'multiOptions',
			noDataExpression: true,
			options: [
				{ name: 'Text', value: 'text' },
				{ name: 'Video', value: 'video' },
			],
			default: [],
			description: 'The kinds of testimonial that start the workflow; none chosen means all',
		},
	],
};

/** The trigger's filters as the user set them. Those that are absent let every testimonial pass. */
export function filtersOf(
	node: IHookFunctions | IWebhookFunctions | IPollFunctions,
): TestimonialFilters {
	const { tags, types, ...filters } = node.getNodeParameter('filters', {}) as TestimonialFilters &
		IDataObject;
	return { ...filters, tags: textsOf(tags), types: textsOf(types) };
}

/** From a list or a comma-separated text; empty means all. Anything else, commas alone too, becomes a text that nothing matches, so a filter is never dropped. */
function textsOf(value: unknown): string[] {
	const texts = String(value ?? '')
		.split(',')
		.map((text) => text.trim())
		.filter((text) => text !== '');
	const isEmpty = Array.isArray(value) ? value.length === 0 : String(value ?? '').trim() === '';
	return texts.length > 0 || isEmpty ? texts : [String(value)];
}
