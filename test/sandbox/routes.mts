import { randomBytes } from 'node:crypto';

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import { newId, newTestimonial } from './store.mts';
import type { Key, Store, StoredEndpoint, Testimonial } from './store.mts';
import { TokenBucket } from './tokenBucket.mts';

/** The routes of the REST API below /v1: what is published, and where nothing is, assumptions A1 and A3. */

export interface ApiSettings {
	/** Whether there are webhooks in the API; `false` and 404 are the same, another status is answered instead. */
	webhookApi: boolean | 404 | 405 | 501;
	/** Whether the API ignores secrets that it is sent and makes its own: `true` at registration only, `always` at changes too. */
	serverSecret: boolean | 'always';
	rateLimits: boolean;
	/** How many times faster than in real time the rate limits recover. */
	timeScale: number;
	/** Creates allowed in all. */
	quota: number;
	/** A page has at most so many entries, whatever limit is asked for. */
	pageSizeCap: number;
	/** The order in which testimonials are listed. `shuffled` is another order for each list, that is, for each request without a cursor. */
	order: ListOrder;
	/** The testimonials in a list for which no status is asked. */
	unasked: 'all' | 'approved';
}

export type ListOrder = 'newest' | 'oldest' | 'shuffled';

/** Sends the event of a change to the webhooks. */
export type Announce = (event: string, testimonial: Testimonial) => void;

const STATUSES = ['pending', 'approved', 'rejected'];
const EVENTS = ['testimonial.created', 'testimonial.approved', 'testimonial.deleted'];

/** Thrown in a route: becomes an answer with the API's error envelope. */
class Refusal extends Error {
	readonly status: number;
	readonly type: string;
	readonly details: Record<string, unknown>;
	readonly headers: Record<string, string>;

	constructor(
		status: number,
		type: string,
		message: string,
		details: Record<string, unknown> = {},
		headers: Record<string, string> = {},
	) {
		super(message);
		this.status = status;
		this.type = type;
		this.details = details;
		this.headers = headers;
	}
}

/** Adds the API to a server. */
export function addApi(
	app: FastifyInstance,
	store: Store,
	settings: ApiSettings,
	announce: Announce,
): void {
	const buckets = new Map<string, TokenBucket>();
	let used = 0;
	let ranks = new Map<string, number>();

	app.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) => {
		if (error instanceof Refusal) return refuse(reply, error);
		if (error.statusCode === 400 || error.statusCode === 415) {
			return refuse(reply, new Refusal(400, 'invalid_json', 'The body is not valid JSON.'));
		}
		return refuse(reply, new Refusal(500, 'internal', error.message));
	});
	app.setNotFoundHandler((_request, reply) =>
		refuse(reply, new Refusal(404, 'not_found', 'There is no such route.')),
	);

	app.addHook('preHandler', async (request) => {
		if (!request.url.startsWith('/v1/')) return;
		const key = keyOf(store, request);
		const writes = request.method !== 'GET';
		if (settings.rateLimits) limit(key, writes);
		if (key.tier === 'Starter') {
			throw new Refusal(403, 'plan_required', 'The API needs the Growth or Agency plan.');
		}
		if (writes && !key.scopes.includes('write')) {
			throw new Refusal(403, 'insufficient_scope', 'This key may only read.');
		}
		if (/^\/v1\/webhooks([/?]|$)/.test(request.url) && settings.webhookApi !== true) {
			throw new Refusal(
				settings.webhookApi === false ? 404 : settings.webhookApi,
				'not_found',
				'There is no such route.',
			);
		}
	});

	/** Reads: 120 a minute, burst 240. Writes: 30 a minute, burst 60 (published). */
	function limit({ key }: Key, writes: boolean): void {
		const name = `${key} ${writes}`;
		const bucket =
			buckets.get(name) ??
			new TokenBucket(((writes ? 30 : 120) / 60) * settings.timeScale, writes ? 60 : 240);
		buckets.set(name, bucket);
		const wait = bucket.take();
		if (wait > 0) {
			// The header holds whole seconds; here, seconds of the sandbox's time.
			const seconds = Math.ceil(wait * settings.timeScale) / settings.timeScale;
			throw new Refusal(
				429,
				'rate_limited',
				'Too many requests.',
				{},
				{ 'retry-after': String(seconds) },
			);
		}
	}

	app.get('/v1/account', async (request) => {
		const { tier } = keyOf(store, request);
		const planLimit = Number.isFinite(settings.quota) ? settings.quota : 10_000;
		return {
			object: 'account',
			tier,
			api_access: true,
			usage: { testimonials: { used, limit: planLimit } },
		};
	});
	app.get('/v1/spaces', async (request) => page(store.spaces, request));
	app.get('/v1/walls', async (request) => {
		const { space_id: space } = query(request);
		return page(
			store.walls.filter((wall) => !space || wall.space_id === space),
			request,
		);
	});

	app.get('/v1/testimonials', async (request) => {
		const { space_id: space, status } = query(request);
		if (status !== undefined && !STATUSES.includes(status))
			throw new Refusal(422, 'invalid_status', `Unknown status "${status}".`);
		const wanted = (one: Testimonial) =>
			(!space || one.space_id === space) &&
			(status ? one.status === status : settings.unasked === 'all' || one.status === 'approved');
		return page(inOrder(request).filter(wanted), request);
	});
	app.get('/v1/testimonials/:id', async (request) => find(store.testimonials, request));
	app.post('/v1/testimonials', async (request, reply) => {
		const given = fields(request);
		if (!given.space_id) throw new Refusal(400, 'missing_parameter', 'space_id is required.');
		if (!store.spaces.some(({ id }) => id === given.space_id))
			throw new Refusal(404, 'not_found', 'No such space.');
		checkContent(given, true);
		if (used >= settings.quota) {
			const details = { limit: settings.quota, used, tier: keyOf(store, request).tier };
			throw new Refusal(402, 'quota_exceeded', 'The monthly quota is used up.', details);
		}
		used += 1;
		// The service sets both times.
		const made = newTestimonial({
			...given,
			created_at: undefined,
			published_at: undefined,
		} as Partial<Testimonial>);
		store.testimonials.unshift(made);
		announce('testimonial.created', made);
		return await reply.code(201).send(made);
	});
	app.patch('/v1/testimonials/:id', async (request) => {
		const testimonial = find(store.testimonials, request);
		const { space_id: _space, type: _type, author, ...given } = fields(request);
		checkContent({ ...given, ...(author !== undefined && { author }) }, false);
		change(
			testimonial,
			{
				...given,
				...(author !== undefined && { author: { ...testimonial.author, ...(author as object) } }),
			},
			announce,
		);
		return testimonial;
	});

	app.get('/v1/webhooks', async (request) => {
		const { status } = query(request);
		return page(
			store.endpoints.filter((one) => !status || one.status === status).map(shown),
			request,
		);
	});
	app.get('/v1/webhooks/:id', async (request) => shown(find(store.endpoints, request)));
	app.post('/v1/webhooks', async (request, reply) => {
		const given = fields(request);
		const endpoint = addEndpoint(store, request, {
			...given,
			...(settings.serverSecret && { secret: undefined }),
		});
		return await reply
			.code(201)
			.send({ ...shown(endpoint), ...(settings.serverSecret && { secret: endpoint.secret }) });
	});
	app.patch('/v1/webhooks/:id', async (request) =>
		shown(changeEndpoint(store, request, settings.serverSecret === 'always')),
	);
	app.delete('/v1/webhooks/:id', async (request, reply) => {
		removeEndpoint(store, request);
		return await reply.code(204).send();
	});

	/** All testimonials in the order of lists. Those created since the last shuffling come last. */
	function inOrder(request: FastifyRequest): Testimonial[] {
		if (settings.order === 'newest') return store.testimonials;
		if (settings.order === 'oldest') return [...store.testimonials].reverse();
		if (query(request).cursor === undefined) {
			ranks = new Map(store.testimonials.map(({ id }) => [id, Math.random()]));
		}
		const rank = ({ id }: Testimonial) => ranks.get(id) ?? 1;
		return [...store.testimonials].sort((one, other) => rank(one) - rank(other));
	}

	function page<T extends { id: string }>(entries: T[], request: FastifyRequest) {
		const { limit: asked = '20', cursor } = query(request);
		const size = Number(asked);
		if (!Number.isInteger(size) || size < 1 || size > 100)
			throw new Refusal(400, 'missing_parameter', 'limit must be 1 to 100.');
		const after =
			cursor === undefined ? undefined : Buffer.from(cursor, 'base64url').toString('utf8');
		const start = after === undefined ? 0 : entries.findIndex(({ id }) => id === after) + 1;
		if (after !== undefined && start === 0)
			throw new Refusal(400, 'missing_parameter', 'Unknown cursor.');
		const data = entries.slice(start, start + Math.min(size, settings.pageSizeCap));
		const more = start + data.length < entries.length;
		const next = more ? Buffer.from(data[data.length - 1].id).toString('base64url') : null;
		return { object: 'list', data, has_more: more, next_cursor: next };
	}
}

/** Registers an endpoint; without a secret, it gets one. @throws Refusal that names a field that is missing or wrong */
export function addEndpoint(
	store: Store,
	request: FastifyRequest,
	given: Record<string, unknown>,
): StoredEndpoint {
	checkEndpoint(request, given, true);
	const now = new Date().toISOString();
	const endpoint: StoredEndpoint = {
		id: newId('wh'),
		object: 'webhook',
		url: String(given.url),
		status: String(given.status ?? 'active'),
		events: given.events as string[],
		created_at: now,
		updated_at: now,
		secret: given.secret ? String(given.secret) : `whsec_${randomBytes(32).toString('base64')}`,
		givenUp: 0,
	};
	store.endpoints.unshift(endpoint);
	return endpoint;
}

/** Changes the fields of an endpoint that the request's body has. @throws Refusal when there is no such endpoint, or a field is wrong */
export function changeEndpoint(
	store: Store,
	request: FastifyRequest,
	keepsSecret = false,
): StoredEndpoint {
	const endpoint = find(store.endpoints, request);
	const given = fields(request);
	checkEndpoint(request, given, false);
	const { url = endpoint.url, events = endpoint.events, status = endpoint.status } = given;
	const secret = (!keepsSecret && given.secret) || endpoint.secret;
	return Object.assign(endpoint, {
		url,
		events,
		status,
		secret,
		givenUp: 0,
		updated_at: new Date().toISOString(),
	});
}

/** @throws Refusal when there is no such endpoint */
export function removeEndpoint(store: Store, request: FastifyRequest): void {
	store.endpoints.splice(store.endpoints.indexOf(find(store.endpoints, request)), 1);
}

/** Changes a testimonial. When that approves it, it is published and the event is sent. */
export function change(
	testimonial: Testimonial,
	given: Record<string, unknown>,
	announce: Announce,
): void {
	const approves = given.status === 'approved' && testimonial.status !== 'approved';
	Object.assign(testimonial, given);
	if (approves) {
		testimonial.published_at = new Date().toISOString();
		announce('testimonial.approved', testimonial);
	}
}

function refuse(reply: FastifyReply, { status, type, message, details, headers }: Refusal) {
	return reply
		.code(status)
		.headers(headers)
		.send({ error: { type, message, ...details } });
}

function keyOf(store: Store, request: FastifyRequest): Key {
	const header = request.headers.authorization;
	if (!header)
		throw new Refusal(401, 'unauthorized', 'Send the API key as "Authorization: Bearer …".');
	const key = store.keys.find((one) => header === `Bearer ${one.key}`);
	if (!key) throw new Refusal(401, 'invalid_api_key', 'This API key is unknown or was revoked.');
	return key;
}

const query = (request: FastifyRequest) => request.query as Record<string, string | undefined>;

function fields(request: FastifyRequest): Record<string, unknown> {
	const { body } = request;
	if (typeof body !== 'object' || body === null || Array.isArray(body)) {
		throw new Refusal(400, 'invalid_json', 'The body must be a JSON object.');
	}
	return body as Record<string, unknown>;
}

function find<T extends { id: string }>(entries: T[], request: FastifyRequest): T {
	const { id } = request.params as { id: string };
	const found = entries.find((one) => one.id === id);
	if (!found) throw new Refusal(404, 'not_found', 'There is nothing with this ID in the account.');
	return found;
}

/** An endpoint as the API shows it. */
function shown({ secret: _secret, givenUp: _givenUp, ...endpoint }: StoredEndpoint) {
	return endpoint;
}

function checkContent(given: Record<string, unknown>, isNew: boolean): void {
	const { text, author, rating, status } = given;
	if ((isNew || 'text' in given) && (typeof text !== 'string' || text.trim() === '')) {
		throw new Refusal(422, 'invalid_text', 'text must not be empty.');
	}
	const name = (author as { name?: unknown } | undefined)?.name;
	if (
		(isNew || (author !== undefined && name !== undefined)) &&
		(typeof name !== 'string' || name.trim() === '')
	) {
		throw new Refusal(422, 'invalid_author', 'author.name is required.');
	}
	if (
		rating !== undefined &&
		rating !== null &&
		!(Number.isInteger(rating) && Number(rating) >= 1 && Number(rating) <= 5)
	) {
		throw new Refusal(422, 'invalid_rating', 'rating must be 1 to 5.');
	}
	if (status !== undefined && !STATUSES.includes(String(status))) {
		throw new Refusal(422, 'invalid_status', `Unknown status "${String(status)}".`);
	}
}

function checkEndpoint(
	request: FastifyRequest,
	{ url, events, status, secret }: Record<string, unknown>,
	isNew: boolean,
): void {
	if (isNew && (!url || !events))
		throw new Refusal(400, 'missing_parameter', 'url and events are required.');
	// Endpoints must be HTTPS, except in a sandbox that is plain HTTP itself.
	const schemes = request.protocol === 'http' ? /^https?:\/\// : /^https:\/\//;
	if (url !== undefined && !schemes.test(String(url)))
		throw new Refusal(422, 'invalid_url', 'url must begin with https://.');
	if (
		events !== undefined &&
		!(
			Array.isArray(events) &&
			events.length > 0 &&
			events.every((event) => EVENTS.includes(String(event)))
		)
	) {
		throw new Refusal(422, 'invalid_events', 'events must hold at least one known event.');
	}
	if (status !== undefined && !['active', 'disabled'].includes(String(status))) {
		throw new Refusal(422, 'invalid_status', 'status must be active or disabled.');
	}
	if (secret !== undefined && !/^whsec_[A-Za-z0-9+/]{24,}={0,2}$/.test(String(secret))) {
		throw new Refusal(422, 'invalid_secret', 'secret must be whsec_ and base64.');
	}
}
