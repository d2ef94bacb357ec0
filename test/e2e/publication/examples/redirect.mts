/**
 * Preloaded into n8n (`node --import`): its HTTPS requests go to the stand-in at `OUTSIDE_URL`, over plain HTTP, with their own Host header.
 * So n8n's own nodes run as they are, and what they would send to Slack, HubSpot or Google can be looked at.
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
