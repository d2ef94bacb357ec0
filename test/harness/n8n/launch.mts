import { spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { delimiter, dirname, resolve } from 'node:path';

import type { Host } from './host.mts';
import { eventually } from '../wait.mts';

/** One running n8n process. */
export interface Launched {
	port: number;
	/** its process ID: how much memory it takes can be read from the system */
	pid: number;
	/** everything it has written so far */
	log(): string;
	/** asks it to end (SIGTERM) and waits; kills it after 40 s */
	stop(): Promise<void>;
	/** ends it at once (SIGKILL), with its task runner, as a power cut would */
	kill(): Promise<void>;
}

/** What an instance is started with. `env` is added to, and wins over, what a quiet, local n8n needs. */
export interface LaunchOptions {
	userFolder: string;
	/** which of n8n's commands; absent: `start`, the main process. The other two exist in queue mode. */
	command?: keyof typeof READY;
	port?: number;
	env?: Record<string, string | undefined>;
}

/**
 * What n8n's commands write once they do all that they are for. Before, `start` answers its settings with "starting up", and under the
 * legacy engine it still activates workflows.
 */
const READY = {
	start: 'Editor is now accessible',
	webhook: 'Webhook listener waiting for requests',
	worker: 'n8n worker is now ready',
};

/**
 * Starts n8n and waits until it serves everything.
 * Nothing of this process's environment reaches it but PATH, HOME and the like: a test runner's NODE_ENV would change what n8n loads.
 *
 * @throws Error with the log when n8n ends or is not ready within 120 s
 */
export async function launch(host: Host, options: LaunchOptions): Promise<Launched> {
	const [port, brokerPort] = await freePorts(2);
	const use = options.port ?? port;
	const command = options.command ?? 'start';
	const env: Record<string, string | undefined> = {
		...pick(process.env, ['HOME', 'LANG', 'TZ', 'TMPDIR']),
		// n8n's task runner takes the first Node on the PATH.
		PATH: dirname(host.node) + delimiter + (process.env.PATH ?? ''),
		NODE_COMPILE_CACHE: host.compileCache,
		N8N_USER_FOLDER: options.userFolder,
		N8N_PORT: String(use),
		N8N_LISTEN_ADDRESS: '127.0.0.1',
		N8N_RUNNERS_BROKER_PORT: String(brokerPort),
		N8N_SECURE_COOKIE: 'false',
		N8N_DIAGNOSTICS_ENABLED: 'false',
		N8N_VERSION_NOTIFICATIONS_ENABLED: 'false',
		N8N_TEMPLATES_ENABLED: 'false',
		N8N_PERSONALIZATION_ENABLED: 'false',
		N8N_LOG_LEVEL: 'info',
		...options.env,
	};
	const child = spawn(host.node, [resolve('test/harness/n8n/attached.mts'), host.bin, command], {
		cwd: options.userFolder,
		env: env as NodeJS.ProcessEnv,
		detached: true,
		stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
	});
	let log = '';
	for (const stream of [child.stdout!, child.stderr!]) {
		stream.setEncoding('utf8').on('data', (text: string) => {
			log += text;
		});
	}
	// A forgotten instance must not keep its test process alive, which would in turn keep the instance alive.
	child.unref();
	for (const stream of child.stdio) (stream as Socket | null)?.unref();

	let end: string | undefined;
	const ended = new Promise<void>((settle) => {
		child.on('error', (error) => {
			end = error.message;
			settle();
		});
		child.on('exit', (code, signal) => {
			end = `it ended with ${signal ?? `code ${code}`}`;
			settle();
		});
	});
	const signal = async (name: 'SIGTERM' | 'SIGKILL', target: number) => {
		if (end !== undefined) return;
		child.ref();
		try {
			process.kill(target, name);
		} catch {
			// It ended in this very moment.
		}
	};
	const kill = async () => {
		if (child.pid !== undefined) await signal('SIGKILL', -child.pid);
		await ended;
	};
	const stop = async () => {
		if (child.pid !== undefined) await signal('SIGTERM', child.pid);
		const late = setTimeout(() => void kill(), 40_000);
		await ended;
		clearTimeout(late);
	};

	await eventually(() => end !== undefined || log.includes(READY[command]), {
		timeout: 120_000,
		what: `n8n ${command}`,
	}).catch((error: Error) => {
		end ??= error.message;
	});
	if (end !== undefined) {
		await kill();
		throw new Error(`"n8n ${command}" did not start: ${end}\n${log.slice(-4000)}`);
	}
	return { port: use, pid: child.pid!, log: () => log, stop, kill };
}

/** Ports of 127.0.0.1 that were free a moment ago, all different. */
export async function freePorts(count: number): Promise<number[]> {
	const servers = await Promise.all(
		Array.from(
			{ length: count },
			() =>
				new Promise<ReturnType<typeof createServer>>((settle, reject) => {
					const server = createServer();
					server.on('error', reject).listen(0, '127.0.0.1', () => settle(server));
				}),
		),
	);
	const ports = servers.map((server) => (server.address() as AddressInfo).port);
	await Promise.all(servers.map((server) => new Promise((settle) => server.close(settle))));
	return ports;
}

const pick = (from: NodeJS.ProcessEnv, names: string[]) =>
	Object.fromEntries(names.map((name) => [name, from[name]]));
