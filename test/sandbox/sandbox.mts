import fastify from 'fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import { addApi, change } from './api.mts';
import type { Announce, ApiSettings } from './api.mts';
import { Deliveries } from './deliveries.mts';
import type { Delivery, DeliverySettings, Envelope } from './deliveries.mts';
import { Faults } from './faults.mts';
import type { Fault } from './faults.mts';
import { addPage } from './page.mts';
import { sign } from './signature.mts';
import type { SignOptions } from './signature.mts';
import { newId, newStore, newTestimonial } from './store.mts';
import type { Store, StoredEndpoint, Testimonial } from './store.mts';

/** What can be set, most of it also while the sandbox runs: see `Sandbox.options`. */
export interface SandboxSettings extends ApiSettings, DeliverySettings {}

export interface SandboxOptions extends Partial<SandboxSettings> {
	/** Default 0: any free port. */
	port?: number;
	/** Whether there are testimonials to begin with. Default true. */
	seed?: boolean;
}

/** One API request as it came in. */
export interface SeenRequest {
	method: string;
	path: string;
	query: Record<string, unknown>;
	headers: Record<string, unknown>;
	body: unknown;
	/** What it was answered with; 0 when the connection was cut. */
	status: number;
	at: string;
}

export interface Sandbox {
	/** Where it answers, without a trailing slash. */
	url: string;
	/** A key that may read and write. */
	apiKey: string;
	/** A key with the scope "read" only. */
	readOnlyKey: string;
	/** A key of an account whose plan has no API. */
	noApiKey: string;
	options: SandboxSettings;
	store: Store;
	requests: SeenRequest[];
	deliveries: Delivery[];
	endpoints(): StoredEndpoint[];
	testimonials(): Testimonial[];
	submit(input?: Partial<Testimonial>): Testimonial;
	approve(id: string): Testimonial;
	remove(id: string): Testimonial;
	/** Sends any envelope, signed; to one endpoint, or to all that listen to its event. */
	emit(event: Partial<Envelope> & { event: string }, target?: { endpointId?: string }): Envelope;
	sign(body: string | Buffer, secret: string, options?: SignOptions): Record<string, string>;
	inject(fault: Fault): void;
	clearFaults(): void;
	idle(): Promise<void>;
	stop(): Promise<void>;
}

const KEPT_REQUESTS = 20_000;

/** Starts a local Testivora on 127.0.0.1. */
export async function startSandbox({
	port = 0,
	seed = true,
	...given
}: SandboxOptions = {}): Promise<Sandbox> {
	const options: SandboxSettings = {
		scheme: 'timestamped',
		serverSecret: false,
		webhookApi: true,
		timeScale: 1,
		rateLimits: false,
		quota: Infinity,
		pageSizeCap: 100,
		order: 'newest',
		retries: 8,
		disableAfter: 5,
		...given,
	};
	const store = newStore(seed);
	const faults = new Faults();
	const requests: SeenRequest[] = [];
	const watchers = new Set<() => void>();
	const changed = () => watchers.forEach((watcher) => watcher());
	const deliveries = new Deliveries(store, options, changed);

	const emit: Sandbox['emit'] = (event, { endpointId } = {}) => {
		const envelope = {
			id: newId('evt'),
			object: 'event',
			version: '1.0',
			created: new Date().toISOString(),
			...event,
		};
		deliveries.emit(envelope, endpointId);
		return envelope;
	};
	const announce: Announce = (event, testimonial) => {
		emit({
			event,
			data: event === 'testimonial.deleted' ? gone(testimonial) : dataOf(testimonial),
		});
		changed();
	};
	const testimonial = (id: string) => {
		const found = store.testimonials.find((one) => one.id === id);
		if (!found) throw new Error(`the sandbox has no testimonial ${id}`);
		return found;
	};

	const app = fastify({ bodyLimit: 1024 * 1024, routerOptions: { maxParamLength: 2_000 } });
	recordRequests(app, requests, changed);
	addFaults(app, faults);
	addApi(app, store, options, announce);

	const sandbox: Sandbox = {
		url: '',
		apiKey: store.keys[0].key,
		readOnlyKey: store.keys[1].key,
		noApiKey: store.keys[2].key,
		options,
		store,
		requests,
		deliveries: deliveries.log,
		endpoints: () => store.endpoints,
		testimonials: () => store.testimonials,
		submit(input = {}) {
			const made = newTestimonial({
				text: 'A pleasure from start to finish.',
				rating: 5,
				author: { name: 'Ana López' },
				...input,
			});
			store.testimonials.unshift(made);
			announce('testimonial.created', made);
			return made;
		},
		approve(id) {
			const found = testimonial(id);
			change(found, { status: 'approved' }, announce);
			return found;
		},
		remove(id) {
			const found = testimonial(id);
			store.testimonials.splice(store.testimonials.indexOf(found), 1);
			announce('testimonial.deleted', found);
			return found;
		},
		emit,
		sign,
		inject: (fault) => faults.inject(fault),
		clearFaults: () => faults.clear(),
		idle: async () => await deliveries.idle(),
		async stop() {
			await deliveries.stop();
			app.server.closeAllConnections();
			await app.close();
		},
	};
	addPage(app, sandbox, deliveries, watchers);
	sandbox.url = (await app.listen({ port, host: '127.0.0.1' })).replace(/\/$/, '');
	return sandbox;
}

/** A created or approved event's data: without space_id, as in the published sample. */
function dataOf({
	space_id: _space,
	object: _object,
	...data
}: Testimonial): Record<string, unknown> {
	return structuredClone(data);
}

function gone({ id, space_id }: Testimonial): Record<string, unknown> {
	return { id, object: 'testimonial', space_id, deleted: true };
}

/** Each request is noted as it comes in, so that one whose connection is cut shows as well: with the status 0. */
function recordRequests(app: FastifyInstance, requests: SeenRequest[], changed: () => void): void {
	const entries = new WeakMap<object, SeenRequest>();
	app.addHook('onRequest', async (request) => {
		const { method, headers } = request;
		const [path] = request.url.split('?');
		if (!path.startsWith('/v1/')) return;
		const entry = {
			method,
			path,
			query: request.query as Record<string, unknown>,
			headers,
			body: undefined,
			status: 0,
			at: new Date().toISOString(),
		};
		entries.set(request, entry);
		requests.push(entry);
		if (requests.length > KEPT_REQUESTS) requests.shift();
	});
	app.addHook('preHandler', async (request) => {
		const entry = entries.get(request);
		if (entry) entry.body = request.body;
	});
	app.addHook('onResponse', async (request, reply) => {
		const entry = entries.get(request);
		if (!entry) return;
		entry.status = reply.statusCode;
		changed();
	});
}

/** Faults hit before a request is carried out, unless they say that it is carried out first. */
function addFaults(app: FastifyInstance, faults: Faults): void {
	const hit = new WeakMap<object, Fault>();
	const pages = new Map<string, number>();
	/** The number of the page that is asked for, known by its cursor. */
	const pageOf = (request: FastifyRequest) => {
		const { cursor } = request.query as { cursor?: string };
		return cursor === undefined ? 1 : pages.get(cursor);
	};
	app.addHook('preSerialization', async (request, _reply, payload) => {
		const { next_cursor: next } = (payload ?? {}) as { next_cursor?: string | null };
		if (next) pages.set(next, (pageOf(request) ?? 1) + 1);
		return payload;
	});
	app.addHook('preHandler', async (request, reply) => {
		const [path] = request.url.split('?');
		const fault = path.startsWith('/v1/')
			? faults.take(request.method, path, pageOf(request))
			: undefined;
		if (!fault) return;
		if (fault.handled || fault.truncate) {
			hit.set(request, fault);
			return;
		}
		await waitFor(fault);
		if (fault.reset) {
			reply.hijack();
			request.raw.socket.destroy();
		} else if (fault.status) {
			answerWith(reply, fault);
		}
	});
	app.addHook('onSend', async (request, reply, payload) => {
		const fault = hit.get(request);
		// A request that the limit refuses is not carried out, so its answer is not the one to lose.
		if (!fault || reply.statusCode === 429) return payload;
		await waitFor(fault);
		if (!fault.status && !fault.reset && !fault.truncate) return payload;
		const whole = Buffer.from(String(payload ?? ''));
		if (fault.status) {
			reply.code(fault.status).headers(fault.headers ?? {});
			return typeof fault.body === 'string' ? fault.body : JSON.stringify(fault.body ?? {});
		}
		reply.hijack();
		if (fault.truncate) {
			reply.raw.writeHead(reply.statusCode, {
				'content-type': 'application/json',
				'content-length': whole.length,
			});
			reply.raw.write(whole.subarray(0, Math.floor(whole.length / 2)), () =>
				request.raw.socket.destroy(),
			);
		} else {
			request.raw.socket.destroy();
		}
		return payload;
	});
}

async function waitFor({ delay = 0 }: Fault): Promise<void> {
	if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay));
}

function answerWith(reply: FastifyReply, { status, headers = {}, body }: Fault): void {
	const text = typeof body === 'string';
	void reply
		.code(status!)
		.headers({ 'content-type': text ? 'text/html' : 'application/json', ...headers })
		.send(
			text
				? body
				: JSON.stringify(body ?? { error: { type: 'internal', message: 'An injected fault.' } }),
		);
}
