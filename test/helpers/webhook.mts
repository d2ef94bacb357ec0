import type { IDataObject, IWebhookFunctions, IWebhookResponseData } from 'n8n-workflow';

import { receive } from '../../nodes/TestivoraTrigger/delivery.ts';
import { findSecret, readSignatures } from '../../nodes/TestivoraTrigger/signature.ts';
import type { Headers } from '../../nodes/TestivoraTrigger/signature.ts';
import { sign } from '../sandbox/signature.mts';

/** The secret of the test vector published by Standard Webhooks. */
export const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
export const API_KEY = 'tv_live_0123456789abcdef0123456789abcdef';
/** The webhook's name in static data; see `webhookName`. */
export const NAME = 'webhook/6b1a/webhook';
export const URL = `https://n8n.example.com/${NAME}`;

/** A delivery, and the webhook that receives it. Parameters are those of a saved workflow; absent ones have their defaults. */
export interface Incoming {
	body?: Buffer;
	headers?: Record<string, string | string[] | undefined>;
	parameters?: IDataObject;
	/** The parameters as n8n has loaded them; by default {@link parameters}. */
	saved?: IDataObject;
	/** The workflow's global static data; made new for each delivery unless given. */
	staticData?: IDataObject;
	/** The fields of the credential, or the error when it is read. */
	credential?: IDataObject | Error;
	/** Reading the credential waits for this. */
	gate?: Promise<void>;
	/** Identifies the webhook: each has its own memory in this process. */
	workflowId?: string;
	/** The production URL that n8n gives. */
	url?: string;
	/** The path of the request. */
	path?: string;
	manual?: boolean;
	/** The sender closed its connection before n8n came to the delivery. */
	hungUp?: boolean;
	/** n8n has not read the body yet (true), or has read it without keeping it ("gone"). */
	unread?: boolean | 'gone';
}

/** The outcome of a delivery. */
export interface Received {
	result: IWebhookResponseData;
	/** The answer that the node sent itself; absent if n8n answers. */
	answer?: { status: number; headers: Record<string, string>; text: string; json: IDataObject };
	/** n8n's log; each line begins with its level. */
	log: string[];
	staticData: IDataObject;
	/** How often the credential was read. */
	lookUps: number;
	/** Lets n8n accept the delivery: it reads the acknowledgement, answers and saves. @returns the answer */
	acknowledge(): unknown;
	/** Marks n8n's answer as sent, whether or not the sender was still connected. */
	finish(): void;
}

let workflows = 0;

/** Static data with one registered webhook, with {@link NAME} and {@link SECRET}. */
export function registered(): IDataObject {
	return {
		testivoraTrigger: {
			[NAME]: { registration: { id: 'wh_1', url: URL, derived: SECRET, registeredAt: 1 } },
		},
	};
}

/** Gives the trigger one delivery, with the part of n8n that it uses. */
export async function deliver({
	body = Buffer.alloc(0),
	headers = {},
	parameters = {},
	saved = parameters,
	staticData = registered(),
	credential = { apiKey: API_KEY },
	gate,
	workflowId = `w${++workflows}`,
	url = URL,
	path = `/${NAME}`,
	manual = false,
	hungUp = false,
	unread = false,
}: Incoming): Promise<Received> {
	const log: string[] = [];
	let lookUps = 0;
	const level = (name: string) => (message: string, meta?: object) =>
		void log.push(`${name} ${message}${meta ? JSON.stringify(meta) : ''}`);
	const answer = {
		status: 0,
		headers: {} as Record<string, string>,
		text: '',
		json: {} as IDataObject,
	};
	const response = {
		destroyed: hungUp,
		writableEnded: false,
		set: (more: Record<string, string>) => (Object.assign(answer.headers, more), response),
		status: (status: number) => ((answer.status = status), response),
		json: (json: IDataObject) => Object.assign(answer, { json, text: JSON.stringify(json) }),
	};
	const request = {
		headers,
		path,
		rawBody: unread ? undefined : body,
		readRawBody: async () => void (request.rawBody = body),
	};
	if (unread === 'gone')
		request.readRawBody = async () => await Promise.reject(new Error('stream is not readable'));
	const webhook = {
		getRequestObject: () => request,
		getBodyData: () => parsedByN8n(body, headers),
		getResponseObject: () => response,
		getWorkflowStaticData: () => staticData,
		getNodeParameter: (name: string, fallback: unknown) => parameters[name] ?? fallback,
		evaluateExpression: (text: string) =>
			text.startsWith('{{') ? JSON.parse(text.slice(2, -2)) : text,
		getCredentials: async () => {
			lookUps++;
			await gate;
			if (credential instanceof Error) throw credential;
			return credential;
		},
		getWorkflow: () => ({ id: workflowId }),
		getNode: () => ({ name: 'Testivora Trigger', webhookId: '6b1a', parameters: saved }),
		getNodeWebhookUrl: () => url,
		getMode: () => (manual ? 'manual' : 'webhook'),
		logger: {
			debug: level('debug'),
			info: level('info'),
			warn: level('warn'),
			error: level('error'),
		},
	} as unknown as IWebhookFunctions;

	const result = await receive(webhook);
	return {
		result,
		answer: answer.status === 0 ? undefined : answer,
		log,
		staticData,
		lookUps,
		acknowledge: () => result.webhookResponse,
		finish: () => void (response.writableEnded = true),
	};
}

/** The body as n8n parses it before it calls the node, by the charset in the header. */
function parsedByN8n(body: Buffer, headers: Incoming['headers']): unknown {
	const charset = /charset=([\w-]+)/.exec(String(headers?.['content-type']))?.[1] ?? 'utf-8';
	return JSON.parse(body.toString(charset as BufferEncoding));
}

/** A delivery's body and headers, signed just now. */
export function signedDelivery(
	content: unknown,
	secret = SECRET,
): { body: Buffer; headers: Record<string, string> } {
	const body = Buffer.isBuffer(content)
		? content
		: Buffer.from(typeof content === 'string' ? content : JSON.stringify(content));
	return { body, headers: { 'content-type': 'application/json', ...sign(body, secret) } };
}

/** The trigger's verdict on a delivery's signatures. @param now unix seconds */
export function judge(
	body: Buffer,
	headers: Headers,
	secrets: string[],
	now: number,
	tolerance: number,
): string {
	const signatures = readSignatures(headers, now, tolerance);
	if (typeof signatures === 'string') return signatures;
	return findSecret(signatures, body, secrets) === undefined ? 'mismatch' : 'verified';
}
