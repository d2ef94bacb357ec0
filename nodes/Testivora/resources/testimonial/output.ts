import type { IDataObject, IExecuteFunctions, INodeProperties } from 'n8n-workflow';

import { inputError } from '../../../shared/errors';
import { checkInput } from '../../../shared/input';
import { MESSAGES } from '../../messages';
import { outputInput, tagsInput } from '../inputs';
import { isGiven, isTool, switchOf } from '../parameters';

/** Every field that a testimonial is known to have (assumption A3). */
const FIELDS = [
	'author',
	'created_at',
	'featured',
	'id',
	'published_at',
	'rating',
	'space_id',
	'status',
	'tags',
	'text',
	'type',
	'video',
] as const;

/** n8n's guidelines allow ten fields. `space_id` is left out, and `type`, because `video` implies it. */
const SIMPLIFIED = [
	'id',
	'status',
	'rating',
	'text',
	'author',
	'tags',
	'featured',
	'video',
	'created_at',
	'published_at',
];

const nameOf = (field: string) =>
	field
		.replace(
			/(^|_)([a-z])/g,
			(_match, before: string, letter: string) => `${before && ' '}${letter.toUpperCase()}`,
		)
		.replace(/\bId\b/, 'ID');

/** How much of each testimonial to return. n8n's guidelines ask for a switch in workflows, and for three choices in tools. */
export const outputFields: INodeProperties[] = [
	{
		displayName: 'Simplify',
		name: 'simplify',
		type: 'boolean',
		displayOptions: { hide: { '@tool': [true] } },
		default: true,
		description: 'Whether to return a simplified version of the response instead of the raw data',
	},
	{
		displayName: 'Output',
		name: 'output',
		type: 'options',
		displayOptions: { show: { '@tool': [true] } },
		options: [
			{ name: 'Raw', value: 'raw', description: 'All fields' },
			{
				name: 'Selected Fields',
				value: 'selectedFields',
				description: 'Only the fields that you choose',
			},
			{
				name: 'Simplified',
				value: 'simplified',
				description: 'The ten fields that most agents need',
			},
		],
		default: 'simplified',
		description: 'How much of each testimonial the model reads. Less leaves it more room to think.',
	},
	{
		displayName: 'Fields',
		name: 'outputFields',
		type: 'multiOptions',
		displayOptions: { show: { '@tool': [true], output: ['selectedFields'] } },
		options: FIELDS.map((value) => ({ name: nameOf(value), value })),
		default: ['id', 'text'],
		description: 'The fields of each testimonial that the model reads',
	},
];

/**
 * The function that converts a testimonial to its output form, as the node's settings ask.
 *
 * @throws NodeOperationError when a setting has an unknown value
 */
export function outputOf(
	context: IExecuteFunctions,
	itemIndex: number,
): (testimonial: IDataObject) => IDataObject {
	const node = context.getNode();
	const output = isTool(node) ? context.getNodeParameter('output', itemIndex, null) : undefined;
	if (!isGiven(output)) {
		// Versions of n8n that don't support "@tool" show Simplify for tools, too.
		return switchOf(context, 'simplify', 'Simplify', itemIndex, true)
			? pick(SIMPLIFIED)
			: unchanged;
	}
	const choice = checkInput(outputInput, output, 'Output', node, itemIndex);
	if (choice === 'raw') return unchanged;
	if (choice === 'simplified') return pick(SIMPLIFIED);
	const fields = checkInput(
		tagsInput,
		context.getNodeParameter('outputFields', itemIndex, []),
		'Fields',
		node,
		itemIndex,
	);
	if (fields.length > 0) return pick(fields);
	throw inputError(node, MESSAGES.noOutputFields, 'Or set Output to Simplified.', itemIndex);
}

function unchanged(testimonial: IDataObject): IDataObject {
	return testimonial;
}

function pick(fields: string[]): (testimonial: IDataObject) => IDataObject {
	return (testimonial) =>
		Object.fromEntries(
			fields.filter((field) => field in testimonial).map((field) => [field, testimonial[field]]),
		);
}
