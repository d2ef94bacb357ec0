import nock from 'nock';

/**
 * For a test file whose requests nock answers: nothing else goes out, and every test makes all the requests that it announced.
 */
export function answerWithNock(): void {
	beforeAll(() => nock.disableNetConnect());
	afterEach(() => {
		const pending = nock.pendingMocks();
		nock.cleanAll();
		expect(pending).toEqual([]);
	});
	// Or the next file in this process would be answered from here.
	afterAll(() => nock.restore());
}
