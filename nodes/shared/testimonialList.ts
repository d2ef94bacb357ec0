import type { IDataObject } from 'n8n-workflow';

import { list } from './api';
import type { ApiRequest, Caller } from './api';
import { isRefused } from './errors';
import { isSameWord } from './filters';
import { TESTIMONIAL_STATUSES } from './schemas';

/** Testimonials with another status after which a list is given up: the API ignores the parameter, and sends all again. */
const MAX_OTHERS = 10;

/** Where to read: a request for the list, without its path. */
type Source = Pick<ApiRequest, 'query' | 'itemIndex' | 'credential' | 'deadline'>;

/**
 * Reads testimonials, one by one. Without a status in the query, it reads those of every status; some may come twice.
 *
 * It is not published whether a list without `status` shows the testimonials that wait for approval (assumption A3), so each status that
 * does not occur in it is requested separately.
 *
 * @param atMost the number of testimonials that the caller wants
 * @throws NodeApiError when a page cannot be read; not when the API refuses to list a status
 */
export async function* testimonials(
	caller: Caller,
	source: Source,
	atMost?: number,
): AsyncGenerator<IDataObject> {
	const statuses = new Set<unknown>();
	for await (const testimonial of listOf(caller, source, atMost)) {
		statuses.add(String(testimonial.status).toLowerCase());
		yield testimonial;
	}
	if (source.query?.status !== undefined) return;
	for (const status of TESTIMONIAL_STATUSES) {
		if (!statuses.has(status)) yield* withStatus(caller, source, status, atMost);
	}
}

/**
 * Reads the testimonials with one status; none where the API refuses to list it, or lists others.
 *
 * @throws NodeApiError when a page cannot be read
 */
export async function* withStatus(
	caller: Caller,
	source: Source,
	status: string,
	atMost?: number,
): AsyncGenerator<IDataObject> {
	const entries = listOf(caller, { ...source, query: { ...source.query, status } }, atMost);
	const first = await entries.next().catch(async (error: unknown) => {
		if (isRefused(error)) return { done: true, value: undefined } as const;
		throw error;
	});
	let others = 0;
	for (let entry = first; !entry.done; entry = await entries.next()) {
		if (isSameWord(entry.value.status, status)) yield entry.value;
		else if (++others > MAX_OTHERS) return;
	}
}

function listOf(caller: Caller, source: Source, atMost?: number): AsyncGenerator<IDataObject> {
	return list(caller, { path: '/v1/testimonials', ...source }, { atMost });
}
