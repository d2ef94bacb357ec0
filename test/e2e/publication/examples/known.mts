import { isDeepStrictEqual } from 'node:util';

import { NodeHelpers } from 'n8n-workflow';
import type { INode, INodeTypeDescription } from 'n8n-workflow';

import type { WorkflowNode } from '../../harness/client.mts';

/**
 * What n8n's editor would drop from a node or mark red: a type or a version that it does not know, parameters and options that the node
 * does not have or does not show with these settings, values that are not among the choices, and required fields that are empty.
 *
 * @param description of the node's type, as this n8n has it; undefined when it has none
 * @returns a sentence for each
 */
export function faultsOf(node: WorkflowNode, description: Record<string, any> | undefined): string[] {
  if (!description || ![description.version].flat().includes(node.typeVersion)) {
    return [`${node.name}: n8n has no ${node.type} in version ${node.typeVersion}`];
  }
  const { properties } = description as INodeTypeDescription;
  const type = description as INodeTypeDescription;
  const known = NodeHelpers.getNodeParameters(properties, node.parameters as INode['parameters'], true, false, node as INode, type)!;
  const issues = NodeHelpers.getNodeParametersIssues(properties, { ...node, parameters: known } as INode, type);
  return [
    ...lost(node.parameters, known).map((path) => `${node.name}: n8n has no parameter ${path} here`),
    ...Object.values(issues?.parameters ?? {}).flat().map((issue) => `${node.name}: ${issue}`),
  ];
}

/** The paths in `given` that are not the same in `kept`. */
function lost(given: unknown, kept: unknown, path = ''): string[] {
  if (typeof given !== 'object' || given === null || typeof kept !== 'object' || kept === null) {
    return isDeepStrictEqual(given, kept) ? [] : [path];
  }
  return Object.entries(given).flatMap(([name, value]) => {
    const at = path ? `${path}.${name}` : name;
    return name in kept ? lost(value, (kept as Record<string, unknown>)[name], at) : [at];
  });
}
