import { NodeHelpers } from 'n8n-workflow';
import type { INode, INodeProperties, INodePropertyOptions } from 'n8n-workflow';

import { Testivora } from '../../nodes/Testivora/Testivora.node.ts';

const { description, methods } = new Testivora();
const { properties } = description;

const values = (property: INodeProperties) =>
	(property.options as INodePropertyOptions[]).map(({ value }) => value);
const resources = properties.find(({ name }) => name === 'resource')!;
const operationsOf = (resource: unknown) =>
	properties.find(
		({ name, displayOptions }) =>
			name === 'operation' && displayOptions?.show?.resource?.[0] === resource,
	)!;

/** The fields of one operation as the editor shows them at first. */
function shown(resource: string, operation: string): INodeProperties[] {
	const parameters = { resource, operation, returnAll: false };
	return properties
		.slice(1)
		.filter(
			(property) =>
				property.name !== 'operation' &&
				NodeHelpers.displayParameter(parameters, property, null, description),
		);
}

const TABLE: Array<[string, string, string[], Record<string, string[]>]> = [
	['account', 'get', [], {}],
	['space', 'getAll', ['returnAll', 'limit'], {}],
	['testimonial', 'approve', ['testimonialId*'], {}],
	[
		'testimonial',
		'create',
		['spaceId*', 'text*', 'authorName*', 'additionalFields', 'options'],
		{
			options: ['skipExisting'],
			additionalFields: [
				'authorCompany',
				'authorPhotoUrl',
				'authorSocial',
				'authorTitle',
				'featured',
				'rating',
				'status',
				'tags',
				'type',
			],
		},
	],
	['testimonial', 'get', ['testimonialId*', 'simplify'], {}],
	[
		'testimonial',
		'getAll',
		['spaceId', 'returnAll', 'limit', 'simplify', 'filters'],
		{
			filters: [
				'createdAfter',
				'createdBefore',
				'featured',
				'minRating',
				'status',
				'tags',
				'types',
			],
		},
	],
	['testimonial', 'reject', ['testimonialId*'], {}],
	[
		'testimonial',
		'update',
		['testimonialId*', 'updateFields'],
		{
			updateFields: [
				'authorCompany',
				'authorName',
				'authorPhotoUrl',
				'authorSocial',
				'authorTitle',
				'featured',
				'rating',
				'status',
				'tags',
				'text',
			],
		},
	],
	['wall', 'getAll', ['spaceId', 'returnAll', 'limit'], {}],
	[
		'webhook',
		'create',
		['url*', 'events*', 'additionalFields'],
		{ additionalFields: ['secret', 'status'] },
	],
	['webhook', 'delete', ['webhookId*'], {}],
	['webhook', 'get', ['webhookId*'], {}],
	['webhook', 'getAll', ['returnAll', 'limit', 'filters'], { filters: ['status'] }],
	[
		'webhook',
		'update',
		['webhookId*', 'updateFields'],
		{ updateFields: ['events', 'secret', 'status', 'url'] },
	],
];

test('has the resources and operations that saved workflows rely on', () => {
	const all = values(resources).flatMap((resource) =>
		values(operationsOf(resource)).map((value) => [resource, value]),
	);
	expect(all).toEqual(TABLE.map(([resource, operation]) => [resource, operation]));
});

test.each(TABLE)(
	'%s %s has the fields that saved workflows rely on',
	(resource, operation, fields, collections) => {
		const asked = shown(resource, operation);
		expect(asked.map(({ name, required }) => `${name}${required ? '*' : ''}`)).toEqual(fields);
		for (const { name, type, options } of asked) {
			if (type !== 'collection') continue;
			expect(options!.map((option) => option.name)).toEqual(collections[name]);
			const labels = options!.map((option) => (option as INodeProperties).displayName);
			expect(labels).toEqual([...labels].sort());
		}
	},
);

test('operations have texts that suit actions and tools', () => {
	for (const resource of values(resources)) {
		for (const option of operationsOf(resource).options as INodePropertyOptions[]) {
			expect(option.action).toMatch(/^[A-Z][a-z ]+(IDs?)?$/);
			expect(option.action).not.toMatch(/\b(a|an|the)\b/i);
			const node = { parameters: { resource, operation: option.value } } as unknown as INode;
			expect(NodeHelpers.getToolDescriptionForNode(node, new Testivora())).toBe(
				`${option.action} in Testivora`,
			);
		}
	}
});

const everyField = properties.flatMap((property) =>
	property.type === 'collection'
		? [property, ...(property.options as INodeProperties[])]
		: [property],
);

test('texts of fields follow n8n’s guidelines', () => {
	for (const { displayName, name, type, placeholder, description: text, modes } of everyField) {
		expect(displayName).toMatch(/^[A-Z]/);
		if (type === 'boolean') expect(text).toMatch(/^Whether /);
		if (placeholder !== undefined && type !== 'collection') expect(placeholder).toMatch(/^e\.g\. /);
		if (!['resource', 'operation'].includes(name) && type !== 'collection')
			expect(text).toBeTruthy();
		if (type === 'resourceLocator') {
			expect(modes?.map((mode) => mode.displayName)).toEqual(['From List', 'By ID']);
			expect(Object.keys(methods.listSearch)).toContain(modes?.[0].typeOptions?.searchListMethod);
		}
	}
	const simplify = everyField.filter(({ name }) => name === 'simplify');
	expect(new Set(simplify.map(({ description: text }) => text))).toEqual(
		new Set(['Whether to return a simplified version of the response instead of the raw data']),
	);
});

test('a resource locator accepts an ID, but no web address', () => {
	const issues = (value: string) =>
		NodeHelpers.getNodeParametersIssues(
			properties,
			{
				parameters: {
					resource: 'webhook',
					operation: 'get',
					webhookId: { __rl: true, mode: 'id', value },
				},
				type: 'n8n-nodes-testivora.testivora',
			} as unknown as INode,
			description,
		)?.parameters;
	expect(issues('wh_1')).toBeUndefined();
	expect(issues(' wh_1 ')).toBeUndefined();
	expect(issues('https://testivora.com/webhooks/wh_1')).toEqual({
		webhookId: ['Enter an ID, not a web address'],
	});
	expect(issues('')).toEqual({ webhookId: ['Parameter "Webhook" is required.'] });
});
