import { messagesInSources } from './messages.mts';
import { messagesInReadme } from './readme.mts';

test('the README’s troubleshooting tables tell every message that the sources hold, and no other', () => {
	expect(messagesInReadme().sort()).toEqual(messagesInSources());
});
