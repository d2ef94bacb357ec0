import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { pause } from '../wait.mts';

const SQLITE_BUSY = 5;

/**
 * Runs `work` while no other process on this machine runs one under the same lock file.
 * The lock is SQLite's own on an empty database: the operating system drops it when its holder dies, so none is ever stale.
 *
 * @param file the lock file, made when missing
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
