import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';

import { sign } from './signature.mts';
import type { Scheme } from './signature.mts';
import type { Store, StoredEndpoint } from './store.mts';

/** One attempt to deliver an event. */
export interface Delivery {
	id: number;
	eventId: string;
	event: string;
	endpointId: string;
	url: string;
	attempt: number;
	/** The status of the endpoint's answer; null when there was none. */
	status: number | null;
	answer: string;
	error?: string;
	at: string;
}

export interface Envelope {
	id: string;
	event: string;
	[field: string]: unknown;
}

export interface DeliverySettings {
	scheme: Scheme;
	/** Delivery attempts after the first. */
	retries: number;
	/** How many times faster than in real time the pauses between attempts are. */
	timeScale: number;
	/** Events in a row that could not be delivered, after which an endpoint is disabled. */
	disableAfter: number;
	/** Milliseconds without an answer after which an attempt fails. */
	deliveryTimeout: number;
}

const FIRST_PAUSE_MS = 5_000;
/** Pauses are at most about five minutes long, in the sandbox's time. */
const MAX_DOUBLINGS = 6;
/** Attempts in the log, and events that can be sent again. */
const MAX_KEPT = 20_000;

/** Sends signed events to endpoints, with retries and exponential backoff, until an answer is 2xx or the retries are used up. */
export class Deliveries {
	readonly log: Delivery[] = [];
	private readonly store: Store;
	private readonly settings: DeliverySettings;
	private readonly onChange: () => void;
	/** Events that a person can send again, by id. */
	private readonly envelopes = new Map<string, Envelope>();
	private count = 0;
	private running = new Set<Promise<void>>();
	private stopping = new AbortController();

	constructor(store: Store, settings: DeliverySettings, onChange: () => void) {
		this.store = store;
		this.settings = settings;
		this.onChange = onChange;
	}

	/** Sends an event to every active endpoint that is registered for it; or to one active endpoint, whatever its events. */
	emit(envelope: Envelope, endpointId?: string): void {
		this.envelopes.set(envelope.id, envelope);
		if (this.envelopes.size > MAX_KEPT) this.envelopes.delete(this.envelopes.keys().next().value!);
		for (const endpoint of this.store.endpoints) {
			const isRegistered = endpoint.status === 'active' && endpoint.events.includes(envelope.event);
			if (endpointId === undefined ? !isRegistered : endpoint.id !== endpointId) continue;
			const run = this.deliver(envelope, endpoint).finally(() => this.running.delete(run));
			this.running.add(run);
		}
	}

	/**
	 * Sends an event to the same endpoint again, as the next attempt. The endpoint may be disabled, as a person asks for this.
	 *
	 * @returns false when the event or the endpoint is no longer there
	 */
	async again({ eventId, endpointId }: Pick<Delivery, 'eventId' | 'endpointId'>): Promise<boolean> {
		const envelope = this.envelopes.get(eventId);
		const endpoint = this.store.endpoints.find(({ id }) => id === endpointId);
		if (!envelope || !endpoint) return false;
		const attempts = this.log
			.filter((one) => one.eventId === eventId && one.endpointId === endpointId)
			.map(({ attempt }) => attempt);
		await this.attempt(envelope, endpoint, Math.max(0, ...attempts) + 1);
		return true;
	}

	/** Resolves when no event is being sent or waits for its next attempt. */
	async idle(): Promise<void> {
		while (this.running.size > 0) await Promise.all(this.running);
	}

	async stop(): Promise<void> {
		this.stopping.abort();
		await this.idle();
	}

	private async deliver(envelope: Envelope, endpoint: StoredEndpoint): Promise<void> {
		for (let attempt = 1; attempt <= this.settings.retries + 1; attempt++) {
			if (attempt > 1)
				await this.pause(
					(FIRST_PAUSE_MS * 2 ** Math.min(attempt - 2, MAX_DOUBLINGS)) / this.settings.timeScale,
				);
			// An endpoint that was deleted or disabled meanwhile gets nothing more.
			if (
				this.stopping.signal.aborted ||
				endpoint.status !== 'active' ||
				!this.store.endpoints.includes(endpoint)
			)
				return;
			if (await this.attempt(envelope, endpoint, attempt)) {
				endpoint.givenUp = 0;
				return;
			}
		}
		endpoint.givenUp += 1;
		if (endpoint.givenUp >= this.settings.disableAfter) endpoint.status = 'disabled';
		this.onChange();
	}

	private async attempt(
		envelope: Envelope,
		endpoint: StoredEndpoint,
		attempt: number,
	): Promise<boolean> {
		const body = Buffer.from(JSON.stringify({ ...envelope, attempt }));
		const headers = sign(body, endpoint.secret, { scheme: this.settings.scheme, id: envelope.id });
		const entry: Delivery = {
			id: ++this.count,
			eventId: envelope.id,
			event: envelope.event,
			endpointId: endpoint.id,
			url: endpoint.url,
			attempt,
			status: null,
			answer: '',
			at: new Date().toISOString(),
		};
		try {
			const { status, answer } = await post(endpoint.url, body, headers, {
				timeout: this.settings.deliveryTimeout,
				signal: this.stopping.signal,
			});
			Object.assign(entry, { status, answer });
		} catch (error) {
			entry.error = (error as Error).message;
		}
		this.log.push(entry);
		if (this.log.length > MAX_KEPT) this.log.shift();
		this.onChange();
		return entry.status !== null && entry.status >= 200 && entry.status < 300;
	}

	private async pause(ms: number): Promise<void> {
		const { signal } = this.stopping;
		if (signal.aborted) return;
		await new Promise<void>((resolve) => {
			const done = () => {
				clearTimeout(timer);
				signal.removeEventListener('abort', done);
				resolve();
			};
			const timer = setTimeout(done, ms);
			signal.addEventListener('abort', done);
		});
	}
}

/** One POST, without following redirects, on a connection of its own: on one that was kept alive, a busy receiver might reset it. */
async function post(
	url: string,
	body: Buffer,
	headers: Record<string, string>,
	limits: { timeout: number; signal: AbortSignal },
): Promise<{ status: number; answer: string }> {
	const request = url.startsWith('https:') ? httpsRequest : httpRequest;
	return await new Promise((resolve, reject) => {
		const outgoing = request(
			url,
			{
				method: 'POST',
				headers: { 'content-type': 'application/json', 'content-length': body.length, ...headers },
				agent: false,
				...limits,
			},
			(incoming) => {
				const chunks: Buffer[] = [];
				incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
				incoming.on('error', reject);
				incoming.on('end', () =>
					resolve({
						status: incoming.statusCode ?? 0,
						answer: Buffer.concat(chunks).toString('utf8').slice(0, 2_000),
					}),
				);
			},
		);
		outgoing.on('timeout', () =>
			outgoing.destroy(new Error('the endpoint did not answer in time')),
		);
		outgoing.on('error', reject);
		outgoing.end(body);
	});
}
