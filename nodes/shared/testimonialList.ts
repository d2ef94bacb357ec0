import type { IDataObject } from 'n8n-workflow';

import { list } from './api';
import type { ApiRequest, Caller } from './api';
import { hasStatus } from './errors';
import { isSameWord } from './filters';
import { TESTIMONIAL_STATUSES } from './schemas';

type Source = Pick<ApiRequest, 'query' | 'itemIndex' | 'credential' | 'deadline'>;

/**
 * Reads testimonials, one by one. Without a status in the query, it reads those of every status; some may come twice.
 *
 * It is not published whether a list without `status` shows the testimonials that wait for approval (assumption A3), so each status that
 * does not occur in it is requested separately.
 *
 * @param atMost the number of testimonials that the caller wants
 * @throws NodeApiError when a page cannot be read
 */
export async function* testimonials(
	caller: Caller,
	source: Source,
	atMost?: number,
): AsyncGenerator<IDataObject> {
	const statuses = new Set<unknown>();
	for await (const testimonial of listOf(caller, source, atMost)) {
		statuses.add(testimonial.status);
		yield testimonial;
	}
	if (source.query?.status !== undefined) return;
	for (const status of TESTIMONIAL_STATUSES) {
		if (!statuses.has(status)) yield* withStatus(caller, source, status, atMost);
	}
}

/** The testimonials with a status; none where the API does not know that status or does not name it. */
async function* withStatus(
	caller: Caller,
	source: Source,
	status: string,
	atMost?: number,
): AsyncGenerator<IDataObject> {
	const entries = listOf(caller, { ...source, query: { ...source.query, status } }, atMost);
	const first = await entries.next().catch(async (error: unknown) => {
		if (hasStatus(error, 400, 422)) return { done: true, value: undefined } as const;
		throw error;
	});
	for (let entry = first; !entry.done; entry = await entries.next()) {
		// An API that ignores the parameter sends the list of all again.
		if (!isSameWord(entry.value.status, status)) return;
		yield entry.value;
	}
}

function listOf(caller: Caller, source: Source, atMost?: number): AsyncGenerator<IDataObject> {
	return list(caller, { path: '/v1/testimonials', ...source }, { atMost });
}
