import { list } from '../../../shared/api';
import { inputError } from '../../../shared/errors';
import { MESSAGES } from '../../messages';
import { inSpace } from '../inSpace';
import type { Operation } from '../operation';
import { limitOf, listFields, optionalSpaceIdOf, spaceField, take } from '../parameters';

export const getAll: Operation = {
	option: {
		name: 'Get Many',
		value: 'getAll',
		action: 'Get many walls with their IDs',
		description: 'Get the walls on which testimonials are shown, with their IDs and names',
	},
	fields: [
		spaceField('The space whose walls to get. Leave empty for the walls of all spaces.'),
		...listFields,
	],

	async execute(context, itemIndex) {
		const limit = limitOf(context, itemIndex);
		const spaceId = optionalSpaceIdOf(context, itemIndex);
		const source = { path: '/v1/walls', query: { space_id: spaceId }, itemIndex };
		if (spaceId === undefined) return await take(list(context, source, { atMost: limit }), limit);
		const cannotTell = () =>
			inputError(
				context.getNode(),
				MESSAGES.wallsWithoutSpace,
				'Clear Space to get the walls of all spaces, and tell the makers of this package.',
				itemIndex,
			);
		return await take(inSpace(list(context, source), spaceId, cannotTell), limit);
	},
};
