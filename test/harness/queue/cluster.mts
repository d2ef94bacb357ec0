import { join } from 'node:path';

import { TESTIMONIAL_ID } from '../outcomes.mts';
import type { Started } from '../outcomes.mts';
import { temporaryFolder } from '../temporary.mts';
import { allSettledOrThrow } from '../wait.mts';
import { ensureN8n } from '../n8n/host.mts';
import { IRRELEVANT_MODULES, N8n } from '../n8n/instance.mts';
import { freePorts, launch } from '../n8n/launch.mts';
import type { Launched } from '../n8n/launch.mts';
import { installPackage, packPackage } from '../n8n/tarball.mts';
import { startBalancer } from './balancer.mts';
import type { Balancer } from './balancer.mts';
import { Postgres, Redis } from './service.mts';

/** A worker or a webhook process. */
export class Member {
	readonly command: 'webhook' | 'worker';
	readonly url: string;
	private readonly port: number;
	private readonly userFolder: string;
	private readonly env: Record<string, string>;
	private process: Launched | undefined;
	private past = '';

	constructor(
		command: 'webhook' | 'worker',
		port: number,
		userFolder: string,
		env: Record<string, string>,
	) {
		this.command = command;
		this.port = port;
		this.url = `http://127.0.0.1:${port}`;
		this.userFolder = userFolder;
		this.env = env;
	}

	async start(): Promise<void> {
		const { command, port, userFolder, env } = this;
		this.process = await launch(await ensureN8n(), { command, port, userFolder, env });
	}

	async stop(): Promise<void> {
		await this.process?.stop();
		this.past += this.process?.log() ?? '';
		this.process = undefined;
	}

	/** Ends it with SIGKILL. */
	async kill(): Promise<void> {
		await this.process?.kill();
		await this.stop();
	}

	/** The process ID while it runs. */
	get pid(): number | undefined {
		return this.process?.pid;
	}

	/** Everything that it has written, restarts included. */
	log(): string {
		return this.past + (this.process?.log() ?? '');
	}
}

type Parts = Pick<Cluster, 'main' | 'webhooks' | 'workers' | 'balancer' | 'postgres' | 'redis'>;

/**
 * n8n in queue mode: PostgreSQL, Redis, one main process, two webhook processes behind a balancer, and two workers. The package is
 * installed in every process.
 */
export class Cluster {
	readonly main: N8n;
	readonly webhooks: Member[];
	readonly workers: Member[];
	readonly balancer: Balancer;
	readonly postgres: Postgres;
	readonly redis: Redis;
	private readonly disposals: Disposals;

	private constructor(parts: Parts, disposals: Disposals) {
		this.main = parts.main;
		this.webhooks = parts.webhooks;
		this.workers = parts.workers;
		this.balancer = parts.balancer;
		this.postgres = parts.postgres;
		this.redis = parts.redis;
		this.disposals = disposals;
	}

	/**
	 * Starts all of it. Where one part does not start, the others are disposed of.
	 *
	 * @param more environment of every process, and packed packages to install beside ours
	 */
	static async start(
		engine: 'publication' | 'legacy',
		more: { env?: Record<string, string>; packages?: string[] } = {},
	): Promise<Cluster> {
		const disposals = new Disposals();
		try {
			return await Cluster.assemble(engine, more, disposals);
		} catch (error) {
			await disposals.run();
			throw error;
		}
	}

	private static async assemble(
		engine: 'publication' | 'legacy',
		more: { env?: Record<string, string>; packages?: string[] },
		disposals: Disposals,
	): Promise<Cluster> {
		const temporary = temporaryFolder('queue');
		disposals.add(() => temporary.remove());
		const folder = temporary.path;
		const redis = await Redis.start();
		disposals.add(() => redis.dispose());
		const postgres = await Postgres.start();
		disposals.add(() => postgres.dispose());
		const ports = await freePorts(4);
		const balancer = await startBalancer(ports.slice(0, 2));
		disposals.add(() => balancer.close());
		const env = { ...environment(postgres, redis), ...more.env };
		const memberEnv = {
			...env,
			N8N_USE_WORKFLOW_PUBLICATION_SERVICE: String(engine === 'publication'),
			N8N_DISABLED_MODULES: IRRELEVANT_MODULES,
			WEBHOOK_URL: `${balancer.url}/`,
		};
		const member = (command: 'webhook' | 'worker', index: number) =>
			new Member(command, ports[index], join(folder, `${command}-${index}`), memberEnv);
		const [webhooks, workers] = [
			[member('webhook', 0), member('webhook', 1)],
			[member('worker', 2), member('worker', 3)],
		];
		// Before the first start, so that the main process does not get a copy of the template, which has an encryption key of its own.
		const userFolder = join(folder, 'main');
		for (const tarball of [await packPackage(), ...(more.packages ?? [])]) {
			for (const name of ['main', 'webhook-0', 'webhook-1', 'worker-2', 'worker-3'])
				await installPackage(tarball, join(folder, name));
		}
		const main = await N8n.start({ engine, env, userFolder, webhookUrl: balancer.url });
		// Killed, since n8n would wait half a minute for executions that will never end.
		disposals.add(async () => {
			await Promise.all([main, ...webhooks, ...workers].map((process) => process.kill()));
		});
		await postgres.query(KEEP_STARTS);
		const cluster = new Cluster({ main, webhooks, workers, balancer, postgres, redis }, disposals);
		await cluster.startMembers();
		return cluster;
	}

	private async startMembers(): Promise<void> {
		await allSettledOrThrow([...this.webhooks, ...this.workers].map((member) => member.start()));
	}

	/** Stops every process of n8n with SIGTERM, and starts them again. */
	async restart(): Promise<void> {
		await Promise.all(
			[this.main, ...this.webhooks, ...this.workers].map((process) => process.stop()),
		);
		await this.main.start();
		await this.startMembers();
	}

	/** The workflow's executions, whatever their status, oldest first. */
	async startedExecutions(workflowId: string): Promise<Started[]> {
		const rows = await this.postgres.query(
			`SELECT id, status, testimonial FROM execution_entity JOIN starts ON execution = id WHERE "workflowId" = '${workflowId}' ORDER BY id`,
		);
		return rows.map(([id, status, testimonial]) => ({ id, status, testimonial }));
	}

	/** How many executions n8n's queue (Bull) holds: those that wait for a worker, and those that a worker is running. */
	async queued(): Promise<number> {
		return await this.redis.length('bull:jobs:wait', 'bull:jobs:active');
	}

	/** Kills every process and deletes all data. */
	async dispose(): Promise<void> {
		await this.disposals.run();
	}
}

/** What to do in order to dispose of what was started so far. */
class Disposals {
	private readonly steps: Array<() => unknown> = [];

	add(step: () => unknown): void {
		this.steps.push(step);
	}

	/** Runs all steps, the last one first, whether or not one throws. */
	async run(): Promise<void> {
		for (const step of this.steps.splice(0).reverse())
			await Promise.resolve()
				.then(step)
				.catch((error: Error) => console.error(`Disposal: ${error.message}`));
	}
}

/**
 * Makes PostgreSQL record which testimonial each execution was started with. When a worker dies, n8n overwrites an execution's data as it
 * marks it as failed; without this record, such an event would count as lost.
 */
const KEEP_STARTS = `
  CREATE TABLE starts (execution integer, testimonial text);
  CREATE FUNCTION keep_start() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN INSERT INTO starts VALUES (NEW."executionId", substring(NEW.data from '${TESTIMONIAL_ID.source}')); RETURN NULL; END $$;
  CREATE TRIGGER keep_start AFTER INSERT ON execution_data FOR EACH ROW EXECUTE FUNCTION keep_start();
`;

function environment(postgres: Postgres, redis: Redis): Record<string, string> {
	return {
		EXECUTIONS_MODE: 'queue',
		QUEUE_BULL_REDIS_HOST: '127.0.0.1',
		QUEUE_BULL_REDIS_PORT: String(redis.port),
		// A dead worker is detected within 40 s instead of a minute and a half. Not sooner: on a busy machine a living worker may not renew its
		// locks for many seconds, and n8n fails every execution whose lock has expired.
		QUEUE_WORKER_LOCK_DURATION: '30000',
		QUEUE_WORKER_LOCK_RENEW_TIME: '5000',
		QUEUE_WORKER_STALLED_INTERVAL: '5000',
		DB_TYPE: 'postgresdb',
		DB_POSTGRESDB_HOST: '127.0.0.1',
		DB_POSTGRESDB_PORT: String(postgres.port),
		DB_POSTGRESDB_DATABASE: 'postgres',
		DB_POSTGRESDB_USER: 'n8n',
		N8N_ENCRYPTION_KEY: 'the same in every process',
	};
}
