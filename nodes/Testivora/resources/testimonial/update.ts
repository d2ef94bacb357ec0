import type { IDataObject, INodeProperties } from 'n8n-workflow';

import { request, segment } from '../../../shared/api';
import { inputError } from '../../../shared/errors';
import { objectSchema } from '../../../shared/schemas';
import type { Operation } from '../operation';
import { changesOf, idOf } from '../parameters';
import { contentOf, optionalFields, testimonialIdField } from './content';

/** Says of the fields that an update may empty what that does. */
function emptied(field: INodeProperties): INodeProperties {
	return field.type === 'string'
		? { ...field, description: `${field.description}. Leave empty to remove.` }
		: field;
}

const [company, photoUrl, socialUrl, title, ...others] = optionalFields.map(emptied);

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
				company,
				{
					displayName: 'Author Name',
					name: 'authorName',
					type: 'string',
					default: '',
					placeholder: 'e.g. Ana López',
					description: 'Name of the person who gave the testimonial',
				},
				photoUrl,
				socialUrl,
				title,
				...others,
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
				'Add at least one field to update',
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
