import { NodeConnectionTypes } from 'n8n-workflow';
import type {
	IHookFunctions,
	INodeType,
	INodeTypeDescription,
	IWebhookFunctions,
	IWebhookResponseData,
} from 'n8n-workflow';

import { webhookSecretsOf } from '../shared/credential';
import { testTestivoraApi } from '../shared/credentialTest';
import { inputError } from '../shared/errors';
import { filtersField, simplifyField } from '../shared/triggerFields';
import { receive } from './delivery';
import { isManual, isRegistered, isStartupOf, registerEndpoint, removeEndpoint } from './endpoint';
import { MESSAGES } from './messages';
import { prepareSample, wantsSample } from './sample';
import { isUsable } from './signature';

export class TestivoraTrigger implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'Testivora Trigger',
		name: 'testivoraTrigger',
		icon: { light: 'file:../../icons/testivora.svg', dark: 'file:../../icons/testivora.dark.svg' },
		group: ['trigger'],
		// n8n evaluates an expression for each delivery to a trigger of version 1, which costs a tenth of the delivery's time.
		version: [1, 1.1],
		defaultVersion: 1.1,
		subtitle: '={{ $parameter["events"].map((event) => event.split(".")[1]).join(", ") }}',
		// n8n's node panel merges the trigger and the action into one entry, and shows this for it.
		description:
			'Starts the workflow at once when a testimonial is created, approved or deleted in Testivora. The trigger needs an n8n with a public https address; Testivora Poll Trigger does not.',
		eventTriggerDescription:
			'Now submit a testimonial in Testivora. Approve or delete one if Trigger On says so.',
		activationMessage: 'Testimonials from Testivora now start this workflow.',
		builderHint: {
			searchHint:
				'Starts the workflow for each new, approved or deleted testimonial. Registers its own webhook at Testivora when the workflow is published: choose no path and invent no signing secret, and leave Webhook Setup on Automatic. Credential: testivoraApi with an API key of the scopes read and write. Each item is one testimonial, with text, rating, author.name and event.name at the top. Filter by rating, type, tags or featured in the node itself rather than with an IF node.',
		},
		defaults: { name: 'Testivora Trigger' },
		inputs: [],
		outputs: [NodeConnectionTypes.Main],
		credentials: [{ name: 'testivoraApi', required: true, testedBy: 'testTestivoraApi' }],
		webhooks: [
			{
				name: 'default',
				httpMethod: 'POST',
				responseMode: 'onReceived',
				// Empty, so that n8n reads its answer from the node, right before it saves static data: see delivery.ts.
				responseData: '',
				path: 'webhook',
				ndvHideMethod: true,
				ndvHideUrl: '={{ $parameter["setup"] !== "manual" }}',
			},
		],
		triggerPanel: {
			header: 'Wait for a testimonial',
			executionsHelp: {
				inactive:
					'Webhooks have two modes: test and production.<br /><br /><b>Use test mode while you build your workflow.</b> Click "Execute step", then submit or approve a testimonial in Testivora. It will show up here.<br /><br /><b>Use production mode to run your workflow automatically.</b> Click "Publish" ("Active" in older versions of n8n); from then on each testimonial starts the workflow. Those runs show up in the executions list, not here.',
				active:
					'Webhooks have two modes: test and production.<br /><br /><b>Use test mode while you build your workflow.</b> Click "Execute step", then submit or approve a testimonial in Testivora. It will show up here.<br /><br /><b>Production mode is on:</b> each testimonial starts this workflow. Those runs show up in the executions list, not here.',
			},
			activationHint:
				'Once you have finished building your workflow, publish it (switch it to "Active" in older versions of n8n): from then on each testimonial starts it, and those runs show up in the executions list.',
		},
		properties: [
			{
				displayName: 'Trigger On',
				name: 'events',
				type: 'multiOptions',
				required: true,
				noDataExpression: true,
				options: [
					{
						name: 'Testimonial Approved',
						value: 'testimonial.approved',
						description: 'A testimonial was approved and may be shown',
					},
					{
						name: 'Testimonial Created',
						value: 'testimonial.created',
						description: 'A testimonial was submitted or imported',
					},
					{
						name: 'Testimonial Deleted',
						value: 'testimonial.deleted',
						description:
							'A testimonial was deleted; only its ID is known, and filters do not apply',
					},
				],
				default: ['testimonial.created'],
			},
			simplifyField,
			filtersField,
			{
				displayName: 'Webhook Setup',
				name: 'setup',
				type: 'options',
				noDataExpression: true,
				options: [
					{
						name: 'Automatic',
						value: 'automatic',
						description:
							'The webhook is registered in Testivora when you publish (activate) the workflow, and deleted when you unpublish it',
					},
					{
						name: 'Manual',
						value: 'manual',
						description:
							'You add the webhook in Testivora yourself: for accounts whose API cannot register webhooks',
					},
				],
				default: 'automatic',
			},
			{
				displayName:
					'Three steps, then publish (activate) the workflow:<ul><li>Open "Webhook URLs" above and copy the Production URL.</li><li>In Testivora, open Settings → Webhooks → New endpoint, paste the URL and pick the same events as here.</li><li>Click the pencil beside the credential above and paste the signing secret shown there (whsec_…) into Webhook Signing Secret.</li></ul>To use "Execute step" too, add the Test URL as a second endpoint, and its secret to the credential after a comma.',
				name: 'manualNotice',
				type: 'notice',
				default: '',
				displayOptions: { show: { setup: ['manual'] } },
			},
			{
				displayName: 'Options',
				name: 'options',
				type: 'collection',
				placeholder: 'Add Option',
				default: {},
				options: [
					{
						displayName: 'Deduplicate',
						name: 'deduplicate',
						type: 'boolean',
						noDataExpression: true,
						default: true,
						description:
							'Whether an event that Testivora sends again, because it missed our answer, is answered without running the workflow a second time',
					},
					{
						displayName: 'Sample for Execute Step',
						name: 'sample',
						type: 'options',
						noDataExpression: true,
						options: [
							{
								name: 'Latest Testimonial',
								value: 'latest',
								description:
									'Execute step shows the newest testimonial at once. Nothing is registered in Testivora, and no public address is needed.',
							},
							{
								name: 'Wait for the Next Event',
								value: 'next',
								description: 'Execute step registers the test URL in Testivora and waits',
							},
						],
						default: 'next',
						description:
							'What you get when you click Execute step. It does not matter to the published (active) workflow.',
					},
					{
						displayName: 'Signature Tolerance (Seconds)',
						name: 'tolerance',
						type: 'number',
						noDataExpression: true,
						typeOptions: { minValue: 1, numberPrecision: 0 },
						default: 300,
						description:
							'How many seconds the signed time of a delivery may be from the clock of this n8n. Raise it only if that clock cannot be set right.',
					},
				],
			},
		],
	};

	methods = { credentialTest: { testTestivoraApi } };

	webhookMethods = {
		default: {
			async checkExists(this: IHookFunctions): Promise<boolean> {
				if (wantsSample(this)) return false;
				if (!isManual(this)) return await isRegistered(this);
				const secrets = webhookSecretsOf(await this.getCredentials('testivoraApi'));
				if (secrets.some(isUsable)) return true;
				// While n8n starts, nobody would read an error, and the secret may be entered at any time.
				const isStartup = isStartupOf(this);
				if (isStartup) this.logger.warn(MESSAGES.manualSecretMissing);
				return isStartup;
			},
			async create(this: IHookFunctions): Promise<boolean> {
				if (wantsSample(this)) await prepareSample(this);
				else if (isManual(this)) {
					const isForTest = this.getMode() === 'manual';
					const message = isForTest ? MESSAGES.noManualSecretForTest : MESSAGES.noManualSecret;
					throw inputError(this.getNode(), message);
				} else await registerEndpoint(this);
				return true;
			},
			async delete(this: IHookFunctions): Promise<boolean> {
				await removeEndpoint(this);
				return true;
			},
		},
	};

	async webhook(this: IWebhookFunctions): Promise<IWebhookResponseData> {
		return await receive(this);
	}
}
