import { NodeConnectionTypes } from 'n8n-workflow';
import type {
	INodeExecutionData,
	INodeType,
	INodeTypeDescription,
	IPollFunctions,
} from 'n8n-workflow';

import { testTestivoraApi } from '../shared/credentialTest';
import { searchSpaces } from '../shared/listSearch/searchSpaces';
import { spaceField } from '../shared/locators';
import { filtersField, simplifyField } from '../shared/triggerFields';
import { poll } from './poll';
import { sample } from './sample';

export class TestivoraPollTrigger implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'Testivora Poll Trigger',
		name: 'testivoraPollTrigger',
		icon: { light: 'file:../../icons/testivora.svg', dark: 'file:../../icons/testivora.dark.svg' },
		group: ['trigger'],
		version: 1,
		subtitle: '={{ $parameter["events"].map((event) => event.split(".")[1]).join(", ") }}',
		description:
			'Starts the workflow when a testimonial is created or approved in Testivora. Asks Testivora regularly, so it needs no public address.',
		activationMessage:
			'Testivora is now asked regularly, and new testimonials start this workflow.',
		builderHint: {
			searchHint:
				'Starts the workflow for each new or approved testimonial by asking Testivora regularly. Choose it where n8n has no public HTTPS address, or where nothing may be missed while n8n is down; otherwise Testivora Trigger. Needs no webhook. Credential: testivoraApi; an API key of scope read is enough. Each item is one testimonial, with text, rating, author.name and event.name at the top. Filter by rating, type, tags or featured in the node itself rather than with an IF node.',
		},
		defaults: { name: 'Testivora Poll Trigger' },
		polling: true,
		inputs: [],
		outputs: [NodeConnectionTypes.Main],
		credentials: [{ name: 'testivoraApi', required: true, testedBy: 'testTestivoraApi' }],
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
				],
				default: ['testimonial.created'],
			},
			{
				...spaceField(
					'The space whose testimonials start the workflow. Leave empty for the testimonials of all spaces.',
				),
				noDataExpression: true,
			},
			simplifyField,
			filtersField,
			{
				displayName: 'Options',
				name: 'options',
				type: 'collection',
				placeholder: 'Add Option',
				default: {},
				options: [
					{
						displayName: 'Max Items',
						name: 'maxItems',
						type: 'number',
						noDataExpression: true,
						typeOptions: { minValue: 1, maxValue: 1000, numberPrecision: 0 },
						default: 100,
						description:
							'The most testimonials that one execution gets, up to 1,000. The others follow with the next polls.',
					},
					{
						displayName: 'Start From',
						name: 'startFrom',
						type: 'dateTime',
						noDataExpression: true,
						default: '',
						description:
							'Testimonials created since this time start the workflow, too. It counts when the workflow is first published (activated); a time in the future has no effect. Empty: only those that come from then on.',
					},
				],
			},
		],
	};

	methods = { credentialTest: { testTestivoraApi }, listSearch: { searchSpaces } };

	async poll(this: IPollFunctions): Promise<INodeExecutionData[][] | null> {
		return this.getMode() === 'manual' ? await sample(this) : await poll(this);
	}
}
