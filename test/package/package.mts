import { existsSync, globSync, readFileSync } from 'node:fs';

import type { INodeProperties, INodeType, INodeTypeDescription } from 'n8n-workflow';

/** The package as reviewers find it: its manifest, its pages and its node types. */

export const read = (file: string): string => readFileSync(file, 'utf8');
export const exists = (file: string): boolean => existsSync(file);

export const manifest = JSON.parse(read('package.json')) as {
	name: string;
	version: string;
	license: string;
	homepage: string;
	bugs: { url: string };
	repository: { type: string; url: string };
	keywords: string[];
	n8n: { nodes: string[]; credentials: string[] };
};

export const nodeSources: string[] = globSync('nodes/*/*.node.ts').sort();
export const credentialSources: string[] = globSync('credentials/*.credentials.ts').sort();

export interface Codex {
	node: string;
	nodeVersion: string;
	codexVersion: string;
	categories: string[];
	alias: string[];
	resources: Record<'credentialDocumentation' | 'primaryDocumentation', Array<{ url: string }>>;
}

/** The codex file beside a node's source. */
export function codexOf(source: string): Codex {
	return JSON.parse(read(source.replace(/\.ts$/, '.json'))) as Codex;
}

/** The description that a node's source gives n8n. */
export function descriptionIn(source: string): INodeTypeDescription {
	const [, name] = /(\w+)\.node\.ts$/.exec(source)!;
	const { [name]: Node } = require(`../../${source}`) as Record<string, new () => INodeType>;
	return new Node().description;
}

/** All fields, those in collections included. */
export function fieldsOf(properties: INodeProperties[]): INodeProperties[] {
	return properties.flatMap((property) =>
		property.type === 'collection'
			? [property, ...fieldsOf(property.options as INodeProperties[])]
			: [property],
	);
}
