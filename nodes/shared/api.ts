import type {
	ICredentialDataDecryptedObject,
	IDataObject,
	IExecuteFunctions,
	IHookFunctions,
	IHttpRequestMethods,
	IHttpRequestOptions,
	ILoadOptionsFunctions,
	INode,
	IPollFunctions,
} from 'n8n-workflow';
import type { ZodTypeAny, infer as Infer } from 'zod';

import { isFault, noAnswer, readAnswer } from './answer';
import type { HttpAnswer, Outcome } from './answer';
import { baseUrlOf, secretsOf } from './credential';
import { apiError, isTransient } from './errors';
import { neverArrived } from './fault';
import type { Fault } from './fault';
import { elapsed, journalOf, noteDate } from './journal';
import { firstIssue, objectSchema, pageSchema } from './schemas';
import { afterRefusal, backoff, mayWait, waitUnlessCancelled } from './waiting';

/** n8n's context of an operation, of a trigger's lifecycle method, of a poll, or of a list in the editor. */
export type Caller = IExecuteFunctions | IHookFunctions | ILoadOptionsFunctions | IPollFunctions;

/** One request to the API. */
export interface ApiRequest {
	method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
	/** Below the base URL, e.g. "/v1/spaces"; IDs in it have gone through {@link segment}. */
	path: string;
	query?: IDataObject;
	body?: IDataObject;
	/** Index of the input item this request is for: its errors name the item, and expressions in the credential are of this item. */
	itemIndex?: number;
	/** Read before by the caller; absent: read for this request. */
	credential?: ICredentialDataDecryptedObject;
	/** Milliseconds since 1970 at which waiting and retrying end, and a request that is under way is cut. */
	deadline?: number;
}

const TIMEOUT_MS = 60_000;
/** Retries after a transient error, about 0.5, 1, 2 and 4 s apart. */
const RETRIES = 4;
/** A request is given up after this many 429 in a row. */
const MAX_REFUSALS = 50;
/** A list is given up after this many empty pages in a row: one that never ends would be read for ever. */
const MAX_EMPTY_PAGES = 3;
/** Milliseconds after its deadline at which a request is aborted whose bytes still trickle in, which a timeout does not see. */
const ABORT_AFTER_MS = 500;

/** Maximum number of entries on one page of a list (assumption A3). */
export const PAGE_SIZE = 100;

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
 * Every request of the nodes goes through here. After a 429 it waits as `Retry-After` says and retries, whatever the method.
 * After a network error or a 5xx it retries with exponential backoff and jitter, except a POST that may have arrived: a retry could
 * create a second testimonial. All waits of a call for which a person waits are bounded together. Redirects are not followed, so the key reaches no other host.
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
	return await ask(
		caller,
		request.credential ?? (await caller.getCredentials('testivoraApi', request.itemIndex)),
		request,
		schema,
	);
}

/** {@link request} with a credential that was read before: each read costs n8n a database query and a decryption. */
async function ask(
	caller: Caller,
	credential: ICredentialDataDecryptedObject,
	{ method, path, query, body, itemIndex, deadline = Infinity }: ApiRequest,
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
		// As bytes, because n8n would pass on a body that is not JSON as if it were the answer, and because the texts that it makes of long
		// lists pile up in V8's old heap.
		encoding: 'arraybuffer',
		disableFollowRedirect: true,
		ignoreHttpStatusErrors: true,
		returnFullResponse: true,
	};

	for (let refusals = 0, faults = 0; ;) {
		const begun = Date.now();
		if (method === 'POST') journalOf(caller).postedAt = elapsed();
		const outcome = await send(
			caller,
			credential,
			{ ...options, ...limitsUntil(deadline) },
			`${method} ${path}`,
			schema,
		);
		if (!isFault(outcome)) return outcome.answer;

		const error = apiError(node, outcome, itemIndex);
		let wait = Infinity;
		if (outcome.status === 429) {
			if (refusals < MAX_REFUSALS) wait = afterRefusal(outcome.retryAfter, refusals++);
		} else if (maySendAgain(method, outcome, error) && faults < RETRIES) {
			wait = backoff(faults++);
		}
		const now = Date.now();
		if (!(deadline === Infinity ? mayWait(caller, wait, now - begun) : now + wait < deadline))
			throw error;
		if (outcome.status === 429) journalOf(caller).waitedMs += wait;
		await waitUnlessCancelled(caller, wait, error);
	}
}

/** The time a request may take: a timeout for silence, and an abort where there is a deadline. */
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
 * @throws NodeApiError when a page cannot be read, says that there is more but gives no cursor, repeats a cursor or sends one empty page after the other: a list is never
 *   cut short in silence, nor read in an endless loop
 */
export async function* pages<Schema extends ZodTypeAny = typeof objectSchema>(
	caller: Caller,
	{ path, query = {}, itemIndex, deadline, credential }: Omit<ApiRequest, 'method' | 'body'>,
	{ limit = PAGE_SIZE, cursor, schema }: PageOptions<Schema> = {},
): AsyncGenerator<Page<Infer<Schema>>> {
	const node = caller.getNode();
	const name = `GET ${path}`;
	const known: ICredentialDataDecryptedObject =
		credential ?? (await caller.getCredentials('testivoraApi', itemIndex));
	const seen = new Set(cursor === undefined ? [] : [cursor]);
	for (let next = cursor, empty = 0; ;) {
		const page = (await ask(
			caller,
			known,
			{
				method: 'GET',
				path,
				query: { ...query, limit, ...(next !== undefined && { cursor: next }) },
				itemIndex,
				deadline,
			},
			pageSchema,
		)) as Infer<typeof pageSchema>;
		empty = page.data.length === 0 ? empty + 1 : 0;
		next = page.has_more ? (page.next_cursor ?? '') : undefined;
		// Yield before validating the cursor: a caller that stops here never needs it.
		yield {
			entries: page.data.map((entry) =>
				checkEntry(node, name, schema ?? objectSchema, entry, itemIndex),
			),
			next: next || undefined,
		};
		if (next === undefined) return;
		if (next === '' || seen.has(next) || empty >= MAX_EMPTY_PAGES) {
			const message =
				next === ''
					? 'there is more of the list, but no cursor to it'
					: seen.has(next)
						? 'the same page of the list came twice'
						: 'the list says that there is more, but page after page is empty';
			throw apiError(node, { request: name, status: 200, message }, itemIndex);
		}
		seen.add(next);
	}
}

/**
 * Reads all entries of a list, one by one, over {@link pages}.
 *
 * @param atMost the most entries that the caller wants; fewer than a page keep the one page small
 */
export async function* list<Schema extends ZodTypeAny = typeof objectSchema>(
	caller: Caller,
	source: Omit<ApiRequest, 'method' | 'body'>,
	{ atMost = Infinity, schema }: { atMost?: number; schema?: Schema } = {},
): AsyncGenerator<Infer<Schema>> {
	for await (const { entries } of pages(caller, source, {
		limit: Math.min(PAGE_SIZE, atMost),
		schema,
	}))
		yield* entries;
}

/** Sends the request once. */
async function send(
	caller: Caller,
	credential: ICredentialDataDecryptedObject,
	options: IHttpRequestOptions,
	name: string,
	schema: ZodTypeAny | undefined,
): Promise<Outcome> {
	const secrets = secretsOf(credential);
	try {
		const response = (await caller.helpers.httpRequestWithAuthentication.call(
			caller,
			'testivoraApi',
			{ ...options },
			// Reuse the credential that supplied the base URL: the key goes nowhere else, and is not read a second time.
			{ credentialsDecrypted: { id: '', name: '', type: 'testivoraApi', data: credential } },
		)) as HttpAnswer;
		noteDate(caller, response.headers.date);
		return readAnswer(name, response, schema, secrets);
	} catch (error) {
		return noAnswer(name, error, secrets);
	}
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
	throw apiError(
		node,
		{ request: name, status: 200, message: `an entry ${firstIssue(checked.error)}` },
		itemIndex,
	);
}

function maySendAgain(method: string, fault: Fault, error: Error): boolean {
	return method === 'POST' ? neverArrived(fault) : isTransient(error);
}
