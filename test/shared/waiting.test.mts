import { sleep } from 'n8n-workflow';

import {
	rateLimitDelay,
	backoff,
	mayWait,
	retryAfterMs,
	waitUnlessCancelled,
} from '../../nodes/shared/waiting.ts';

jest.mock('n8n-workflow', () => ({
	...jest.requireActual('n8n-workflow'),
	sleep: jest.fn(async () => {}),
}));
beforeEach(() => jest.mocked(sleep).mockReset());

test.each([
	['7', 7000],
	[' 0.5 ', 500],
	['Thu, 01 Jan 1970 00:01:40 GMT', 60_000],
	['Thu, 01 Jan 1970 00:00:10 GMT', 0],
	['-5', 0],
	['soon', undefined],
	[undefined, undefined],
])('Retry-After: %s', (header, expected) => {
	expect(retryAfterMs(header, 40_000)).toBe(expected);
});

test('the wait after a 429 is that of Retry-After; without one, or with none to wait, it is a backoff', () => {
	expect(rateLimitDelay('7', 3)).toBe(7000);
	for (const header of ['0', '-1', 'soon', undefined])
		expect(rateLimitDelay(header, 0)).toBeGreaterThanOrEqual(250);
});

test.each([
	[0, 250, 500],
	[1, 500, 1000],
	[4, 4000, 8000],
	[6, 16_000, 32_000],
	[40, 16_000, 32_000],
])('after %i waits, the backoff is a random time from %i to %i ms', (tries, from, to) => {
	const waits = Array.from({ length: 200 }, () => backoff(tries));
	expect(Math.min(...waits)).toBeGreaterThanOrEqual(from);
	expect(Math.max(...waits)).toBeLessThanOrEqual(to);
	// Jitter: the waits cover most of the range, and few are equal.
	expect(Math.max(...waits) - Math.min(...waits)).toBeGreaterThan((to - from) * 0.8);
	expect(new Set(waits).size).toBeGreaterThan(150);
});

describe('waiting in an execution', () => {
	const told = new Error('Too many requests');
	let cancelling: AbortController;
	let execution: object;
	const waits = () => jest.mocked(sleep).mock.calls.map(([ms]) => ms);

	beforeEach(() => {
		cancelling = new AbortController();
		execution = { getExecutionCancelSignal: () => cancelling.signal };
	});

	test('takes exactly the given time', async () => {
		await waitUnlessCancelled(execution, 500, told);
		expect(waits()).toEqual([200, 200, 100]);
	});

	test('does not begin once the execution is cancelled', async () => {
		cancelling.abort();
		await expect(waitUnlessCancelled(execution, 500, told)).rejects.toBe(told);
		expect(waits()).toEqual([]);
	});

	test.each([1, 2, 3])(
		'ends with the error when the execution is cancelled during slice %i of 3',
		async (slice) => {
			jest
				.mocked(sleep)
				.mockImplementation(async () => void (waits().length === slice && cancelling.abort()));
			await expect(waitUnlessCancelled(execution, 600, told)).rejects.toBe(told);
			expect(waits()).toHaveLength(slice);
		},
	);

	test('may take an hour each time', () => {
		for (let round = 0; round < 3; round++)
			expect(mayWait(execution, 3_600_000, 60_000)).toBe(true);
		expect(mayWait(execution, 3_600_001, 0)).toBe(false);
	});
});

describe('waiting while a person waits', () => {
	test('is never cancelled', async () => {
		await waitUnlessCancelled({}, 300, new Error());
		expect(jest.mocked(sleep).mock.calls).toEqual([[200], [100]]);
	});

	test('may take 10 s in all, including the time of unsuccessful tries', () => {
		const call = {};
		expect(mayWait(call, 4000, 1000)).toBe(true);
		expect(mayWait(call, 5001, 0)).toBe(false);
		expect(mayWait(call, 4000, 500)).toBe(true);
		expect(mayWait(call, 501, 0)).toBe(false);
		expect(mayWait(call, 500, 0)).toBe(true);
		expect(mayWait(call, 1, 0)).toBe(false);
		expect(mayWait({}, 10_000, 0)).toBe(true);
	});
});
