/** Lists: all testimonials by Get Many, and by what a user would build from n8n's own nodes. */
import type { Execution, WorkflowNode } from '../e2e/harness/client.mts';
import { N8n } from '../e2e/harness/instance.mts';
import { actionNode, credentialData } from '../e2e/stage.mts';
import { startSandbox } from '../sandbox/sandbox.mts';
import type { Sandbox } from '../sandbox/sandbox.mts';
import { newTestimonial } from '../sandbox/store.mts';
import type { Testimonial } from '../sandbox/store.mts';
import { cpuOf } from './cpu.mts';
import { median, orNothing, table } from './figures.mts';
import type { Suite } from './main.mts';
import { forgetPeak, heldBy, peakOf } from './memory.mts';
import { takeTurns } from './turns.mts';
import { runnable } from './workflow.mts';

interface Stage {
  n8n: N8n;
  sandbox: Sandbox;
  /** IDs of the credential of our node, and of that of HTTP Request */
  credential: string;
  bearer: string;
}

/** A whole run: its time and n8n's time of the processor in milliseconds, and memory of n8n in MB before it and at its peak. */
interface Run {
  took: number;
  cpu: number;
  before: number;
  peak: number;
}

/** The ways to a list, each as the nodes that it takes. The first is what the others are measured by. */
const WAYS: Record<string, (stage: Stage) => WorkflowNode[]> = {
  'HTTP Request with pagination, Split Out': ({ sandbox, bearer }) => pagesByHttpRequest(sandbox, bearer),
  'Testivora, Simplify off': (stage) => [getMany(stage, { returnAll: true, simplify: false })],
  'Testivora, Simplify on': (stage) => [getMany(stage, { returnAll: true })],
};

/** All testimonials as items, by n8n's own nodes. @param bearer ID of HTTP Request's credential */
export function pagesByHttpRequest(sandbox: Sandbox, bearer: string): WorkflowNode[] {
  return [
    {
      name: 'HTTP Request',
      type: 'n8n-nodes-base.httpRequest',
      typeVersion: 4.4,
      parameters: {
        url: `${sandbox.url}/v1/testimonials`,
        authentication: 'genericCredentialType',
        genericAuthType: 'httpBearerAuth',
        sendQuery: true,
        queryParameters: { parameters: [{ name: 'limit', value: '100' }] },
        options: {
          pagination: {
            pagination: {
              paginationMode: 'updateAParameterInEachRequest',
              parameters: { parameters: [{ type: 'qs', name: 'cursor', value: '={{ $response.body.next_cursor }}' }] },
              paginationCompleteWhen: 'other',
              completeExpression: '={{ !$response.body.has_more }}',
            },
          },
        },
      },
      credentials: { httpBearerAuth: { id: bearer, name: 'Bearer' } },
    },
    { name: 'Split Out', type: 'n8n-nodes-base.splitOut', typeVersion: 1, parameters: { fieldToSplitOut: 'data', options: {} } },
  ];
}

/** Counts what came, so that a run answers with one item. */
const COUNT: WorkflowNode = {
  name: 'Count',
  type: 'n8n-nodes-base.summarize',
  typeVersion: 1.1,
  parameters: { fieldsToSummarize: { values: [{ aggregation: 'count', field: 'id' }] }, options: {} },
};

const lists: Suite = async ({ short }) => {
  const [many, rounds, freshRounds] = short ? [300, 1, 1] : [10_000, 7, 5];
  const sandbox = await startSandbox({ seed: false });
  try {
    return await withN8n(sandbox, async (stage) => {
      // Memory that an earlier run took is not given back: each run has an n8n of its own, but for a short one.
      const fresh = async (way: string, entries: number) => {
        const measure = async (stage: Stage) => await once(stage, way, entries);
        return short ? await measure(stage) : await withN8n(sandbox, measure);
      };
      fill(sandbox, many);
      const parts = [
        summary(many, await times(stage, many, rounds), await inTurns(freshRounds, async (way) => await fresh(way, many))),
        await counts(stage),
      ];
      if (!short) {
        fill(sandbox, 10 * many);
        parts.push(large(10 * many, await inTurns(1, async (way) => await fresh(way, 10 * many))));
      }
      return parts.join('\n\n');
    });
  } finally {
    await sandbox.stop();
  }
};

export default lists;

/** What each way gives, in each of several rounds. */
async function inTurns<T>(rounds: number, measure: (way: string) => Promise<T>, warmUps = 0): Promise<Record<string, T[]>> {
  const ways = Object.keys(WAYS);
  const found = await takeTurns(ways.map((way) => () => measure(way)), rounds, warmUps);
  return Object.fromEntries(ways.map((way, index) => [way, found[index]]));
}

/** Milliseconds that the nodes of each way took, by n8n's own account, in an n8n that has warmed up. */
async function times(stage: Stage, entries: number, rounds: number): Promise<Record<string, number[]>> {
  const workflows = Object.fromEntries(
    await Promise.all(Object.entries(WAYS).map(async ([way, nodes]) => [way, await runnable(stage.n8n, nodes(stage), { saved: true })] as const)),
  );
  const measure = async (way: string) => {
    await workflows[way].run();
    const execution = await workflows[way].latest();
    return timeOf(execution, WAYS[way](stage).map(({ name }) => name), entries);
  };
  return await inTurns(rounds, measure, 1);
}

/** Milliseconds that nodes took in an execution, together. @throws Error when the last one did not give out as many items as it should */
function timeOf({ status, items, runData }: Execution, nodes: string[], entries: number): number {
  const given = new Set(items[nodes.at(-1)!]?.map(({ json }) => json.id)).size;
  if (status !== 'success' || given !== entries) throw new Error(`${nodes.join(', ')}: ${status} with ${given} of ${entries} testimonials`);
  return nodes.flatMap((node) => runData[node]).reduce((sum: number, { executionTime }) => sum + executionTime, 0);
}

/** One run, whose items n8n does not keep. @throws Error when not all entries came */
async function once(stage: Stage, way: string, entries: number): Promise<Run> {
  const workflow = await runnable(stage.n8n, [...WAYS[way](stage), COUNT], { saved: false });
  const pid = stage.n8n.pid!;
  const before = heldBy(pid);
  forgetPeak(pid);
  const [since, used] = [performance.now(), cpuOf([pid])];
  const { count_id: given } = await workflow.run();
  const [took, cpu, peak] = [performance.now() - since, cpuOf([pid]) - used, peakOf(pid)];
  if (given !== entries) throw new Error(`${way}: ${given} of ${entries} testimonials`);
  return { took, cpu, before, peak };
}

/** What the API is asked for: a filter that it knows is its work, and a limit ends the asking. */
async function counts(stage: Stage): Promise<string> {
  const asked = async (parameters: object) => {
    const workflow = await runnable(stage.n8n, [getMany(stage, parameters), COUNT], { saved: false });
    const from = stage.sandbox.requests.length;
    const { count_id: given } = await workflow.run();
    return { given, requests: stage.sandbox.requests.slice(from) };
  };
  const filtered = await asked({ returnAll: true, filters: { status: 'approved' } });
  const approved = stage.sandbox.testimonials().filter(({ status }) => status === 'approved').length;
  const limited = await asked({ limit: 150 });
  const rows = [
    ['Status “Approved”', approved, filtered],
    ['Limit 150', 150, limited],
  ] as const;
  for (const [name, due, { given }] of rows) if (given !== due) throw new Error(`${name}: ${given} of ${due} testimonials`);
  if (!filtered.requests.every(({ query }) => query.status === 'approved')) throw new Error('the API was not asked to filter');
  return table(['Get Many', 'Testimonials', 'Pages asked for'], rows.map(([name, due, { requests }]) => [name, String(due), String(requests.length)]));
}

function getMany({ credential }: Stage, parameters: object): WorkflowNode {
  return actionNode(credential, { resource: 'testimonial', operation: 'getAll', ...parameters }, 'Get Many');
}

/** A fresh n8n, only for this work. */
async function withN8n<T>(sandbox: Sandbox, work: (stage: Stage) => Promise<T>): Promise<T> {
  const n8n = await N8n.start({ engine: 'publication' });
  try {
    const credential = await n8n.createCredential('Testivora', 'testivoraApi', credentialData(sandbox));
    const bearer = await n8n.createCredential('Bearer', 'httpBearerAuth', { token: sandbox.apiKey });
    return await work({ n8n, sandbox, credential, bearer });
  } finally {
    await n8n.dispose();
  }
}

/** Testimonials as people write them, every third one approved. */
export function fill({ store }: Sandbox, count: number): void {
  const text = 'Cerré 3 clientes en una semana, y no lo habría creído. “¿Así de fácil?”, me dijo mi socia, y sí: así de fácil. ';
  store.testimonials = Array.from({ length: count }, (_, index): Testimonial =>
    newTestimonial({
      text: `${text.repeat(1 + (index % 3))}${index}`,
      rating: 1 + (index % 5),
      status: index % 3 ? 'pending' : 'approved',
      tags: ['onboarding', 'coaching'].slice(index % 3),
      author: { name: `Ana López ${index}`, title: 'Coach', company: 'Acme', photo_url: `https://example.com/${index}.jpg` },
    }),
  );
}

function summary(entries: number, times: Record<string, number[]>, runs: Record<string, Run[]>): string {
  const [first] = Object.keys(WAYS);
  const ratio = (of: number[], to: number[]) => orNothing(median(of.map((one, round) => one / to[round])), (found) => found.toFixed(2));
  const peak = (way: string) => runs[way].map(({ peak }) => peak);
  const added = (way: string) => runs[way].map(({ peak, before }) => peak - before);
  const rows = Object.keys(WAYS).map((way) => [
    way,
    inSeconds(median(times[way])),
    ratio(times[way], times[first]),
    inMb(median(peak(way))),
    ratio(peak(way), peak(first)),
    inMb(median(added(way))),
    ratio(added(way), added(first)),
  ]);
  return table([`${entries.toLocaleString('en')} testimonials`, 'Time of the nodes', 'Ratio', 'Peak memory of n8n', 'Ratio', 'Of that, added by the run', 'Ratio'], rows);
}

function large(entries: number, runs: Record<string, Run[]>): string {
  const rows = Object.entries(runs).map(([way, [{ took, before, peak }]]) => [way, inSeconds(took), inMb(peak), inMb(peak - before)]);
  return table([`${entries.toLocaleString('en')} testimonials`, 'Whole run', 'Peak memory of n8n', 'Of that, added by the run'], rows);
}

const inSeconds = (ms: number) => `${(ms / 1000).toFixed(2)} s`;
const inMb = (mb: number) => orNothing(mb, (held) => `${Math.round(held)} MB`);
