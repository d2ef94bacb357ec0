/**
 * Preloaded into n8n (`node --import`): sends its HTTPS requests to `OUTSIDE_URL` over plain HTTP, with their original Host header. n8n's
 * nodes for Slack, HubSpot and Google run unchanged, and the test sees their requests.
 */
import http from 'node:http';
import type { RequestOptions } from 'node:http';
import https from 'node:https';
import { urlToHttpOptions } from 'node:url';

function request(...given: any[]): http.ClientRequest {
	const callback = typeof given.at(-1) === 'function' ? given.pop() : undefined;
	const parts = given.map((part) =>
		typeof part === 'string' || part instanceof URL ? urlToHttpOptions(new URL(part)) : part,
	);
	const options: RequestOptions = Object.assign({}, ...parts);
	const { hostname, port } = new URL(process.env.OUTSIDE_URL!);
	const headers = { ...(options.headers as object), host: (options.hostname ?? options.host)! };
	return http.request(
		{ ...options, protocol: 'http:', hostname, host: hostname, port, agent: undefined, headers },
		callback,
	);
}

https.request = request;
https.get = (...given: any[]) => request(...given).end();
