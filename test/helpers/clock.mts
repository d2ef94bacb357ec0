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

interface Appointment {
	at: number;
	act: () => void;
}

let appointments: Appointment[] = [];
let begun = 0;

beforeEach(() => {
	appointments = [];
	// Everything but the clocks stays real: nock and n8n-core work with timers.
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

/** Milliseconds that the test has slept so far, by the clock. */
export function slept(): number {
	return Date.now() - begun;
}

/** Acts once the test has slept so long in all, as somebody else would meanwhile. */
export function after(ms: number, act: () => void): void {
	appointments.push({ at: begun + ms, act });
	appointments.sort((one, other) => one.at - other.at);
}

/** Lets time pass, and keeps the appointments that fall into it. */
export async function pass(ms: number): Promise<void> {
	const until = Date.now() + ms;
	while (appointments[0]?.at <= until) {
		const { at, act } = appointments.shift()!;
		jest.advanceTimersByTime(Math.max(0, at - Date.now()));
		act();
	}
	jest.advanceTimersByTime(until - Date.now());
	await new Promise((resolve) => setImmediate(resolve));
}
