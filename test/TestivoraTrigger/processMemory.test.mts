import { memoryOf } from '../../nodes/TestivoraTrigger/processMemory.ts';

test('each webhook of each workflow has a memory of its own', () => {
	const memory = memoryOf('w1', 'a');
	expect(memoryOf('w1', 'a')).toBe(memory);
	expect(memoryOf('w1', 'b')).not.toBe(memory);
	expect(memoryOf('w2', 'a')).not.toBe(memory);
});

test('a process remembers the 1,000 webhooks that were used last', () => {
	const [used, unused] = [memoryOf('w', 'used'), memoryOf('w', 'unused')];
	for (let index = 0; index < 999; index++) {
		memoryOf('w', `other ${index}`);
		memoryOf('w', 'used');
	}
	expect(memoryOf('w', 'used')).toBe(used);
	expect(memoryOf('w', 'unused')).not.toBe(unused);
});
