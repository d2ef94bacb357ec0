import { isDeepStrictEqual } from 'node:util';

import { NodeHelpers } from 'n8n-workflow';
import type { INode, INodeParameters, INodeTypeDescription } from 'n8n-workflow';

import type { WorkflowNode } from '../../../harness/n8n/client.mts';

/**
 * What n8n's editor does not know of a node or would drop: its type or version, parameters that the type does not have, and parameters
 * that it hides with these settings. Pass the node as it is in the file, since the editor drops hidden parameters on import.
 *
 * @param description of the node's type in this n8n; undefined when it does not have the type
 * @returns a sentence for each
 */
export function unknownIn(
	node: WorkflowNode,
	description: Record<string, any> | undefined,
): string[] {
	if (!description || ![description.version].flat().includes(node.typeVersion)) {
		return [`${node.name}: n8n has no ${node.type} in version ${node.typeVersion}`];
	}
	return lost(node.parameters, kept(node, description)).map(
		(path) => `${node.name}: n8n has no parameter ${path} here`,
	);
}

/** The issues that n8n's editor shows for a node: required fields that are empty, and values that are not among the options. */
export function missingIn(node: WorkflowNode, description: Record<string, any>): string[] {
	const type = description as INodeTypeDescription;
	const issues = NodeHelpers.getNodeParametersIssues(
		type.properties,
		{ ...node, parameters: kept(node, description) } as INode,
		type,
	);
	return Object.values(issues?.parameters ?? {})
		.flat()
		.map((issue) => `${node.name}: ${issue}`);
}

/** A node's parameters after the editor has read the node, defaults included. */
function kept(node: WorkflowNode, description: Record<string, any>): INodeParameters {
	const type = description as INodeTypeDescription;
	return NodeHelpers.getNodeParameters(
		type.properties,
		node.parameters as INodeParameters,
		true,
		false,
		node as INode,
		type,
	)!;
}

/** The paths in `given` that `has` lacks or has with another value. */
function lost(given: unknown, has: unknown, path = ''): string[] {
	if (typeof given !== 'object' || given === null || typeof has !== 'object' || has === null) {
		return isDeepStrictEqual(given, has) ? [] : [path];
	}
	return Object.entries(given).flatMap(([name, value]) => {
		const at = path ? `${path}.${name}` : name;
		return name in has ? lost(value, (has as Record<string, unknown>)[name], at) : [at];
	});
}
