import { chain } from './harness/client.mts';
import { eventually, pause } from './harness/wait.mts';
import { everySeconds, givenOut, lists, nextPolls, NEVER, POLL_NODE, pollNode, pollWorkflow, startPolling, waitForItems } from './polling.mts';
import { credentialData, setStage } from './stage.mts';
import type { Stage } from './stage.mts';

declare const engine: 'publication' | 'legacy';

/** The poll trigger where n8n's activation engine matters: publication, restarts, outages, and what survives them. */
describe(`polling under the ${engine} engine`, () => {
  let stage: Stage;

  beforeAll(async () => {
    stage = await setStage({ engine });
  });
  afterAll(() => stage?.dispose());
  afterEach(async () => {
    stage.sandbox.clearFaults();
    stage.sandbox.options.order = 'newest';
    for (const { id } of await stage.n8n.data<Array<{ id: string }>>('GET', '/rest/workflows')) await stage.n8n.deactivate(id).catch(() => {});
  });

  const ids = (given: Array<Array<Record<string, any>>>) => given.flat().map(({ id }) => id);

  test('a baseline gives nothing out; new testimonials come once, oldest first, in one execution, and no poll besides leaves a trace', async () => {
    const id = await pollWorkflow(stage);
    await startPolling(stage, id);
    await nextPolls(stage);
    expect(await stage.n8n.countExecutions(id)).toEqual({});

    const late = stage.sandbox.submit({ text: 'Third.', created_at: '2026-06-03T00:00:00.000Z' });
    const early = stage.sandbox.submit({ text: 'First.', created_at: '2026-06-01T00:00:00.000Z' });
    const [one, other] = [1, 2].map((count) => stage.sandbox.submit({ text: `Second ${count}.`, created_at: '2026-06-02T00:00:00.000Z' }));
    const given = await waitForItems(stage, id, 4);
    await nextPolls(stage, 3);
    expect(await stage.n8n.countExecutions(id)).toEqual({ success: 1 });
    const [first, ...rest] = given[0];
    expect(first).toMatchObject({
      id: early.id,
      text: 'First.',
      author: { name: 'Ana López' },
      event: { id: `poll:testimonial.created:${early.id}`, name: 'testimonial.created', created: '2026-06-01T00:00:00.000Z' },
    });
    expect(rest.slice(0, 2).map((item) => item.id).sort()).toEqual([one.id, other.id].sort());
    expect(rest[2].id).toBe(late.id);
  });

  test('what comes while n8n is down, killed or stopped, is given out when it is back, and nothing twice', async () => {
    const id = await pollWorkflow(stage);
    await startPolling(stage, id);
    const arrived = [stage.sandbox.submit().id];
    await waitForItems(stage, id, 1);

    await stage.n8n.kill();
    arrived.push(stage.sandbox.submit({ created_at: '2020-01-01T00:00:00.000Z' }).id, stage.sandbox.submit().id);
    await stage.n8n.start();
    await waitForItems(stage, id, 3, 60_000);

    await stage.n8n.stop();
    arrived.push(stage.sandbox.submit().id);
    await stage.n8n.start();
    await waitForItems(stage, id, 4, 60_000);
    await nextPolls(stage);
    expect(ids(await givenOut(stage, id)).sort()).toEqual(arrived.sort());
  });
});
