import type {
	IAuthenticateGeneric,
	Icon,
	ICredentialTestRequest,
	ICredentialType,
	INodeProperties,
} from 'n8n-workflow';

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
				'The key from Settings → API keys in Testivora. The API is part of the Growth and Agency plans; creating, updating and automatic webhooks need the "write" scope.',
		},
		{
			displayName: 'Base URL',
			name: 'baseUrl',
			type: 'string',
			default: 'https://api.testivora.com',
			placeholder: 'e.g. https://api.testivora.com',
			description: 'Leave it as it is unless you were given another address, such as that of a sandbox',
		},
		{
			displayName: 'Webhook Signing Secret',
			name: 'webhookSecret',
			type: 'string',
			typeOptions: { password: true },
			default: '',
			placeholder: 'e.g. whsec_…',
			description:
				'Only for Testivora Triggers whose Webhook Setup is Manual: the secret shown when the endpoint was added in Testivora. Separate several with commas while you rotate one.',
		},
	];

	authenticate: IAuthenticateGeneric = {
		type: 'generic',
		properties: {
			headers: { Authorization: '=Bearer {{$credentials.apiKey.trim()}}' },
		},
	};

	test: ICredentialTestRequest = {
		request: {
			baseURL: '={{ $credentials.baseUrl.trim().replace(/\\/+$/, "").replace(/\\/v1$/, "") || "https://api.testivora.com" }}',
			url: '/v1/account',
			disableFollowRedirect: true,
		},
		rules: [
			{
				type: 'responseCode',
				properties: {
					value: 401,
					message:
						'Testivora does not know this API key, or it was revoked. Copy the whole key, tv_live_ included, from Settings → API keys in Testivora.',
				},
			},
			{
				type: 'responseCode',
				properties: {
					value: 403,
					message: 'Your Testivora plan does not include the API. It is part of the Growth and Agency plans.',
				},
			},
			{
				type: 'responseCode',
				properties: {
					value: 404,
					message: 'There is no Testivora API at this Base URL. It should be https://api.testivora.com unless you were given another one.',
				},
			},
		],
	};
}
