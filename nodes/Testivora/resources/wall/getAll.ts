import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';

import { list } from '../../../shared/api';
import { inputError } from '../../../shared/errors';
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
		return await take(inSpace(list(context, source), spaceId, context, itemIndex), limit);
	},
};

/**
 * The walls of one space. That the API filters walls by space is assumption A3: one that does not would give out all of them.
 *
 * @throws NodeOperationError when a wall does not say which space it belongs to
 */
async function* inSpace(
	walls: AsyncIterable<IDataObject>,
	spaceId: string,
	context: IExecuteFunctions,
	itemIndex: number,
): AsyncGenerator<IDataObject> {
	for await (const wall of walls) {
		if (wall.space_id === undefined) {
			throw inputError(
				context.getNode(),
				'Testivora does not say which space its walls belong to, so they cannot be filtered by Space',
				'Clear Space to get the walls of all spaces, and tell the makers of this package.',
				itemIndex,
			);
		}
		if (wall.space_id === spaceId) yield wall;
	}
}
