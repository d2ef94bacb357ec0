import type { IDataObject, INodeProperties } from 'n8n-workflow';

export const simplifyField: INodeProperties = {
	displayName: 'Simplify',
	name: 'simplify',
	type: 'boolean',
	default: true,
	description: 'Whether to return a simplified version of the response instead of the raw data',
};

const KEPT = ['id', 'space_id', 'status', 'type', 'rating', 'text', 'author', 'tags', 'featured', 'created_at'];

/** A testimonial with the fields that most workflows use, as far as it has them. */
export function simplified(testimonial: IDataObject): IDataObject {
	return Object.fromEntries(KEPT.filter((field) => field in testimonial).map((field) => [field, testimonial[field]]));
}
