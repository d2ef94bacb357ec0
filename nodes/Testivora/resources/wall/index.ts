import type { Resource } from '../operation';
import { getAll } from './getAll';

export const wall: Resource = {
	option: { name: 'Wall', value: 'wall' },
	operations: [getAll],
	defaultOperation: 'getAll',
};
