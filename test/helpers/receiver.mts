import { createServer } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A received delivery. */
export interface Arrived {
	headers: IncomingHttpHeaders;
	body: Buffer;
	json: Record<string, unknown>;
}

/** A server on 127.0.0.1 that receives webhooks and answers as told. */
export interface Receiver {
	url: string;
	arrived: Arrived[];
	/** The statuses of the next answers, 200 after the last one; 0 cuts the connection. */
	answers: number[];
	stop(): Promise<void>;
}

export async function startReceiver(): Promise<Receiver> {
	const arrived: Arrived[] = [];
	const answers: number[] = [];
	const server = createServer((request, response) => {
		const chunks: Buffer[] = [];
		request.on('data', (chunk: Buffer) => chunks.push(chunk));
		request.on('end', () => {
			const body = Buffer.concat(chunks);
			arrived.push({
				headers: request.headers,
				body,
				json: JSON.parse(body.toString('utf8')) as Record<string, unknown>,
			});
			const status = answers.shift() ?? 200;
			if (status === 0) request.socket.destroy();
			else
				response.writeHead(status, { 'content-type': 'application/json' }).end('{"received":true}');
		});
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	return {
		url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
		arrived,
		answers,
		stop: async () => {
			server.closeAllConnections();
			await new Promise((resolve) => server.close(resolve));
		},
	};
}
