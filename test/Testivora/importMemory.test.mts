import type { IExecuteFunctions } from 'n8n-workflow';

import { ImportMemory } from '../../nodes/Testivora/resources/testimonial/importMemory.ts';

const contents = { readAt: 0, ids: new Set<string>(), unmatched: new Map() };

function importMemoryOf(note: object, run: number): ImportMemory {
	return new ImportMemory({
		getContext: () => note,
		getNode: () => ({ type: 'n8n-nodes-testivora.testivora' }),
		getWorkflowDataProxy: () => ({ $runIndex: run }),
	} as unknown as IExecuteFunctions);
}

test('a later run of the same execution knows what was claimed and read', () => {
	const note = {};
	const first = importMemoryOf(note, 0);
	first.add('t1');
	first.keepContents('a', 's', contents);
	const second = importMemoryOf(note, 1);
	expect([second.has('t1'), second.has('t2')]).toEqual([true, false]);
	expect(second.keptContents('a', 's')).toBe(contents);
	expect(second.keptContents('b', 's')).toBeUndefined();
	expect(importMemoryOf({}, 1).has('t1')).toBe(false);
});

test('an execution that waited in the database still knows what was claimed', () => {
	const note = {};
	importMemoryOf(note, 0).add('t1');
	importMemoryOf(note, 1).add('t2');
	const resumed = importMemoryOf(JSON.parse(JSON.stringify(note)), 2);
	expect([resumed.has('t1'), resumed.has('t2')]).toEqual([true, true]);
});

test.each([true, false])(
	'a failed try is forgotten, whether or not it sent something: %s',
	(sent) => {
		const note = {};
		importMemoryOf(note, 0).add('t1');
		const failed = importMemoryOf(note, 1);
		if (sent) failed.noteSending();
		failed.add('t2');
		failed.keepContents('a', 's', contents);
		const retry = importMemoryOf(note, 1);
		expect([retry.has('t1'), retry.has('t2')]).toEqual([true, false]);
		expect(retry.keptContents('a', 's')).toBeUndefined();
		expect(retry.isRetry).toBe(sent);
		expect(importMemoryOf(JSON.parse(JSON.stringify(note)), 2).has('t2')).toBe(false);
	},
);
