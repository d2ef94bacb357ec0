import { table as markdown } from './table.mts';

/** An execution and the testimonial whose event started it. */
export interface Started {
	id: string;
	status: string;
	/** empty where n8n no longer has the data that started the execution */
	testimonial: string;
}

/** The ID of the sandbox's testimonials, also within the stored data of an execution. */
export const TESTIMONIAL_ID = /tst_[A-Za-z0-9]+/;

/** What became of the events of one test, counted. */
export interface Figures {
	/** the fault that the test caused */
	test: string;
	/** events that Testivora sent */
	sent: number;
	/** requests that this took, retries included */
	deliveries: number;
	/** events whose workflow ran to its end at least once */
	run: number;
	/** events whose workflow ran more than once */
	twice: number;
	/** events that n8n stored, but whose execution did not reach its end */
	cutShort: number;
	/** events without an execution */
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

/** A Markdown table with a row for each test. */
export function table(rows: Figures[]): string {
	const columns = Object.keys(HEADINGS) as Array<keyof Figures>;
	return markdown(
		Object.values(HEADINGS),
		rows.map((row) => columns.map((column) => row[column].toLocaleString('en'))),
	);
}

/**
 * Counts what became of events.
 *
 * @param test what the row is called
 * @param sent the IDs of the testimonials whose events were sent, each once
 * @param deliveries requests that this took
 * @param executions every execution of the workflow
 * @param runs for each testimonial's ID how often Testivora's API saw the workflow's action; empty where the workflow has none
 * @param endpoints the workflow's endpoints at Testivora
 */
export function count(
	test: string,
	sent: string[],
	deliveries: number,
	executions: Array<Omit<Started, 'id'>>,
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
		// An execution that was cut short may have run the action before that.
		if (Math.max(succeeded(statuses), runs.get(id) ?? 0) > 1) figures.twice++;
	}
	return figures;
}
