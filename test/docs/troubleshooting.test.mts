import { textOf } from './readme.mts';
import { shownMessages } from './messages.mts';

/** The messages in the left column of the page's tables. */
const documentedMessages = (): string[] =>
	textOf('docs/troubleshooting.md')
		.split('\n')
		.filter((line) => line.startsWith('| `'))
		.flatMap((line) => line.split(' | ')[0].match(/`[^`]+`/g) ?? [])
		.map((code) => code.slice(1, -1));

test('docs/troubleshooting.md has every message that users can see', () => {
	const documented = documentedMessages();
	expect(shownMessages().filter((message) => !documented.includes(message))).toEqual([]);
});

test('docs/troubleshooting.md has no message that users cannot see', () => {
	const shown = shownMessages();
	expect(documentedMessages().filter((message) => !shown.includes(message))).toEqual([]);
});
