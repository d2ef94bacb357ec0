import type { INodeProperties } from 'n8n-workflow';

import { TestivoraTrigger } from '../../nodes/TestivoraTrigger/TestivoraTrigger.node.ts';
import { APPROVED, CREATED, DELETED } from '../../nodes/shared/schemas.ts';

const { description } = new TestivoraTrigger();

/** Every field that a user sets, those of collections too. */
const fieldsOf = (properties: INodeProperties[]): INodeProperties[] =>
	properties.flatMap((field) =>
		field.type === 'collection' ? fieldsOf(field.options as INodeProperties[]) : [field],
	);
const fields = fieldsOf(description.properties).filter(({ type }) => type !== 'notice');

test('workflows saved with version 1 still load, and new nodes are of version 1.1', () => {
	expect(description.version).toEqual([1, 1.1]);
	expect(description.defaultVersion).toBe(1.1);
});

test('the fields are those that saved workflows hold', () => {
	expect(fields.map(({ name }) => name).sort()).toEqual(
		[
			...['events', 'setup', 'simplify'],
			...['featured', 'minRating', 'tags', 'types'],
			...['deduplicate', 'sample', 'tolerance'],
		].sort(),
	);
});

test.each(fields)(
	'$displayName takes no expression, which n8n would evaluate for each delivery',
	({ noDataExpression }) => expect(noDataExpression).toBe(true),
);

test('Trigger On offers the events that Testivora sends', () => {
	const { options } = fields.find(({ name }) => name === 'events')!;
	expect(options!.map((option) => 'value' in option && option.value)).toEqual([
		APPROVED,
		CREATED,
		DELETED,
	]);
});

test('both triggers can be told apart in the node panel, and AI agents learn which API key is needed', () => {
	expect(description.description).toContain(
		'public https address; Testivora Poll Trigger does not',
	);
	expect(JSON.stringify(description.builderHint)).toContain('scopes read and write');
});
