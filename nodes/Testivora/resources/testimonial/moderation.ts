import type { IDataObject } from 'n8n-workflow';

import { request, segment } from '../../../shared/api';
import { inputError } from '../../../shared/errors';
import { isSameWord } from '../../../shared/filters';
import { objectSchema } from '../../../shared/schemas';
import type { TESTIMONIAL_STATUSES } from '../../../shared/schemas';
import { MESSAGES } from '../../messages';
import type { Operation } from '../operation';
import { idOf } from '../parameters';
import { testimonialIdField } from './content';

/** An operation that sets the status and nothing else, so that an AI model can be given exactly this one decision as a tool. */
export function moderation(
	option: Operation['option'],
	status: (typeof TESTIMONIAL_STATUSES)[number],
): Operation {
	return {
		option,
		fields: [testimonialIdField],

		async execute(context, itemIndex) {
			const id = idOf(context, 'testimonialId', 'Testimonial', itemIndex);
			const path = `/v1/testimonials/${segment(id)}`;
			const source = { method: 'PATCH', path, body: { status }, itemIndex } as const;
			const testimonial = (await request(context, source, objectSchema)) as IDataObject;
			if (typeof testimonial.status === 'string' && !isSameWord(testimonial.status, status)) {
				throw inputError(
					context.getNode(),
					MESSAGES.statusNotSet(testimonial.status.slice(0, 50)),
					`It was asked to make it ${status}. Change the status in Testivora, or find out there why it stays as it is.`,
					itemIndex,
				);
			}
			return testimonial;
		},
	};
}
