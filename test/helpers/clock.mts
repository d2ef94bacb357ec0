/**
 * A clock that does not wait: `sleep` of n8n-workflow moves `Date` and `performance` forward at once, and between sleeps they stand still.
 * So a test of minutes takes milliseconds, and the times it asserts are exact.
 *
 * Import this module before everything else in a test file: modules that are loaded earlier keep the real `sleep`.
 */

jest.mock('n8n-workflow', () => ({
	...jest.requireActual('n8n-workflow'),
	sleep: async (ms: number) => await pass(ms),
}));

interface Plan {
	at: number;
	act: () => void;
}

let plans: Plan[] = [];
let begun = 0;

beforeEach(() => {
	plans = [];
	// Only the clocks are simulated: nock and n8n-core need real timers.
	jest.useFakeTimers({
		now: Date.parse('2026-06-10T12:00:00.000Z'),
		doNotFake: [
			'hrtime',
			'nextTick',
			'queueMicrotask',
			'setImmediate',
			'clearImmediate',
			'setInterval',
			'clearInterval',
			'setTimeout',
			'clearTimeout',
		],
	});
	begun = Date.now();
});
afterEach(() => void jest.useRealTimers());

/** Milliseconds that have passed in this test. */
export function slept(): number {
	return Date.now() - begun;
}

/** Plans something that happens in the middle of a sleep, at a time since the test began, such as what another user does meanwhile. */
export function after(ms: number, act: () => void): void {
	plans.push({ at: begun + ms, act });
	plans.sort((one, other) => one.at - other.at);
}

/** Lets time pass, and runs what was planned for it. */
export async function pass(ms: number): Promise<void> {
	const until = Date.now() + ms;
	while (plans[0]?.at <= until) {
		const { at, act } = plans.shift()!;
		jest.advanceTimersByTime(Math.max(0, at - Date.now()));
		act();
	}
	jest.advanceTimersByTime(until - Date.now());
	await new Promise((resolve) => setImmediate(resolve));
}
