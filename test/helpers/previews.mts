import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';

/** A preview of an output, in n8n's format but without its version. */
export interface Preview {
	type: string;
	properties?: Record<string, Preview>;
	items?: Preview;
}

/**
 * The previews beside a node, by their path below its `__schema__` folder, e.g. "v1.0.0/testimonial/get".
 *
 * @param node folder of the node, e.g. "Testivora"
 */
export function previewsOf(node: string): Record<string, Preview> {
	const folder = path.resolve('nodes', node, '__schema__');
	const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) =>
		file.endsWith('.json'),
	);
	return Object.fromEntries(
		files.map((file) => {
			const { version, ...preview } = JSON.parse(readFileSync(path.join(folder, file), 'utf8'));
			if (version !== 1) throw new Error(`${file} has the version ${version}`);
			return [file.replace(/\.json$/, ''), preview as Preview];
		}),
	);
}

/** The preview that suits an output. */
export function previewFor(value: unknown): Preview {
	if (value === null) return { type: 'null' };
	if (Array.isArray(value)) return { type: 'array', items: previewFor(value[0]) };
	if (typeof value !== 'object')
		return { type: Number.isInteger(value) ? 'integer' : typeof value };
	const properties = Object.entries(value as object).map(([name, field]) => [
		name,
		previewFor(field),
	]);
	return { type: 'object', properties: Object.fromEntries(properties) };
}
