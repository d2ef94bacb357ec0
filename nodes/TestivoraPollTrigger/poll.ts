import type { INodeExecutionData, IPollFunctions } from 'n8n-workflow';

import { hasStatus, isTransient } from '../shared/errors';
import { toItem } from '../shared/eventItem';
import { look } from './look';
import { fromStored, merge, toStored } from './memory';
import { budgetOf, isActivationPoll, learn, pollingNodeOf } from './process';
import type { PollingNode } from './process';
import { readTestimonials } from './read';
import { settingsOf } from './settings';

/** Of the node's static data. */
const KEY = 'testivoraPoll';

/** The time for a first poll: n8n holds up the start of other workflows for it. */
const START_BUDGET_MS = 8_000;
/** The same while a person waits for the workflow to be published. */
const PUBLISH_BUDGET_MS = 25_000;
const HOUR_MS = 60 * 60 * 1000;

/** Activation modes in which nobody waits who could read a message, and in which n8n gives a workflow up that does not activate. */
const UNATTENDED = ['init', 'leadershipChange'];

/**
 * One poll: read → compare → remember → give out.
 *
 * @returns one output with an item for each event, or null where there is none: n8n then starts nothing
 * @throws only where a person is to see it: at publication, what must be mended in the node or the credential; at later polls, an outage,
 *   once and then every hour
 */
export async function poll(context: IPollFunctions): Promise<INodeExecutionData[][] | null> {
	const isActivation = isActivationPoll(context);
	const node = pollingNodeOf(context);
	if (node.isPolling) {
		context.logger.debug('Testivora Poll Trigger: the poll before is still under way, so this one is left out');
		return null;
	}
	node.isPolling = true;
	try {
		return await ask(context, node, isActivation);
	} catch (error) {
		return report(context, node, isActivation, error as Error);
	} finally {
		node.isPolling = false;
	}
}

async function ask(context: IPollFunctions, node: PollingNode, isActivation: boolean): Promise<INodeExecutionData[][] | null> {
	const settings = settingsOf(context);
	const reading = await readTestimonials(context, settings.space, Date.now() + timeFor(context, isActivation));

	// Nothing is awaited from here on, so no other poll comes between.
	const staticData = context.getWorkflowStaticData('node');
	const before = merge(fromStored(staticData[KEY]), node.memory);
	const { memory, events, warning } = look(before, reading, settings);
	const items = events.map((event) => toItem(event, settings.simplify));
	staticData[KEY] = toStored(memory);
	context.logger.debug(`Testivora Poll Trigger: ${reading.testimonials.length} testimonials read, ${items.length} given out`);
	if (warning) context.logger.warn(`Testivora Poll Trigger: ${warning}`);
	if (!reading.fault) node.outage = undefined;
	if (items.length > 0) {
		if (reading.fault) warn(context, reading.fault);
		return handedOver(items, () => learn(node, memory));
	}
	learn(node, memory);
	if (reading.fault) throw reading.fault;
	return null;
}

/** Milliseconds. */
function timeFor(context: IPollFunctions, isActivation: boolean): number {
	if (!isActivation) return budgetOf(context);
	return UNATTENDED.includes(context.getActivationMode()) ? START_BUDGET_MS : PUBLISH_BUDGET_MS;
}

/**
 * The output of a poll that says when n8n reads it, which it does to store the execution. A poll that is over after its workflow was
 * unpublished or published anew is dropped unread: what it found must not count as given out.
 */
function handedOver(items: INodeExecutionData[], onRead: () => void): INodeExecutionData[][] {
	const output: INodeExecutionData[][] = [];
	Object.defineProperty(output, 0, {
		configurable: true,
		enumerable: true,
		get() {
			Object.defineProperty(output, 0, { configurable: true, enumerable: true, writable: true, value: items });
			onRead();
			return items;
		},
	});
	return output;
}

/** What becomes of a poll that did not succeed. */
function report(context: IPollFunctions, node: PollingNode, isActivation: boolean, error: Error): null {
	if (!isActivation) {
		if (noteOutage(context, node, error)) throw error;
		return null;
	}
	// What will not pass by itself is said to the person who publishes.
	if (!UNATTENDED.includes(context.getActivationMode()) && !isTransient(error)) throw error;
	warn(context, error);
	return null;
}

/**
 * Notes that polls do not succeed.
 *
 * @returns whether to show it now: at once and then every hour; too many requests only when they last an hour
 */
function noteOutage(context: IPollFunctions, node: PollingNode, error: Error): boolean {
	const now = Date.now();
	const outage = (node.outage ??= { since: now, shownAt: 0 });
	warn(context, error);
	const quietSince = Math.max(outage.shownAt, hasStatus(error, 429) ? outage.since : 0);
	if (now - quietSince < HOUR_MS) return false;
	outage.shownAt = now;
	return true;
}

function warn(context: IPollFunctions, error: Error): void {
	context.logger.warn(`Testivora Poll Trigger: ${error.message}. The next poll tries again.`);
}
