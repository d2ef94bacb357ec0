import type {
	IDataObject,
	IExecuteFunctions,
	INodeProperties,
	INodePropertyOptions,
} from 'n8n-workflow';

import { baseUrlOf } from '../../../shared/credential';
import { inputError } from '../../../shared/errors';
import { checkInput } from '../../../shared/input';
import { INPUT_FAULTS } from '../../messages';
import { endpointStatusInput, eventsInput, secretInput, urlInput } from '../inputs';
import { locator } from '../parameters';

export const webhookIdField: INodeProperties = locator({
	displayName: 'Webhook',
	name: 'webhookId',
	description: 'The webhook endpoint, chosen from the list or by its ID. Get Many gives the IDs.',
	searchListMethod: 'searchWebhooks',
	exampleId: 'wh_123',
	required: true,
});

export const urlField: INodeProperties = {
	displayName: 'URL',
	name: 'url',
	type: 'string',
	default: '',
	placeholder: 'e.g. https://example.com/testimonials',
	description: 'The address that Testivora sends events to, beginning with https://',
};

export const eventsField: INodeProperties = {
	displayName: 'Events',
	name: 'events',
	type: 'multiOptions',
	options: [
		{ name: 'Testimonial Approved', value: 'testimonial.approved' },
		{ name: 'Testimonial Created', value: 'testimonial.created' },
		{ name: 'Testimonial Deleted', value: 'testimonial.deleted' },
	],
	default: ['testimonial.created'],
	description:
		'The events that are sent to the URL: testimonial.created, testimonial.approved, testimonial.deleted',
};

export const statusOptions: INodePropertyOptions[] = [
	{ name: 'Active', value: 'active', description: 'Events are sent' },
	{
		name: 'Disabled',
		value: 'disabled',
		description: 'The endpoint is kept, but nothing is sent to it',
	},
];

export const statusField: INodeProperties = {
	displayName: 'Status',
	name: 'status',
	type: 'options',
	options: statusOptions,
	default: 'active',
	description: 'Active (events are sent) or disabled (nothing is sent until it is active again)',
};

export const secretField: INodeProperties = {
	displayName: 'Signing Secret',
	name: 'secret',
	type: 'string',
	typeOptions: { password: true },
	default: '',
	placeholder: 'e.g. whsec_…',
	description:
		'Secret that deliveries are signed with: whsec_ and then base64 of random bytes. It never shows in the output.',
};

/**
 * The body of a POST or PATCH for a webhook endpoint (assumption A1), validated.
 *
 * @param fields by their names in the editor; undefined and null count as absent
 * @throws NodeOperationError that names the field's label and the item
 */
export async function endpointOf(
	context: IExecuteFunctions,
	{ url, events, status, secret }: IDataObject,
	itemIndex: number,
): Promise<IDataObject> {
	const node = context.getNode();
	return {
		...(isPresent(url) && { url: await deliveryUrlOf(context, url, itemIndex) }),
		...(isPresent(events) && {
			events: checkInput(eventsInput, events, 'Events', node, itemIndex),
		}),
		...(isPresent(status) && {
			status: checkInput(endpointStatusInput, status, 'Status', node, itemIndex),
		}),
		...(isPresent(secret) && {
			secret: checkInput(secretInput, secret, 'Signing Secret', node, itemIndex),
		}),
	};
}

function isPresent(value: unknown): boolean {
	return value !== undefined && value !== null;
}

/** The delivery URL. It may use plain HTTP only if the Base URL does, as that of a local sandbox. */
async function deliveryUrlOf(
	context: IExecuteFunctions,
	value: unknown,
	itemIndex: number,
): Promise<string> {
	const node = context.getNode();
	const url = checkInput(urlInput, value, 'URL', node, itemIndex);
	const base = baseUrlOf(await context.getCredentials('testivoraApi', itemIndex), node);
	if (new URL(url).protocol === 'https:' || base.startsWith('http:')) return url;
	throw inputError(
		node,
		`URL ${INPUT_FAULTS.plainHttp}`,
		'Testivora sends events to HTTPS addresses only. Nothing was sent to Testivora for this item.',
		itemIndex,
	);
}
