import { NodeConnectionTypes } from 'n8n-workflow';
import type {
	IDataObject,
	IExecuteFunctions,
	INodeExecutionData,
	INodeType,
	INodeTypeDescription,
} from 'n8n-workflow';

import { testTestivoraApi } from '../shared/credentialTest';
import { hasStatus, inputError } from '../shared/errors';
import * as listSearch from './listSearch';
import { operationOf, properties } from './resources';
import { isTool } from './resources/parameters';
import { forModel, withAdvice } from './tool';

export class Testivora implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'Testivora',
		name: 'testivora',
		icon: { light: 'file:../../icons/testivora.svg', dark: 'file:../../icons/testivora.dark.svg' },
		group: ['transform'],
		version: 1,
		subtitle: '={{ $parameter["operation"].replace("getAll", "get many") + ": " + $parameter["resource"] }}',
		description: 'Read, create and moderate testimonials in Testivora, list its spaces and walls, and manage its webhooks',
		builderHint: {
			searchHint:
				'Acts on testimonials: create, list, get, update. To start a workflow when a testimonial arrives, use Testivora Trigger instead of listing on a schedule. Credential: testivoraApi with an API key from Testivora, Settings → API. Choose the space and the testimonial from the list or by ID; never invent IDs. In a list, leave Return All off unless all are needed.',
		},
		defaults: { name: 'Testivora' },
		usableAsTool: true,
		inputs: [NodeConnectionTypes.Main],
		outputs: [NodeConnectionTypes.Main],
		credentials: [{ name: 'testivoraApi', required: true, testedBy: 'testTestivoraApi' }],
		properties,
	};

	methods = { listSearch, credentialTest: { testTestivoraApi } };

	/** Runs the chosen operation for each input item; what it gives is paired with that item. */
	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		const { option, execute } = operationOf(this);
		const asTool = isTool(this.getNode());
		// Of what is thrown within n8n's wrapper for tools, older agents tell their model nothing at all.
		const goesOn = this.continueOnFail() || (asTool && this.isToolExecution?.());
		const output: INodeExecutionData[] = [];
		let quotaUsedUp = false;

		const attempt = async (itemIndex: number) => {
			if (!quotaUsedUp || option.value !== 'create') return await execute(this, itemIndex);
			throw inputError(
				this.getNode(),
				'The monthly quota of your Testivora plan is used up: this item was not sent',
				'Wait for the next month or upgrade the plan in Testivora, then run this item again.',
				itemIndex,
			);
		};

		for (let itemIndex = 0; itemIndex < this.getInputData().length; itemIndex++) {
			if (this.getExecutionCancelSignal()?.aborted) break;
			const results = await attempt(itemIndex).catch((error: Error & { description?: string }) => {
				if (!goesOn || this.getExecutionCancelSignal()?.aborted) throw asTool ? withAdvice(error) : error;
				quotaUsedUp ||= hasStatus(error, 402);
				// n8n tells an item that failed by these two fields, whichever of its versions runs this.
				const { message, description } = error;
				return { error: message, ...(description && { message: description }) } as IDataObject;
			});
			const objects = [results].flat();
			for (const json of asTool ? forModel(objects) : objects) output.push({ json, pairedItem: { item: itemIndex } });
		}
		return [output];
	}
}
