import type { Resource } from '../operation';
import { approve } from './approve';
import { create } from './create';
import { get } from './get';
import { getAll } from './getAll';
import { reject } from './reject';
import { update } from './update';

export const testimonial: Resource = {
	option: { name: 'Testimonial', value: 'testimonial' },
	operations: [approve, create, get, getAll, reject, update],
	defaultOperation: 'getAll',
};
