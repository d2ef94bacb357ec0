import type { IDataObject, IExecuteFunctions, INodeProperties } from 'n8n-workflow';

import { inputError } from '../../../shared/errors';
import { checkInput } from '../../../shared/input';
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

/** n8n's guidelines allow ten. Left out: `space_id`, and `type`, which `video` tells as well. */
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

/** How much of a testimonial goes out. n8n's guidelines ask for a switch in workflows, and for three choices where an AI model reads it. */
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
 * What makes of a testimonial what goes out, by the node's settings.
 *
 * @throws NodeOperationError when a setting is none of the choices
 */
export function outputOf(
	context: IExecuteFunctions,
	itemIndex: number,
): (testimonial: IDataObject) => IDataObject {
	const node = context.getNode();
	const output = isTool(node) ? context.getNodeParameter('output', itemIndex, null) : undefined;
	if (!isGiven(output)) {
		// Older versions of n8n don't know "@tool": they offer Simplify for tools, too.
		return switchOf(context, 'simplify', 'Simplify', itemIndex, true)
			? picking(SIMPLIFIED)
			: asItIs;
	}
	const choice = checkInput(outputInput, output, 'Output', node, itemIndex);
	if (choice === 'raw') return asItIs;
	if (choice === 'simplified') return picking(SIMPLIFIED);
	const fields = checkInput(
		tagsInput,
		context.getNodeParameter('outputFields', itemIndex, []),
		'Fields',
		node,
		itemIndex,
	);
	if (fields.length > 0) return picking(fields);
	throw inputError(
		node,
		'Choose at least one field under Fields',
		'Or set Output to Simplified.',
		itemIndex,
	);
}

function asItIs(testimonial: IDataObject): IDataObject {
	return testimonial;
}

/** Only these fields, as far as a testimonial has them. */
function picking(fields: string[]): (testimonial: IDataObject) => IDataObject {
	return (testimonial) =>
		Object.fromEntries(
			fields.filter((field) => field in testimonial).map((field) => [field, testimonial[field]]),
		);
}
