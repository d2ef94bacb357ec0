import { NodeConnectionTypes } from 'n8n-workflow';
import type {
	IDataObject,
	IExecuteFunctions,
	INodeExecutionData,
	INodeType,
	INodeTypeDescription,
	NodeExecutionHint,
} from 'n8n-workflow';

import { testTestivoraApi } from '../shared/credentialTest';
import { journalOf } from '../shared/journal';
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
		subtitle:
			'={{ $parameter["operation"].replace("getAll", "get many") + ": " + $parameter["resource"] }}',
		description:
			'Read, create and moderate testimonials in Testivora, list its spaces and walls, and manage its webhooks',
		builderHint: {
			searchHint:
				'Acts on testimonials: create, list, get, update, approve, reject. To start a workflow when a testimonial arrives, use Testivora Trigger instead of listing on a schedule. Credential: testivoraApi with an API key from Testivora, Settings → API. Choose the space and the testimonial from the list, or map the ID from the trigger; never invent IDs. For an import, turn on Skip Existing and set On Error to continue. In a list, leave Return All off unless all are needed.',
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
		const operation = operationOf(this);
		const asTool = isTool(this.getNode());
		// Older agents tell their model nothing of what is thrown within n8n's wrapper for tools.
		const goesOn = this.continueOnFail() || Boolean(asTool && this.isToolExecution?.());
		const isCancelled = () => Boolean(this.getExecutionCancelSignal()?.aborted);
		const run = operation.begin?.(this, goesOn);
		const outcomes: Array<IDataObject | IDataObject[] | Error> = [];
		const fail = (error: Error): Error => {
			if (!goesOn || isCancelled()) throw asTool ? withAdvice(error) : error;
			return error;
		};

		for (let itemIndex = 0; itemIndex < this.getInputData().length; itemIndex++) {
			if (isCancelled()) break;
			outcomes.push(
				await (run ? run.execute(itemIndex) : operation.execute(this, itemIndex)).catch(fail),
			);
		}
		for (const [itemIndex, outcome] of (await run?.finish()) ?? []) outcomes[itemIndex] = outcome;
		if (!asTool) this.addExecutionHints?.(...(run?.hints() ?? []), ...hintsOf(this));

		const output: INodeExecutionData[] = [];
		for (const [itemIndex, outcome] of outcomes.entries()) {
			const objects = outcome instanceof Error ? [asFailed(outcome)] : [outcome].flat();
			for (const json of asTool ? forModel(objects) : objects)
				output.push({ json, pairedItem: { item: itemIndex } });
		}
		return [output];
	}
}

/** n8n tells an item that failed by these two fields, whichever of its versions runs this. */
function asFailed({ message, description }: Error & { description?: string }): IDataObject {
	return { error: message, ...(description && { message: description }) };
}

/** How long a run takes is mostly what it waited. */
function hintsOf(context: IExecuteFunctions): NodeExecutionHint[] {
	const minutes = Math.round(journalOf(context).waitedMs / 60_000);
	return minutes > 0
		? [
				{
					message: `Waited because Testivora takes only so many requests a minute: ${minutes} min in all`,
				},
			]
		: [];
}
