import { startSandbox } from '../../sandbox/sandbox.mts';
import { newTestimonial } from '../../sandbox/store.mts';
import type { Testimonial } from '../../sandbox/store.mts';
import { isAtLeast } from '../../harness/n8n/version.mts';
import { eventually, pause } from '../../harness/wait.mts';
import {
	everySeconds,
	givenOut,
	idsOf,
	lists,
	NEVER,
	nextPolls,
	POLL_NODE,
	pollWorkflow,
	startPolling,
	waitForItems,
} from '../../harness/polling.mts';
import { credentialData, setStage } from '../../harness/stage.mts';
import type { Stage } from '../../harness/stage.mts';

/** What the poll trigger gives out, and what lists, faults and settings make of it. */
describe('Testivora Poll Trigger', () => {
	let stage: Stage;
	let polling: string[] = [];

	beforeAll(async () => {
		stage = await setStage({ engine: 'publication' });
	});
	afterAll(() => stage?.dispose());
	afterEach(async () => {
		stage.sandbox.clearFaults();
		Object.assign(stage.sandbox.options, { order: 'newest', pageSizeCap: 100 });
		for (const id of polling) await stage.n8n.deactivate(id);
		polling = [];
	});

	const start = async (parameters: Record<string, unknown> = {}) => {
		const id = await pollWorkflow(stage, parameters);
		polling.push(id);
		await startPolling(stage, id);
		return id;
	};
	const submit = (input: Partial<Testimonial> = {}) => stage.sandbox.submit(input).id;
	const CREATED = 'testimonial.created';
	const APPROVED = 'testimonial.approved';

	test.each(['newest', 'oldest', 'shuffled'] as const)(
		'a list with %s first, on many pages, gives each testimonial once',
		async (order) => {
			Object.assign(stage.sandbox.options, { order, pageSizeCap: 2 });
			const id = await start();
			const arrived: string[] = [];
			for (let count = 0; count < 12; count++) {
				// Some backdated, some with the same time.
				arrived.push(submit({ created_at: count % 3 ? '2026-01-01T00:00:00.000Z' : undefined }));
				await pause(250);
			}
			await waitForItems(stage, id, 12);
			await nextPolls(stage);
			expect(idsOf(await givenOut(stage, id)).sort()).toEqual(arrived.sort());
		},
	);

	test('approved later, born approved, both events of one testimonial, in this order', async () => {
		const id = await start({ events: [APPROVED, CREATED] });
		const later = submit();
		await waitForItems(stage, id, 1);
		stage.sandbox.approve(later);
		await waitForItems(stage, id, 2);
		const born = submit({ status: 'approved' });
		const given = (await waitForItems(stage, id, 4)).flat();
		expect(given.map(({ event }) => event.id)).toEqual([
			`poll:${CREATED}:${later}`,
			`poll:${APPROVED}:${later}`,
			`poll:${CREATED}:${born}`,
			`poll:${APPROVED}:${born}`,
		]);
		expect(given[1].event.created).toBe(given[1].published_at);
	});

	test('filters, a space and Simplify off', async () => {
		const parameters = {
			filters: { minRating: 4, tags: 'course' },
			spaceId: { __rl: true, mode: 'id', value: 'spc_coaching' },
			simplify: false,
		};
		const id = await start(parameters);
		submit({ rating: 5, tags: ['course'], space_id: 'spc_courses' });
		submit({ rating: 3, tags: ['course'], space_id: 'spc_coaching' });
		submit({ rating: 5, tags: [], space_id: 'spc_coaching' });
		const wanted = stage.sandbox.submit({ rating: 4, tags: ['Course'], space_id: 'spc_coaching' });
		await waitForItems(stage, id, 1);
		await nextPolls(stage);
		expect((await givenOut(stage, id)).flat()).toEqual([
			{
				id: `poll:${CREATED}:${wanted.id}`,
				object: 'event',
				event: CREATED,
				created: wanted.created_at,
				data: wanted,
			},
		]);
	});

	test('Start From gives the past, and Max Items divides it over polls, oldest first', async () => {
		const past = Array.from({ length: 7 }, (_, index) =>
			submit({ created_at: `2031-01-0${index + 1}T00:00:00.000Z` }),
		);
		const id = await pollWorkflow(stage, {
			options: { startFrom: '2031-01-02T00:00:00.000Z', maxItems: 4 },
		});
		polling.push(id);
		await startPolling(stage, id);
		const given = await waitForItems(stage, id, 6);
		await nextPolls(stage);
		expect(given.map((items) => items.map((item) => item.id))).toEqual([
			past.slice(1, 5),
			past.slice(5),
		]);
		expect(idsOf(await givenOut(stage, id))).toHaveLength(6);
	});

	test.each([
		['503', { status: 503 }],
		['a cut connection', { reset: true }],
		['half a body', { truncate: true }],
	])(
		'%s on page 2 delays what is not surely new, and loses and doubles nothing',
		async (_, fault) => {
			Object.assign(stage.sandbox.options, { pageSizeCap: 3 });
			const id = await start();
			stage.sandbox.inject({ path: '/v1/testimonials', page: 2, times: Infinity, ...fault });
			// Beside one that is known, the two on page 1 are surely new.
			const arrived = [1, 2].map(() => submit());
			expect(idsOf(await waitForItems(stage, id, 2, 60_000)).sort()).toEqual([...arrived].sort());
			// Where page 1 shows nothing that is known, the rest of the list must tell.
			arrived.push(...[1, 2, 3, 4].map(() => submit()));
			await nextPolls(stage);
			expect(idsOf(await givenOut(stage, id))).toHaveLength(2);
			stage.sandbox.clearFaults();
			await waitForItems(stage, id, 6, 60_000);
			await nextPolls(stage);
			expect(idsOf(await givenOut(stage, id)).sort()).toEqual(arrived.sort());
		},
	);

	test('429 with a Retry-After within the poll’s time is waited out; with a longer one the next poll asks again', async () => {
		Object.assign(stage.sandbox.options, { pageSizeCap: 2 });
		const id = await start();
		const refused = {
			path: '/v1/testimonials',
			page: 2,
			status: 429,
			body: { error: { type: 'rate_limited', message: 'Slow down' } },
		};
		stage.sandbox.inject({ ...refused, headers: { 'retry-after': '6' } });
		const since = stage.sandbox.requests.length;
		const arrived = [1, 2, 3].map(() => submit());
		await waitForItems(stage, id, 3);
		const [first] = lists(stage, since).filter(({ status }) => status === 429);
		const again = lists(stage, since).find(
			({ query, at }) => query.cursor === first.query.cursor && at > first.at,
		)!;
		expect(Date.parse(again.at) - Date.parse(first.at)).toBeGreaterThan(5_900);

		stage.sandbox.inject({ ...refused, headers: { 'retry-after': '3600' } });
		arrived.push(...[1, 2, 3].map(() => submit()));
		await waitForItems(stage, id, 6);
		await nextPolls(stage);
		expect(idsOf(await givenOut(stage, id)).sort()).toEqual(arrived.sort());
		expect(await stage.n8n.countExecutions(id)).not.toHaveProperty('error');
	});

	test('a rotated key goes on; another account and another space begin anew, and give only what comes then', async () => {
		const other = await startSandbox({ seed: true });
		try {
			const id = await start();
			const [key] = stage.sandbox.store.keys;
			const { key: old } = key;
			key.key = 'tv_live_rotated0000000000000000000000';
			await stage.n8n.updateCredential(
				stage.credential,
				credentialData(stage.sandbox, { apiKey: key.key }),
			);
			const arrived = [submit()];
			await waitForItems(stage, id, 1, 60_000);

			await stage.n8n.updateCredential(stage.credential, credentialData(other));
			await eventually(() => other.requests.length > 2, {
				what: 'polls at the other account',
				timeout: 30_000,
			});
			arrived.push(other.submit().id);
			await waitForItems(stage, id, 2);
			expect(stage.n8n.log()).toContain('is another one than before');

			await stage.n8n.updateCredential(
				stage.credential,
				credentialData(stage.sandbox, { apiKey: key.key }),
			);
			await nextPolls(stage);
			await stage.n8n.updateParameters(id, POLL_NODE, {
				spaceId: { __rl: true, mode: 'id', value: 'spc_coaching' },
			});
			await startPolling(stage, id);
			await nextPolls(stage);
			submit({ space_id: 'spc_courses' });
			arrived.push(submit({ space_id: 'spc_coaching' }));
			await waitForItems(stage, id, 3);
			await nextPolls(stage);
			expect(idsOf(await givenOut(stage, id))).toEqual(arrived);
			key.key = old;
			await stage.n8n.updateCredential(stage.credential, credentialData(stage.sandbox));
		} finally {
			await other.stop();
		}
	});

	test('a slow poll and the next ones do not overlap', async () => {
		const id = await start({ pollTimes: everySeconds(1) });
		await nextPolls(stage);
		stage.sandbox.inject({ path: '/v1/testimonials', delay: 5_000 });
		const since = stage.sandbox.requests.length;
		const arrived = [submit()];
		await eventually(() => lists(stage, since).length > 0, { what: 'the slow poll' });
		arrived.push(submit());
		await pause(3_000);
		expect(lists(stage, since)).toHaveLength(1);
		await waitForItems(stage, id, 2);
		await nextPolls(stage);
		expect(idsOf(await givenOut(stage, id)).sort()).toEqual(arrived.sort());
	});

	test('Execute step gives the newest testimonial and changes nothing, or says that there is none', async () => {
		const id = await pollWorkflow(stage, { pollTimes: NEVER });
		submit({ created_at: '2020-01-01T00:00:00.000Z' });
		const newest = submit({ created_at: '2040-01-01T00:00:00.000Z' });
		const { status, items } = await stage.n8n.runManually(id, POLL_NODE);
		expect(status).toBe('success');
		expect(items[POLL_NODE].map(({ json }) => json.id)).toEqual([newest]);

		const none = await pollWorkflow(stage, {
			pollTimes: NEVER,
			filters: { tags: 'a tag that nothing has' },
		});
		const { error } = await stage.n8n.runManually(none, POLL_NODE);
		expect(error?.message).toBe('None of the testimonials there are would start this workflow');
	});

	test('10,000 testimonials are watched; one more is too many, and says so', async () => {
		const { store } = stage.sandbox;
		const before = store.testimonials;
		try {
			store.testimonials = Array.from({ length: 9_999 }, () =>
				newTestimonial({ text: 'One of many.' }),
			);
			const id = await start();
			const last = submit();
			expect(idsOf(await waitForItems(stage, id, 1, 60_000))).toEqual([last]);
			submit();
			const failed = async () =>
				(await stage.n8n.executions(id)).find(({ status }) => status === 'error');
			const { error } = await eventually(failed, { what: 'the message', timeout: 60_000 });
			expect(error?.message).toBe(
				'There are more than 10,000 testimonials, which Testivora Poll Trigger cannot watch',
			);
			expect(idsOf(await givenOut(stage, id))).toEqual([last]);
		} finally {
			store.testimonials = before;
		}
	});
});

/** n8n keeps the memory in a table of its own there, and makes a new context for each poll. */
(isAtLeast('2.41') ? describe : describe.skip)(
	'Testivora Poll Trigger under n8n’s durable scheduler',
	() => {
		test('gives each testimonial once, over a kill', async () => {
			const env = {
				N8N_SCHEDULER_ENABLED: 'true',
				N8N_SCHEDULER_POLL_TRIGGERS_ENABLED: 'true',
				N8N_POLLER_DURABLE_CURSORS_ENABLED: 'true',
				N8N_SCHEDULER_EXECUTOR_INTERVAL: '1',
				N8N_SCHEDULER_MATERIALIZATION_INTERVAL: '2',
			};
			const stage = await setStage({ engine: 'publication', env });
			try {
				const id = await pollWorkflow(stage);
				await startPolling(stage, id);
				await nextPolls(stage);
				expect(await stage.n8n.countExecutions(id)).toEqual({});
				const arrived = [stage.sandbox.submit().id, stage.sandbox.submit().id];
				await waitForItems(stage, id, 2, 60_000);
				await stage.n8n.kill();
				arrived.push(stage.sandbox.submit().id);
				await stage.n8n.start();
				await waitForItems(stage, id, 3, 90_000);
				await nextPolls(stage);
				expect(idsOf(await givenOut(stage, id)).sort()).toEqual(arrived.sort());
			} finally {
				await stage.dispose();
			}
		}, 300_000);
	},
);
