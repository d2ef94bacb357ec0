import type { ILoadOptionsFunctions, INodeListSearchResult } from 'n8n-workflow';

import { isSameWord } from '../../shared/filters';
import { isMatch, search } from '../../shared/listSearch/search';
import { withStatus } from '../../shared/testimonialList';

const MAX_QUOTE_LENGTH = 60;

const WAITING = 'pending';
/** Testimonials that wait for approval which are read for one answer to the editor. */
const MAX_WAITING = 500;

/**
 * The testimonials of the account, each as `Ana López (approved): "I signed three clients…"`. The name comes first, because the editor cuts
 * off long lines.
 *
 * Those that wait for approval come first and are read separately, because the list of all may not show them (assumption A3).
 */
export async function searchTestimonials(
	this: ILoadOptionsFunctions,
	filter?: string,
	cursor?: string,
): Promise<INodeListSearchResult> {
	const waiting = cursor === undefined ? await waitingOf(this, filter) : [];
	const others = await search(
		this,
		'/v1/testimonials',
		{ filter, cursor },
		toItem,
		textsOf,
		({ status }) => !isSameWord(status, WAITING),
	);
	return { ...others, results: [...waiting, ...others.results] };
}

async function waitingOf(context: ILoadOptionsFunctions, filter: string | undefined) {
	const found: Array<Record<string, unknown>> = [];
	for await (const testimonial of withStatus(context, {}, WAITING)) {
		found.push(testimonial);
		if (found.length === MAX_WAITING) break;
	}
	return found.filter((testimonial) => isMatch(textsOf(testimonial), filter)).map(toItem);
}

function toItem(testimonial: Record<string, unknown>) {
	return { name: labelOf(testimonial), value: String(testimonial.id) };
}

function textsOf({ id, text, author }: Record<string, unknown>): unknown[] {
	return [id, text, ...Object.values(author ?? {})];
}

function labelOf({ id, text, type, status, author }: Record<string, unknown>): string {
	const { name } = (author ?? {}) as { name?: string };
	const content =
		typeof text === 'string' && text.trim() !== '' ? `"${shortened(text)}"` : String(type ?? id);
	return `${name || 'Unnamed'}${status ? ` (${String(status)})` : ''}: ${content}`;
}

function shortened(text: string): string {
	const line = [...text.replace(/\s+/g, ' ').trim()];
	return line.length > MAX_QUOTE_LENGTH
		? `${line.slice(0, MAX_QUOTE_LENGTH).join('').trimEnd()}…`
		: line.join('');
}
