import type { Resource } from '../operation';
import { create } from './create';
import { get } from './get';
import { getAll } from './getAll';
import { update } from './update';

export const testimonial: Resource = {
	option: { name: 'Testimonial', value: 'testimonial' },
	operations: [create, get, getAll, update],
	defaultOperation: 'getAll',
};
