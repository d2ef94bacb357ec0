/** Something that goes wrong on purpose, for requests that match. */
export interface Fault {
	method?: string;
	/** A path or a pattern; absent matches every path below /v1. */
	path?: string | RegExp;
	/** Which page of a list: 1 is asked for without a cursor, 2 with the cursor that page 1 gave, and so on. Absent: any request. */
	page?: number;
	/** How many requests that match pass first. Default 0. */
	after?: number;
	/** How many requests it hits. Default 1. */
	times?: number;
	/** Milliseconds to wait first. */
	delay?: number;
	/** The connection is cut instead of answering. */
	reset?: boolean;
	/** Whether the request is carried out before anything else happens. Default false. */
	handled?: boolean;
	/** Answer with this instead. */
	status?: number;
	headers?: Record<string, string>;
	body?: unknown;
	/** The request is carried out, and half of its answer is sent before the connection is cut. */
	truncate?: boolean;
}

/** The faults that are waiting for a request. */
export class Faults {
	private waiting: Fault[] = [];

	inject(fault: Fault): void {
		this.waiting.push({ times: 1, ...fault });
	}

	clear(): void {
		this.waiting = [];
	}

	/** The fault for a request, counted as used. */
	take(method: string, path: string, page?: number): Fault | undefined {
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
