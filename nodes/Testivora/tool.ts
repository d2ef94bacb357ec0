import type { IDataObject } from 'n8n-workflow';

import { withoutBlanks } from './resources/parameters';

/** What an AI model gets instead of an empty list, which n8n would pass on as an empty text. */
const NOTHING = { message: 'Nothing in Testivora matches this' };

/** Results for an AI model: without empty fields, to save tokens, and never an empty list. */
export function forModel(results: IDataObject[]): IDataObject[] {
	return results.length === 0 ? [NOTHING] : results.map(compact);
}

function compact(object: IDataObject): IDataObject {
	const fields = Object.entries(object).map(([name, value]) => [
		name,
		isObject(value) ? compact(value) : value,
	]);
	return withoutBlanks(Object.fromEntries(fields) as IDataObject);
}

function isObject(value: unknown): value is IDataObject {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Appends an error's description to its message, because n8n passes only the message on to an AI model. */
export function withAdvice<Fault extends Error & { description?: string | null }>(
	error: Fault,
): Fault {
	const { message, description } = error;
	return description
		? Object.assign(error, { message: `${message}. ${description}`, description: null })
		: error;
}
