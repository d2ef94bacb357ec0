import nock from 'nock';

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
