import type { IExecuteFunctions, INodeProperties } from 'n8n-workflow';

import { inputError } from '../../shared/errors';
import { account } from './account';
import { propertiesOf } from './operation';
import type { Operation, Resource } from './operation';
import { space } from './space';
import { testimonial } from './testimonial';
import { wall } from './wall';
import { webhook } from './webhook';

const resources: Resource[] = [account, space, testimonial, wall, webhook];

/** Everything the editor asks for. */
export const properties: INodeProperties[] = [
	{
		displayName: 'Resource',
		name: 'resource',
		type: 'options',
		noDataExpression: true,
		options: resources.map(({ option }) => option),
		default: 'testimonial',
	},
	...resources.flatMap(propertiesOf),
];

/**
 * The operation that is chosen in the node.
 *
 * @throws NodeOperationError when there is none by that name, as in a workflow made with another version
 */
export function operationOf(context: IExecuteFunctions): Operation {
	const [resource, operation] = ['resource', 'operation'].map(
		(name) => context.getNodeParameter(name, 0) as string,
	);
	const chosen = resources
		.find(({ option }) => option.value === resource)
		?.operations.find(({ option }) => option.value === operation);
	if (chosen) return chosen;
	throw inputError(
		context.getNode(),
		`This version of the Testivora node has no operation "${operation}" for "${resource}"`,
		'Choose a resource and an operation from the lists, or update the package.',
	);
}
