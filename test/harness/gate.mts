import { createServer } from 'node:http';
import type { Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { eventually } from './wait.mts';

/** A server that answers each request only when it is told to: it holds up the executions that ask it. */
export interface Gate {
	url: string;
	/** Waits until so many executions have come to it, those that it let through included. */
	reachedBy(count: number): Promise<void>;
	/** Answers an execution, counted from zero in the order in which they came. */
	letThrough(index: number): void;
	close(): void;
}

export async function startGate(): Promise<Gate> {
	const waiting: ServerResponse[] = [];
	const server = createServer((_request, response) => void waiting.push(response));
	const url = await listen(server);
	return {
		url,
		async reachedBy(count) {
			await eventually(() => waiting.length === count, { what: `${count} executions at the gate` });
		},
		letThrough: (index) => void waiting[index].end('{}'),
		close() {
			server.close();
			server.closeAllConnections();
		},
	};
}

/** Lets a server listen on a free port of this machine. @returns its URL */
export async function listen(server: Server): Promise<string> {
	await new Promise<void>((settle) => server.listen(0, '127.0.0.1', settle));
	return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}
