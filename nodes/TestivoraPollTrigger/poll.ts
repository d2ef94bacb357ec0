import { UserError } from 'n8n-workflow';
import type { INodeExecutionData, IPollFunctions } from 'n8n-workflow';

import { hasStatus, isTransient, forPublication } from '../shared/errors';
import { toItem, whenContentIsRead } from '../shared/eventItem';
import { look } from './look';
import { fromStored, merge, toStored } from './memory';
import type { Memory } from './memory';
import { MESSAGES } from './messages';
import { budgetOf, isActivationPoll, learn, pollingNodeOf, trusted } from './processMemory';
import type { PollingNode } from './processMemory';
import { readTestimonials, refuseUnknownSpace } from './read';
import { settingsOf } from './settings';

/** In the node's static data. */
const KEY = 'testivoraPoll';

/** The time for the poll while n8n starts: other workflows wait for it. */
const START_BUDGET_MS = 8_000;
/** The time for the poll at publication: a person waits for it. */
const PUBLISH_BUDGET_MS = 25_000;
const HOUR_MS = 60 * 60 * 1000;

/** What a poll is made for: a person publishes the workflow, n8n starts its workflows, or it is time for the next one. */
type Occasion = 'publication' | 'startup' | 'schedule';

/** How long after its time a poll counts as one that never ends. */
const GRACE_MS = 60 * 1000;

/**
 * One poll: read → compare → remember → give out.
 *
 * @returns one output with an item for each event, or null where there is none: n8n then starts nothing
 * @throws only where a person sees it: at publication what must be corrected in the node or the credential; at later polls what keeps
 *   them from succeeding, at once and then every hour
 */
export async function poll(context: IPollFunctions): Promise<INodeExecutionData[][] | null> {
	const occasion = occasionOf(context);
	const node = pollingNodeOf(context);
	const deadline = Date.now() + timeFor(context, occasion);
	// The poll at publication is never left out, because the account or the Space may have changed.
	if (node.turn && occasion === 'schedule') {
		if (Date.now() < node.turn.until) {
			context.logger.debug(
				'Testivora Poll Trigger: the poll before is still under way, so this one is left out',
			);
			return null;
		}
		context.logger.warn(MESSAGES.pollTookTooLong);
	}
	const turn = { until: deadline + GRACE_MS };
	node.turn = turn;
	try {
		return await readAndCompare(context, node, turn, deadline, occasion);
	} catch (error) {
		return node.turn === turn ? report(context, node, occasion, error as Error) : null;
	} finally {
		if (node.turn === turn) node.turn = undefined;
	}
}

async function readAndCompare(
	context: IPollFunctions,
	node: PollingNode,
	turn: PollingNode['turn'],
	deadline: number,
	occasion: Occasion,
): Promise<INodeExecutionData[][] | null> {
	const settings = settingsOf(context);
	const { space } = settings;
	const reading = await readTestimonials(context, space, deadline);
	const isEmpty = reading.isComplete && reading.testimonials.length === 0;
	if (occasion === 'publication' && isEmpty && space !== undefined)
		await refuseUnknownSpace(context, space, deadline);
	// A later poll has taken the place of this one.
	if (node.turn !== turn) return null;

	// Nothing is awaited from here on, so that no other poll comes between.
	const staticData = context.getWorkflowStaticData('node');
	const before = merge(trusted(node, fromStored(staticData[KEY])), node.memory);
	const { memory, events, waiting, warning } = look(before, reading, settings);
	const items = events.map((event) => toItem(event, settings.simplify));
	staticData[KEY] = toStored(memory);
	context.logger.debug(
		`Testivora Poll Trigger: ${reading.testimonials.length} testimonials read, ${items.length} given out`,
	);
	if (warning) context.logger.warn(warning);
	if (waiting > 0)
		context.logger.info(MESSAGES.moreWaiting(String(waiting), String(settings.maxItems)));
	if (!reading.fault) node.outage = undefined;
	if (items.length > 0) {
		if (reading.fault) warn(context, reading.fault);
		return outputOf(items, node, before, memory);
	}
	node.unread = undefined;
	learn(node, memory);
	if (reading.fault) throw reading.fault;
	return null;
}

/** What this poll is made for. Call it once for each poll; see {@link isActivationPoll}. */
function occasionOf(context: IPollFunctions): Occasion {
	if (!isActivationPoll(context)) return 'schedule';
	const isStartup = ['init', 'leadershipChange'].includes(context.getActivationMode());
	return isStartup ? 'startup' : 'publication';
}

/** The time for a poll, in milliseconds. */
function timeFor(context: IPollFunctions, occasion: Occasion): number {
	if (occasion === 'schedule') return budgetOf(context);
	return occasion === 'startup' ? START_BUDGET_MS : PUBLISH_BUDGET_MS;
}

/**
 * The output of a poll. It counts as given out once n8n reads the first item's content; see {@link whenContentIsRead}.
 *
 * n8n does not read it when the workflow was unpublished or published again meanwhile, or, from 2.41 on, when the execution could not be
 * stored. The next poll then finds the same again, and this output throws when it is read, so that nothing starts the workflow twice.
 *
 * n8n's durable scheduler stores the memory and the execution in one transaction, but may hand an older memory to a poll that it started
 * meanwhile. So this process learns from its output there, too.
 */
function outputOf(
	items: INodeExecutionData[],
	node: PollingNode,
	before: Memory | undefined,
	memory: Memory,
): INodeExecutionData[][] {
	const unread = { memory };
	node.memory = before;
	node.unread = unread;
	whenContentIsRead(items, () => {
		if (node.unread !== unread) throw new UserError(MESSAGES.takenOver);
		node.unread = undefined;
		learn(node, memory);
	});
	return [items];
}

/**
 * What becomes of a poll that did not succeed.
 *
 * At publication it throws what does not pass by itself, so that the person who publishes reads it; n8n shows the workflow as not
 * published then. While n8n starts it never throws, because n8n would give the workflow up for good; the next poll shows it as a failed
 * execution.
 */
function report(
	context: IPollFunctions,
	node: PollingNode,
	occasion: Occasion,
	error: Error,
): null {
	if (occasion === 'publication' && !isTransient(error)) throw forPublication(error);
	warn(context, error);
	if (occasion === 'schedule' && isToShow(node, error)) throw error;
	return null;
}

/** Whether an outage is to be shown now: at once and then every hour; too many requests only when they last an hour. */
function isToShow(node: PollingNode, error: Error): boolean {
	const now = Date.now();
	const outage = (node.outage ??= { since: now, shownAt: 0 });
	// Where the clock was set back.
	outage.since = Math.min(outage.since, now);
	if (outage.shownAt > now) outage.shownAt = 0;
	const quietSince = Math.max(outage.shownAt, hasStatus(error, 429) ? outage.since : 0);
	if (now - quietSince < HOUR_MS) return false;
	outage.shownAt = now;
	return true;
}

function warn(context: IPollFunctions, error: Error): void {
	context.logger.warn(MESSAGES.pollFailed(error.message));
}
