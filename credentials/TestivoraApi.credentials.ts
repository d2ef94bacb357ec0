import type {
	Icon,
	ICredentialDataDecryptedObject,
	ICredentialType,
	IHttpRequestOptions,
	INodeProperties,
} from 'n8n-workflow';

import { authorizationOf } from '../nodes/shared/credential';

export class TestivoraApi implements ICredentialType {
	name = 'testivoraApi';

	displayName = 'Testivora API';

	icon: Icon = { light: 'file:../icons/testivora.svg', dark: 'file:../icons/testivora.dark.svg' };

	documentationUrl = 'https://testivora.com/docs/automate/webhooks-api';

	properties: INodeProperties[] = [
		{
			displayName: 'API Key',
			name: 'apiKey',
			type: 'string',
			typeOptions: { password: true },
			default: '',
			required: true,
			placeholder: 'e.g. tv_live_…',
			description:
				'The key from Settings → API in Testivora. The API is part of the Growth and Agency plans. Give the key the scopes "read" and "write": creating, updating and automatic webhooks need "write", all else "read".',
		},
		{
			displayName: 'Base URL',
			name: 'baseUrl',
			type: 'string',
			default: 'https://api.testivora.com',
			placeholder: 'e.g. https://api.testivora.com',
			description:
				'Leave it as it is unless you were given another address, such as that of a sandbox',
		},
		{
			displayName: 'Webhook Signing Secret',
			name: 'webhookSecret',
			type: 'string',
			typeOptions: { password: true },
			default: '',
			placeholder: 'e.g. whsec_…',
			hint: 'Only for Testivora Triggers whose Webhook Setup is Manual',
			description:
				'The secret that Testivora showed when you added the endpoint there. Separate several with commas: one for each endpoint, or the old and the new one while you rotate it. Up to 25 are tried.',
		},
	];

	/**
	 * A function, because n8n would evaluate the expression of the declarative form for every request, which would cost more than the
	 * rest of the request. n8n copies own properties only, so this must not be a method: n8n would then offer neither Custom API Call
	 * nor this credential in HTTP Request.
	 */
	authenticate = async (
		credential: ICredentialDataDecryptedObject,
		request: IHttpRequestOptions,
	): Promise<IHttpRequestOptions> => ({
		...request,
		headers: { ...request.headers, Authorization: authorizationOf(credential) },
	});
}
