import type {
	IDataObject,
	IExecuteFunctions,
	ILoadOptionsFunctions,
	INodeProperties,
	INodePropertyOptions,
} from 'n8n-workflow';

import { baseUrlOf } from '../../../shared/credential';
import { inputError, isGone, isWebhookApiMissing } from '../../../shared/errors';
import { checkInput } from '../../../shared/input';
import { INPUT_FAULTS, MESSAGES } from '../../messages';
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

/** A copy of an endpoint for the output, without secrets at any depth. */
export function withoutSecrets(endpoint: unknown): IDataObject {
	return JSON.parse(
		JSON.stringify(endpoint, (name, value: unknown) =>
			/secret/i.test(name) || (typeof value === 'string' && value.includes('whsec_'))
				? undefined
				: value,
		),
	) as IDataObject;
}

/**
 * Waits for a request about webhooks, and explains its error if the API has no webhooks (assumption A1).
 *
 * @param isCollection whether the request is to `/v1/webhooks` itself, where a 404 means that the API has no webhooks
 */
export async function withWebhookApi<Answer>(
	context: IExecuteFunctions | ILoadOptionsFunctions,
	request: Promise<Answer>,
	{ itemIndex, isCollection = false }: { itemIndex?: number; isCollection?: boolean } = {},
): Promise<Answer> {
	return await request.catch((error: unknown) => {
		if (isWebhookApiMissing(error) && (isCollection || !isGone(error))) {
			throw inputError(
				context.getNode(),
				MESSAGES.noWebhookApi,
				'Testivora Trigger works all the same: set its Webhook Setup to Manual.',
				itemIndex,
			);
		}
		// A 404 to one endpoint may mean that this endpoint is missing, or that the API has no webhooks at all.
		if (isGone(error)) {
			error.description = `${error.description} If the API of your account has no webhooks at all, manage endpoints in Testivora under Settings → Webhooks.`;
		}
		throw error;
	});
}
