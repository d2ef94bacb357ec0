import { chain } from '../harness/n8n/client.mts';
import { eventually, pause } from '../harness/wait.mts';
import {
	givenOut,
	idsOf,
	lists,
	nextPolls,
	POLL_NODE,
	pollNode,
	pollWorkflow,
	startPolling,
	waitForItems,
} from '../harness/polling.mts';
import { goLive, NODE, setStage, triggerNode } from '../harness/stage.mts';
import type { Stage } from '../harness/stage.mts';

declare const engine: 'publication' | 'legacy';

/** The poll trigger where n8n's activation engine matters: publication, restarts, outages, and what survives them. */
describe(`polling under the ${engine} engine`, () => {
	let stage: Stage;
	let polling: string[] = [];

	beforeAll(async () => {
		stage = await setStage({ engine });
	});
	afterAll(() => stage?.dispose());
	afterEach(async () => {
		stage.sandbox.clearFaults();
		for (const id of polling) await stage.n8n.deactivate(id);
		polling = [];
	});

	/** Saves a workflow with the trigger alone, and starts it. */
	const start = async (parameters: Record<string, unknown> = {}) => {
		const id = await pollWorkflow(stage, parameters);
		polling.push(id);
		await startPolling(stage, id);
		return id;
	};

	test('a baseline gives nothing out; new testimonials come once, oldest first, in one execution, and no poll besides leaves a trace', async () => {
		const id = await start();
		await nextPolls(stage);
		expect(await stage.n8n.countExecutions(id)).toEqual({});

		const late = stage.sandbox.submit({ text: 'Third.', created_at: '2026-06-03T00:00:00.000Z' });
		const early = stage.sandbox.submit({ text: 'First.', created_at: '2026-06-01T00:00:00.000Z' });
		const [one, other] = [1, 2].map((count) =>
			stage.sandbox.submit({ text: `Second ${count}.`, created_at: '2026-06-02T00:00:00.000Z' }),
		);
		const given = await waitForItems(stage, id, 4);
		await nextPolls(stage, 3);
		expect(await stage.n8n.countExecutions(id)).toEqual({ success: 1 });
		const [first, ...rest] = given[0];
		expect(first).toMatchObject({
			id: early.id,
			text: 'First.',
			author: { name: 'Ana López' },
			event: {
				id: `poll:testimonial.created:${early.id}`,
				name: 'testimonial.created',
				created: '2026-06-01T00:00:00.000Z',
			},
		});
		expect(
			rest
				.slice(0, 2)
				.map((item) => item.id)
				.sort(),
		).toEqual([one.id, other.id].sort());
		expect(rest[2].id).toBe(late.id);
	});

	test('what comes while n8n is down, killed or stopped, is given out when it is back, and nothing twice', async () => {
		const id = await start();
		const arrived = [stage.sandbox.submit().id];
		await waitForItems(stage, id, 1);

		await stage.n8n.kill();
		arrived.push(
			stage.sandbox.submit({ created_at: '2020-01-01T00:00:00.000Z' }).id,
			stage.sandbox.submit().id,
		);
		await stage.n8n.start();
		await waitForItems(stage, id, 3, 60_000);

		await stage.n8n.stop();
		arrived.push(stage.sandbox.submit().id);
		await stage.n8n.start();
		await waitForItems(stage, id, 4, 60_000);
		await nextPolls(stage);
		expect(idsOf(await givenOut(stage, id)).sort()).toEqual(arrived.sort());
	});

	test('Testivora being down while n8n starts, for longer than n8n tries, loses nothing and kills nothing', async () => {
		const id = await start();
		const arrived = [stage.sandbox.submit().id];
		await waitForItems(stage, id, 1);
		await stage.n8n.stop();
		arrived.push(stage.sandbox.submit().id);
		stage.sandbox.inject({ path: '/v1/testimonials', reset: true, times: Infinity });
		await stage.n8n.start();
		await pause(25_000);
		expect(await stage.n8n.publicationStatus(id)).toMatchObject({ status: 'published' });
		stage.sandbox.clearFaults();
		await waitForItems(stage, id, 2);
		arrived.push(stage.sandbox.submit().id);
		expect(idsOf(await waitForItems(stage, id, 3))).toEqual(arrived);
		// One execution showed the outage; hours later there would be another.
		expect(await stage.n8n.countExecutions(id)).toEqual({ success: 3, error: 1 });
	});

	test('a first poll that gets no answer holds n8n up for less than 10 s', async () => {
		const id = await start();
		await stage.n8n.stop();
		stage.sandbox.submit();
		stage.sandbox.inject({ path: '/v1/testimonials', delay: 15_000, times: Infinity });
		const since = stage.sandbox.requests.length;
		await stage.n8n.start();
		const begun = await eventually(() => lists(stage, since)[0]?.at, {
			what: 'a first poll',
			timeout: 30_000,
		});
		// Polls that follow show that the first one is over; n8n lets them begin only then.
		const later = await eventually(() => lists(stage, since).find(({ at }) => at > begun)?.at, {
			what: 'a second poll',
			timeout: 30_000,
		});
		expect(Date.parse(later) - Date.parse(begun)).toBeLessThan(10_000 + 2_000);
		stage.sandbox.clearFaults();
		await waitForItems(stage, id, 1, 60_000);
	});

	test('a key that is refused is told at publication', async () => {
		const refused = await stage.n8n.createCredential('Refused', 'testivoraApi', {
			apiKey: `tv_live_${'0'.repeat(32)}`,
			baseUrl: stage.sandbox.url,
		});
		const id = await stage.n8n.createWorkflow({
			name: 'Refused',
			nodes: [pollNode(refused)],
			connections: chain(POLL_NODE),
		});
		polling.push(id);
		const message = /Testivora does not know this API key, or it was revoked/;
		const answer = await stage.n8n.activate(id);
		if (answer.status !== 200) {
			expect(JSON.stringify(answer.body)).toMatch(message);
			return;
		}
		const { status, triggers } = await stage.n8n.publication(id);
		expect(status).toBe('failed');
		expect(triggers[0].errorMessage).toMatch(message);
	});

	test('a key that is refused later shows as one failed execution, and polls go on once it is accepted again', async () => {
		const id = await start();
		const [key] = stage.sandbox.store.keys;
		const { key: accepted } = key;
		key.key = 'tv_live_revoked';
		const arrived = stage.sandbox.submit();
		await nextPolls(stage, 4);
		key.key = accepted;
		expect(idsOf(await waitForItems(stage, id, 1))).toEqual([arrived.id]);
		const executions = await stage.n8n.executions(id);
		expect(executions.map(({ status }) => status)).toEqual(['error', 'success']);
		expect(executions[0].error?.message).toBe(
			'Testivora does not know this API key, or it was revoked',
		);
	});

	test('publishing again, with other filters and a new name, takes up where polls had been, also after a restart', async () => {
		const id = await start({ filters: { minRating: 4 } });
		const [good] = [stage.sandbox.submit({ rating: 5 })];
		stage.sandbox.submit({ rating: 1, text: 'Kept out by the filter.' });
		await waitForItems(stage, id, 1);
		await nextPolls(stage);
		const { nodes } = await stage.n8n.workflow(id);
		const renamed = nodes.map((node) => ({
			...node,
			name: 'Renamed',
			parameters: { ...node.parameters, filters: {} },
		}));
		await stage.n8n.updateWorkflow(id, { nodes: renamed, connections: chain('Renamed') });
		await startPolling(stage, id);
		await nextPolls(stage);
		await stage.n8n.restart();
		await nextPolls(stage);
		const later = stage.sandbox.submit({ rating: 2 });
		await eventually(
			async () =>
				(await givenOut(stage, id, 'Renamed')).flat().some((item) => item.id === later.id),
			{ what: 'the new one' },
		);
		expect(idsOf(await givenOut(stage, id))).toEqual([good.id]);
		expect(idsOf(await givenOut(stage, id, 'Renamed'))).toEqual([later.id]);
	});

	test('beside Testivora Trigger in one workflow, both work', async () => {
		const id = await stage.n8n.createWorkflow({
			name: 'Both',
			nodes: [triggerNode(stage.credential), pollNode(stage.credential)],
			connections: {},
		});
		polling.push(id);
		const since = stage.sandbox.requests.length;
		await goLive(stage, id);
		await eventually(() => lists(stage, since).length > 0, { what: 'a first poll' });
		const arrived: string[] = [];
		for (let count = 0; count < 20; count++) {
			arrived.push(stage.sandbox.submit().id);
			await pause(300);
		}
		await stage.sandbox.idle();
		for (const name of [NODE, POLL_NODE]) {
			await eventually(async () => (await givenOut(stage, id, name)).flat().length >= 20, {
				what: `20 items of ${name}`,
				timeout: 30_000,
			});
			expect(idsOf(await givenOut(stage, id, name)).sort()).toEqual([...arrived].sort());
		}
	});

	test('kill -9 under arrivals, again and again: nothing is lost but what n8n had not stored, and nothing comes twice', async () => {
		const id = await start();
		const arrived: string[] = [];
		const arrivals = setInterval(() => arrived.push(stage.sandbox.submit().id), 100);
		try {
			for (let round = 0; round < 3; round++) {
				await pause(4_000 + Math.random() * 2_000);
				await stage.n8n.kill();
				await stage.n8n.start();
			}
		} finally {
			clearInterval(arrivals);
		}
		await nextPolls(stage, 3);
		const given = idsOf(await givenOut(stage, id));
		const lost = arrived.filter((one) => !given.includes(one));
		const twice = given.length - new Set(given).size;
		console.log(
			`${engine}: ${arrived.length} arrived under 3 kills, ${new Set(given).size} were given out, ${twice} twice, ${lost.length} lost`,
		);
		expect({ twice, lost }).toEqual({ twice: 0, lost: [] });
	});
});
