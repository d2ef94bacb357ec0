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
import { MESSAGES } from './messages';
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

	/** Runs the chosen operation for each input item, and pairs each output item with its input item. */
	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		const operation = operationOf(this);
		const asTool = isTool(this.getNode());
		// In older versions of n8n, a model learns nothing about an exception in a tool, so it gets the failure as output.
		const continues = this.continueOnFail() || Boolean(asTool && this.isToolExecution?.());
		const isCancelled = () => Boolean(this.getExecutionCancelSignal()?.aborted);
		const run = 'begin' in operation ? operation.begin(this, continues) : undefined;
		const execute = (itemIndex: number) =>
			'begin' in operation ? run!.execute(itemIndex) : operation.execute(this, itemIndex);
		const outcomes: Array<IDataObject | IDataObject[] | Error> = [];
		const { length } = this.getInputData();
		const fail = (error: Error, itemIndex: number): Error => {
			if (continues && !isCancelled()) return error;
			if (asTool) throw withAdvice(error);
			if (length > 1) error.message = withItem(error.message, itemIndex);
			throw error;
		};

		for (let itemIndex = 0; itemIndex < length; itemIndex++) {
			if (isCancelled()) break;
			outcomes.push(await execute(itemIndex).catch((error: Error) => fail(error, itemIndex)));
		}
		for (const [itemIndex, outcome] of (await run?.finish()) ?? []) outcomes[itemIndex] = outcome;
		const failed = [...outcomes.keys()].filter((index) => outcomes[index] instanceof Error);
		if (!asTool) this.addExecutionHints?.(...(run?.hints(failed) ?? []), ...waitingHints(this));

		const output: INodeExecutionData[] = [];
		for (const [itemIndex, outcome] of outcomes.entries()) {
			const objects =
				outcome instanceof Error
					? [failureOf(outcome, asTool ? undefined : itemIndex)]
					: [outcome].flat();
			for (const json of asTool ? forModel(objects) : objects)
				output.push({ json, pairedItem: { item: itemIndex } });
		}
		return [output];
	}
}

/**
 * The output for an item that failed. n8n recognizes it by the field `error`, in every version.
 *
 * @param itemIndex is named in the text; undefined: no item is named
 */
function failureOf(
	{ message, description }: Error & { description?: string },
	itemIndex?: number,
): IDataObject {
	const error = itemIndex === undefined ? message : withItem(message, itemIndex);
	return { error, ...(description && { message: description }) };
}

/** A message that ends with the number of the item, such as "… [item 3]". */
function withItem(message: string, itemIndex: number): string {
	const suffix = ` [item ${itemIndex + 1}]`;
	return message.endsWith(suffix) ? message : `${message}${suffix}`;
}

/** Explains why a run took minutes. */
function waitingHints(context: IExecuteFunctions): NodeExecutionHint[] {
	const minutes = Math.round(journalOf(context).waitedMs / 60_000);
	return minutes > 0 ? [{ message: MESSAGES.waited(String(minutes)) }] : [];
}
