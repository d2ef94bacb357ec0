import type {
	IDataObject,
	IGetNodeParameterOptions,
	INodeExecutionData,
	IPollFunctions,
} from 'n8n-workflow';

import { poll } from '../../nodes/TestivoraPollTrigger/poll.ts';
import { sample } from '../../nodes/TestivoraPollTrigger/sample.ts';

/** The API's answer to one request: a page of testimonials, an HTTP status, or a network error. */
export type Answer =
	| { data: IDataObject[]; next?: string }
	| { status: number; type?: string; headers?: IDataObject }
	| { fault: string };

let workflows = 0;

/**
 * A polling node with the part of n8n that it uses: the workflow with its copy of static data, the database's copy, and contexts, of which
 * n8n keeps one for as long as the workflow is active.
 */
export class PollBench {
	/** n8n's log, without the line that every poll writes. */
	readonly log: string[] = [];
	/** Static data of the node in the database. */
	saved: IDataObject = {};
	/** Static data of the node in the loaded workflow. */
	loaded: IDataObject = {};
	/** Those for the list, and for the testimonials with one status. */
	readonly requests: IDataObject[] = [];
	readonly requestsOfStatus: IDataObject[] = [];
	parameters: IDataObject = {};
	/** Parameters that differ from `parameters` before n8n evaluates their expressions. */
	raw: IDataObject = {};
	credential: IDataObject = { apiKey: 'tv_live_one', baseUrl: 'https://api.testivora.test' };
	workflowId = `poll ${++workflows}`;
	/** The answer to a request for the list; by default all of `list` on one page. */
	answer: (query: IDataObject) => Answer | Promise<Answer> = () => ({ data: this.list });
	/** The answer to a request for the testimonials with one status, which follows where the list shows none with it. */
	answerOfStatus: (query: IDataObject) => Answer = ({ status }) => ({
		data: this.list.filter((entry) => entry.status === status),
	});
	list: IDataObject[] = [];
	/** IDs of the account's spaces; undefined where they cannot be read. */
	spaces: string[] | undefined = ['spc_1', 'spc_2', 'spc_mine', 'spc_other'];
	private context: IPollFunctions;

	constructor() {
		this.context = this.newContext('activate');
	}

	/** Creates a new context with the database's static data, as n8n does when it activates the workflow. */
	activate(mode: string, { budget }: { budget?: number } = {}): void {
		this.loaded = structuredClone(this.saved);
		this.context = this.newContext(mode, budget);
	}

	/** Restarts n8n's process, which then knows only what was saved. */
	restart(): void {
		// The memory in the process is kept by workflow, so a new ID stands for a new process.
		this.workflowId = `poll ${++workflows}`;
		this.activate('init');
	}

	/**
	 * Polls once. n8n starts an execution with the output and saves static data, unless it comes to a fault before it stores the output
	 * (`dropped`): until then it looks at the list of items, and not into them.
	 */
	async poll({ dropped = false } = {}): Promise<IDataObject[] | null> {
		const loaded = this.loaded;
		const output = await poll(this.context);
		if (output === null) return null;
		if (dropped) {
			expect(output[0]).not.toHaveLength(0);
			return null;
		}
		this.saved = structuredClone(loaded);
		return taken(output);
	}

	/** Like {@link poll}, but static data is not saved, or is overwritten at once by another trigger's save. */
	async pollWithLostSave(): Promise<IDataObject[] | null> {
		const output = await poll(this.context);
		return output && taken(output);
	}

	/** Polls once, without n8n reading the output yet. */
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
				httpRequestWithAuthentication: async (
					_type: string,
					{ url, qs }: { url: string; qs: IDataObject },
				) => {
					if (!url.endsWith('/v1/spaces')) return await this.respond(qs);
					return this.spaces ? listed(this.spaces.map((id) => ({ id }))) : { statusCode: 403 };
				},
			},
			...(budget !== undefined && { getPollBudgetMs: () => budget }),
		};
		return context as unknown as IPollFunctions;
	}

	private async respond(query: IDataObject) {
		const isOfStatus = query.status !== undefined;
		(isOfStatus ? this.requestsOfStatus : this.requests).push(query);
		const answer = isOfStatus ? this.answerOfStatus(query) : await this.answer(query);
		if ('fault' in answer) throw Object.assign(new Error(answer.fault), { code: answer.fault });
		if ('status' in answer) {
			const { status, type = 'internal', headers = {} } = answer;
			return {
				statusCode: status,
				headers,
				body: JSON.stringify({ error: { type, message: 'No.' } }),
			};
		}
		return listed(answer.data, answer.next);
	}
}

/** n8n's answer with one page of a list. */
function listed(data: IDataObject[], next?: string) {
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

/** The items of an output as n8n stores them with the execution. */
function taken(output: INodeExecutionData[][]): IDataObject[] {
	return (JSON.parse(JSON.stringify(output)) as INodeExecutionData[][])[0].map(({ json }) => json);
}
