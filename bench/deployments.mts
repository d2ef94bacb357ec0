/** The ways to run n8n in which deliveries are measured. */
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { ensureN8n } from '../test/harness/n8n/host.mts';
import { N8n } from '../test/harness/n8n/instance.mts';
import { installPackage } from '../test/harness/n8n/tarball.mts';
import { Cluster } from '../test/harness/queue/cluster.mts';
import { temporaryFolder } from '../test/harness/temporary.mts';
import { packNothing } from './nothing.mts';

/** A running n8n, of one process or more, and its database. */
export interface Deployment {
	n8n: N8n;
	/** of the process that takes deliveries */
	address: string;
	/** of all its processes */
	pids: number[];
	query: (sql: string) => Promise<string[][]>;
	dispose: () => Promise<void>;
}

/** @param env environment of every process of n8n */
export type Start = (env: Record<string, string>) => Promise<Deployment>;

/** One process, with SQLite. */
export const regular: Start = async (env) => {
	const folder = temporaryFolder('bench');
	const userFolder = folder.path;
	await cp(join((await ensureN8n()).template, '.n8n'), join(userFolder, '.n8n'), {
		recursive: true,
	});
	await installPackage(await packNothing(), userFolder);
	const n8n = await N8n.start({ engine: 'publication', userFolder, env });
	const database = new DatabaseSync(join(userFolder, '.n8n/database.sqlite'), { timeout: 10_000 });
	return {
		n8n,
		address: n8n.baseUrl,
		pids: [n8n.pid!],
		query: async (sql) =>
			database
				.prepare(sql)
				.all()
				.map((row) => Object.values(row).map(String)),
		dispose: async () => {
			database.close();
			await n8n.dispose();
			await folder.remove();
		},
	};
};

/** Queue mode, with PostgreSQL and Redis. */
export const queue: Start = async (env) => {
	const cluster = await Cluster.start('publication', { env, packages: [await packNothing()] });
	// The queue's tests record each execution by this trigger, which would be measured here.
	await cluster.postgres.query('DROP TRIGGER keep_start ON execution_data');
	// Send to one process, as in regular mode, and not to the tests' balancer, which would use CPU time.
	const [{ url: address }] = cluster.webhooks;
	const pids = [cluster.main, ...cluster.webhooks, ...cluster.workers].map(({ pid }) => pid!);
	return {
		n8n: cluster.main,
		address,
		pids,
		query: (sql) => cluster.postgres.query(sql),
		dispose: () => cluster.dispose(),
	};
};
