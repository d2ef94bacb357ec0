import type {
	IDataObject,
	IExecuteFunctions,
	INodeProperties,
	INodePropertyOptions,
	NodeExecutionHint,
} from 'n8n-workflow';

/** One operation: its entry in the editor's list, its fields, and what it does. */
export type Operation = {
	option: INodePropertyOptions;
	/** {@link propertiesOf} adds display options, so that they show for this operation only. */
	fields: INodeProperties[];
} & (ForEachItem | ForAllItems);

/** An operation that handles each input item alone. */
interface ForEachItem {
	/** @returns the output for the item */
	execute(context: IExecuteFunctions, itemIndex: number): Promise<IDataObject | IDataObject[]>;
}

/** An operation whose items share state. */
interface ForAllItems {
	/** @param continues whether the run continues after an item that failed */
	begin(context: IExecuteFunctions, continues: boolean): Run;
}

/** An operation on all input items of one run of the node. */
export interface Run {
	execute(itemIndex: number): Promise<IDataObject | IDataObject[]>;
	/** Called after the last item. @returns outcomes, by item index, that replace those of `execute` */
	finish(): Promise<Map<number, IDataObject | Error>>;
	/**
	 * What a person would want to know of the run as a whole.
	 *
	 * @param failed indexes of the items that ended with an error
	 */
	hints(failed: number[]): NodeExecutionHint[];
}

/** An entry in the editor's list of resources, with its operations. */
export interface Resource {
	option: INodePropertyOptions;
	operations: Operation[];
	defaultOperation: string;
}

/** The fields of the node for a resource: the list of its operations, and the fields of each. */
export function propertiesOf({
	option: resource,
	operations,
	defaultOperation,
}: Resource): INodeProperties[] {
	return [
		{
			displayName: 'Operation',
			name: 'operation',
			type: 'options',
			noDataExpression: true,
			displayOptions: { show: { resource: [resource.value as string] } },
			options: operations.map(({ option }) => option),
			default: defaultOperation,
		},
		...operations.flatMap(({ option, fields }) =>
			fields.map((field) => ({
				...field,
				displayOptions: {
					...field.displayOptions,
					show: {
						resource: [resource.value as string],
						operation: [option.value as string],
						...field.displayOptions?.show,
					},
				},
			})),
		),
	];
}
