import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A load balancer in front of webhook processes. */
export interface Balancer {
	/** `http://127.0.0.1:<port>` */
	url: string;
	/** the number of 2xx answers from each process, in the order of `ports` */
	answered: number[];
	close(): void;
}

/**
 * Passes requests to the processes in turn, running or not: a process that is down makes a 502, as long as a real balancer has not noticed
 * it, and the sender has to retry.
 */
export async function startBalancer(ports: number[]): Promise<Balancer> {
	const answered = ports.map(() => 0);
	let turn = 0;
	const server = createServer((incoming, outgoing) => {
		const target = turn++ % ports.length;
		const onward = request({
			host: '127.0.0.1',
			port: ports[target],
			method: incoming.method,
			path: incoming.url,
			headers: incoming.headers,
			// A connection for each request: a busy process may close an idle one just as the next request is sent on it.
			agent: false,
		});
		onward.on('response', (response) => {
			// "n8n is starting up. Please wait", with status 200. A balancer that checks readiness would not have sent the request.
			if (response.headers['content-type']?.startsWith('text/html')) {
				response.resume();
				outgoing.writeHead(503).end();
				return;
			}
			if (response.statusCode! < 300) answered[target]++;
			outgoing.writeHead(response.statusCode!, response.headers);
			response.on('error', () => outgoing.destroy());
			response.pipe(outgoing);
		});
		onward.on('error', () =>
			outgoing.headersSent ? outgoing.destroy() : outgoing.writeHead(502).end(),
		);
		// Pass on that the sender hung up.
		outgoing.on('close', () => onward.destroy());
		incoming.pipe(onward);
	});
	await new Promise<void>((settle) => server.listen(0, '127.0.0.1', settle));
	const close = () => {
		server.close();
		server.closeAllConnections();
	};
	return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, answered, close };
}
