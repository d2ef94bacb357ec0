import type { InjectedFault } from '../sandbox/faults.mts';
import type { SeenRequest } from '../sandbox/sandbox.mts';
import type { StoredEndpoint } from '../sandbox/store.mts';
import { deliver, endpointAt, eventOf, newSecret, post } from './stage.mts';
import type { Answered, Stage } from './stage.mts';
import { eventually, pause } from './wait.mts';

/**
 * Requests that reach a webhook while its endpoint is being registered: n8n saves the static data of each of them, and may so overwrite
 * what the registration has saved.
 */

type Testivora = Pick<Stage, 'sandbox'>;

/** Triggers that each race is run with. */
export const TRIGGERS = 8;

/** Milliseconds that a registration takes in a race. */
const REGISTRATION_MS = 2_000;

export interface Race {
	/** What slows down the request that registers an endpoint. */
	fault: InjectedFault;
	/**
	 * Sends the requests to the URL of one of the triggers, spread over its registration.
	 *
	 * @returns the IDs of the events that n8n accepted
	 * @throws Error where a request missed the registration, or was answered as it must not be
	 */
	run(stage: Testivora, url: string, index: number): Promise<string[]>;
}

const registration = { method: 'POST', path: '/v1/webhooks', times: TRIGGERS };

export const RACES: Record<string, Race> = {
	'one unsigned request': {
		fault: { ...registration, delay: REGISTRATION_MS },
		async run(stage, url, index) {
			const request = await waitForRegistration(stage, url);
			await spread(index);
			const { status } = await whileOpen(request, async () => await post(url, '{}', {}));
			if (status !== 401) throw new Error(`an unsigned request was answered with ${status}`);
			return [];
		},
	},
	'one signed event as the endpoint is made': {
		// The endpoint is at Testivora already, and n8n waits for the answer.
		fault: { ...registration, handled: true, delay: REGISTRATION_MS },
		async run(stage, url, index) {
			const { secret } = await waitForEndpoint(stage, url);
			const request = await waitForRegistration(stage, url);
			await spread(index);
			const event = eventOf();
			const { status } = await whileOpen(request, async () => await deliver(url, event, secret));
			// Where Testivora makes the secret, only the answer that n8n waits for names it.
			const expected = stage.sandbox.options.serverSecret ? [200, 401] : [200];
			if (!expected.includes(status)) throw new Error(`a signed event was answered with ${status}`);
			return status === 200 ? [event.id] : [];
		},
	},
	'20 requests around the registration': {
		// Short, so that it ends amid the requests.
		fault: { ...registration, delay: 400 },
		async run(stage, url) {
			const request = await waitForRegistration(stage, url);
			if (request.status !== 0) throw new Error('the registration ended before the requests');
			const accepted: string[] = [];
			for (let sent = 0; sent < 20; sent++) {
				const secret = (sent % 2 && endpointAt(stage, url)?.secret) || newSecret();
				const event = eventOf();
				const [unsigned, { status }] = await Promise.all([
					post(url, '{}', {}),
					deliver(url, event, secret),
				]);
				if (![401, 404].includes(unsigned.status) || ![200, 401, 404].includes(status))
					throw new Error(`requests were answered with ${unsigned.status} and ${status}`);
				if (status === 200) accepted.push(event.id);
				await pause(10);
			}
			return accepted;
		},
	},
};

/** Waits until an endpoint is at a URL. Looks as often as this process can, since a race is over soon. */
export const waitForEndpoint = async (stage: Testivora, url: string): Promise<StoredEndpoint> =>
	await eventually(() => endpointAt(stage, url), { every: 0, timeout: 150_000 });

/** Waits until the request that registers an endpoint for a URL has come. Its status is 0 until it is answered. */
const waitForRegistration = async ({ sandbox }: Testivora, url: string): Promise<SeenRequest> =>
	await eventually(
		() =>
			sandbox.requests.find(
				({ method, path, body }) =>
					method === 'POST' &&
					path === '/v1/webhooks' &&
					(body as { url?: string } | undefined)?.url === url,
			),
		{ every: 0, timeout: 150_000, what: `the registration of ${url}` },
	);

/** Spreads the requests to several triggers over their registrations, the last of them in the last third. */
const spread = async (index: number) => await pause((index * REGISTRATION_MS * 0.8) / TRIGGERS);

/** Sends a request while a registration is being carried out, and again where n8n does not know the path yet. */
async function whileOpen(
	registration: SeenRequest,
	send: () => Promise<Answered>,
): Promise<Answered> {
	for (;;) {
		if (registration.status !== 0)
			throw new Error('the registration ended before the request was sent');
		const answered = await send();
		if (answered.status !== 404) return answered;
	}
}
