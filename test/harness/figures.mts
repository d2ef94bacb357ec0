import { table as markdown } from './table.mts';

/** What became of the events of one test: counted, never estimated. */
export interface Figures {
	/** what was done to n8n meanwhile */
	test: string;
	/** events that Testivora sent */
	sent: number;
	/** deliveries that this took: one for each event, and one more for each time it was tried again */
	deliveries: number;
	/** events whose workflow ran to its end, once or more often */
	run: number;
	/** events whose workflow ran more than once */
	twice: number;
	/** events that n8n accepted and stored, but whose execution it did not carry to its end */
	cutShort: number;
	/** events that left no execution at all */
	lost: number;
	/** endpoints at Testivora beyond the one that belongs there */
	endpointsLeft: number;
}

const HEADINGS: Record<keyof Figures, string> = {
	test: 'Test',
	sent: 'Sent',
	deliveries: 'Deliveries',
	run: 'Run',
	twice: 'Run twice',
	cutShort: 'Cut short',
	lost: 'Lost',
	endpointsLeft: 'Endpoints left',
};

/** The figures as a Markdown table. */
export function table(rows: Figures[]): string {
	const columns = Object.keys(HEADINGS) as Array<keyof Figures>;
	return markdown(
		Object.values(HEADINGS),
		rows.map((row) => columns.map((column) => row[column].toLocaleString('en'))),
	);
}

/**
 * What became of these events.
 *
 * @param sent the testimonials whose events were sent, each once
 * @param executions every execution of the workflow, with the testimonial that started it
 * @param runs for each testimonial how often the workflow's action ran, as seen at Testivora's API
 */
export function count(
	test: string,
	sent: string[],
	deliveries: number,
	executions: Array<{ testimonial: string; status: string }>,
	runs: Map<string, number>,
	endpoints: number,
): Figures {
	const of = new Map<string, string[]>(sent.map((id) => [id, []]));
	for (const { testimonial, status } of executions) of.get(testimonial)?.push(status);
	const succeeded = (statuses: string[]) =>
		statuses.filter((status) => status === 'success').length;
	const figures = {
		test,
		sent: sent.length,
		deliveries,
		run: 0,
		twice: 0,
		cutShort: 0,
		lost: 0,
		endpointsLeft: endpoints - 1,
	};
	for (const [id, statuses] of of) {
		if (succeeded(statuses) > 0) figures.run++;
		else if (statuses.length > 0) figures.cutShort++;
		else figures.lost++;
		// An execution that was cut short may have run the action before: that counts, too.
		if (Math.max(succeeded(statuses), runs.get(id) ?? 0) > 1) figures.twice++;
	}
	return figures;
}
