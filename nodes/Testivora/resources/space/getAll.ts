import type { IDataObject } from 'n8n-workflow';

import { list } from '../../../shared/api';
import type { Operation } from '../operation';
import { limitOf, listFields, take } from '../parameters';

export const getAll: Operation = {
	option: {
		name: 'Get Many',
		value: 'getAll',
		action: 'Get many spaces with their IDs',
		description:
			'Get the spaces in which testimonials are collected, most recent first, with their IDs and names',
	},
	fields: listFields,

	async execute(context, itemIndex) {
		const limit = limitOf(context, itemIndex);
		const spaces = list(context, { path: '/v1/spaces', itemIndex }, { atMost: limit });
		return (await take(spaces, limit)) as IDataObject[];
	},
};
