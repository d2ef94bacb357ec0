import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { IncomingHttpHeaders } from 'node:http';

/** A server that stands in for n8n while it listens for a test event, and answers like the trigger. */
export interface Listener {
	origin: string;
	/** Signed requests, the unanswered one included. */
	samples: () => number;
	firstSample: Promise<{ body: Buffer; headers: IncomingHttpHeaders }>;
	stop: () => void;
}

/**
 * @param first what becomes of the first sample. `lost`: it is taken without an answer, and then the URL is not known any longer, as in n8n.
 *   `early`: the URL is not known yet.
 */
export async function listen({
	first = 'taken',
}: { first?: 'taken' | 'lost' | 'early' } = {}): Promise<Listener> {
	let samples = 0;
	let take: (sample: Awaited<Listener['firstSample']>) => void;
	const firstSample: Listener['firstSample'] = new Promise((resolve) => (take = resolve));
	const server = createServer((request, response) => {
		const chunks: Buffer[] = [];
		request.on('data', (chunk: Buffer) => chunks.push(chunk));
		request.on('end', () => {
			const isSigned = request.headers['testivora-signature'] !== undefined;
			if (isSigned) {
				samples += 1;
				take({ body: Buffer.concat(chunks), headers: request.headers });
				if (first === 'lost' && samples === 1) return response.destroy();
			}
			const isKnown = first !== 'lost' && !(first === 'early' && samples === 1);
			const accepted = isKnown ? 200 : 404;
			return response
				.writeHead(isSigned ? accepted : 401, { 'content-type': 'application/json' })
				.end(JSON.stringify({ received: isSigned }));
		});
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	return {
		origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
		samples: () => samples,
		firstSample,
		stop: () => server.close(),
	};
}
