import type { IPollFunctions } from 'n8n-workflow';

import { merge, toStored } from './memory';
import type { Memory } from './memory';

/**
 * What this process knows of one polling node, beside static data.
 *
 * n8n saves static data only when a poll starts an execution, and a webhook in the same workflow may overwrite it with an older copy.
 * So what polls learn is remembered here, too, and outlives a new publication. A restart leaves only what n8n saved.
 */
export interface PollingNode {
	/** What polls have learnt whose output n8n has read. */
	memory?: Memory;
	/** The poll that is under way, because n8n starts the next one all the same; and when it counts as one that never ends, in milliseconds since 1970. */
	turn?: { until: number };
	/** What the last poll wrote into static data, as long as n8n has not read its output: it must not count as given out. */
	unread?: { memory: Memory };
	/** While polls do not succeed: since when, and when that was last shown as a failed execution; in milliseconds since 1970. */
	outage?: { since: number; shownAt: number };
}

/** Nodes remembered in one process; past that, the one unused for longest falls back on static data. A full memory takes about 1 MB. */
const MAX_NODES = 200;

const nodes = new Map<string, PollingNode>();

/** This process's knowledge of a node. It is found by the node's ID, because the name may change. */
export function pollingNodeOf(context: IPollFunctions): PollingNode {
	const key = `${context.getWorkflow().id}:${context.getNode().id}`;
	const node = nodes.get(key) ?? {};
	// Last in the map is last used.
	nodes.delete(key);
	nodes.set(key, node);
	if (nodes.size > MAX_NODES) nodes.delete(nodes.keys().next().value as string);
	return node;
}

/** Adds what a poll has learnt. */
export function learn(node: PollingNode, memory: Memory): void {
	node.memory = merge(node.memory, memory);
}

/** What static data holds, unless a poll wrote it whose output n8n has not read. */
export function trusted({ unread }: PollingNode, kept: Memory | undefined): Memory | undefined {
	const isUnread =
		kept && unread && JSON.stringify(toStored(kept)) === JSON.stringify(toStored(unread.memory));
	return isUnread ? undefined : kept;
}

/** What n8n's context of a poll offers in newer versions. */
type Budgeted = IPollFunctions & { getPollBudgetMs?: () => number };

/** The time for a poll where n8n does not limit it, in milliseconds. */
const TICK_BUDGET_MS = 5 * 60_000;
/** What newer versions of n8n say where they do not limit it. */
const N8N_UNLIMITED_MS = 5 * 60_000;

/** The time that n8n gives this poll, in milliseconds. */
export function budgetOf(context: IPollFunctions): number {
	return (context as Budgeted).getPollBudgetMs?.() ?? TICK_BUDGET_MS;
}

const polledBefore = new WeakSet<IPollFunctions>();

/**
 * Whether this is the poll that n8n makes while it activates the workflow, called once for each poll. n8n keeps one context for that
 * poll and all later ones, in which the activation mode stays the same; only its durable scheduler, which limits the time, makes a new
 * context for each.
 */
export function isActivationPoll(context: IPollFunctions): boolean {
	const isFirst = !polledBefore.has(context);
	polledBefore.add(context);
	return (
		isFirst && ((context as Budgeted).getPollBudgetMs?.() ?? N8N_UNLIMITED_MS) === N8N_UNLIMITED_MS
	);
}
