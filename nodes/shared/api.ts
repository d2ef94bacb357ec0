import { sleep } from 'n8n-workflow';
import type {
	ICredentialDataDecryptedObject,
	IDataObject,
	IExecuteFunctions,
	IHookFunctions,
	IHttpRequestMethods,
	IHttpRequestOptions,
	ILoadOptionsFunctions,
	IN8nHttpFullResponse,
	INode,
} from 'n8n-workflow';
import type { ZodTypeAny, infer as Infer } from 'zod';

import { baseUrlOf } from './credential';
import { apiError, firstIssue, isPassing, neverArrived } from './errors';
import type { Fault } from './errors';
import { errorSchema, objectSchema, pageSchema } from './schemas';

/** Whoever asks the API something: an operation, a registration, or a list in the editor. */
export type Caller = IExecuteFunctions | IHookFunctions | ILoadOptionsFunctions;

/** One request to the API. */
export interface ApiRequest {
	method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
	/** Below the base URL, e.g. "/v1/spaces"; IDs in it have gone through {@link segment}. */
	path: string;
	query?: IDataObject;
	body?: IDataObject;
	/** The input item this request is for; stands in its errors. */
	itemIndex?: number;
}

const TIMEOUT_MS = 60_000;
/** Tries after the first for a fault that may pass: about half a second, 1, 2 and 4 s apart. */
const RETRIES = 4;
const BACKOFF_MS = 500;
/** The longest that a person in the editor, or n8n while it activates a workflow, is kept waiting by one 429. */
const LONGEST_WAIT_ATTENDED_MS = 10_000;
const LONGEST_WAIT_MS = 60 * 60 * 1000;
/** Refusals with 429 in a row before a request is given up; each was waited out as the API asked. */
const MOST_REFUSALS = 50;
/** How often a wait looks whether the execution was cancelled. */
const WAIT_SLICE_MS = 200;

/** The most entries that one page of a list may hold (assumption A3). */
export const PAGE_SIZE = 100;

/**
 * An ID as one segment of a path, whatever characters it has.
 *
 * @param id has gone through `idInput`, so it is no "." or ".."
 */
export function segment(id: string): string {
	return encodeURIComponent(id);
}

/**
 * Sends one request and gives back what the API answered, checked.
 *
 * Every request of this package goes through here. 429 is waited out as `Retry-After` says, for every method. An answer
 * that never came, or a 5xx, is asked for again with exponential back-off and jitter, except a POST that may
 * have arrived: it could create a second testimonial. Redirects are not followed, so the key reaches no other host.
 *
 * @param schema what the answer must look like; absent where there is no body to expect
 * @returns the answer's JSON; undefined without a schema
 * @throws NodeApiError with a message for the user; see {@link apiError}
 */
export async function request<Schema extends ZodTypeAny>(
	caller: Caller,
	{ method, path, query, body, itemIndex }: ApiRequest,
	schema: Schema,
): Promise<Infer<Schema>>;
export async function request(caller: Caller, request: ApiRequest): Promise<undefined>;
export async function request(caller: Caller, request: ApiRequest, schema?: ZodTypeAny): Promise<unknown> {
	return await ask(caller, await caller.getCredentials('testivoraApi'), request, schema);
}

/** {@link request} with a credential that was read before: n8n looks it up in its database and decrypts it each time. */
async function ask(
	caller: Caller,
	credential: ICredentialDataDecryptedObject,
	{ method, path, query, body, itemIndex }: ApiRequest,
	schema?: ZodTypeAny,
): Promise<unknown> {
	const node = caller.getNode();
	const base = baseUrlOf(credential, node);
	const options: IHttpRequestOptions = {
		method: method as IHttpRequestMethods,
		url: `${base}${path}`,
		qs: query,
		body,
		headers: { Accept: 'application/json', ...(body && { 'Content-Type': 'application/json' }) },
		// As text: n8n would hand on a body that is no JSON as if it were the answer.
		encoding: 'text',
		timeout: TIMEOUT_MS,
		disableFollowRedirect: true,
		ignoreHttpStatusErrors: true,
		returnFullResponse: true,
	};

	for (let refusals = 0, faults = 0; ; ) {
		const outcome = await send(caller, credential, options, `${method} ${path}`, schema);
		if (!isFault(outcome)) return outcome.answer;

		const error = apiError(node, outcome, itemIndex);
		const wait =
			outcome.status === 429
				? waitAsAsked(caller, outcome.retryAfter, refusals++)
				: mayBeSentAgain(method, outcome, error) && faults < RETRIES
					? backOff(faults++)
					: undefined;
		if (wait === undefined) throw error;
		await waitUnlessCancelled(caller, wait, error);
	}
}

/** Part of a list, and the cursor to the next part; without one the list ends here. */
export interface Page<Entry> {
	entries: Entry[];
	next?: string;
}

/**
 * A list page by page, each asked for when it is wanted.
 *
 * @param query the list's filters; `limit` and `cursor` are added
 * @param limit entries on a page, at most {@link PAGE_SIZE}
 * @param cursor where to begin: the `next` of an earlier page
 * @throws NodeApiError when a page cannot be had, comes without a cursor for the next, or a cursor comes back: a list is never
 *   cut short in silence, nor read in circles
 */
export async function* pages<Schema extends ZodTypeAny = typeof objectSchema>(
	caller: Caller,
	{ path, query = {}, itemIndex }: Omit<ApiRequest, 'method' | 'body'>,
	{ limit = PAGE_SIZE, cursor, schema }: { limit?: number; cursor?: string; schema?: Schema } = {},
): AsyncGenerator<Page<Infer<Schema>>> {
	const node = caller.getNode();
	const name = `GET ${path}`;
	const credential = await caller.getCredentials('testivoraApi');
	const seen = new Set(cursor === undefined ? [] : [cursor]);
	for (let next = cursor; ; ) {
		const page = (await ask(
			caller,
			credential,
			{ method: 'GET', path, query: { ...query, limit, ...(next !== undefined && { cursor: next }) }, itemIndex },
			pageSchema,
		)) as Infer<typeof pageSchema>;
		next = page.has_more ? (page.next_cursor ?? '') : undefined;
		// Handed on before its cursor is judged: whoever has enough by now is not concerned.
		yield {
			entries: page.data.map((entry) => checkEntry(node, name, schema ?? objectSchema, entry, itemIndex)),
			next: next || undefined,
		};
		if (next === undefined) return;
		if (next === '' || seen.has(next)) {
			const message = next === '' ? 'there is more of the list, but no cursor to it' : 'the same page of the list came twice';
			throw apiError(node, { request: name, status: 200, message }, itemIndex);
		}
		seen.add(next);
	}
}

/**
 * All entries of a list, as they come; the pages behind them as {@link pages} reads them.
 *
 * @param atMost how many entries the caller wants at the most, which keeps a single page small
 */
export async function* list<Schema extends ZodTypeAny = typeof objectSchema>(
	caller: Caller,
	source: Omit<ApiRequest, 'method' | 'body'>,
	{ atMost = Infinity, schema }: { atMost?: number; schema?: Schema } = {},
): AsyncGenerator<Infer<Schema>> {
	for await (const { entries } of pages(caller, source, { limit: Math.min(PAGE_SIZE, atMost), schema })) yield* entries;
}

type Outcome = { answer: unknown } | (Fault & { retryAfter?: string });

function isFault(outcome: Outcome): outcome is Fault & { retryAfter?: string } {
	return 'request' in outcome;
}

/** One try: an answer that holds what the schema wants, or what went wrong. */
async function send(
	caller: Caller,
	credential: ICredentialDataDecryptedObject,
	options: IHttpRequestOptions,
	name: string,
	schema: ZodTypeAny | undefined,
): Promise<Outcome> {
	let response: IN8nHttpFullResponse;
	try {
		response = (await caller.helpers.httpRequestWithAuthentication.call(
			caller,
			'testivoraApi',
			{ ...options },
			// The one that the address came from: the key goes nowhere else, and is not looked up a second time.
			{ credentialsDecrypted: { id: '', name: '', type: 'testivoraApi', data: credential } },
		)) as IN8nHttpFullResponse;
	} catch (error) {
		// n8n's own error carries the request with its headers; only its code and text go on from here.
		const { httpCode, code, message } = error as { httpCode?: string; code?: string; message?: string };
		return { request: name, code: networkCode(httpCode, code, message), message };
	}

	const { statusCode: status, headers, body } = response;
	const json = parse(body);
	if (status < 200 || status >= 300) {
		const { type, message, ...details } = errorSchema.safeParse(json).data?.error ?? {};
		return { request: name, status, type, message, details, retryAfter: headers['retry-after'] as string };
	}
	// Where no body is due, one that is no JSON comes from something that spoke for the API, such as a proxy's log-in page.
	const due = schema !== undefined || String(body ?? '').trim() !== '';
	if (due && json === undefined) return { request: name, status, message: 'it is not JSON' };
	if (!schema) return { answer: undefined };
	const checked = schema.safeParse(json);
	// Checked, and handed on as it came: a copy of each entry of a list costs more than all the rest of the check.
	return checked.success
		? { answer: json }
		: { request: name, status, message: `it ${firstIssue(checked.error)}` };
}

function checkEntry<Schema extends ZodTypeAny>(
	node: INode,
	name: string,
	schema: Schema,
	value: unknown,
	itemIndex?: number,
): Infer<Schema> {
	const checked = schema.safeParse(value);
	if (checked.success) return value as Infer<Schema>;
	throw apiError(node, { request: name, status: 200, message: `an entry ${firstIssue(checked.error)}` }, itemIndex);
}

function parse(body: unknown): unknown {
	try {
		return JSON.parse(String(body));
	} catch {
		return undefined;
	}
}

/** Older versions of n8n put the code into the text only; an answer that breaks off has none. */
function networkCode(...sources: Array<string | undefined>): string | undefined {
	const text = sources.join(' ');
	if (/stream has been aborted/.test(text)) return 'ECONNRESET';
	return text.match(/\bE[A-Z_]{4,}\b/)?.[0];
}

function mayBeSentAgain(method: string, fault: Fault, error: Error): boolean {
	return method === 'POST' ? neverArrived(fault) : isPassing(error);
}

/** Milliseconds to wait after a 429, or undefined when that is more than may be asked of the one who waits. */
function waitAsAsked(caller: Caller, retryAfter: string | undefined, refusals: number): number | undefined {
	const asked = retryAfterMs(retryAfter, Date.now()) ?? backOff(refusals);
	const longest = 'getExecutionCancelSignal' in caller ? LONGEST_WAIT_MS : LONGEST_WAIT_ATTENDED_MS;
	return asked <= longest && refusals < MOST_REFUSALS ? asked : undefined;
}

/** What a `Retry-After` header asks for, in milliseconds: it holds seconds or a date (RFC 9110, section 10.2.3). */
export function retryAfterMs(header: string | undefined, now: number): number | undefined {
	if (header === undefined) return undefined;
	if (/^\s*\d+(\.\d+)?\s*$/.test(header)) return Number(header) * 1000;
	const date = Date.parse(header);
	return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

/** Exponential back-off, with jitter so that many that failed together do not come back together. */
function backOff(tries: number): number {
	const longest = BACKOFF_MS * 2 ** Math.min(tries, 6);
	return longest / 2 + (Math.random() * longest) / 2;
}

async function waitUnlessCancelled(caller: Caller, ms: number, error: Error): Promise<void> {
	const signal = 'getExecutionCancelSignal' in caller ? caller.getExecutionCancelSignal() : undefined;
	for (let left = ms; left > 0; left -= WAIT_SLICE_MS) {
		if (signal?.aborted) throw error;
		await sleep(Math.min(left, WAIT_SLICE_MS));
	}
	if (signal?.aborted) throw error;
}
