import autocannon from 'autocannon';

/** A delivery's body and the headers that sign it. */
export interface Delivery {
	body: string;
	headers: Record<string, string>;
}

/** The result of sending a number of deliveries. */
export interface Load {
	/** seconds from the first request to the last answer */
	seconds: number;
	/** milliseconds until each answer */
	latencies: number[];
	/** how many answers had each status; 0 stands for no answer */
	statuses: Record<number, number>;
}

/**
 * Sends deliveries to a URL, `connections` at a time.
 *
 * @param next makes the next delivery
 */
export async function load(
	url: string,
	amount: number,
	connections: number,
	next: () => Delivery,
): Promise<Load> {
	const latencies: number[] = [];
	const statuses: Record<number, number> = {};
	const count = (status: number) => (statuses[status] = (statuses[status] ?? 0) + 1);
	const start = performance.now();
	let end = start;
	await new Promise<void>((settle, reject) => {
		const setupRequest = (request: autocannon.Request) => {
			const { body, headers } = next();
			return { ...request, body, headers: { 'content-type': 'application/json', ...headers } };
		};
		const requests = [{ method: 'POST' as const, setupRequest }];
		const instance = autocannon({ url, connections, amount, timeout: 60, requests }, (error) =>
			error ? reject(error) : settle(),
		);
		instance.on('reqError', () => count(0));
		instance.on('response', (_client, status, _bytes, milliseconds) => {
			end = performance.now();
			count(status);
			latencies.push(milliseconds);
			// Autocannon itself checks only once a second whether it is done.
			if (latencies.length === amount) settle();
		});
	});
	return { seconds: (end - start) / 1000, latencies, statuses };
}
