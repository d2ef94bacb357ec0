import type { IDataObject } from 'n8n-workflow';

import { request } from '../../../shared/api';
import { objectSchema } from '../../../shared/schemas';
import type { Operation } from '../operation';
import { idOf, optionalFieldsOf, spaceField } from '../parameters';
import { contentOf, optionalFields, typeOptions } from './content';

export const create: Operation = {
	option: {
		name: 'Create',
		value: 'create',
		action: 'Create testimonial',
		description: 'Add a testimonial that was collected elsewhere; it counts towards the monthly quota of the plan',
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
	],

	async execute(context, itemIndex) {
		const content = contentOf(
			{
				text: context.getNodeParameter('text', itemIndex, '') ?? '',
				authorName: context.getNodeParameter('authorName', itemIndex, '') ?? '',
				...optionalFieldsOf(context, 'additionalFields', itemIndex),
			},
			context.getNode(),
			itemIndex,
		);
		const body = { space_id: idOf(context, 'spaceId', 'Space', itemIndex), ...content };
		return (await request(
			context,
			{ method: 'POST', path: '/v1/testimonials', body, itemIndex },
			objectSchema,
		)) as IDataObject;
	},
};
