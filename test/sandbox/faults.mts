/** What goes wrong, on purpose, with requests that match. */
export interface InjectedFault {
	method?: string;
	/** A path or a pattern. Absent: every path below /v1. */
	path?: string | RegExp;
	/** The number of a list's page: 1 has no cursor, 2 the cursor that page 1 gave, and so on. Absent: every request. */
	page?: number;
	/** How many matching requests succeed first. Default 0. */
	after?: number;
	/** How many requests it affects. Default 1. */
	times?: number;
	/** Milliseconds to wait first. */
	delay?: number;
	/** The connection is cut instead of answering. */
	reset?: boolean;
	/** Whether the request is carried out, and only its answer is affected. Default false. */
	handled?: boolean;
	/** Answer with this instead. */
	status?: number;
	headers?: Record<string, string>;
	body?: unknown;
	/** The request is carried out, and the connection is cut after half of the answer. */
	truncate?: boolean;
}

/** The faults that wait for a matching request. */
export class Faults {
	private waiting: InjectedFault[] = [];

	inject(fault: InjectedFault): void {
		this.waiting.push({ times: 1, ...fault });
	}

	clear(): void {
		this.waiting = [];
	}

	/** The fault for a request. Counts it as used. */
	take(method: string, path: string, page?: number): InjectedFault | undefined {
		const fault = this.waiting.find(
			(candidate) =>
				(candidate.method === undefined || candidate.method === method) &&
				(candidate.path === undefined ||
					(typeof candidate.path === 'string'
						? candidate.path === path
						: candidate.path.test(path))) &&
				(candidate.page === undefined || candidate.page === page),
		);
		if (fault?.after) {
			fault.after -= 1;
			return undefined;
		}
		if (fault && --fault.times! <= 0) this.waiting.splice(this.waiting.indexOf(fault), 1);
		return fault;
	}
}
