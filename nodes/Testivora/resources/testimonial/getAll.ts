import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';
import type { ZodTypeAny } from 'zod';

import { inputError } from '../../../shared/errors';
import { checkInput } from '../../../shared/input';
import { whyUnwanted } from '../../../shared/filters';
import type { TestimonialFilters } from '../../../shared/filters';
import { testimonials } from '../../../shared/testimonialList';
import {
	booleanInput,
	ratingInput,
	tagsFilterInput,
	testimonialStatusInput,
	testimonialTypesInput,
} from '../inputs';
import { timeOf } from '../../../shared/time';
import { INPUT_FAULTS, MESSAGES } from '../../messages';
import { inSpace } from '../inSpace';
import type { Operation } from '../operation';
import {
	limitOf,
	listFields,
	optionalFieldsOf,
	optionalSpaceIdOf,
	optionalStatusOf,
	refuseEmptyFilters,
	spaceField,
	take,
} from '../parameters';
import { statusOptions, typeOptions } from './content';
import { outputFields, outputOf } from './output';

export const getAll: Operation = {
	option: {
		name: 'Get Many',
		value: 'getAll',
		action: 'Get many testimonials',
		description: 'Get testimonials, of one space or of all, by status, rating, type, tags or date',
	},
	fields: [
		spaceField(
			'The space whose testimonials to get. Leave empty for the testimonials of all spaces.',
		),
		...listFields,
		...outputFields,
		{
			displayName: 'Filters',
			name: 'filters',
			type: 'collection',
			placeholder: 'Add Filter',
			default: {},
			options: [
				{
					displayName: 'Created After',
					name: 'createdAfter',
					type: 'dateTime',
					default: '',
					description:
						'Only testimonials created at this time or later, such as 2026-06-03 or 2026-06-03T10:00:00Z',
				},
				{
					displayName: 'Created Before',
					name: 'createdBefore',
					type: 'dateTime',
					default: '',
					description:
						'Only testimonials created at this time or earlier, such as 2026-06-03 or 2026-06-03T10:00:00Z',
				},
				{
					displayName: 'Featured',
					name: 'featured',
					type: 'boolean',
					default: true,
					description:
						'Whether to return only testimonials that are featured, or only those that are not',
				},
				{
					displayName: 'Minimum Rating',
					name: 'minRating',
					type: 'number',
					typeOptions: { minValue: 1, maxValue: 5, numberPrecision: 0 },
					default: 4,
					description:
						'Only testimonials with at least this many stars, 1 to 5. Those without a rating are left out.',
				},
				{
					displayName: 'Status',
					name: 'status',
					type: 'options',
					options: statusOptions,
					default: 'approved',
					description: 'Only testimonials with this status: pending, approved or rejected',
				},
				{
					displayName: 'Tags',
					name: 'tags',
					type: 'string',
					default: '',
					placeholder: 'e.g. onboarding, coaching',
					description: 'Only testimonials with at least one of these tags, separated by commas',
				},
				{
					displayName: 'Types',
					name: 'types',
					type: 'multiOptions',
					options: typeOptions,
					default: [],
					description: 'Only testimonials of these kinds: text, video',
				},
			],
		},
	],

	async execute(context, itemIndex) {
		const limit = limitOf(context, itemIndex);
		const filters = checkedFilters(context, itemIndex);
		const spaceId = optionalSpaceIdOf(context, itemIndex);
		const output = outputOf(context, itemIndex);
		const listed = testimonials(
			context,
			{ query: { space_id: spaceId, status: filters.status }, itemIndex },
			// With a Space or filters, read full pages: any number of entries may have to be read to find enough that match.
			spaceId !== undefined || Object.keys(filters).length > 0 ? Infinity : limit,
		);
		const cannotTell = () =>
			inputError(
				context.getNode(),
				MESSAGES.testimonialsWithoutSpace,
				'Clear Space to get the testimonials of all spaces, and tell the makers of this package.',
				itemIndex,
			);
		const ofSpace = spaceId === undefined ? listed : inSpace(listed, spaceId, cannotTell);
		return await take(matching(ofSpace, filters, output), limit);
	},
};

/** Labels of the filters, apart from Status, that {@link refuseEmptyFilters} checks. */
const LABELS = {
	createdAfter: 'Created After',
	createdBefore: 'Created Before',
	featured: 'Featured',
	minRating: 'Minimum Rating',
	tags: 'Tags',
	types: 'Types',
};

/** The testimonials that match the filters, converted one by one, so that a long list is never held in both forms. */
async function* matching(
	listed: AsyncIterable<IDataObject>,
	filters: TestimonialFilters,
	output: (testimonial: IDataObject) => IDataObject,
): AsyncGenerator<IDataObject> {
	const seen = new Set<unknown>();
	for await (const testimonial of listed) {
		// An entry that moved to a later page while the list was read comes twice.
		if (seen.has(testimonial.id)) continue;
		seen.add(testimonial.id);
		if (!whyUnwanted(testimonial, filters)) yield output(testimonial);
	}
}

/**
 * The filters that were set.
 *
 * @throws NodeOperationError that names the label and the item, for a filter that cannot be used or is empty because of its expression
 */
function checkedFilters(context: IExecuteFunctions, itemIndex: number): TestimonialFilters {
	const node = context.getNode();
	const set = optionalFieldsOf(context, 'filters', itemIndex);
	const check = <Schema extends ZodTypeAny>(schema: Schema, value: unknown, label: string) =>
		checkInput(schema, value, label, node, itemIndex);
	refuseEmptyFilters(context, LABELS, itemIndex);
	const filters: TestimonialFilters = {};
	const status = optionalStatusOf(context, testimonialStatusInput, itemIndex);
	if (status !== undefined) filters.status = status;
	if ('minRating' in set) filters.minRating = check(ratingInput, set.minRating, 'Minimum Rating');
	if ('types' in set) filters.types = check(testimonialTypesInput, set.types, 'Types');
	if ('tags' in set) filters.tags = check(tagsFilterInput, set.tags, 'Tags');
	if ('featured' in set) filters.featured = check(booleanInput, set.featured, 'Featured');
	if ('createdAfter' in set)
		filters.createdAfter = dateOf(context, set.createdAfter, 'Created After', itemIndex);
	if ('createdBefore' in set)
		filters.createdBefore = dateOf(context, set.createdBefore, 'Created Before', itemIndex);
	if (
		filters.createdAfter !== undefined &&
		filters.createdBefore !== undefined &&
		filters.createdAfter > filters.createdBefore
	) {
		throw inputError(
			node,
			MESSAGES.datesSwapped,
			'No testimonial can match both. Exchange the two dates or correct one of them.',
			itemIndex,
		);
	}
	return filters;
}

/** A date in milliseconds since 1970. @throws NodeOperationError that names the label and the item */
function dateOf(
	context: IExecuteFunctions,
	value: unknown,
	label: string,
	itemIndex: number,
): number {
	const time = timeOf(value, context.getTimezone());
	if (time !== undefined) return time;
	throw inputError(
		context.getNode(),
		`${label} ${INPUT_FAULTS.date}`,
		'Correct the field, or the expression in it, and run this again. Nothing was sent to Testivora for this item.',
		itemIndex,
	);
}
