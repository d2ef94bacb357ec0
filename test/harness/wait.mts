/** Waiting for effects: n8n answers many requests before it has done what they ask for. */

/** Resolves after `milliseconds`. */
export const pause = (milliseconds: number): Promise<void> =>
	new Promise((resolve) => setTimeout(resolve, milliseconds));

/**
 * Calls `attempt` until it returns something other than `undefined`, `null` or `false`, and returns that.
 * A throw counts as "not yet", so an assertion library's `expect` may be the attempt.
 *
 * @param timeout milliseconds, default 150,000: it costs time only where a test fails, and a busy machine needs it
 * @param every milliseconds between attempts, default 50
 * @param what what is awaited, for the message
 * @throws Error naming `what` and, where the last attempt threw, its message
 */
export async function eventually<T>(
	attempt: () => T | Promise<T>,
	{
		timeout = 150_000,
		every = 50,
		what = 'the expected state',
	}: { timeout?: number; every?: number; what?: string } = {},
): Promise<Exclude<T, undefined | null | false>> {
	const end = Date.now() + timeout;
	let last = '';
	do {
		try {
			const result = await attempt();
			if (result !== undefined && result !== null && result !== false) {
				return result as Exclude<T, undefined | null | false>;
			}
			last = '';
		} catch (error) {
			last = `; last attempt: ${(error as Error).message}`;
		}
		await pause(every);
	} while (Date.now() < end);
	throw new Error(`Gave up after ${timeout / 1000} s waiting for ${what}${last}`);
}

/** Like `Promise.all`, but rejects only once every promise is settled: whoever cleans up then finds nothing still starting. */
export async function allSettledOrThrow<T>(promises: Array<Promise<T>>): Promise<T[]> {
	await Promise.allSettled(promises);
	return await Promise.all(promises);
}
