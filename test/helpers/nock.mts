import nock from 'nock';

import { page } from './fixtures.mts';

/**
 * For a test file whose requests nock answers: no other requests are possible, and every test must make all requests it prepared.
 */
export function answerWithNock(): void {
	beforeAll(() => nock.disableNetConnect());
	afterEach(() => {
		const pending = nock.pendingMocks();
		nock.cleanAll();
		expect(pending).toEqual([]);
	});
	// Otherwise nock would also answer the requests of the next file in this process.
	afterAll(() => nock.restore());
}

/** Answers the requests for testimonials with these statuses, which follow a list that shows none with them: there are none. */
export function noneOfStatus(baseUrl: string, ...statuses: string[]): void {
	for (const wanted of statuses) {
		nock(baseUrl)
			.get('/v1/testimonials')
			.query(({ status }) => status === wanted)
			.reply(200, page([]));
	}
}
