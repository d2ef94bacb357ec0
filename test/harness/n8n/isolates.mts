import { statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

import { temporaryFolder } from '../temporary.mts';

/**
 * Makes n8n build an isolate only when an expression is evaluated, not for each delivery and execution (experimental in n8n 2.41). Tests
 * with many deliveries, executions or polls set it, because isolates are nine tenths of their processor time. The tests of single
 * deliveries and of the lifecycle run without it, as n8n does by default.
 */
export const LAZY_ISOLATES = { N8N_EXPRESSION_ENGINE_LAZY_ACQUIRE: 'true' };

/** Counts the isolates of all n8n processes that are started with `env`. */
export class IsolateCounter {
	readonly env: Record<string, string>;
	private readonly folder = temporaryFolder('isolates');
	private readonly file = join(this.folder.path, 'count');

	constructor() {
		writeFileSync(this.file, '');
		this.env = {
			NODE_OPTIONS: `--import ${pathToFileURL(resolve('test/harness/n8n/countIsolates.mts'))}`,
			ISOLATES: this.file,
		};
	}

	/** Isolates built so far. */
	get count(): number {
		return statSync(this.file).size;
	}

	async dispose(): Promise<void> {
		await this.folder.remove();
	}
}
