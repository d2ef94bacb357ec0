import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

/** n8n builds an isolate only where an expression is evaluated, and not for each delivery and each execution (experimental in n8n 2.41). */
export const LAZY_ISOLATES = { N8N_EXPRESSION_ENGINE_LAZY_ACQUIRE: 'true' };

/** Counts the isolates of every n8n process that is started with its environment. */
export class IsolateCounter {
	readonly env: Record<string, string>;
	private readonly folder = mkdtempSync(join(tmpdir(), 'n8n-testivora-isolates-'));
	private readonly file = join(this.folder, 'count');

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

	dispose(): void {
		rmSync(this.folder, { recursive: true, force: true });
	}
}
