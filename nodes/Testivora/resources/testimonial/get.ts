import type { IDataObject } from 'n8n-workflow';

import { request, segment } from '../../../shared/api';
import { objectSchema } from '../../../shared/schemas';
import type { Operation } from '../operation';
import { idOf } from '../parameters';
import { testimonialIdField } from './content';
import { outputFields, outputOf } from './output';

export const get: Operation = {
	option: {
		name: 'Get',
		value: 'get',
		action: 'Get testimonial by ID',
		description: 'Get one testimonial, chosen from the list or by its ID',
	},
	fields: [testimonialIdField, ...outputFields],

	async execute(context, itemIndex) {
		const output = outputOf(context, itemIndex);
		const id = idOf(context, 'testimonialId', 'Testimonial', itemIndex);
		const testimonial = (await request(
			context,
			{ method: 'GET', path: `/v1/testimonials/${segment(id)}`, itemIndex },
			objectSchema,
		)) as IDataObject;
		return output(testimonial);
	},
};
