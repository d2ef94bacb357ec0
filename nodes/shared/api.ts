import type {
	ICredentialDataDecryptedObject,
	IDataObject,
	IExecuteFunctions,
	IHookFunctions,
	IHttpRequestMethods,
	IHttpRequestOptions,
	ILoadOptionsFunctions,
	IPollFunctions,
} from 'n8n-workflow';
import type { ZodTypeAny, infer as Infer } from 'zod';

import { isFault, noAnswer, readAnswer } from './answer';
import type { HttpAnswer, Outcome } from './answer';
import { baseUrlOf, secretsOf } from './credential';
import { apiError, isGone, isTransient } from './errors';
import { neverArrived } from './fault';
import type { Fault } from './fault';
import { elapsed, journalOf, noteDate } from './journal';
import { firstIssue, objectSchema, pageSchema } from './schemas';
import { backoff, mayWait, rateLimitDelay, waitUnlessCancelled } from './waiting';

/** n8n's context of an operation, of a trigger's lifecycle method, of a poll, or of a list in the editor. */
export type Caller = IExecuteFunctions | IHookFunctions | ILoadOptionsFunctions | IPollFunctions;

/** One request to the API. */
export interface ApiRequest {
	method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
	/** Below the base URL, e.g. "/v1/spaces"; IDs in it have gone through {@link segment}. */
	path: string;
	query?: IDataObject;
	body?: IDataObject;
	/** Index of the input item that this request is for: expressions in the credential are evaluated for it. */
	itemIndex?: number;
	/** The credential, if the caller has read it; otherwise it is read for this request. */
	credential?: ICredentialDataDecryptedObject;
	/** Milliseconds since 1970 after which nothing is waited for or retried, and a request that is under way is cut. */
	deadline?: number;
}

const TIMEOUT_MS = 60_000;
/** Retries after a transient error, about 0.5, 1, 2 and 4 s apart. */
const MAX_RETRIES = 4;
/** Times that a request is sent again after a 429. */
const MAX_RATE_LIMITED = 50;
/** A timeout sees silence only. Where an answer still trickles in, the request is aborted so many milliseconds after its deadline. */
const ABORT_AFTER_MS = 500;

/** Maximum number of entries on one page of a list (assumption A3). */
export const PAGE_SIZE = 100;
/** Empty pages in a row after which a list is given up, as it may never end. */
const MAX_EMPTY_PAGES = 3;

/**
 * Encodes an ID as one segment of a path, whatever characters it has.
 *
 * @param id has gone through `idInput`, so it is no "." or ".."
 */
export function segment(id: string): string {
	return encodeURIComponent(id);
}

/**
 * Sends one request and returns the API's answer, checked against a schema.
 *
 * Every request of the nodes goes through here. After a 429 it waits as `Retry-After` says and retries, whatever the method. After a
 * network error or a 5xx it retries with exponential backoff and jitter, except a POST that may have arrived: a retry could create a
 * second testimonial. While a person waits, all waits of a call share one limit. Redirects are not followed, so the key reaches no
 * other host.
 *
 * @param schema what the answer must look like; absent where no body is expected
 * @returns the answer's JSON; undefined without a schema
 * @throws NodeApiError with a message for the user; see {@link apiError}
 */
export async function request<Schema extends ZodTypeAny>(
	caller: Caller,
	request: ApiRequest,
	schema: Schema,
): Promise<Infer<Schema>>;
export async function request(caller: Caller, request: ApiRequest): Promise<undefined>;
export async function request(
	caller: Caller,
	request: ApiRequest,
	schema?: ZodTypeAny,
): Promise<unknown> {
	const credential = await credentialFor(caller, request);
	return await sendWithRetries(caller, credential, request, schema);
}

/** The credential of a request. Each read costs n8n a database query and a decryption, so a list reads it once for all pages. */
async function credentialFor(
	caller: Caller,
	{ credential, itemIndex }: Pick<ApiRequest, 'credential' | 'itemIndex'>,
): Promise<ICredentialDataDecryptedObject> {
	return credential ?? (await caller.getCredentials('testivoraApi', itemIndex));
}

async function sendWithRetries(
	caller: Caller,
	credential: ICredentialDataDecryptedObject,
	request: ApiRequest,
	schema?: ZodTypeAny,
): Promise<unknown> {
	const { method, deadline = Infinity } = request;
	const journal = journalOf(caller);
	const tries = { rateLimited: 0, failed: 0 };
	/** Whether an earlier try may have been carried out, though its answer was lost. */
	let mayBeDone = false;
	for (;;) {
		const sentAt = Date.now();
		if (method === 'POST') journal.postedAt = elapsed();
		const outcome = await sendOnce(caller, credential, request, schema);
		if (!isFault(outcome)) return outcome.answer;

		const error = apiError(caller.getNode(), outcome);
		if (method === 'DELETE' && mayBeDone && isGone(error)) return undefined;
		mayBeDone ||= outcome.status !== 429 && !neverArrived(outcome);
		const delay = retryDelay(method, outcome, error, tries);
		const now = Date.now();
		const hasTime =
			deadline === Infinity ? mayWait(caller, delay, now - sentAt) : now + delay < deadline;
		if (!hasTime) throw error;
		if (outcome.status === 429) journal.waitedMs += delay;
		await waitUnlessCancelled(caller, delay, error);
	}
}

/**
 * Milliseconds until the request is sent again; Infinity when it is not.
 *
 * @param tries how often the request was answered with 429, and how often it met another transient error; counted here
 */
function retryDelay(
	method: string,
	fault: Fault,
	error: Error,
	tries: { rateLimited: number; failed: number },
): number {
	if (fault.status === 429) {
		return tries.rateLimited < MAX_RATE_LIMITED
			? rateLimitDelay(fault.retryAfter, tries.rateLimited++)
			: Infinity;
	}
	const isSafe = isTransient(error) && (method !== 'POST' || neverArrived(fault));
	return isSafe && tries.failed < MAX_RETRIES ? backoff(tries.failed++) : Infinity;
}

async function sendOnce(
	caller: Caller,
	credential: ICredentialDataDecryptedObject,
	{ method, path, query, body, deadline = Infinity }: ApiRequest,
	schema: ZodTypeAny | undefined,
): Promise<Outcome> {
	const name = `${method} ${path}`;
	const secrets = secretsOf(credential);
	const options: IHttpRequestOptions = {
		method: method as IHttpRequestMethods,
		url: `${baseUrlOf(credential, caller.getNode())}${path}`,
		qs: query,
		body,
		headers: { Accept: 'application/json', ...(body && { 'Content-Type': 'application/json' }) },
		// As bytes: n8n would pass on a body that is not JSON as if it were the answer, and the texts that it makes of long lists pile up
		// in V8's old heap.
		encoding: 'arraybuffer',
		disableFollowRedirect: true,
		ignoreHttpStatusErrors: true,
		returnFullResponse: true,
		...limitsUntil(deadline),
	};
	try {
		const response = (await caller.helpers.httpRequestWithAuthentication.call(
			caller,
			'testivoraApi',
			options,
			// Reuse the credential that supplied the base URL: the key goes nowhere else, and is not read a second time.
			{ credentialsDecrypted: { id: '', name: '', type: 'testivoraApi', data: credential } },
		)) as HttpAnswer;
		noteDate(caller, response.headers.date);
		return readAnswer(name, response, schema, secrets);
	} catch (error) {
		return noAnswer(name, error, secrets);
	}
}

/** The time that a request may take: a timeout for silence, and an abort where there is a deadline. */
function limitsUntil(deadline: number): Pick<IHttpRequestOptions, 'timeout' | 'abortSignal'> {
	if (deadline === Infinity) return { timeout: TIMEOUT_MS };
	const left = Math.max(1, deadline - Date.now());
	return {
		timeout: Math.min(TIMEOUT_MS, left),
		abortSignal: AbortSignal.timeout(left + ABORT_AFTER_MS),
	};
}

/** One page of a list, and the cursor to the next page; absent on the last page. */
export interface Page<Entry> {
	entries: Entry[];
	next?: string;
}

interface PageOptions<Schema> {
	limit?: number;
	cursor?: string;
	schema?: Schema;
}

/**
 * Reads a list page by page; each page is requested when the caller asks for it.
 *
 * @param query the list's filters; `limit` and `cursor` are added
 * @param limit entries on a page, at most {@link PAGE_SIZE}
 * @param cursor where to begin: the `next` of an earlier page
 * @param schema what an entry must look like
 * @throws NodeApiError when a page cannot be read, says that there is more but gives no cursor, repeats a cursor, or is one empty page
 *   too many in a row: a list is never cut short in silence, nor read in an endless loop
 */
export async function* pages<Schema extends ZodTypeAny = typeof objectSchema>(
	caller: Caller,
	source: Omit<ApiRequest, 'method' | 'body'>,
	{ limit = PAGE_SIZE, cursor, schema }: PageOptions<Schema> = {},
): AsyncGenerator<Page<Infer<Schema>>> {
	const { path, query, itemIndex, deadline } = source;
	const unreadable = (message: string) =>
		apiError(caller.getNode(), { request: `GET ${path}`, status: 200, message });
	const checkEntry = (entry: unknown): Infer<Schema> => {
		const checked = (schema ?? objectSchema).safeParse(entry);
		if (!checked.success) throw unreadable(`an entry ${firstIssue(checked.error)}`);
		return entry as Infer<Schema>;
	};
	const credential = await credentialFor(caller, source);
	const read = async (after: string | undefined) => {
		const pageQuery = { ...query, limit, ...(after !== undefined && { cursor: after }) };
		const request: ApiRequest = { method: 'GET', path, query: pageQuery, itemIndex, deadline };
		return (await sendWithRetries(caller, credential, request, pageSchema)) as Infer<
			typeof pageSchema
		>;
	};

	const seen = new Set<string>();
	for (let after = cursor, emptyPages = 0; ;) {
		if (after !== undefined) seen.add(after);
		const page = await read(after);
		const next = page.has_more ? page.next_cursor || undefined : undefined;
		// Yield before validating the cursor: a caller that stops here never needs it.
		yield { entries: page.data.map(checkEntry), next };
		if (!page.has_more) return;
		if (next === undefined) throw unreadable('there is more of the list, but no cursor to it');
		if (seen.has(next)) throw unreadable('the same page of the list came twice');
		emptyPages = page.data.length === 0 ? emptyPages + 1 : 0;
		if (emptyPages === MAX_EMPTY_PAGES)
			throw unreadable('the list says that there is more, but page after page is empty');
		after = next;
	}
}

/**
 * Reads all entries of a list, one by one, over {@link pages}.
 *
 * @param atMost the number of entries that the caller wants; when it is less than a page, a smaller page is requested
 */
export async function* list<Schema extends ZodTypeAny = typeof objectSchema>(
	caller: Caller,
	source: Omit<ApiRequest, 'method' | 'body'>,
	{ atMost = Infinity, schema }: { atMost?: number; schema?: Schema } = {},
): AsyncGenerator<Infer<Schema>> {
	const limit = Math.min(PAGE_SIZE, atMost);
	for await (const { entries } of pages(caller, source, { limit, schema })) yield* entries;
}
