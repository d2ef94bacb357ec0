import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What stands before several webhook processes: the address that Testivora delivers to. */
export interface Balancer {
	/** `http://127.0.0.1:<port>` */
	url: string;
	/** 2xx answers that each process has given, in the order of `ports` */
	answered: number[];
	close(): void;
}

/**
 * Gives each request to the next process in turn, whether it is up or not: one that is gone makes a 502, as at a load balancer that has
 * not noticed yet, and the sender has to try again.
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
		});
		onward.on('response', (response) => {
			// "n8n is starting up. Please wait", with status 200: a balancer that asks for readiness would not have come here.
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
		// A sender that hangs up is gone for the process, too.
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
