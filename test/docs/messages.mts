import * as shared from '../../nodes/shared/messages.ts';
import * as action from '../../nodes/Testivora/messages.ts';
import * as pollTrigger from '../../nodes/TestivoraPollTrigger/messages.ts';
import * as trigger from '../../nodes/TestivoraTrigger/messages.ts';

type Text = string | ((...given: string[]) => string);

/** A folder's messages. */
interface Messages {
	MESSAGES: Record<string, Text>;
	INPUT_FAULTS?: Record<string, Text>;
}

const FOLDERS: Messages[] = [shared, action, trigger, pollTrigger];

/** Every message that users can see, each once. "…" stands for what varies, and for the label of a field at the beginning of a message. */
export function shownMessages(): string[] {
	const shown = FOLDERS.flatMap(({ MESSAGES, INPUT_FAULTS = {} }) => [
		...Object.values(MESSAGES).map(rendered),
		...Object.values(INPUT_FAULTS).map((fault) => `… ${rendered(fault)}`),
	]);
	return [...new Set(shown)].sort();
}

function rendered(text: Text): string {
	return typeof text === 'string' ? text : text(...Array<string>(text.length).fill('…'));
}
