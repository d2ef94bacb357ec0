import type {
	IDataObject,
	IExecuteFunctions,
	INodeProperties,
	INodePropertyOptions,
	NodeExecutionHint,
} from 'n8n-workflow';

/** One operation: how the editor names it, the fields it asks for, and what it does for one input item. */
export interface Operation {
	option: INodePropertyOptions;
	/** Shown for this operation only; {@link propertiesOf} adds the display options for that. */
	fields: INodeProperties[];
	/** @returns what goes out for the item: one object, or a list of them */
	execute(context: IExecuteFunctions, itemIndex: number): Promise<IDataObject | IDataObject[]>;
	/**
	 * In place of `execute` where items need to know of each other.
	 *
	 * @param goesOn whether the items after one that fails are done all the same
	 */
	begin?(context: IExecuteFunctions, goesOn: boolean): Run;
}

/** An operation on all input items of one run of the node. */
export interface Run {
	execute(itemIndex: number): Promise<IDataObject | IDataObject[]>;
	/** Called after the last item. @returns what replaces the outcome of items */
	finish(): Promise<Map<number, IDataObject | Error>>;
	/** What a person would want to know of the run as a whole. */
	hints(): NodeExecutionHint[];
}

/** What operations act upon. */
export interface Resource {
	option: INodePropertyOptions;
	operations: Operation[];
	defaultOperation: string;
}

/** What the editor shows once a resource is chosen: its operations, and the fields of each. */
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
