import type { INode } from 'n8n-workflow';

import { baseUrlOf, webhookSecretsOf } from '../../nodes/shared/credential.ts';

const node = { name: 'Testivora' } as INode;

test.each([
	[undefined, 'https://api.testivora.com'],
	['  ', 'https://api.testivora.com'],
	['https://api.testivora.com///', 'https://api.testivora.com'],
	['https://api.testivora.com/v1/', 'https://api.testivora.com'],
	['http://localhost:4010/testivora/v1', 'http://localhost:4010/testivora'],
])('the base URL %j is %s', (baseUrl, expected) =>
	expect(baseUrlOf({ ...(baseUrl && { baseUrl }) }, node)).toBe(expected),
);

test.each([
	'api.testivora.com',
	'ftp://a.test',
	'https://me:pw@a.test',
	'https://a.test/?x',
	'https://a.test/#x',
	'{{ }}',
])('the base URL %s is not accepted', (baseUrl) =>
	expect(() => baseUrlOf({ baseUrl }, node)).toThrow('is not a plain web address'),
);

test.each([
	[undefined, []],
	[' whsec_a , ,whsec_b', ['whsec_a', 'whsec_b']],
	[
		Array.from({ length: 30 }, (_, index) => `s${index}`).join(),
		Array.from({ length: 25 }, (_, index) => `s${index}`),
	],
])('the secrets %j are %j', (webhookSecret, expected) =>
	expect(webhookSecretsOf({ ...(webhookSecret && { webhookSecret }) })).toEqual(expected),
);
