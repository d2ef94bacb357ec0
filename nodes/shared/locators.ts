import type { INodeProperties } from 'n8n-workflow';

import { MESSAGES } from './messages';

/** A field that names one thing: chosen from a searchable list, or by its ID. */
export function locator(field: {
	displayName: string;
	name: string;
	description: string;
	/** Name of the node's `listSearch` method that fills the list. */
	searchListMethod: string;
	/** An ID to show as the example, without "e.g. ". */
	exampleId: string;
	/** What the list shows while nothing is chosen; absent: n8n's own "Choose...". */
	listPlaceholder?: string;
	required?: boolean;
}): INodeProperties {
	const { searchListMethod, exampleId, listPlaceholder, ...rest } = field;
	return {
		...rest,
		type: 'resourceLocator',
		default: { mode: 'list', value: '' },
		modes: [
			{
				displayName: 'From List',
				name: 'list',
				type: 'list',
				placeholder: listPlaceholder,
				typeOptions: { searchListMethod, searchable: true },
			},
			{
				displayName: 'By ID',
				name: 'id',
				type: 'string',
				placeholder: `e.g. ${exampleId}`,
				validation: [
					{
						type: 'regex',
						properties: {
							regex: '\\s*[^\\s/?#]*\\s*',
							errorMessage: MESSAGES.idIsAddress,
						},
					},
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
		listPlaceholder: required ? undefined : 'All spaces',
		required,
	});
}
