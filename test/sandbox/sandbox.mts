import fastify from 'fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import { addApi, change } from './routes.mts';
import type { Announce, ApiSettings } from './routes.mts';
import { Deliveries } from './deliveries.mts';
import type { Delivery, DeliverySettings, Envelope } from './deliveries.mts';
import { Faults } from './faults.mts';
import type { InjectedFault } from './faults.mts';
import { addPage } from './page.mts';
import { newId, newStore, newTestimonial } from './store.mts';
import type { Store, StoredEndpoint, Testimonial } from './store.mts';

/** Settings, most of which can also be changed while the sandbox runs: see `Sandbox.options`. */
export interface SandboxSettings extends ApiSettings, DeliverySettings {}

export interface SandboxOptions extends Partial<SandboxSettings> {
	/** Default 0: any free port. */
	port?: number;
	/** Whether the sandbox has testimonials at the start. Default true. */
	seed?: boolean;
}

/** A request to the API, as it arrived. */
export interface SeenRequest {
	method: string;
	path: string;
	query: Record<string, unknown>;
	headers: Record<string, unknown>;
	body: unknown;
	/** The status of the answer; 0 when the connection was cut. */
	status: number;
	at: string;
	/** When the connection was cut, by either side, before the answer was sent. */
	cutAt?: string;
}

export interface Sandbox {
	/** Its address, without a trailing slash. */
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
	/** Sends any event, signed: to one endpoint, or to all that are registered for it. */
	emit(event: Partial<Envelope> & { event: string }, target?: { endpointId?: string }): Envelope;
	inject(fault: InjectedFault): void;
	clearFaults(): void;
	idle(): Promise<void>;
	stop(): Promise<void>;
}

const MAX_REQUESTS = 20_000;

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
		unasked: 'all',
		order: 'newest',
		retries: 8,
		disableAfter: 5,
		deliveryTimeout: 15_000,
		...given,
	};
	const store = newStore(seed);
	const faults = new Faults();
	const requests: SeenRequest[] = [];
	const listeners = new Set<() => void>();
	const changed = () => listeners.forEach((listener) => listener());
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
			data: event === 'testimonial.deleted' ? deletedData(testimonial) : contentData(testimonial),
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
		inject: (fault) => faults.inject(fault),
		clearFaults: () => faults.clear(),
		idle: async () => await deliveries.idle(),
		async stop() {
			await deliveries.stop();
			app.server.closeAllConnections();
			await app.close();
		},
	};
	addPage(app, sandbox, deliveries, listeners);
	sandbox.url = (await app.listen({ port, host: '127.0.0.1' })).replace(/\/$/, '');
	return sandbox;
}

/** The data of a created or approved event, without space_id as in the published sample. */
function contentData({
	space_id: _space,
	object: _object,
	...data
}: Testimonial): Record<string, unknown> {
	return structuredClone(data);
}

/** The data of a deleted event (published). */
function deletedData({ id, space_id }: Testimonial): Record<string, unknown> {
	return { id, object: 'testimonial', space_id, deleted: true };
}

/** Records each request when it arrives, so that one whose connection is cut is recorded too: with the status 0. */
function recordRequests(app: FastifyInstance, requests: SeenRequest[], changed: () => void): void {
	const entries = new WeakMap<object, SeenRequest>();
	app.addHook('onRequest', async (request, reply) => {
		const { method, headers } = request;
		const [path] = request.url.split('?');
		if (!path.startsWith('/v1/')) return;
		const entry: SeenRequest = {
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
		reply.raw.on('close', () => {
			if (!reply.raw.writableFinished) entry.cutAt = new Date().toISOString();
		});
		if (requests.length > MAX_REQUESTS) requests.shift();
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

/** Applies faults before a request is carried out; those with `handled` or `truncate`, to its answer. */
function addFaults(app: FastifyInstance, faults: Faults): void {
	/** By request, the fault to apply to its answer. */
	const ofAnswers = new WeakMap<object, InjectedFault>();
	const pages = new Map<string, number>();
	/** The number of the requested page, found by its cursor. */
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
			ofAnswers.set(request, fault);
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
		const fault = ofAnswers.get(request);
		// A request that the rate limit refuses was not carried out.
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

async function waitFor({ delay = 0 }: InjectedFault): Promise<void> {
	if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay));
}

function answerWith(reply: FastifyReply, { status, headers = {}, body }: InjectedFault): void {
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
