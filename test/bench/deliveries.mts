/** Deliveries to a real n8n, from the request to the answer: our trigger beside others, all in the same n8n and in turns. */
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { UNFINISHED } from '../e2e/harness/client.mts';
import { ensureN8n } from '../e2e/harness/host.mts';
import { N8n } from '../e2e/harness/instance.mts';
import { installPackage } from '../e2e/harness/tarball.mts';
import { eventually } from '../e2e/harness/wait.mts';
import { credentialData, eventOf, post } from '../e2e/stage.mts';
import type { Stage } from '../e2e/stage.mts';
import { Cluster } from '../queue/cluster.mts';
import { startSandbox } from '../sandbox/sandbox.mts';
import { contenders, OURS } from './contenders.mts';
import type { Contender } from './contenders.mts';
import { median, quantile, table } from './figures.mts';
import { load } from './load.mts';
import type { Load } from './load.mts';
import type { Suite } from './main.mts';
import { packNothing } from './nothing.mts';

/** An n8n to measure, and its database. */
interface Place {
  n8n: N8n;
  /** where the process listens that takes deliveries */
  address: string;
  query: (sql: string) => Promise<string[][]>;
  dispose: () => Promise<void>;
}

/** Seconds, too, until the last execution was over. */
type Measured = Load & { finished: number };

type Start = (env: Record<string, string>) => Promise<Place>;

const CONNECTIONS = 6;

const deliveries: Suite = async ({ short }) => {
  const modes: Record<string, Start> = { 'Regular mode (SQLite)': regular, 'Queue mode (PostgreSQL, Redis)': queue };
  const engines = { 'default expression engine': {}, '`N8N_EXPRESSION_ENGINE=legacy`': { N8N_EXPRESSION_ENGINE: 'legacy' } };
  const parts: string[] = [];
  for (const [mode, start] of Object.entries(modes)) {
    // One of them shows that everything works.
    for (const [engine, env] of Object.entries(engines).slice(0, short ? 1 : 2)) {
      const place = await start(env);
      try {
        parts.push(`### ${mode}, ${engine}\n\n${await compare(place, short ? 1 : 7, short ? 10 : 80)}`);
      } finally {
        await place.dispose();
      }
    }
  }
  return parts.join('\n\n');
};

export default deliveries;

/** Rounds in which all contenders take turns, each round in another order. */
async function compare(place: Place, rounds: number, amount: number): Promise<string> {
  const sandbox = await startSandbox();
  const credential = await place.n8n.createCredential('Testivora', 'testivoraApi', credentialData(sandbox));
  const stage: Stage = { n8n: place.n8n, sandbox, credential, dispose: sandbox.stop };
  const { all, dispose } = await contenders(stage);
  try {
    await fillMemory(place, all[0]);
    await place.query('DELETE FROM execution_entity');
    const found = new Map<Contender, Measured[]>(all.map((contender) => [contender, []]));
    // The first round warms up and does not count.
    for (let round = -1; round < rounds; round++) {
      for (const contender of shuffled(all)) {
        const measured = await measureOne(place, contender, amount);
        if (round >= 0) found.get(contender)!.push(measured);
      }
    }
    return report(found);
  } finally {
    await dispose();
    await sandbox.stop();
  }
}

/** In an order of its own each time, so that nobody always comes after the one that leaves most behind. */
const shuffled = <T,>(all: T[]): T[] => {
  const places = all.map((one) => ({ one, place: Math.random() }));
  return places.sort((a, b) => a.place - b.place).map(({ one }) => one);
};

/** @throws Error when a delivery was not answered as it should be, or did not start, or started, an execution */
async function measureOne(place: Place, { name, url: published, status, runs, next, before }: Contender, amount: number): Promise<Measured> {
  const url = place.address + new URL(published).pathname;
  if (before) {
    const { body, headers } = before();
    const { status } = await post(url, body, headers);
    if (status !== 200) throw new Error(`A delivery was answered with ${status}`);
    await executed(place, name, 1);
  }
  const start = performance.now();
  const measured = await load(url, amount, CONNECTIONS, next);
  if (measured.statuses[status] !== amount) throw new Error(`"${name}" did not answer ${amount} deliveries with ${status}: ${JSON.stringify(measured.statuses)}`);
  await executed(place, name, runs ? amount : 0);
  return { ...measured, finished: (performance.now() - start) / 1000 };
}

/** Waits until all executions are over, so that nobody pays for another's, and deletes them: a database that grows would become slower. */
async function executed({ n8n, query }: Place, name: string, expected: number): Promise<void> {
  const executions = await eventually(
    async () => {
      const found = await query('SELECT id, status FROM execution_entity');
      return found.length >= expected && !found.some(([, status]) => UNFINISHED.includes(status)) && found;
    },
    { timeout: 120_000, every: 50, what: `${expected} executions of "${name}"` },
  );
  const failed = executions.find(([, status]) => status !== 'success');
  if (failed) throw new Error(`"${name}" failed: ${JSON.stringify((await n8n.execution(failed[0])).error)}`);
  if (executions.length !== expected) throw new Error(`"${name}" ran ${executions.length} times and not ${expected}`);
  await query('DELETE FROM execution_entity');
}

/** Stores as many events as the trigger remembers, as after a long life. */
async function fillMemory({ query }: Place, { workflowId }: Contender): Promise<void> {
  const { Ledger, CAPACITY } = createRequire(import.meta.url)(resolve('dist/nodes/TestivoraTrigger/ledger.js')) as typeof import('../../nodes/TestivoraTrigger/ledger.ts');
  const ledger = new Ledger();
  let seen = '';
  for (let event = 0; event < CAPACITY; event++) seen = ledger.accept(eventOf().id, Date.now());
  const stored = async () => JSON.parse((await query(`SELECT "staticData" FROM workflow_entity WHERE id = '${workflowId}'`))[0][0]);
  const staticData = await stored();
  for (const slot of Object.values<{ seen?: string }>(staticData.global.testivoraTrigger)) slot.seen = seen;
  await query(`UPDATE workflow_entity SET "staticData" = '${JSON.stringify(staticData)}' WHERE id = '${workflowId}'`);
}

/** A row for each contender. Ratios are of one round, and the median of the rounds: what slows a machine for a while slows both. */
function report(found: Map<Contender, Measured[]>): string {
  const rate = ({ latencies, seconds }: Measured) => latencies.length / seconds;
  const finishedRate = ({ latencies, finished }: Measured) => latencies.length / finished;
  const [ours] = [...found].filter(([{ name }]) => name === OURS).map(([, loads]) => loads.map(rate));
  const rows = [...found].map(([{ name, runs }, loads]) => {
    const latencies = loads.flatMap((one) => one.latencies);
    const ratios = loads.map((one, round) => ours[round] / rate(one));
    return [
      name,
      median(loads.map(rate)).toFixed(1),
      runs ? median(loads.map(finishedRate)).toFixed(1) : '–',
      ...[0.5, 0.99].map((q) => quantile(latencies, q).toFixed(0)),
      name === OURS ? '1' : `${median(ratios).toFixed(3)} (${[0.25, 0.75].map((q) => quantile(ratios, q).toFixed(3)).join('–')})`,
    ];
  });
  return table(['', 'Answered/s', 'Executed/s', 'p50, ms', 'p99, ms', `${OURS} ÷ this (quartiles)`], rows);
}

const regular: Start = async (env) => {
  const userFolder = await mkdtemp(join(tmpdir(), 'n8n-testivora-bench-'));
  await cp(join((await ensureN8n()).template, '.n8n'), join(userFolder, '.n8n'), { recursive: true });
  await installPackage(await packNothing(), userFolder);
  const n8n = await N8n.start({ engine: 'publication', userFolder, env });
  const database = new DatabaseSync(join(userFolder, '.n8n/database.sqlite'), { timeout: 10_000 });
  return {
    n8n,
    address: n8n.baseUrl,
    query: async (sql) => database.prepare(sql).all().map((row) => Object.values(row).map(String)),
    dispose: async () => {
      database.close();
      await n8n.dispose();
      await rm(userFolder, { recursive: true, force: true });
    },
  };
};

const queue: Start = async (env) => {
  const cluster = await Cluster.start('publication', { env, packages: [await packNothing()] });
  // What the queue's tests note of each execution would count for both sides here.
  await cluster.postgres.query('DROP TRIGGER keep_start ON execution_data');
  // One process, as in regular mode, and not the tests' balancer, which would take its share of the processor.
  const [{ url: address }] = cluster.webhooks;
  return { n8n: cluster.main, address, query: (sql) => cluster.postgres.query(sql), dispose: () => cluster.dispose() };
};
