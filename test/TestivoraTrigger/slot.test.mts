import type { IDataObject, INode } from 'n8n-workflow';

import {
	newer,
	readSlot,
	signingSecretsOf,
	webhookName,
	writeSlot,
} from '../../nodes/TestivoraTrigger/slot.ts';
import type { Registration } from '../../nodes/TestivoraTrigger/slot.ts';

const NODE = { name: 'Testivora Trigger', webhookId: '6b1a' } as INode;
const NAME = 'webhook/6b1a/webhook';
const registration = (registeredAt = 1): Registration => ({
	id: 'wh_1',
	derived: 'whsec_1',
	registeredAt,
});

describe('the name of a webhook', () => {
	test.each([
		'https://n8n.example.com/webhook/6b1a/webhook',
		'/webhook/6b1a/webhook',
		'https://example.com/n8n/webhook/6b1a/webhook/',
		'example.com/webhook/6b1a/webhook',
	])('is the end of %s', (url) => expect(webhookName(NODE, url)).toBe(NAME));

	test('differs for the test URL, another webhook and another endpoint name', () => {
		const names = ['/webhook-test/6b1a/webhook', '/webhook/7c2b/webhook', '/hook/6b1a/webhook'].map(
			(path) => webhookName(NODE, path),
		);
		expect(new Set([NAME, ...names]).size).toBe(4);
	});

	test('of a node without a webhook ID still differs for the test URL', () => {
		const node = { name: 'Testivora Trigger' } as INode;
		expect(
			webhookName(node, 'https://n8n.example.com/webhook/w1/testivora%20trigger/webhook'),
		).toBe('webhook/w1/testivora%20trigger/webhook');
		expect(
			webhookName(node, 'https://n8n.example.com/webhook-test/w1/testivora%20trigger/webhook'),
		).not.toBe('webhook/w1/testivora%20trigger/webhook');
	});
});

describe('a slot', () => {
	test('that was written is read', () => {
		const staticData = {};
		writeSlot(staticData, NODE, NAME, { registration: registration(), seen: 'abc' });
		expect(readSlot(staticData, NODE, NAME)).toEqual({ registration: registration(), seen: 'abc' });
	});

	test('that is read changes nothing', () => {
		const staticData = Object.freeze({});
		expect(readSlot(staticData, NODE, NAME)).toEqual({});
	});

	test('without content is removed, and those of other webhooks stay', () => {
		const staticData: IDataObject = { mine: 1 };
		writeSlot(staticData, NODE, NAME, { seen: 'abc' });
		writeSlot(staticData, { ...NODE, webhookId: '7c2b' }, 'webhook/7c2b/webhook', { seen: 'def' });
		writeSlot(staticData, NODE, NAME, {});
		expect(staticData).toEqual({
			mine: 1,
			testivoraTrigger: { 'webhook/7c2b/webhook': { seen: 'def' } },
		});
	});

	test('is assigned as a whole, because n8n does not notice changes inside it', () => {
		const staticData: IDataObject = {};
		writeSlot(staticData, NODE, NAME, { seen: 'abc' });
		const before = staticData.testivoraTrigger;
		writeSlot(staticData, NODE, NAME, { seen: 'abcd' });
		expect(staticData.testivoraTrigger).not.toBe(before);
	});

	test.each(['/webhook/6b1a/webhook', '/n8n/webhook/6b1a/webhook', '/webhook/6b1a/webhook/'])(
		'of version 0.1.0 under %s is read, and replaced',
		(path) => {
			const staticData: IDataObject = {
				testivoraTrigger: {
					[path]: { id: 'wh_1', url: 'u', events: ['e'], secret: 'whsec_1', seen: 'abc' },
				},
			};
			const slot = readSlot(staticData, NODE, NAME);
			expect(slot).toEqual({
				registration: { id: 'wh_1', url: 'u', made: 'whsec_1', registeredAt: 0 },
				seen: 'abc',
			});
			writeSlot(staticData, NODE, NAME, slot);
			expect(staticData.testivoraTrigger).toEqual({ [NAME]: slot });
		},
	);

	test('of version 0.1.0 without a secret gives its event IDs', () => {
		expect(
			readSlot({ testivoraTrigger: { [`/${NAME}`]: { id: 'wh_1', seen: 'abc' } } }, NODE, NAME),
		).toEqual({ seen: 'abc' });
	});
});

describe('the newer registration', () => {
	test('is the later one, in either order, and the first of two equals', () => {
		const [one, two] = [registration(1), registration(2)];
		expect(newer(one, two)).toBe(two);
		expect(newer(two, one)).toBe(two);
		const equal = registration(1);
		expect(newer(one, equal)).toBe(one);
	});

	test('is the only one there is', () => {
		const one = registration();
		expect(newer(one, undefined)).toBe(one);
		expect(newer(undefined, one)).toBe(one);
		expect(newer(undefined, undefined)).toBeUndefined();
	});
});

test('the secrets of a registration are its texts', () => {
	expect(signingSecretsOf({ derived: 'whsec_1', made: 'whsec_2' })).toEqual(['whsec_1', 'whsec_2']);
	expect(signingSecretsOf({ made: 'whsec_2' })).toEqual(['whsec_2']);
	expect(
		signingSecretsOf({ derived: null as unknown as string, made: 5 as unknown as string }),
	).toEqual([]);
	expect(signingSecretsOf(undefined)).toEqual([]);
});
