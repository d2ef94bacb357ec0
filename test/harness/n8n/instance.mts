import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { N8nClient } from './client.mts';
import { ensureN8n } from './host.mts';
import { freePorts, launch } from './launch.mts';
import type { Launched } from './launch.mts';
import { installPackage, packPackage } from './tarball.mts';
import { isAtLeast } from './version.mts';

export interface InstanceOptions {
	/** which of n8n's two activation engines runs the triggers' methods */
	engine: 'publication' | 'legacy';
	/** added to the environment, and stronger than what the harness sets */
	env?: Record<string, string>;
	/** absent: a fresh one below the system's temporary folder, deleted when the instance stops for good (`dispose`) */
	userFolder?: string;
	port?: number;
	/** WEBHOOK_URL; absent: the instance's own address */
	webhookUrl?: string;
	/** load all of n8n, as a user has it; absent: without the modules that no test of ours touches, which starts a second sooner */
	whole?: boolean;
	/** what to install; absent: the package as it is, built and packed; null: nothing, as n8n is before somebody installs the package */
	tarball?: string | null;
}

/** Parts of n8n that have no bearing on nodes, credentials, workflows or executions; two of them call n8n's servers when they start. */
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
	private process: Launched | undefined;
	private past = '';

	private constructor(port: number, userFolder: string, options: InstanceOptions) {
		super(`http://127.0.0.1:${port}`);
		this.userFolder = userFolder;
		this.options = { ...options, port };
		this.webhookBase = (options.webhookUrl ?? this.baseUrl).replace(/\/*$/, '/');
	}

	/** Starts an instance with the package installed, its owner made and logged in. */
	static async start(options: InstanceOptions): Promise<N8n> {
		const host = await ensureN8n();
		const userFolder = options.userFolder ?? (await mkdtemp(join(tmpdir(), 'n8n-testivora-')));
		if (!existsSync(join(userFolder, '.n8n'))) {
			await mkdir(userFolder, { recursive: true });
			await cp(join(host.template, '.n8n'), join(userFolder, '.n8n'), { recursive: true });
		}
		if (options.tarball !== null)
			await installPackage(options.tarball ?? (await packPackage()), userFolder);
		const instance = new N8n(options.port ?? (await freePorts(1))[0], userFolder, options);
		try {
			await instance.start();
			await instance.signIn();
		} catch (error) {
			await instance.dispose();
			throw error;
		}
		return instance;
	}

	/** Starts again what was stopped or killed, on the same folder and port; the session holds. `env` stays for later starts. */
	async start(env: Record<string, string> = {}): Promise<void> {
		if (this.process) throw new Error('This n8n is running already');
		const { engine, whole, port } = this.options;
		this.options.env = { ...this.options.env, ...env };
		this.process = await launch(await ensureN8n(), {
			userFolder: this.userFolder,
			port,
			env: {
				N8N_USE_WORKFLOW_PUBLICATION_SERVICE: String(engine === 'publication'),
				WEBHOOK_URL: this.webhookBase,
				// Older versions of n8n refuse to start over the name of a module that they do not have.
				N8N_DISABLED_MODULES: whole || !isAtLeast('2.41') ? undefined : IRRELEVANT_MODULES,
				...this.options.env,
			},
		});
	}

	/** Ends n8n as an administrator would, and waits until it is gone. */
	async stop(): Promise<void> {
		await this.end((process) => process.stop());
	}

	/** Ends n8n as a power cut would. */
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
		if (!this.options.userFolder) await rm(this.userFolder, { recursive: true, force: true });
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

	/** All that n8n has written since the instance was made, over restarts. */
	log(): string {
		return this.past + (this.process?.log() ?? '');
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
