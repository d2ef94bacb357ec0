import { brokenLinksIn, namesIn, textOf } from './readme.mts';

interface Node {
	name: string;
	type: string;
	position: [number, number];
	webhookId?: string;
	parameters: {
		content?: string;
		color?: number;
		width?: number;
		height?: number;
		operation?: string;
	};
}

/** Whether a node needs an API key that may write. In the automatic set-up, which all examples use, Testivora Trigger registers a webhook. */
const writes = ({ type, parameters: { operation = '' } }: Node) =>
	type === 'n8n-nodes-testivora.testivoraTrigger' ||
	(/^n8n-nodes-testivora\.testivora(Tool)?$/.test(type) && !/^get/.test(operation));

/** The sections of examples/README.md, by the name of the file that their headings link to. */
const described = new Map(
	textOf('examples/README.md')
		.split(/^## /m)
		.slice(1)
		.map((section) => [/^\[[^\]]+\]\(([^)]+)\.json\)/.exec(section)![1], section]),
);

test('examples/README.md describes every example, and no other', () => {
	expect([...described.keys()].sort()).toEqual(namesIn('examples', '.json').sort());
	expect(brokenLinksIn('examples/README.md')).toEqual([]);
});

describe.each(namesIn('examples', '.json'))('%s', (name) => {
	const { name: title, nodes } = JSON.parse(textOf(`examples/${name}.json`)) as {
		name: string;
		nodes: Node[];
	};
	const notes = nodes.filter(({ type }) => type === 'n8n-nodes-base.stickyNote');

	test('has a title that says what it does, and a description of 150 to 300 words', () => {
		expect(title).toMatch(/^[A-Z][a-z]+ .*\b(from|to|of)\b/);
		const section = described.get(name)!;
		expect(section).toContain(`[${title}]`);
		const words = section.split(/\s+/).length;
		expect(words).toBeGreaterThan(150);
		expect(words).toBeLessThan(300);
	});

	test('names the scopes that its API key needs, and never `write` alone', () => {
		const section = described.get(name)!;
		expect(section).toContain(
			nodes.some(writes)
				? 'a key with the scopes `read` and `write`'
				: 'a key with the scope `read`',
		);
		const notice = notes.map(({ parameters }) => parameters.content).join('\n');
		expect(`${section}${notice}`).not.toMatch(/scope `write`/);
	});

	test('gets a webhook URL of its own each time it is imported', () => {
		const triggers = nodes.filter(({ type }) => type === 'n8n-nodes-testivora.testivoraTrigger');
		expect(triggers.filter(({ webhookId }) => webhookId !== undefined)).toEqual([]);
	});

	test('has one yellow note about the whole, and a white one for each section', () => {
		const [overview, ...others] = notes.filter(({ parameters }) => parameters.color === undefined);
		expect(others).toEqual([]);
		expect(overview.parameters.content).toMatch(
			new RegExp(`^## ${title}\n[^]+\n\n### How it works\n[^]+\n\n### Set up\n- `),
		);
		expect(new Set(notes.slice(1).map(({ parameters }) => parameters.color))).toEqual(new Set([7]));
	});

	test('has every node in exactly one section', () => {
		const isIn = ({ position: [x, y], parameters: { width = 0, height = 0 } }: Node, node: Node) =>
			node.position[0] >= x &&
			node.position[1] >= y &&
			node.position[0] + 96 <= x + width + 40 &&
			node.position[1] + 96 <= y + height;
		const sections = notes.slice(1);
		for (const node of nodes.filter(({ type }) => type !== 'n8n-nodes-base.stickyNote')) {
			expect([node.name, sections.filter((section) => isIn(section, node)).length]).toEqual([
				node.name,
				1,
			]);
		}
	});
});
