import { spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { createServer } from 'node:net';
import { delimiter, dirname, resolve } from 'node:path';

import type { Host } from './host.mts';
import { isAtLeast } from './version.mts';
import { eventually } from '../wait.mts';

/** One running n8n process. */
export interface Launched {
	port: number;
	pid: number;
	/** everything it has written so far */
	log(): string;
	/** sends SIGTERM and waits; sends SIGKILL after 40 s */
	stop(): Promise<void>;
	/** sends SIGKILL to it and to its task runner */
	kill(): Promise<void>;
}

export interface LaunchOptions {
	userFolder: string;
	/** which of n8n's commands; absent: `start`, the main process. The others exist in queue mode. */
	command?: keyof typeof READY;
	/** absent: one that is free */
	port?: number;
	/** added to the environment; wins over what this file sets */
	env?: Record<string, string | undefined>;
}

/** The line that each of n8n's commands writes once it is ready. Until then `start` still activates workflows. */
const READY = {
	start: 'Editor is now accessible',
	webhook: 'Webhook listener waiting for requests',
	worker: 'n8n worker is now ready',
};

/**
 * Starts n8n and waits until it is ready. It gets only a few of this process's environment variables: the NODE_ENV of a test runner, for
 * one, changes what n8n loads.
 *
 * @throws Error with the log when n8n ends or is not ready within 200 s
 */
export async function launch(host: Host, options: LaunchOptions): Promise<Launched> {
	const [brokerPort, free] = await freePorts(2);
	const port = options.port ?? free;
	const command = options.command ?? 'start';
	const env: Record<string, string | undefined> = {
		...pick(process.env, ['HOME', 'LANG', 'TZ', 'TMPDIR']),
		// n8n's task runner takes the first Node on the PATH.
		PATH: dirname(host.node) + delimiter + (process.env.PATH ?? ''),
		NODE_COMPILE_CACHE: host.compileCache,
		N8N_USER_FOLDER: options.userFolder,
		N8N_PORT: String(port),
		N8N_LISTEN_ADDRESS: '127.0.0.1',
		N8N_RUNNERS_BROKER_PORT: String(brokerPort),
		N8N_SECURE_COOKIE: 'false',
		N8N_DIAGNOSTICS_ENABLED: 'false',
		N8N_VERSION_NOTIFICATIONS_ENABLED: 'false',
		N8N_TEMPLATES_ENABLED: 'false',
		N8N_PERSONALIZATION_ENABLED: 'false',
		N8N_LOG_LEVEL: 'info',
		// n8n 1 has a single connection by default, on which the transactions of concurrent requests break each other for good.
		...(!isAtLeast('2.0') && { DB_SQLITE_POOL_SIZE: '2' }),
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
	// An instance that nobody stopped must not keep this process alive: the instance ends only when this process does.
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
			// It ended in the meantime.
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
		timeout: 200_000,
		what: `n8n ${command}`,
	}).catch((error: Error) => {
		end ??= error.message;
	});
	if (end !== undefined) {
		await kill();
		throw new Error(`"n8n ${command}" did not start: ${end}\n${log.slice(-4000)}`);
	}
	return { port, pid: child.pid!, log: () => log, stop, kill };
}

/**
 * Ports below those that the system gives to outgoing connections (on Linux from 32,768 on): a connection must not get n8n's port while
 * n8n is restarted. Each process takes its ports from a hundred of its own, so that processes which start n8n at the same time do not
 * find the same port free.
 */
const FIRST_PORT = 10_000;
const PORTS_EACH = 100;
const SLICES = 220;
let lastPort = Math.floor(Math.random() * PORTS_EACH);

/** Ports of 127.0.0.1 on which nothing listens, all different. */
export async function freePorts(count: number): Promise<number[]> {
	const ports: number[] = [];
	for (let tried = 0; ports.length < count; tried++) {
		if (tried === PORTS_EACH) throw new Error(`No ${count} ports are free from ${FIRST_PORT} on`);
		lastPort = (lastPort + 1) % PORTS_EACH;
		const port = FIRST_PORT + (process.pid % SLICES) * PORTS_EACH + lastPort;
		if (await isFree(port)) ports.push(port);
	}
	return ports;
}

async function isFree(port: number): Promise<boolean> {
	return await new Promise((settle) => {
		const server = createServer();
		server
			.on('error', () => settle(false))
			.listen(port, '127.0.0.1', () => server.close(() => settle(true)));
	});
}

const pick = (from: NodeJS.ProcessEnv, names: string[]) =>
	Object.fromEntries(names.map((name) => [name, from[name]]));
