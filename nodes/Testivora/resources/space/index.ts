import type { Resource } from '../operation';
import { getAll } from './getAll';

export const space: Resource = {
	option: { name: 'Space', value: 'space' },
	operations: [getAll],
	defaultOperation: 'getAll',
};
