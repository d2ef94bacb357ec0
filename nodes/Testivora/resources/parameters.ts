import type { IDataObject, IExecuteFunctions, INodeProperties } from 'n8n-workflow';

import { checkInput } from '../../shared/errors';
import { idInput, limitInput } from '../../shared/schemas';

/** A field that names one thing: chosen from a searchable list, or by its ID. */
export function locator(field: {
	displayName: string;
	name: string;
	description: string;
	/** Method of `listSearch` that fills the list. */
	searchListMethod: string;
	/** An ID to show as the example, without "e.g. ". */
	exampleId: string;
	required?: boolean;
}): INodeProperties {
	const { searchListMethod, exampleId, ...rest } = field;
	return {
		...rest,
		type: 'resourceLocator',
		default: { mode: 'list', value: '' },
		modes: [
			{
				displayName: 'From List',
				name: 'list',
				type: 'list',
				typeOptions: { searchListMethod, searchable: true },
			},
			{
				displayName: 'By ID',
				name: 'id',
				type: 'string',
				placeholder: `e.g. ${exampleId}`,
				validation: [
					{ type: 'regex', properties: { regex: '\\s*[^\\s/?#]*\\s*', errorMessage: 'Enter an ID, not a web address' } },
				],
			},
		],
	};
}

/** The space that something belongs to. */
export function spaceField(description: string, required = false): INodeProperties {
	return locator({
		displayName: 'Space',
		name: 'spaceId',
		description,
		searchListMethod: 'searchSpaces',
		exampleId: 'spc_123',
		required,
	});
}

/** How much of a list is wanted. */
export const listFields: INodeProperties[] = [
	{
		displayName: 'Return All',
		name: 'returnAll',
		type: 'boolean',
		default: false,
		description: 'Whether to return all results or only up to a given limit',
	},
	{
		displayName: 'Limit',
		name: 'limit',
		type: 'number',
		displayOptions: { show: { returnAll: [false] } },
		typeOptions: { minValue: 1 },
		default: 50,
		description: 'Max number of results to return',
	},
];

/**
 * The ID in a resource locator.
 *
 * @throws NodeOperationError when there is none, or it is no ID
 */
export function idOf(context: IExecuteFunctions, name: string, label: string, itemIndex: number): string {
	const value = context.getNodeParameter(name, itemIndex, '', { extractValue: true });
	return checkInput(idInput, value, label, context.getNode(), itemIndex);
}

/** The ID of the space, or undefined when none was chosen; see {@link idOf}. */
export function optionalSpaceIdOf(context: IExecuteFunctions, itemIndex: number): string | undefined {
	const value = context.getNodeParameter('spaceId', itemIndex, '', { extractValue: true });
	return isGiven(value) ? checkInput(idInput, value, 'Space', context.getNode(), itemIndex) : undefined;
}

/** How many entries of a list are wanted; Infinity for all. */
export function limitOf(context: IExecuteFunctions, itemIndex: number): number {
	if (context.getNodeParameter('returnAll', itemIndex, false)) return Infinity;
	return checkInput(limitInput, context.getNodeParameter('limit', itemIndex, 50), 'Limit', context.getNode(), itemIndex);
}

/** The fields that were added to a collection, with the values they have for this item. */
export function collectionOf(
	context: IExecuteFunctions,
	name: 'additionalFields' | 'updateFields' | 'filters',
	itemIndex: number,
): IDataObject {
	return context.getNodeParameter(name, itemIndex, {}) as IDataObject;
}

/** Whether an optional field holds something: an expression that finds nothing leaves it out. */
export function isGiven(value: unknown): boolean {
	return value !== undefined && value !== null && !(typeof value === 'string' && value.trim() === '');
}

/** The first entries of a list, up to a limit; nothing further is asked for then. */
export async function take<Entry>(entries: AsyncIterable<Entry>, limit: number): Promise<Entry[]> {
	const taken: Entry[] = [];
	for await (const entry of entries) {
		taken.push(entry);
		if (taken.length >= limit) break;
	}
	return taken;
}
