import type { Resource } from '../operation';
import { create } from './create';
import { remove } from './delete';
import { get } from './get';
import { getAll } from './getAll';
import { update } from './update';

export const webhook: Resource = {
	option: { name: 'Webhook', value: 'webhook' },
	operations: [create, remove, get, getAll, update],
	defaultOperation: 'getAll',
};
