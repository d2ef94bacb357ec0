import type { IDataObject, IExecuteFunctions, INodeProperties, INodePropertyOptions } from 'n8n-workflow';

/** One operation: how the editor names it, the fields it asks for, and what it does for one input item. */
export interface Operation {
	option: INodePropertyOptions;
	/** Shown for this operation only; {@link propertiesOf} adds the display options for that. */
	fields: INodeProperties[];
	/** @returns what goes out for the item: one object, or a list of them */
	execute(context: IExecuteFunctions, itemIndex: number): Promise<IDataObject | IDataObject[]>;
}

/** What operations act upon. */
export interface Resource {
	option: INodePropertyOptions;
	operations: Operation[];
	defaultOperation: string;
}

/** What the editor shows once a resource is chosen: its operations, and the fields of each. */
export function propertiesOf({ option: resource, operations, defaultOperation }: Resource): INodeProperties[] {
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
