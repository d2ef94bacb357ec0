import type {
	IDataObject,
	IGetNodeParameterOptions,
	INodeExecutionData,
	IPollFunctions,
} from 'n8n-workflow';

import { poll } from '../../nodes/TestivoraPollTrigger/poll.ts';
import { sample } from '../../nodes/TestivoraPollTrigger/sample.ts';

/** What the stand-in API answers one request with: a page's testimonials, or a status and what comes with it. */
export type Answer =
	| { data: IDataObject[]; next?: string }
	| { status: number; type?: string; headers?: IDataObject }
	| { fault: string };

let workflows = 0;

/**
 * A polling node in a stand-in for n8n that holds only what the node asks of it: a workflow with its copy of static data, the database's
 * copy, and contexts, of which n8n keeps one as long as the workflow is active.
 */
export class PollBench {
	/** What n8n's log got, but for the line of every poll. */
	readonly log: string[] = [];
	/** Static data of the node as the database has it. */
	saved: IDataObject = {};
	/** The same as the loaded workflow has it. */
	loaded: IDataObject = {};
	readonly requests: IDataObject[] = [];
	parameters: IDataObject = {};
	/** Parameters that differ from `parameters` before n8n evaluates their expressions. */
	raw: IDataObject = {};
	credential: IDataObject = { apiKey: 'tv_live_one', baseUrl: 'https://api.testivora.test' };
	workflowId = `poll ${++workflows}`;
	/** Gives the answer to a request; by default all of `list` on one page. */
	answer: (query: IDataObject) => Answer | Promise<Answer> = () => ({ data: this.list });
	list: IDataObject[] = [];
	private context: IPollFunctions;

	constructor() {
		this.context = this.newContext('activate');
	}

	/** A new context over what the database has, as n8n makes it when it activates the workflow. */
	activate(mode: string, { budget }: { budget?: number } = {}): void {
		this.loaded = structuredClone(this.saved);
		this.context = this.newContext(mode, budget);
	}

	/** n8n's process starts anew: nothing is known but what was saved. */
	restart(): void {
		// The process knows a node by its workflow.
		this.workflowId = `poll ${++workflows}`;
		this.activate('init');
	}

	/** One poll. n8n takes over what it gives out, unless it is `dropped`. */
	async poll({ dropped = false } = {}): Promise<IDataObject[] | null> {
		const loaded = this.loaded;
		const output = await poll(this.context);
		if (output === null) return null;
		if (!dropped) this.saved = structuredClone(loaded);
		return dropped ? null : taken(output);
	}

	/** As in {@link poll}, but n8n saves nothing of it, or another trigger's save has gone over it at once. */
	async pollWithLostSave(): Promise<IDataObject[] | null> {
		const output = await poll(this.context);
		return output && taken(output);
	}

	/** One poll whose output n8n has not come to yet. */
	async pollUnread(): Promise<INodeExecutionData[][] | null> {
		return await poll(this.context);
	}

	async sample(): Promise<IDataObject[]> {
		return taken(await sample(this.newContext('manual')));
	}

	private newContext(mode: string, budget?: number): IPollFunctions {
		const level = (name: string) => (message: string) => {
			if (!message.includes('testimonials read')) this.log.push(`${name} ${message}`);
		};
		const context = {
			getWorkflow: () => ({ id: this.workflowId }),
			getNode: () => ({
				id: 'n1',
				name: 'Testivora Poll Trigger',
				type: 'test',
				typeVersion: 1,
				position: [0, 0],
				parameters: {},
			}),
			getNodeParameter: (
				name: string,
				fallback: unknown,
				{ rawExpressions }: IGetNodeParameterOptions = {},
			) =>
				(rawExpressions ? this.raw[name] : undefined) ??
				this.parameters[name] ??
				(name === 'events' ? ['testimonial.created'] : fallback),
			getActivationMode: () => mode,
			getTimezone: () => 'Europe/Berlin',
			getWorkflowStaticData: () => this.loaded,
			getCredentials: async () => ({ ...this.credential }),
			logger: {
				debug: level('debug'),
				info: level('info'),
				warn: level('warn'),
				error: level('error'),
			},
			helpers: {
				httpRequestWithAuthentication: async (_type: string, { qs }: { qs: IDataObject }) =>
					await this.respond(qs),
			},
			...(budget !== undefined && { getPollBudgetMs: () => budget }),
		};
		return context as unknown as IPollFunctions;
	}

	private async respond(query: IDataObject) {
		this.requests.push(query);
		const answer = await this.answer(query);
		if ('fault' in answer) throw Object.assign(new Error(answer.fault), { code: answer.fault });
		if ('status' in answer) {
			const { status, type = 'internal', headers = {} } = answer;
			return {
				statusCode: status,
				headers,
				body: JSON.stringify({ error: { type, message: 'No.' } }),
			};
		}
		const { data, next } = answer;
		return {
			statusCode: 200,
			headers: {},
			body: JSON.stringify({
				object: 'list',
				data,
				has_more: next !== undefined,
				next_cursor: next ?? null,
			}),
		};
	}
}

/** n8n stores the execution, which reads the output. */
function taken(output: INodeExecutionData[][]): IDataObject[] {
	return (JSON.parse(JSON.stringify(output)) as INodeExecutionData[][])[0].map(({ json }) => json);
}
