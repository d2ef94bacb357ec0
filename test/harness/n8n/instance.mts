import { cp, mkdir } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { SQLInputValue } from 'node:sqlite';

import { TESTIMONIAL_ID } from '../outcomes.mts';
import type { Started } from '../outcomes.mts';
import { temporaryFolder } from '../temporary.mts';
import type { TemporaryFolder } from '../temporary.mts';
import { N8nClient } from './client.mts';
import { ensureN8n } from './host.mts';
import { freePorts, launch } from './launch.mts';
import type { Launched } from './launch.mts';
import { installPackage, packPackage } from './tarball.mts';
import { isAtLeast } from './version.mts';

export interface InstanceOptions {
	/** which of n8n's two activation engines runs the triggers' methods */
	engine: 'publication' | 'legacy';
	/** added to the environment; wins over what the harness sets */
	env?: Record<string, string>;
	/** absent: a temporary one, deleted by `dispose` or when this process ends */
	userFolder?: string;
	port?: number;
	/** WEBHOOK_URL; absent: the instance's own address */
	webhookUrl?: string;
	/** load every module of n8n; absent: without those that our tests do not need, which starts a second sooner */
	whole?: boolean;
	/** the packed package to install; absent: ours, built and packed from the sources; null: none */
	tarball?: string | null;
}

/** Modules that have no bearing on nodes, credentials, workflows or executions; two of them call n8n's servers when they start. */
export const IRRELEVANT_MODULES = [
	'insights,external-secrets,oauth-server,mcp,provisioning,breaking-changes,source-control,dynamic-credentials,chat-hub,sso-oidc,sso-saml',
	'log-streaming,ldap,quick-connect,workflow-builder,favorites,otel,token-exchange,instance-version-history,oauth-jwe,n8n-packages',
	'mcp-registry,workflow-reviews,instance-ai,agents',
].join();

/** A real n8n with a user folder of its own, and the client for it. */
export class N8n extends N8nClient {
	readonly userFolder: string;
	readonly options: InstanceOptions;
	/** WEBHOOK_URL as n8n has it, with a slash at the end */
	readonly webhookBase: string;
	/** the user folder where the harness made it */
	private readonly temporary: TemporaryFolder | undefined;
	private process: Launched | undefined;
	/** what earlier processes wrote */
	private past = '';

	private constructor(
		port: number,
		userFolder: string,
		temporary: TemporaryFolder | undefined,
		options: InstanceOptions,
	) {
		super(`http://127.0.0.1:${port}`);
		this.userFolder = userFolder;
		this.temporary = temporary;
		this.options = { ...options, port };
		this.webhookBase = (options.webhookUrl ?? this.baseUrl).replace(/\/*$/, '/');
	}

	/** Starts an instance with the package installed, its owner made and logged in. What fails to start leaves nothing behind. */
	static async start(options: InstanceOptions): Promise<N8n> {
		const { template } = await ensureN8n();
		const port = options.port ?? (await freePorts(1))[0];
		const temporary = options.userFolder === undefined ? temporaryFolder('n8n') : undefined;
		const userFolder = options.userFolder ?? temporary!.path;
		const instance = new N8n(port, userFolder, temporary, options);
		try {
			if (!existsSync(join(userFolder, '.n8n'))) {
				await mkdir(userFolder, { recursive: true });
				await cp(join(template, '.n8n'), join(userFolder, '.n8n'), { recursive: true });
			}
			if (options.tarball !== null)
				await installPackage(options.tarball ?? (await packPackage()), userFolder);
			await instance.start();
			await instance.signIn();
		} catch (error) {
			await instance.dispose();
			throw error;
		}
		return instance;
	}

	/** Starts again after `stop` or `kill`, on the same folder and port; the session stays valid. `env` is kept for later starts. */
	async start(env: Record<string, string> = {}): Promise<void> {
		if (this.process) throw new Error('This n8n is already running');
		const { engine, whole, port } = this.options;
		this.options.env = { ...this.options.env, ...env };
		this.process = await launch(await ensureN8n(), {
			userFolder: this.userFolder,
			port,
			env: {
				N8N_USE_WORKFLOW_PUBLICATION_SERVICE: String(engine === 'publication'),
				WEBHOOK_URL: this.webhookBase,
				// Older versions of n8n refuse to start when told to disable a module that they do not have.
				N8N_DISABLED_MODULES: whole || !isAtLeast('2.41') ? undefined : IRRELEVANT_MODULES,
				...this.options.env,
			},
		});
	}

	/** Ends n8n with SIGTERM, and waits until it is gone. */
	async stop(): Promise<void> {
		await this.end((process) => process.stop());
	}

	/** Ends n8n with SIGKILL. */
	async kill(): Promise<void> {
		await this.end((process) => process.kill());
	}

	async restart(env?: Record<string, string>): Promise<void> {
		await this.stop();
		await this.start(env);
	}

	/** Stops n8n and, where the harness made the user folder, deletes it. */
	async dispose(): Promise<void> {
		await this.stop();
		await this.temporary?.remove();
	}

	private async end(how: (process: Launched) => Promise<void>): Promise<void> {
		const process = this.process;
		if (!process) return;
		await how(process);
		this.past += process.log();
		this.process = undefined;
	}

	/** The process ID while it runs. */
	get pid(): number | undefined {
		return this.process?.pid;
	}

	/** Everything that n8n has written since the instance was made, restarts included. */
	log(): string {
		return this.past + (this.process?.log() ?? '');
	}

	/** The SQLite database, which exists in regular mode only. */
	get database(): string {
		return join(this.userFolder, '.n8n/database.sqlite');
	}

	/** One query against the SQLite database, for reading; n8n may be running. */
	query(sql: string, ...parameters: SQLInputValue[]): Array<Record<string, unknown>> {
		const database = new DatabaseSync(this.database, { readOnly: true, timeout: 10_000 });
		try {
			return database.prepare(sql).all(...parameters);
		} finally {
			database.close();
		}
	}

	/** The workflow's executions, whatever their status, oldest first. From the database: n8n's API takes a request for each. */
	startedExecutions(workflowId: string): Started[] {
		return this.query(
			`SELECT id, status, data FROM execution_entity JOIN execution_data ON executionId = id
			WHERE workflowId = ? ORDER BY id`,
			workflowId,
		).map(({ id, status, data }) => ({
			id: String(id),
			status: String(status),
			testimonial: TESTIMONIAL_ID.exec(String(data))?.[0] ?? '',
		}));
	}

	/** The production URL of a trigger in a saved workflow. */
	async webhookUrl(workflowId: string, nodeName: string): Promise<string> {
		return `${this.webhookBase}webhook/${await this.webhookPath(workflowId, nodeName)}`;
	}

	/** The URL that serves while the workflow listens for a test event. */
	async testWebhookUrl(workflowId: string, nodeName: string): Promise<string> {
		return `${this.webhookBase}webhook-test/${await this.webhookPath(workflowId, nodeName)}`;
	}
}
