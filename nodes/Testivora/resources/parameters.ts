import type { IDataObject, IExecuteFunctions, INode, INodeProperties } from 'n8n-workflow';
import type { ZodTypeAny } from 'zod';

import { inputError } from '../../shared/errors';
import { checkInput, idInput } from '../../shared/input';
import { MESSAGES } from '../messages';
import { booleanInput, limitInput } from './inputs';

export { locator, spaceField } from '../../shared/locators';

/** How many entries of a list to return. */
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
 * @throws NodeOperationError when it is empty or not an ID
 */
export function idOf(
	context: IExecuteFunctions,
	name: string,
	label: string,
	itemIndex: number,
): string {
	const value = context.getNodeParameter(name, itemIndex, '', { extractValue: true });
	return checkInput(idInput, value, label, context.getNode(), itemIndex);
}

/**
 * The ID of the space, or undefined when the field was left empty; see {@link idOf}.
 *
 * @throws NodeOperationError when an expression gives nothing; see {@link refuseEmptyExpression}
 */
export function optionalSpaceIdOf(
	context: IExecuteFunctions,
	itemIndex: number,
): string | undefined {
	const value = context.getNodeParameter('spaceId', itemIndex, '', { extractValue: true });
	if (isGiven(value)) return checkInput(idInput, value, 'Space', context.getNode(), itemIndex);
	refuseEmptyExpression(context, ['spaceId'], 'Space', itemIndex);
	return undefined;
}

/**
 * The status to filter by, or undefined when the field was not added or left empty.
 *
 * @param schema normalizes the known statuses
 * @throws NodeOperationError when an expression gives nothing; see {@link refuseEmptyExpression}
 */
export function optionalStatusOf(
	context: IExecuteFunctions,
	schema: ZodTypeAny,
	itemIndex: number,
): string | undefined {
	const { status } = context.getNodeParameter('filters', itemIndex, {}) as IDataObject;
	if (isGiven(status))
		return checkInput(schema, status, 'Status', context.getNode(), itemIndex) as string;
	refuseEmptyExpression(context, ['filters', 'status'], 'Status', itemIndex);
	return undefined;
}

/**
 * Refuses an empty field that holds an expression. Taking it for "all" would, after a typing mistake in the expression, show one client's
 * testimonials to another. Except for a value that an AI model fills in, because models send nothing for fields they don't set.
 *
 * @param path of the field in the node's parameters, where the expression stands unevaluated
 * @throws NodeOperationError that names the label and the item
 */
function refuseEmptyExpression(
	context: IExecuteFunctions,
	path: string[],
	label: string,
	itemIndex: number,
): void {
	const node = context.getNode();
	const expression = expressionIn(node.parameters, path);
	if (expression === undefined || (isTool(node) && /\$fromAI\b/i.test(expression))) return;
	throw inputError(
		node,
		MESSAGES.emptyExpression(label),
		`Correct the expression, or clear ${label} if you want all. Nothing was sent to Testivora for this item.`,
		itemIndex,
	);
}

/**
 * Refuses filters that are empty because of their expression; see {@link refuseEmptyExpression}.
 *
 * @param labels of the filters, by name
 */
export function refuseEmptyFilters(
	context: IExecuteFunctions,
	labels: Record<string, string>,
	itemIndex: number,
): void {
	const filters = context.getNodeParameter('filters', itemIndex, {}) as IDataObject;
	for (const [name, label] of Object.entries(labels)) {
		if (!isGiven(filters[name]))
			refuseEmptyExpression(context, ['filters', name], label, itemIndex);
	}
}

/** The expression of a field or of a collection around it, as stored in the node's parameters; undefined without one. */
function expressionIn(value: unknown, [name, ...rest]: string[]): string | undefined {
	if (typeof value === 'string') return value.startsWith('=') ? value : undefined;
	if (typeof value !== 'object' || value === null) return undefined;
	// Resource locators store their value or expression under "value".
	return expressionIn((value as IDataObject)[name ?? 'value'], rest);
}

/** The maximum number of entries to return; Infinity for all. */
export function limitOf(context: IExecuteFunctions, itemIndex: number): number {
	if (switchOf(context, 'returnAll', 'Return All', itemIndex, false)) return Infinity;
	const limit = context.getNodeParameter('limit', itemIndex, null) ?? 50;
	return checkInput(limitInput, limit, 'Limit', context.getNode(), itemIndex);
}

/** The value of a boolean field; its default if an expression or an AI model gives nothing for it. */
export function switchOf(
	context: IExecuteFunctions,
	name: 'returnAll' | 'simplify',
	label: string,
	itemIndex: number,
	byDefault: boolean,
): boolean {
	const value = context.getNodeParameter(name, itemIndex, null);
	return isGiven(value)
		? checkInput(booleanInput, value, label, context.getNode(), itemIndex)
		: byDefault;
}

/** The fields added to a collection, without those that are empty for this item. */
export function optionalFieldsOf(
	context: IExecuteFunctions,
	name: 'additionalFields' | 'filters',
	itemIndex: number,
): IDataObject {
	return withoutBlanks(context.getNodeParameter(name, itemIndex, {}) as IDataObject);
}

/**
 * The fields to change, with their values for this item. An empty value removes what is there. Except as a tool: n8n asks an AI model
 * for every field that it may fill in, and models send empty texts for fields they don't set.
 */
export function changesOf(context: IExecuteFunctions, itemIndex: number): IDataObject {
	const changes = context.getNodeParameter('updateFields', itemIndex, {}) as IDataObject;
	return isTool(context.getNode()) ? withoutBlanks(changes) : changes;
}

/** Whether an AI model runs the node. n8n offers it to agents as a separate node type, whose name ends with "Tool". */
export function isTool({ type }: INode): boolean {
	return type.endsWith('Tool');
}

/** Whether a field has a value: not undefined, null, blank or an empty list, as an expression gives that finds nothing. */
export function isGiven(value: unknown): boolean {
	if (typeof value === 'string') return value.trim() !== '';
	return value !== undefined && value !== null && !(Array.isArray(value) && value.length === 0);
}

/** An object without its empty fields; see {@link isGiven}. */
export function withoutBlanks(fields: IDataObject): IDataObject {
	return Object.fromEntries(Object.entries(fields).filter(([, value]) => isGiven(value)));
}

/** The first entries of a list, up to a limit, without requesting pages beyond it. */
export async function take<Entry>(entries: AsyncIterable<Entry>, limit: number): Promise<Entry[]> {
	const taken: Entry[] = [];
	for await (const entry of entries) {
		taken.push(entry);
		if (taken.length >= limit) break;
	}
	return taken;
}
