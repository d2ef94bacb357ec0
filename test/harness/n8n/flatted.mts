/**
 * Parses the format of n8n's stored executions, that of the npm package "flatted": a JSON list of values, in which every string inside a
 * list or an object is the index of the actual value.
 */
export function unflatten(text: string): unknown {
	const values = JSON.parse(text) as unknown[];
	const known = new Map<number, object>();
	const at = (index: number): unknown => {
		const value = values[index];
		if (typeof value !== 'object' || value === null) return value;
		const before = known.get(index);
		if (before) return before;
		const result: Record<string, unknown> | unknown[] = Array.isArray(value) ? [] : {};
		known.set(index, result);
		for (const [key, entry] of Object.entries(value)) {
			(result as Record<string, unknown>)[key] =
				typeof entry === 'string' ? at(Number(entry)) : entry;
		}
		return result;
	};
	return at(0);
}
