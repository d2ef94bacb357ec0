import type { IPollFunctions } from 'n8n-workflow';
import { z } from 'zod';

import { inputError } from '../shared/errors';
import { whyUnwanted } from '../shared/filters';
import { checkInput, idInput } from '../shared/input';
import { APPROVED, CREATED } from '../shared/schemas';
import { timeOf } from '../shared/time';
import { emptyFilters, filtersOf, isExpressionIn } from '../shared/triggerFields';
import type { Choice } from './look';
import { INPUT_FAULTS, MESSAGES } from './messages';

const DEFAULT_MAX_ITEMS = 100;

const maxItemsInput = z.preprocess(
	(value) => (typeof value === 'string' && value.trim() !== '' ? Number(value) : value),
	z
		.number({ message: INPUT_FAULTS.maxItems })
		.int(INPUT_FAULTS.maxItems)
		.min(1, INPUT_FAULTS.maxItems)
		.max(1_000, INPUT_FAULTS.maxItems),
);

/** The node's parameters, checked. */
export interface Settings extends Choice {
	/** ID; absent for all spaces. */
	space?: string;
	simplify: boolean;
}

/**
 * Reads and checks the node's parameters.
 *
 * @throws NodeOperationError that names the field to correct
 */
export function settingsOf(context: IPollFunctions): Settings {
	const node = context.getNode();
	const events = context.getNodeParameter('events', []) as string[];
	if (!Array.isArray(events) || events.length === 0) {
		throw inputError(node, MESSAGES.noEvent);
	}
	if (!events.every((event) => event === CREATED || event === APPROVED)) {
		throw inputError(node, MESSAGES.unknownEvent, 'Choose among those that the field offers.');
	}
	const space = context.getNodeParameter('spaceId', '', { extractValue: true });
	refuseEmptyExpressions(context, isGiven(space));
	const { startFrom, maxItems } = context.getNodeParameter('options', {}) as {
		startFrom?: unknown;
		maxItems?: unknown;
	};
	const filters = filtersOf(context);
	return {
		events,
		space: isGiven(space) ? checkInput(idInput, space, 'Space', node) : undefined,
		simplify: context.getNodeParameter('simplify', true) as boolean,
		isWanted: (testimonial) => whyUnwanted(testimonial, filters) === undefined,
		startFrom: isGiven(startFrom) ? startOf(context, startFrom) : undefined,
		maxItems: isGiven(maxItems)
			? checkInput(maxItemsInput, maxItems, 'Max Items', node)
			: DEFAULT_MAX_ITEMS,
	};
}

/**
 * Refuses Space and filters whose expression gives nothing, which would mean all: a mistyped expression would then give out one
 * client's testimonials under another's name.
 */
function refuseEmptyExpressions(context: IPollFunctions, isSpaceGiven: boolean): void {
	const isSpaceEmpty = !isSpaceGiven && isExpressionIn(context, 'spaceId');
	const [label] = [...(isSpaceEmpty ? ['Space'] : []), ...emptyFilters(context)];
	if (label === undefined) return;
	throw inputError(
		context.getNode(),
		MESSAGES.emptyExpression(label),
		`Put a fixed value into ${label}, or clear it if you want all, then publish (activate) the workflow again.`,
	);
}

function isGiven(value: unknown): boolean {
	return value !== undefined && value !== null && value !== '';
}

/** Start From in milliseconds since 1970. */
function startOf(context: IPollFunctions, value: unknown): number {
	const time = timeOf(value, context.getTimezone());
	if (time !== undefined) return time;
	throw inputError(
		context.getNode(),
		MESSAGES.startFrom,
		'Correct the field, then publish (activate) the workflow again.',
	);
}
