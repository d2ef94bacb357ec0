import type {
	Icon,
	ICredentialDataDecryptedObject,
	ICredentialTestRequest,
	ICredentialType,
	IHttpRequestOptions,
	INodeProperties,
} from 'n8n-workflow';

const NO_API_HERE = 'There is no Testivora API at this Base URL. It should be https://api.testivora.com unless you were given another one.';

/** What the credential test says for a status; n8n has only the name of the status otherwise. */
const BY_STATUS: Record<number, string> = {
	401: 'Testivora does not know this API key, or it was revoked. Copy the whole key, tv_live_ included, from Settings → API in Testivora.',
	403: 'Your Testivora plan does not include the API. It is part of the Growth and Agency plans.',
	404: NO_API_HERE,
	429: 'Testivora is receiving too many requests with this API key. Wait a minute and test it again.',
	...Object.fromEntries(
		[301, 302, 303, 307, 308].map((status) => [
			status,
			`The Base URL sends requests on to another address (${status}). Put the final address into Base URL: redirects are not followed, so that the API key reaches no other host.`,
		]),
	),
	...Object.fromEntries(
		[500, 502, 503, 504].map((status) => [
			status,
			`Testivora is not working at the moment (${status}). Try again in a few minutes.`,
		]),
	),
};

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
				'The key from Settings → API in Testivora. The API is part of the Growth and Agency plans; creating, updating and automatic webhooks need the "write" scope.',
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
			hint: 'Only for Testivora Triggers whose Webhook Setup is Manual',
			description:
				'The secret that Testivora showed when you added the endpoint there. Separate several with commas: one for each endpoint, or the old and the new one while you rotate it. Up to 25 are tried.',
		},
	];

	/**
	 * A function, as n8n evaluates the expression of the other form anew for every request, which takes it longer than all else. And a
	 * property, as n8n copies no methods: without it, it would offer neither Custom API Call nor this credential in HTTP Request.
	 */
	authenticate = async (
		{ apiKey }: ICredentialDataDecryptedObject,
		request: IHttpRequestOptions,
	): Promise<IHttpRequestOptions> => ({
		...request,
		headers: { ...request.headers, Authorization: `Bearer ${String(apiKey ?? '').trim()}` },
	});

	test: ICredentialTestRequest = {
		request: {
			baseURL: '={{ $credentials.baseUrl.trim().replace(/\\/+$/, "").replace(/\\/v1$/, "") || "https://api.testivora.com" }}',
			url: '/v1/account',
			disableFollowRedirect: true,
		},
		// n8n reads rules of both kinds from one list; its type allows for one kind only.
		rules: [
			...Object.entries(BY_STATUS).map(([status, message]) => ({
				type: 'responseCode',
				properties: { value: Number(status), message },
			})),
			// A web page, which begins with "<", is no account.
			{ type: 'responseSuccessBody', properties: { key: '0', value: '<', message: NO_API_HERE } },
		] as ICredentialTestRequest['rules'],
	};
}
