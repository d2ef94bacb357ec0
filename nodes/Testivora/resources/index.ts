import type { IExecuteFunctions, INodeProperties } from 'n8n-workflow';

import { inputError } from '../../shared/errors';
import { MESSAGES } from '../messages';
import { account } from './account';
import { propertiesOf } from './operation';
import type { Operation, Resource } from './operation';
import { space } from './space';
import { testimonial } from './testimonial';
import { wall } from './wall';
import { webhook } from './webhook';

const resources: Resource[] = [account, space, testimonial, wall, webhook];

/** All fields of the node. */
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
 * The operation chosen in the node.
 *
 * @throws NodeOperationError when this version has no such operation, as in a workflow made with a newer one
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
		MESSAGES.unknownOperation(operation, resource),
		'Choose a resource and an operation from the lists, or update the package.',
	);
}
