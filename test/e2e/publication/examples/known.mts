import { isDeepStrictEqual } from 'node:util';

import { NodeHelpers } from 'n8n-workflow';
import type { INode, INodeParameters, INodeTypeDescription } from 'n8n-workflow';

import type { WorkflowNode } from '../../../harness/n8n/client.mts';

/**
 * What n8n's editor would drop from a node, or not know at all: its type or version, parameters and options that the node does not have,
 * and those that it does not show with these settings. Ask it about a node as the file has it: what is hidden until its user has chosen
 * something else is lost in that moment.
 *
 * @param description of the node's type, as this n8n has it; undefined when it has none
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

/** What n8n's editor would mark red in a node: required fields that are empty, and values that are not among the choices. */
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

/** A node's parameters as the editor has them once it has read the node, with the defaults of those that are absent. */
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

/** The paths in `given` that are not the same in `has`. */
function lost(given: unknown, has: unknown, path = ''): string[] {
	if (typeof given !== 'object' || given === null || typeof has !== 'object' || has === null) {
		return isDeepStrictEqual(given, has) ? [] : [path];
	}
	return Object.entries(given).flatMap(([name, value]) => {
		const at = path ? `${path}.${name}` : name;
		return name in has ? lost(value, (has as Record<string, unknown>)[name], at) : [at];
	});
}
