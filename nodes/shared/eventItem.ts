import type { IDataObject, INodeExecutionData } from 'n8n-workflow';

import type { TestivoraEvent } from './schemas';

/**
 * An event as the item that starts a workflow. Both triggers give the same shape, so that one can replace the other.
 *
 * @param simplify put the testimonial's fields at the top level, with the envelope under `event`, so that `{{ $json.text }}`
 *   works; otherwise the item is the envelope as it came
 */
export function toItem(event: TestivoraEvent, simplify: boolean): INodeExecutionData {
	if (!simplify) return { json: event as IDataObject };
	const { id, event: name, created, attempt, data } = event;
	return {
		json: {
			...data,
			event: { id, name, created, ...(attempt !== undefined && { attempt }) },
		} as IDataObject,
	};
}

/**
 * Calls back before n8n reads the content of an execution's first item for the first time, which it does as it stores the execution. Before
 * that, n8n reads only the list of items, not their content. Where the callback throws, so does the reading, and the next one calls again.
 */
export function whenContentIsRead([first]: INodeExecutionData[], callback: () => void): void {
	const { json } = first;
	Object.defineProperty(first, 'json', {
		configurable: true,
		enumerable: true,
		get() {
			callback();
			Object.defineProperty(first, 'json', { writable: true, value: json });
			return json;
		},
	});
}
