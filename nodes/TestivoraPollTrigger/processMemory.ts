import type { IPollFunctions } from 'n8n-workflow';

import { merge, toStored } from './memory';
import type { Memory } from './memory';

/**
 * What this process knows of one polling node, besides static data.
 *
 * n8n saves static data only when a poll starts an execution, and a webhook in the same workflow may overwrite it with an older copy.
 * So what polls learn is kept here as well. It survives a new publication, but not a restart.
 */
export interface PollingNode {
	/** What polls have learnt, without those whose output n8n has not read. */
	memory?: Memory;
	/** The poll that is under way, since n8n starts the next one all the same; `until` is when it counts as one that never ends, in milliseconds since 1970. */
	turn?: { until: number };
	/** What the last poll wrote into static data, while n8n has not read its output: nothing in it counts as given out. */
	unread?: { memory: Memory };
	/** Present while polls do not succeed: when that began, and when a failed execution last showed it; in milliseconds since 1970. */
	outage?: { since: number; shownAt: number };
}

/** Nodes remembered in one process; above that, the least recently used one falls back on static data. A full memory takes about 1 MB. */
const MAX_NODES = 200;

const nodes = new Map<string, PollingNode>();

/** What this process knows of a node. The key is the node's ID, because its name may change. */
export function pollingNodeOf(context: IPollFunctions): PollingNode {
	const key = `${context.getWorkflow().id}:${context.getNode().id}`;
	const node = nodes.get(key) ?? {};
	// Insert it again, so that the map stays in the order of use.
	nodes.delete(key);
	nodes.set(key, node);
	if (nodes.size > MAX_NODES) nodes.delete(nodes.keys().next().value as string);
	return node;
}

/** Adds what a poll learnt. */
export function learn(node: PollingNode, memory: Memory): void {
	node.memory = merge(node.memory, memory);
}

/** What static data holds; undefined where the poll that wrote it has an output that n8n has not read. */
export function trusted({ unread }: PollingNode, kept: Memory | undefined): Memory | undefined {
	const isUnread =
		kept && unread && JSON.stringify(toStored(kept)) === JSON.stringify(toStored(unread.memory));
	return isUnread ? undefined : kept;
}

/** n8n's context of a poll, as newer versions have it. */
type Budgeted = IPollFunctions & { getPollBudgetMs?: () => number };

/** The time for a poll that n8n does not limit, in milliseconds. Newer versions of n8n name the same. */
const UNLIMITED_MS = 5 * 60_000;

/** The time that n8n gives this poll, in milliseconds. */
export function budgetOf(context: IPollFunctions): number {
	return (context as Budgeted).getPollBudgetMs?.() ?? UNLIMITED_MS;
}

/** Whether n8n's durable scheduler started this poll: only that one limits the time. */
function isDurable(context: IPollFunctions): boolean {
	return budgetOf(context) !== UNLIMITED_MS;
}

const polledBefore = new WeakSet<IPollFunctions>();

/**
 * Whether n8n makes this poll while it activates the workflow. Call it once for each poll.
 *
 * n8n keeps one context for that poll and all later ones, and the activation mode in it stays the same. Only the durable scheduler makes
 * a new context for each poll.
 */
export function isActivationPoll(context: IPollFunctions): boolean {
	const isFirst = !polledBefore.has(context);
	polledBefore.add(context);
	return isFirst && !isDurable(context);
}
