import type { INodeExecutionData, IPollFunctions } from 'n8n-workflow';

import { inputError } from '../shared/errors';
import { toItem } from '../shared/eventItem';
import { newest } from './look';
import { MESSAGES } from './messages';
import { readTestimonials, refuseUnknownSpace } from './read';
import { settingsOf } from './settings';

/** How long a person who tries the node waits at most, in milliseconds. */
const BUDGET_MS = 60_000;

/**
 * What "Fetch Test Event" and "Execute step" give out: the newest testimonial that would start the workflow. Changes no state.
 *
 * @throws NodeOperationError when there is none, or what kept the list from being read
 */
export async function sample(context: IPollFunctions): Promise<INodeExecutionData[][]> {
	const settings = settingsOf(context);
	const { space } = settings;
	const deadline = Date.now() + BUDGET_MS;
	const { testimonials, fault } = await readTestimonials(context, space, deadline);
	if (fault) throw fault;
	if (testimonials.length === 0 && space !== undefined)
		await refuseUnknownSpace(context, space, deadline);
	const event = newest(testimonials, settings, Date.now());
	if (!event) {
		throw inputError(
			context.getNode(),
			testimonials.length === 0 ? MESSAGES.nothingToShow : MESSAGES.nothingFits,
			'Submit one in Testivora that matches Trigger On, Space and Filters, then try again. Or publish (activate) the workflow: it waits for the next one.',
		);
	}
	return [[toItem(event, settings.simplify)]];
}
