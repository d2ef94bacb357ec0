import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { ensureN8n } from '../n8n/host.mts';
import { IRRELEVANT_MODULES, N8n } from '../n8n/instance.mts';
import { freePorts, launch } from '../n8n/launch.mts';
import type { Launched } from '../n8n/launch.mts';
import { installPackage, packPackage } from '../n8n/tarball.mts';
import { startBalancer } from './balancer.mts';
import type { Balancer } from './balancer.mts';
import { Postgres, startRedis } from './service.mts';
import type { Service } from './service.mts';

/** A worker or a webhook process, which can be killed and started again on its port. */
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

	/** Ends it as a power cut would. */
	async kill(): Promise<void> {
		await this.process?.kill();
		await this.stop();
	}

	/** The process ID while it runs. */
	get pid(): number | undefined {
		return this.process?.pid;
	}

	/** All that it has written, over restarts. */
	log(): string {
		return this.past + (this.process?.log() ?? '');
	}
}

/** How an execution ended, and the testimonial that started it. */
export interface Ended {
	id: string;
	status: string;
	testimonial: string;
}

/**
 * n8n in queue mode, the package installed in every process: PostgreSQL, Redis, one main process, two webhook processes behind a balancer,
 * two workers.
 */
export class Cluster {
	readonly main: N8n;
	readonly webhooks: Member[];
	readonly workers: Member[];
	readonly balancer: Balancer;
	readonly postgres: Postgres;
	private readonly redis: Service;
	private readonly folder: string;

	private constructor(
		parts: Pick<Cluster, 'main' | 'webhooks' | 'workers' | 'balancer' | 'postgres'>,
		redis: Service,
		folder: string,
	) {
		this.main = parts.main;
		this.webhooks = parts.webhooks;
		this.workers = parts.workers;
		this.balancer = parts.balancer;
		this.postgres = parts.postgres;
		this.redis = redis;
		this.folder = folder;
	}

	/** @param more added to every process: environment, and packed packages beside ours */
	static async start(
		engine: 'publication' | 'legacy',
		more: { env?: Record<string, string>; packages?: string[] } = {},
	): Promise<Cluster> {
		const folder = await mkdtemp(join(tmpdir(), 'n8n-testivora-queue-'));
		const [postgres, redis, ports] = await Promise.all([
			Postgres.start(),
			startRedis(),
			freePorts(4),
		]);
		const balancer = await startBalancer(ports.slice(0, 2));
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
		// Installed before its first start, so that the harness does not give it a SQLite folder with an encryption key of its own.
		const userFolder = join(folder, 'main');
		for (const tarball of [await packPackage(), ...(more.packages ?? [])]) {
			for (const name of ['main', 'webhook-0', 'webhook-1', 'worker-2', 'worker-3'])
				await installPackage(tarball, join(folder, name));
		}
		const main = await N8n.start({ engine, env, userFolder, webhookUrl: balancer.url });
		await postgres.query(KEEP_STARTS);
		const cluster = new Cluster({ main, webhooks, workers, balancer, postgres }, redis, folder);
		await cluster.startMembers();
		return cluster;
	}

	private async startMembers(): Promise<void> {
		await Promise.all([...this.webhooks, ...this.workers].map((member) => member.start()));
	}

	/** Stops every process of n8n as an administrator would, and starts all of them again. */
	async restart(): Promise<void> {
		await Promise.all(
			[this.main, ...this.webhooks, ...this.workers].map((process) => process.stop()),
		);
		await this.main.start();
		await this.startMembers();
	}

	/** The workflow's executions, of whatever status, oldest first, straight from the database. */
	async executions(workflowId: string): Promise<Ended[]> {
		const rows = await this.postgres.query(
			`SELECT id, status, testimonial FROM execution_entity JOIN starts ON execution = id WHERE "workflowId" = '${workflowId}' ORDER BY id`,
		);
		return rows.map(([id, status, testimonial]) => ({ id, status, testimonial }));
	}

	/** Ends everything at once: n8n would wait half a minute for executions that will never end. */
	async dispose(): Promise<void> {
		await Promise.all(
			[this.main, ...this.webhooks, ...this.workers].map((process) => process.kill()),
		);
		this.balancer.close();
		await Promise.all([this.postgres.dispose(), this.redis.dispose()]);
		await rm(this.folder, { recursive: true, force: true });
	}
}

/**
 * Has PostgreSQL note what each execution was started with: where a worker dies, n8n writes over that when it marks the execution as failed,
 * and nobody could tell such an event from one that never came.
 */
const KEEP_STARTS = `
  CREATE TABLE starts (execution integer, testimonial text);
  CREATE FUNCTION keep_start() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN INSERT INTO starts VALUES (NEW."executionId", substring(NEW.data from 'tst_[A-Za-z0-9]+')); RETURN NULL; END $$;
  CREATE TRIGGER keep_start AFTER INSERT ON execution_data FOR EACH ROW EXECUTE FUNCTION keep_start();
`;

function environment(postgres: Postgres, redis: Service): Record<string, string> {
	return {
		EXECUTIONS_MODE: 'queue',
		QUEUE_BULL_REDIS_HOST: '127.0.0.1',
		QUEUE_BULL_REDIS_PORT: String(redis.port),
		// A dead worker is noticed within seconds rather than after a minute and a half.
		QUEUE_WORKER_LOCK_DURATION: '6000',
		QUEUE_WORKER_LOCK_RENEW_TIME: '2000',
		QUEUE_WORKER_STALLED_INTERVAL: '3000',
		DB_TYPE: 'postgresdb',
		DB_POSTGRESDB_HOST: '127.0.0.1',
		DB_POSTGRESDB_PORT: String(postgres.port),
		DB_POSTGRESDB_DATABASE: 'postgres',
		DB_POSTGRESDB_USER: 'n8n',
		N8N_ENCRYPTION_KEY: 'the same in every process',
	};
}
