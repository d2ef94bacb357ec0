import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

/** A request that n8n sent to a service outside. */
export interface OutsideRequest {
	/** such as `slack.com` */
	host: string;
	method: string;
	/** without the query */
	path: string;
	query: Record<string, string>;
	/** the parsed JSON or form, else the text; undefined without a body */
	body: any;
}

/** A stand-in for every service that n8n reaches over HTTPS. */
export interface Outside {
	/** environment for `InstanceOptions` with which n8n sends its HTTPS requests here */
	env: Record<string, string>;
	/** since the last `answerWith` */
	requests: OutsideRequest[];
	/** Sets the JSON answer to the requests from now on, and forgets the earlier ones. */
	answerWith(answer: (request: OutsideRequest) => unknown): void;
	stop(): Promise<void>;
}

const REDIRECT = pathToFileURL(resolve('test/e2e/publication/examples/redirect.mts')).href;

export async function startOutside(): Promise<Outside> {
	const requests: OutsideRequest[] = [];
	let answer: (request: OutsideRequest) => unknown = () => undefined;
	const server = createServer(async (incoming, response) => {
		const text = (await incoming.setEncoding('utf8').toArray()).join('');
		const url = new URL(incoming.url!, 'https://outside');
		const isForm = incoming.headers['content-type']?.startsWith(
			'application/x-www-form-urlencoded',
		);
		const request: OutsideRequest = {
			host: incoming.headers.host!,
			method: incoming.method!,
			path: decodeURIComponent(url.pathname),
			query: Object.fromEntries(url.searchParams),
			body: text && (isForm ? Object.fromEntries(new URLSearchParams(text)) : parsed(text)),
		};
		requests.push(request);
		const body = answer(request);
		// Google Drive answers with the address for the upload there.
		const location = `https://${request.host}/upload/session`;
		response
			.writeHead(body === undefined ? 404 : 200, { 'content-type': 'application/json', location })
			.end(JSON.stringify(body ?? {}));
	});
	await new Promise<void>((settle) => server.listen(0, '127.0.0.1', settle));
	return {
		env: {
			NODE_OPTIONS: `--import=${REDIRECT}`,
			OUTSIDE_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
		},
		requests,
		answerWith(next) {
			requests.length = 0;
			answer = next;
		},
		stop: async () => {
			server.closeAllConnections();
			await new Promise((settle) => server.close(settle));
		},
	};
}

/** The text where it is not JSON, such as an upload. */
function parsed(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return text;
	}
}
