import type { Resource } from '../operation';
import { get } from './get';

export const account: Resource = {
	option: { name: 'Account', value: 'account' },
	operations: [get],
	defaultOperation: 'get',
};
