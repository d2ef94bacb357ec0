import { UserError } from 'n8n-workflow';
import type { INodeExecutionData, IPollFunctions } from 'n8n-workflow';

import { hasStatus, isTransient } from '../shared/errors';
import { toItem } from '../shared/eventItem';
import { look } from './look';
import { fromStored, merge, toStored } from './memory';
import type { Memory } from './memory';
import { budgetOf, isActivationPoll, learn, pollingNodeOf, trusted } from './process';
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

/** What a poll may take beyond its time, until it counts as one that never ends. */
const GRACE_MS = 60 * 1000;

/** Activation modes in which other workflows wait for this one to start. */
const STARTUP_MODES = ['init', 'leadershipChange'];

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
	const deadline = Date.now() + timeFor(context, isActivation);
	// A workflow that is published anew may have another account or space, so its first poll is never left out.
	if (node.turn && !isActivation) {
		if (Date.now() < node.turn.until) {
			context.logger.debug(
				'Testivora Poll Trigger: the poll before is still under way, so this one is left out',
			);
			return null;
		}
		context.logger.warn(
			'Testivora Poll Trigger: the poll before did not end in time, so this one takes its place',
		);
	}
	const turn = { until: deadline + GRACE_MS };
	node.turn = turn;
	try {
		return await ask(context, node, turn, deadline);
	} catch (error) {
		return node.turn === turn ? report(context, node, isActivation, error as Error) : null;
	} finally {
		if (node.turn === turn) node.turn = undefined;
	}
}

async function ask(
	context: IPollFunctions,
	node: PollingNode,
	turn: PollingNode['turn'],
	deadline: number,
): Promise<INodeExecutionData[][] | null> {
	const settings = settingsOf(context);
	const reading = await readTestimonials(context, settings.space, deadline);
	// A later poll has taken the place of this one.
	if (node.turn !== turn) return null;

	// Nothing is awaited from here on, so no other poll comes between.
	const staticData = context.getWorkflowStaticData('node');
	const before = merge(trusted(node, fromStored(staticData[KEY])), node.memory);
	const { memory, events, waiting, warning } = look(before, reading, settings);
	const items = events.map((event) => toItem(event, settings.simplify));
	staticData[KEY] = toStored(memory);
	context.logger.debug(
		`Testivora Poll Trigger: ${reading.testimonials.length} testimonials read, ${items.length} given out`,
	);
	if (warning) context.logger.warn(`Testivora Poll Trigger: ${warning}`);
	if (waiting > 0)
		context.logger.info(
			`Testivora Poll Trigger: ${waiting} more wait for the next polls, as Max Items is ${settings.maxItems}`,
		);
	if (!reading.fault) node.outage = undefined;
	if (items.length > 0) {
		if (reading.fault) warn(context, reading.fault);
		return handedOver(items, node, before, memory);
	}
	node.unread = undefined;
	learn(node, memory);
	if (reading.fault) throw reading.fault;
	return null;
}

/** Milliseconds. */
function timeFor(context: IPollFunctions, isActivation: boolean): number {
	if (!isActivation) return budgetOf(context);
	return STARTUP_MODES.includes(context.getActivationMode()) ? START_BUDGET_MS : PUBLISH_BUDGET_MS;
}

/**
 * The output of a poll, which counts as given out once n8n reads it, shortly before it stores the execution. n8n may not come to that: the
 * workflow was unpublished or published anew meanwhile, or the database did not answer. Then the next poll finds the same again, and from
 * then on this output can no longer be read, so that nothing starts the workflow twice.
 */
function handedOver(
	items: INodeExecutionData[],
	node: PollingNode,
	before: Memory | undefined,
	memory: Memory,
): INodeExecutionData[][] {
	const unread = { memory };
	node.memory = before;
	node.unread = unread;
	const output: INodeExecutionData[][] = [];
	Object.defineProperty(output, 0, {
		configurable: true,
		enumerable: true,
		get() {
			if (node.unread !== unread)
				throw new UserError(
					'A later poll of Testivora Poll Trigger has found the same again, and starts the workflow with it',
				);
			Object.defineProperty(output, 0, {
				configurable: true,
				enumerable: true,
				writable: true,
				value: items,
			});
			node.unread = undefined;
			learn(node, memory);
			return items;
		},
	});
	return output;
}

/** What becomes of a poll that did not succeed. */
function report(
	context: IPollFunctions,
	node: PollingNode,
	isActivation: boolean,
	error: Error,
): null {
	// What will not pass by itself is said to the person who publishes. In other modes there may be none, and n8n gives a workflow up that
	// does not activate; the next poll shows it as a failed execution.
	if (isActivation && context.getActivationMode() === 'activate' && !isTransient(error))
		throw error;
	warn(context, error);
	if (!isActivation && isToShow(node, error)) throw error;
	return null;
}

/** Whether an outage is to be shown now: at once and then every hour; too many requests only when they last an hour. */
function isToShow(node: PollingNode, error: Error): boolean {
	const now = Date.now();
	const outage = (node.outage ??= { since: now, shownAt: 0 });
	const quietSince = Math.max(outage.shownAt, hasStatus(error, 429) ? outage.since : 0);
	if (now - quietSince < HOUR_MS) return false;
	outage.shownAt = now;
	return true;
}

function warn(context: IPollFunctions, error: Error): void {
	context.logger.warn(`Testivora Poll Trigger: ${error.message}. The next poll tries again.`);
}
