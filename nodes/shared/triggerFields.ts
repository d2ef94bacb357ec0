import type {
	IDataObject,
	IHookFunctions,
	INodeProperties,
	IPollFunctions,
	IWebhookFunctions,
} from 'n8n-workflow';

import type { TestimonialFilters } from './filters';

/** The fields that both triggers have, and how they are read. */

export const simplifyField: INodeProperties = {
	displayName: 'Simplify',
	name: 'simplify',
	type: 'boolean',
	// n8n evaluates an expression anew for each delivery.
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

type TriggerContext = IHookFunctions | IWebhookFunctions | IPollFunctions;

type Filter = 'featured' | 'minRating' | 'tags' | 'types';
const LABELS: Record<Filter, string> = {
	featured: 'Featured',
	minRating: 'Minimum Rating',
	tags: 'Tags',
	types: 'Types',
};
const FILTERS = Object.keys(LABELS) as Filter[];
/** Filters that hold several texts. */
const LISTS: Filter[] = ['tags', 'types'];

/**
 * The trigger's filters as the user set them. A filter that is absent or was left empty lets every testimonial pass.
 *
 * A filter whose expression gives nothing matches no testimonial, because its value is the expression itself. Otherwise a mistyped
 * expression would let all of them pass. `noDataExpression` keeps expressions out of the editor only: older versions of n8n still
 * evaluate those in workflows that were imported, or saved before the field had it. It does not throw, because a delivery must be
 * answered; {@link emptyFilters} is for a trigger that can refuse.
 */
export function filtersOf(context: TriggerContext): TestimonialFilters {
	const values = filterValues(context);
	const filters = { ...values, tags: textsOf(values.tags), types: textsOf(values.types) };
	for (const name of FILTERS) if (isBlank(values[name])) delete filters[name];
	for (const [name, expression] of emptyExpressions(context, values))
		Object.assign(filters, { [name]: LISTS.includes(name) ? [expression] : expression });
	return filters;
}

/** The labels of the filters whose expression gives nothing. */
export function emptyFilters(context: TriggerContext): string[] {
	return emptyExpressions(context, filterValues(context)).map(([name]) => LABELS[name]);
}

/** Whether a field whose value is blank holds an expression, itself or as the value of a resource locator. */
export function isExpressionIn(context: TriggerContext, field: string): boolean {
	const raw: unknown = context.getNodeParameter(field, '', { rawExpressions: true });
	return isExpression(raw) || isExpression((raw as IDataObject | null)?.value);
}

function filterValues(context: TriggerContext): IDataObject & TestimonialFilters {
	const values: unknown = context.getNodeParameter('filters', {});
	return typeof values === 'object' && values !== null ? (values as IDataObject) : {};
}

/** Filters whose expression gives nothing, each with that expression. */
function emptyExpressions(context: TriggerContext, values: IDataObject): Array<[Filter, string]> {
	const raw = context.getNodeParameter('filters', {}, { rawExpressions: true }) as IDataObject;
	return FILTERS.filter((name) => isBlank(values[name]))
		.map((name): [Filter, unknown] => [name, raw?.[name]])
		.filter((entry): entry is [Filter, string] => isExpression(entry[1]));
}

function isExpression(raw: unknown): raw is string {
	return typeof raw === 'string' && raw.startsWith('=');
}

function isBlank(value: unknown): boolean {
	if (Array.isArray(value)) return value.length === 0;
	return value === undefined || value === null || String(value).trim() === '';
}

/**
 * The texts of a list or of a comma-separated text; none where the field is blank, which means all.
 *
 * Where it is not blank and yet holds no text, such as commas alone, it becomes a text that matches nothing, so that no filter is dropped.
 */
function textsOf(value: unknown): string[] {
	const texts = String(value ?? '')
		.split(',')
		.map((text) => text.trim())
		.filter((text) => text !== '');
	return texts.length > 0 || isBlank(value) ? texts : [String(value)];
}
