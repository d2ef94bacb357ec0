import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';

import { checkInput } from '../../../shared/input';
import { booleanInput } from '../inputs';
import type { Operation } from '../operation';
import { idOf, isGiven, isTool, optionalFieldsOf, spaceField } from '../parameters';
import { contentOf, optionalFields, typeOptions } from './content';
import { Creates } from './creates';

export const create: Operation = {
	option: {
		name: 'Create',
		value: 'create',
		action: 'Create testimonial',
		description:
			'Add a testimonial that was collected elsewhere; it counts towards the monthly quota of the plan',
	},
	fields: [
		spaceField('The space to add the testimonial to, chosen from the list or by its ID', true),
		{
			displayName: 'Text',
			name: 'text',
			type: 'string',
			typeOptions: { rows: 4 },
			required: true,
			default: '',
			placeholder: 'e.g. I signed three clients in one week.',
			description: 'What the author says, in their own words',
		},
		{
			displayName: 'Author Name',
			name: 'authorName',
			type: 'string',
			required: true,
			default: '',
			placeholder: 'e.g. Ana López',
			description: 'Name of the person who gave the testimonial',
		},
		{
			displayName: 'Additional Fields',
			name: 'additionalFields',
			type: 'collection',
			placeholder: 'Add Field',
			default: {},
			options: [
				...optionalFields,
				{
					displayName: 'Type',
					name: 'type',
					type: 'options',
					options: typeOptions,
					default: 'text',
					description: 'Kind of testimonial: text or video',
				},
			],
		},
		{
			displayName: 'Options',
			name: 'options',
			type: 'collection',
			placeholder: 'Add Option',
			default: {},
			options: [
				{
					displayName: 'Skip Existing',
					name: 'skipExisting',
					type: 'boolean',
					default: false,
					description:
						'Whether to leave out testimonials that the space has already, with the same text and author name. They are given out with "alreadyExisted": true.',
				},
			],
		},
	],

	begin(context, continues) {
		const creates = new Creates(context, !continues);
		return {
			execute: async (itemIndex) => {
				let skips = false;
				try {
					skips = skipsExisting(context, itemIndex);
					return await creates.create(bodyOf(context, itemIndex), itemIndex, skips);
				} catch (error) {
					throw continues ? error : withRerunAdvice(error as NodeError, itemIndex, skips);
				}
			},
			finish: async () => await creates.settleUncertain(),
			hints: (failed) => creates.hints(failed),
		};
	},
};

/** Adds to the error that ends a run what its user must know before running it again: the items before this one exist. */
function withRerunAdvice<Failure extends NodeError>(
	error: Failure,
	itemIndex: number,
	skips: boolean,
): Failure {
	if (itemIndex > 0) {
		const advice = skips
			? 'Skip Existing leaves them out when you run all items again.'
			: 'Add the option Skip Existing before you run all items again, or set On Error to Continue under Settings.';
		error.description =
			`${error.description ?? ''} The items before this one are in Testivora already. ${advice}`.trim();
	}
	return error;
}

type NodeError = Error & { description?: string | null };

function bodyOf(context: IExecuteFunctions, itemIndex: number): IDataObject {
	const content = contentOf(
		{
			text: context.getNodeParameter('text', itemIndex, '') ?? '',
			authorName: context.getNodeParameter('authorName', itemIndex, '') ?? '',
			...optionalFieldsOf(context, 'additionalFields', itemIndex),
		},
		context.getNode(),
		itemIndex,
	);
	return { space_id: idOf(context, 'spaceId', 'Space', itemIndex), ...content };
}

/**
 * Whether Skip Existing is on for this item. An expression that gives nothing is refused, because taking it for "no" would create
 * everything a second time. Except as a tool: models send nothing for fields they don't set.
 */
function skipsExisting(context: IExecuteFunctions, itemIndex: number): boolean {
	const options = context.getNodeParameter('options', itemIndex, {}) as IDataObject;
	if (!('skipExisting' in options) || (isTool(context.getNode()) && !isGiven(options.skipExisting)))
		return false;
	return checkInput(
		booleanInput,
		options.skipExisting,
		'Skip Existing',
		context.getNode(),
		itemIndex,
	);
}
