import type { IDataObject } from 'n8n-workflow';

import { request, segment } from '../../../shared/api';
import { objectSchema } from '../../../shared/schemas';
import type { TESTIMONIAL_STATUSES } from '../../../shared/schemas';
import type { Operation } from '../operation';
import { idOf } from '../parameters';
import { testimonialIdField } from './content';

/** An operation that does nothing but set the status, so that a model can be given this one decision and no other. */
export function moderation(option: Operation['option'], status: (typeof TESTIMONIAL_STATUSES)[number]): Operation {
	return {
		option,
		fields: [testimonialIdField],

		async execute(context, itemIndex) {
			const id = idOf(context, 'testimonialId', 'Testimonial', itemIndex);
			const path = `/v1/testimonials/${segment(id)}`;
			const source = { method: 'PATCH', path, body: { status }, itemIndex } as const;
			return (await request(context, source, objectSchema)) as IDataObject;
		},
	};
}
