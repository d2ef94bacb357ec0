import type { IDataObject, INodeProperties } from 'n8n-workflow';

import { request, segment } from '../../../shared/api';
import { inputError } from '../../../shared/errors';
import { objectSchema } from '../../../shared/schemas';
import { MESSAGES } from '../../messages';
import type { Operation } from '../operation';
import { changesOf, idOf } from '../parameters';
import { contentOf, optionalFields, testimonialIdField } from './content';

/** An optional field of Create, with a note that an empty text removes it (assumption A4). */
function optionalField(name: string): INodeProperties {
	const field = optionalFields.find((one) => one.name === name)!;
	return field.type === 'string'
		? { ...field, description: `${field.description}. Leave empty to remove.` }
		: field;
}

export const update: Operation = {
	option: {
		name: 'Update',
		value: 'update',
		action: 'Update testimonial content or status',
		description:
			'Change a testimonial, for instance approve or reject it; fields that are not added stay as they are',
	},
	fields: [
		testimonialIdField,
		{
			displayName: 'Update Fields',
			name: 'updateFields',
			type: 'collection',
			placeholder: 'Add Field',
			default: {},
			options: [
				optionalField('authorCompany'),
				{
					displayName: 'Author Name',
					name: 'authorName',
					type: 'string',
					default: '',
					placeholder: 'e.g. Ana López',
					description: 'Name of the person who gave the testimonial',
				},
				optionalField('authorPhotoUrl'),
				optionalField('authorSocial'),
				optionalField('authorTitle'),
				optionalField('featured'),
				optionalField('rating'),
				optionalField('status'),
				optionalField('tags'),
				{
					displayName: 'Text',
					name: 'text',
					type: 'string',
					typeOptions: { rows: 4 },
					default: '',
					placeholder: 'e.g. I signed three clients in one week.',
					description: 'What the author says, in their own words',
				},
			],
		},
	],

	async execute(context, itemIndex) {
		const node = context.getNode();
		const id = idOf(context, 'testimonialId', 'Testimonial', itemIndex);
		const body = contentOf(changesOf(context, itemIndex), node, itemIndex);
		if (Object.keys(body).length === 0) {
			throw inputError(
				node,
				MESSAGES.nothingToUpdate,
				'Choose what to change under Update Fields. Fields whose expression gives nothing are left out.',
				itemIndex,
			);
		}
		return (await request(
			context,
			{ method: 'PATCH', path: `/v1/testimonials/${segment(id)}`, body, itemIndex },
			objectSchema,
		)) as IDataObject;
	},
};
