import type { StoredEndpoint } from '../sandbox/store.mts';
import { eventually, pause } from './wait.mts';
import { deliver, endpointAt, eventOf, newSecret, post } from './stage.mts';
import type { Stage } from './stage.mts';

type Testivora = Pick<Stage, 'sandbox'>;

/** Triggers that each race is run with. */
export const TRIGGERS = 8;

/** Waits until an endpoint stands at a URL, and looks as often as this process can: the race is over within milliseconds. */
export const standing = async (stage: Testivora, url: string): Promise<StoredEndpoint> =>
	await eventually(() => endpointAt(stage, url), { every: 0, timeout: 30_000 });

/**
 * Requests that are sent to a webhook's URL while its endpoint is being registered. Each race gives the IDs of the events that n8n took
 * over.
 */
export const RACES: Record<
	string,
	(stage: Testivora, url: string, index: number) => Promise<string[]>
> = {
	'one unsigned request': async (stage, url, index) => {
		await eventually(() => stage.sandbox.requests.some(({ method }) => method === 'POST'), {
			every: 0,
			timeout: 30_000,
		});
		await pause(index * 20);
		await post(url, '{}', {});
		return [];
	},
	'one signed event as the endpoint is made': async (stage, url) => {
		const { secret } = await standing(stage, url);
		return await accepted(url, secret);
	},
	'20 requests around the registration': async (stage, url) => {
		const ids: string[] = [];
		for (let request = 0; request < 20; request++) {
			const secret = endpointAt(stage, url)?.secret ?? newSecret();
			const [, taken] = await Promise.all([
				post(url, '{}', {}),
				accepted(url, request % 2 ? secret : newSecret()),
			]);
			ids.push(...taken);
			await pause(10);
		}
		return ids;
	},
};

/** Delivers an event, and gives its ID where it was taken over. */
async function accepted(url: string, secret: string): Promise<string[]> {
	const event = eventOf();
	return (await deliver(url, event, secret)).status === 200 ? [event.id] : [];
}
