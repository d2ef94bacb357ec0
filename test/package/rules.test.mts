import type { INodePropertyOptions } from 'n8n-workflow';

import { TestivoraApi } from '../../credentials/TestivoraApi.credentials.ts';
import { APPROVED, CREATED, DELETED } from '../../nodes/shared/schemas.ts';
import { shownMessages } from '../docs/messages.mts';
import {
	codexOf,
	credentialSources,
	descriptionIn,
	exists,
	fieldsOf,
	manifest,
	nodeSources,
	read,
} from './package.mts';

/** Rules that n8n's reviewers apply and its lint does not check. */

describe('package.json', () => {
	test('lists every node and credential by the file that the build makes of it', () => {
		const built = (files: string[]) =>
			files.map((file) => `dist/${file.replace(/\.ts$/, '.js')}`).sort();
		expect([...manifest.n8n.nodes].sort()).toEqual(built(nodeSources));
		expect([...manifest.n8n.credentials].sort()).toEqual(built(credentialSources));
	});

	test('names one public repository, under the MIT license', () => {
		const repository = /^git\+(https:\/\/github\.com\/[\w-]+\/[\w-]+)\.git$/.exec(
			manifest.repository.url,
		)?.[1];
		expect(repository).toMatch(new RegExp(`/${manifest.name}$`));
		expect(manifest.homepage).toBe(`${repository}#readme`);
		expect(manifest.bugs.url).toBe(`${repository}/issues`);
		expect(manifest.license).toBe('MIT');
		expect(read('LICENSE')).toMatch(/^MIT License/);
	});

	test('has the keywords by which n8n and users find it on npm', () => {
		expect(manifest.keywords).toEqual(
			expect.arrayContaining(['n8n-community-node-package', 'testivora']),
		);
	});

	test('has the version that the README names and the changelog has, or is about to have', () => {
		expect(read('README.md')).toContain(`The current version is ${manifest.version}.`);
		const [newest] = [...read('CHANGELOG.md').matchAll(/^## \[?([\w.]+)/gm)].map(
			([, name]) => name,
		);
		expect([manifest.version, 'Unreleased']).toContain(newest);
	});

	test('is published from GitHub Actions with provenance, after CI has passed', () => {
		const workflow = read('.github/workflows/publish.yml');
		for (const line of ['id-token: write', 'needs: ci', 'npm publish --provenance --access public'])
			expect(workflow).toContain(line);
	});
});

test('the README has the sections that n8n requires', () => {
	const sections = [...read('README.md').matchAll(/^## (.+)$/gm)].map(([, heading]) => heading);
	expect(sections).toEqual(
		expect.arrayContaining([
			'Installation',
			'Operations',
			'Credentials',
			'Compatibility',
			'Usage',
			'Resources',
			'Version history',
		]),
	);
});

/** The categories that n8n documents. The node panel shows a node of any other category under no heading. */
const CATEGORIES = [
	'Analytics',
	'Communication',
	'Data & Storage',
	'Development',
	'Finance & Accounting',
	'Marketing & Content',
	'Miscellaneous',
	'Productivity',
	'Sales',
	'Utility',
];

/** The events that each node can tell of, in alphabetical order. Polls do not see deletions. */
const EVENTS: Record<string, string[]> = {
	testivora: [APPROVED, CREATED, DELETED],
	testivoraTrigger: [APPROVED, CREATED, DELETED],
	testivoraPollTrigger: [APPROVED, CREATED],
};

describe.each(nodeSources)('%s', (source) => {
	const description = descriptionIn(source);
	const codex = codexOf(source);

	test('has a codex file for this node and version', () => {
		expect(codex.node).toBe(`${manifest.name}.${description.name}`);
		expect(Number(codex.nodeVersion)).toBe(description.defaultVersion ?? description.version);
		expect(codex.codexVersion).toBe('1.0');
	});

	test('is in categories that n8n documents', () => {
		expect(codex.categories[0]).toBe('Marketing & Content');
		expect(CATEGORIES).toEqual(expect.arrayContaining(codex.categories));
	});

	test('has no alias twice, and the service’s own words in singular and plural', () => {
		expect(new Set(codex.alias.map((alias) => alias.toLowerCase())).size).toBe(codex.alias.length);
		expect(codex.alias).toEqual(
			expect.arrayContaining([
				'testimonial',
				'testimonials',
				'review',
				'reviews',
				'rating',
				'ratings',
			]),
		);
	});

	test('links to headings that the README has', () => {
		const headings = [...read('README.md').matchAll(/^## (.+)$/gm)].map(([, heading]) =>
			heading.toLowerCase().replaceAll(' ', '-'),
		);
		for (const [{ url }] of Object.values(codex.resources)) {
			const [page, heading] = url.split('#');
			expect(page).toBe(manifest.homepage.split('#')[0]);
			expect(headings).toContain(heading);
		}
	});

	test('has an icon for the light and the dark theme', () => {
		for (const icon of Object.values(description.icon as { light: string; dark: string })) {
			expect(exists(`nodes/Testivora/${icon.replace('file:', '')}`)).toBe(true);
		}
	});

	test('offers all events that it can tell of, wherever one chooses events', () => {
		const offered = fieldsOf(description.properties)
			.filter(({ name }) => name === 'events')
			.map(({ options }) => (options as INodePropertyOptions[]).map(({ value }) => value).sort());
		expect(offered.length).toBeGreaterThan(0);
		for (const events of offered) expect(events).toEqual(EVENTS[description.name]);
	});

	test('has a hint for n8n’s assistant that names the credential', () => {
		expect(description.builderHint?.searchHint).toMatch(/testivoraApi/);
	});

	test('uses n8n’s own wording and defaults for common fields', () => {
		for (const field of fieldsOf(description.properties)) {
			const { name, description: text, type, placeholder, modes, default: initial } = field;
			if (name === 'simplify')
				expect(text).toBe(
					'Whether to return a simplified version of the response instead of the raw data',
				);
			if (placeholder !== undefined && !type.endsWith('ollection'))
				expect(placeholder).toMatch(/^e\.g\. /);
			if (type === 'resourceLocator') {
				expect(modes?.[0].name).toBe('list');
				expect(initial).toMatchObject({ mode: 'list' });
			}
		}
	});
});

const triggerSources = nodeSources.filter((source) => source.endsWith('Trigger.node.ts'));

test('there are triggers to check', () => expect(triggerSources).toHaveLength(2));

test.each(triggerSources)('%s begins with Trigger On, as n8n wants it', (source) => {
	const [first] = descriptionIn(source).properties;
	expect(first).toMatchObject({
		name: 'events',
		displayName: 'Trigger On',
		type: 'multiOptions',
		required: true,
	});
	expect(first).not.toHaveProperty('description');
});

test('no text that users read has the words error, problem, failure or mistake', () => {
	const fields = [
		...nodeSources.flatMap((source) => fieldsOf(descriptionIn(source).properties)),
		...new TestivoraApi().properties,
	];
	const texts = fields.flatMap(({ displayName, description }) => [displayName, description ?? '']);
	expect(
		[...texts, ...shownMessages()].filter((text) =>
			/\b(error|problem|failure|mistake)/i.test(text),
		),
	).toEqual([]);
});
