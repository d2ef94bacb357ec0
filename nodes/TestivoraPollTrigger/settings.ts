import type { IPollFunctions } from 'n8n-workflow';
import { z } from 'zod';

import { inputError } from '../shared/errors';
import { whyUnwanted } from '../shared/filters';
import { checkInput, idInput } from '../shared/input';
import { APPROVED, CREATED } from '../shared/schemas';
import { timeOf } from '../shared/time';
import { filtersOf } from '../shared/triggerFields';
import type { Choice } from './look';

const DEFAULT_MAX_ITEMS = 100;

const MAX_ITEMS = 'must be a whole number from 1 to 1,000';

/** How many items one execution may get at the most. */
const maxItemsInput = z.preprocess(
	(value) => (typeof value === 'string' && value.trim() !== '' ? Number(value) : value),
	z.number({ message: MAX_ITEMS }).int(MAX_ITEMS).min(1, MAX_ITEMS).max(1_000, MAX_ITEMS),
);

/** What the user chose in the node. */
export interface Settings extends Choice {
	/** ID; absent for all spaces. */
	space?: string;
	simplify: boolean;
}

/**
 * Reads the node's parameters.
 *
 * @throws NodeOperationError that names the field to correct
 */
export function settingsOf(context: IPollFunctions): Settings {
	const node = context.getNode();
	const events = context.getNodeParameter('events', []) as string[];
	if (!Array.isArray(events) || events.length === 0) {
		throw inputError(node, 'Choose at least one event in Trigger On');
	}
	if (!events.every((event) => event === CREATED || event === APPROVED)) {
		throw inputError(
			node,
			'Trigger On has an event that Testivora Poll Trigger cannot tell',
			'Choose among those that the field offers.',
		);
	}
	const space = context.getNodeParameter('spaceId', '', { extractValue: true });
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

function isGiven(value: unknown): boolean {
	return value !== undefined && value !== null && value !== '';
}

/** Milliseconds since 1970. */
function startOf(context: IPollFunctions, value: unknown): number {
	const time = timeOf(value, context.getTimezone());
	if (time !== undefined) return time;
	throw inputError(
		context.getNode(),
		'Start From must be a date such as 2026-06-03 or 2026-06-03T10:00:00Z',
		'Correct the field, then publish (activate) the workflow again.',
	);
}
