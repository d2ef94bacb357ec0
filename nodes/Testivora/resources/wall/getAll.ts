import type { IDataObject } from 'n8n-workflow';

import { list } from '../../../shared/api';
import type { Operation } from '../operation';
import { limitOf, listFields, optionalSpaceIdOf, spaceField, take } from '../parameters';

export const getAll: Operation = {
	option: {
		name: 'Get Many',
		value: 'getAll',
		action: 'Get many walls with their IDs',
		description: 'Get the walls on which testimonials are shown, with their IDs and names',
	},
	fields: [spaceField('The space whose walls to get. Leave empty for the walls of all spaces.'), ...listFields],

	async execute(context, itemIndex) {
		const limit = limitOf(context, itemIndex);
		const query = { space_id: optionalSpaceIdOf(context, itemIndex) };
		const walls = list(context, { path: '/v1/walls', query, itemIndex }, { atMost: limit });
		return (await take(walls, limit)) as IDataObject[];
	},
};
