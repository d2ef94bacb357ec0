import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { pause } from '../wait.mts';

const SQLITE_BUSY = 5;

/**
 * Runs `work` while holding a lock between processes. It is SQLite's lock on an empty database, which the operating system releases when
 * the process that holds it dies.
 *
 * @param file the lock file, created when missing
 * @param onWait called about twice a second while another process holds the lock
 */
export async function withLock<T>(
	file: string,
	work: () => Promise<T>,
	onWait?: () => void,
): Promise<T> {
	mkdirSync(dirname(file), { recursive: true });
	const database = new DatabaseSync(file);
	try {
		for (;;) {
			try {
				database.exec('BEGIN EXCLUSIVE');
				break;
			} catch (error) {
				if ((error as { errcode?: number }).errcode !== SQLITE_BUSY) throw error;
				onWait?.();
				await pause(500);
			}
		}
		return await work();
	} finally {
		database.close();
	}
}
