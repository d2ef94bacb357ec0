import { spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder that does not outlive the process that made it. */
export interface TemporaryFolder {
	path: string;
	/** Deletes it with all that it holds. */
	remove(): Promise<void>;
}

/**
 * Its standard input ends when the process that made the folder is gone. Programs which that process had started may go on writing for a
 * moment, so the folder is deleted more than once.
 */
const DELETE_WHEN_ORPHANED = 'read _; for pause in 0 2 10; do sleep $pause; rm -rf "$0"; done';

/**
 * Makes a folder below the system's temporary one. Where this process ends without having removed it, killed or not, a shell that waits
 * for that does: a hook on the process' end would not run in a test worker that is killed.
 *
 * @param name a part of the folder's name
 */
export function temporaryFolder(name: string): TemporaryFolder {
	const path = mkdtempSync(join(tmpdir(), `n8n-testivora-${name}-`));
	// A group of its own, so that Ctrl-C does not end it together with this process.
	const shell = spawn('sh', ['-c', DELETE_WHEN_ORPHANED, path], {
		detached: true,
		stdio: ['pipe', 'ignore', 'ignore'],
	});
	// It must not keep this process alive.
	shell.unref();
	(shell.stdin as Socket).unref();
	shell.on('error', () => {});
	return {
		path,
		async remove() {
			shell.kill('SIGKILL');
			await rm(path, { recursive: true, force: true, maxRetries: 3 });
		},
	};
}
