import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

import type { INodeTypeDescription } from 'n8n-workflow';

import { SEARCHES } from '../../helpers/searches.mts';
import { ensureN8n } from '../../harness/n8n/host.mts';
import { N8n } from '../../harness/n8n/instance.mts';

/** A node type as n8n serves it to its editor: with its codex file. */
type NodeType = INodeTypeDescription & { hidden?: boolean };
/** The names of the node types found, best match first. */
type Search = (query: string) => string[];

const OURS = expect.stringMatching(/^n8n-nodes-testivora\./);

/**
 * Searches whose first word is in the names of other nodes. The assistant's search matches each word by itself, and a node's name counts
 * more than its aliases: "customer" finds Customer.io and n8n's training nodes first, whatever our codex files say. These are five, as many
 * results as the assistant reads.
 */
const AFTER_NAMESAKES = /^(customer) /;

/** The places among which the catalog finds us. "case" matches letters of two other names. */
const PLACES: Record<string, number> = { 'case study': 3 };

/** n8n's search code, over all node types that a running n8n serves. */
describe('a search for', () => {
	let n8n: N8n;
	let types: NodeType[];
	let nodePanel: Search;
	let catalog: { search: Search; read: Search };

	beforeAll(async () => {
		const { dir } = await ensureN8n();
		n8n = await N8n.start({ engine: 'publication' });
		({ body: types } = await n8n.request<NodeType[]>('GET', '/types/nodes.json'));
		const load = createRequire(join(dir, 'node_modules/n8n/package.json'));
		nodePanel = searchOfNodePanel(
			load,
			join(dir, 'node_modules/n8n-editor-ui/data/node-popularity.json'),
			types,
		);
		catalog = searchOfCatalog(load, types);
	});
	afterAll(async () => await n8n?.dispose());

	test.each(SEARCHES)('"%s" finds us in the node panel', (query) => {
		expect(nodePanel(query).slice(0, 2)).toContainEqual(OURS);
	});

	test.each(SEARCHES.filter((query) => !AFTER_NAMESAKES.test(query)))(
		'"%s" finds us in the catalog of n8n’s assistant',
		(query) => {
			expect(catalog.search(query).slice(0, PLACES[query] ?? 2)).toContainEqual(OURS);
		},
	);

	test.each(SEARCHES.filter((query) => AFTER_NAMESAKES.test(query)))(
		'"%s" finds us in that catalog right after the nodes that have its first word in their names',
		(query) => {
			const [, word] = AFTER_NAMESAKES.exec(query)!;
			const others = catalog
				.search(query)
				.filter((name) => !name.split('.').at(-1)!.toLowerCase().includes(word));
			expect(others[0]).toEqual(OURS);
		},
	);

	test('"testivora" gives the assistant the hint of each node', () => {
		const ours = types.filter(({ name }) => OURS.asymmetricMatch(name) && !name.endsWith('Tool'));
		const [found] = catalog.read('testivora');
		expect(ours).toHaveLength(3);
		for (const { name, builderHint } of ours)
			expect({ name, hint: found.includes(builderHint!.searchHint!) }).toEqual({
				name,
				hint: true,
			});
	});
});

/** The search of the node panel: it ignores a final "trigger", and ranks popular nodes higher. */
function searchOfNodePanel(
	load: NodeJS.Require,
	popularityFile: string,
	types: NodeType[],
): Search {
	const { sublimeSearch } = load('@n8n/utils/search/sublime-search');
	const { reRankSearchResults } = load('@n8n/utils/search/re-rank-search-results');
	const known = JSON.parse(readFileSync(popularityFile, 'utf8')) as Array<{
		id: string;
		popularity: number;
	}>;
	const popularity = Object.fromEntries(known.map(({ id, popularity }) => [id, popularity * 100]));
	const items = types
		.filter(({ hidden }) => !hidden)
		.map((properties) => ({ key: properties.name, properties }));
	return (query) => {
		const found = sublimeSearch(query.replace(/ trigger$/, ''), items);
		return reRankSearchResults(found, { popularity }).map(
			({ item }: { item: { key: string } }) => item.key,
		);
	};
}

/** The search of n8n's assistant: the nodes found, and the text that the assistant reads about them. */
function searchOfCatalog(
	load: NodeJS.Require,
	types: NodeType[],
): { search: Search; read: Search } {
	const { NodeTypeParser, searchCodeBuilderNodes } = load('@n8n/ai-utilities/node-catalog');
	const parser = new NodeTypeParser(types);
	return {
		search: (query) =>
			parser.searchNodeTypes(query, types.length).map(({ id }: { id: string }) => id),
		read: (query) => [searchCodeBuilderNodes(parser, [query]).results],
	};
}
