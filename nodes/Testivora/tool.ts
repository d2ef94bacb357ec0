import type { IDataObject } from 'n8n-workflow';

import { withoutBlanks } from './resources/parameters';

/** What an AI model gets in place of an empty list: n8n would hand it an empty text, which could mean anything. */
const NOTHING = { message: 'Nothing in Testivora matches this' };

/** Results as an AI model reads them: short, without what holds nothing, and never nothing at all. */
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

/** Moves what to do into an error's message: n8n hands an AI model nothing else of it. */
export function withAdvice<Fault extends Error & { description?: string | null }>(
	error: Fault,
): Fault {
	const { message, description } = error;
	return description
		? Object.assign(error, { message: `${message}. ${description}`, description: null })
		: error;
}
