import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, globSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';

import { run } from '../command.mts';
import { freePorts } from '../n8n/launch.mts';
import { temporaryFolder } from '../temporary.mts';
import type { TemporaryFolder } from '../temporary.mts';
import { eventually } from '../wait.mts';

/** Runs a program until this shell's standard input ends, that is, until the launcher closes it or is gone; then interrupts it. */
const TETHERED = '"$@" </dev/null & read _; kill -INT $!; wait $!';

/** A database server on 127.0.0.1 with a port and a temporary data folder of its own, which can be stopped and started again. */
export class Service {
	readonly port: number;
	private readonly folder: TemporaryFolder;
	private readonly command: string[];
	private process: ChildProcess | undefined;
	private log = '';

	constructor(port: number, folder: TemporaryFolder, command: string[]) {
		this.port = port;
		this.folder = folder;
		this.command = command;
	}

	/** Resolves once it accepts connections. @throws Error with its log when it does not within 60 s */
	async start(): Promise<void> {
		this.process = spawn('sh', ['-c', TETHERED, 'sh', ...this.command], {
			cwd: this.folder.path,
			...identity(),
			stdio: ['pipe', 'pipe', 'pipe'],
		});
		for (const stream of [this.process.stdout!, this.process.stderr!])
			stream.setEncoding('utf8').on('data', (text: string) => (this.log += text));
		await eventually(() => accepts(this.port), {
			what: `${this.command[0]} on port ${this.port}`,
		}).catch((error: Error) => {
			throw new Error(`${error.message}\n${this.log.slice(-2000)}`);
		});
	}

	/** Stops it at once and closes its connections; its data are kept. */
	async stop(): Promise<void> {
		const { process } = this;
		this.process = undefined;
		if (!process || process.exitCode !== null) return;
		const ended = once(process, 'exit');
		process.stdin!.end();
		await ended;
	}

	/** Stops it and deletes its data. */
	async dispose(): Promise<void> {
		await this.stop();
		await this.folder.remove();
	}
}

/** Redis, which holds n8n's queue. */
export class Redis extends Service {
	/** Starts Redis, which must be installed (Debian: `redis-server`). Where it does not start, nothing is left behind. */
	static async start(): Promise<Redis> {
		const [port] = await freePorts(1);
		const options = { port, bind: '127.0.0.1', save: '', appendonly: 'no' };
		const service = new Redis(port, newFolder(), [
			redisBinary('redis-server'),
			...Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]),
		]);
		return await orDispose(service, () => service.start());
	}

	/** How many entries these lists have together, all counted at the same moment. */
	async length(...lists: string[]): Promise<number> {
		const sum = lists.map((_, index) => `redis.call('LLEN', KEYS[${index + 1}])`).join(' + ');
		const args = ['-p', String(this.port), 'EVAL', `return ${sum}`, String(lists.length), ...lists];
		const output = (await run(redisBinary('redis-cli'), args)).trim();
		if (!/^\d+$/.test(output)) throw new Error(`Redis answered: ${output}`);
		return Number(output);
	}
}

/** PostgreSQL, with a superuser `n8n` that needs no password. */
export class Postgres extends Service {
	/** Starts PostgreSQL, which must be installed (Debian: `postgresql`). Where it does not start, nothing is left behind. */
	static async start(): Promise<Postgres> {
		const [initdb, postgres] = [binary('initdb'), binary('postgres')];
		const [port] = await freePorts(1);
		const folder = newFolder();
		const data = ['-D', folder.path];
		const address = ['-p', String(port), '-h', '127.0.0.1', '-k', folder.path];
		const service = new Postgres(port, folder, [postgres, ...data, ...address]);
		return await orDispose(service, async () => {
			const options = ['-U', 'n8n', '-A', 'trust', '--no-sync', '-E', 'UTF8', '--locale=C'];
			await run(initdb, [...data, ...options], { cwd: folder.path, ...identity() });
			await service.start();
			await eventually(() => service.query('SELECT 1'), { what: 'PostgreSQL to answer' });
		});
	}

	/** One query against the database `postgres`. @returns its rows, each a list of column values as text */
	async query(sql: string): Promise<string[][]> {
		const args = [
			'-h',
			'127.0.0.1',
			'-p',
			String(this.port),
			'-U',
			'n8n',
			'-d',
			'postgres',
			'-AtX',
			'-F',
			'\t',
			'-c',
			sql,
		];
		const output = await run(binary('psql'), args);
		return output
			.split('\n')
			.filter(Boolean)
			.map((line) => line.split('\t'));
	}
}

/** Runs `begin`, and disposes of the service where it throws. */
async function orDispose<T extends Service>(service: T, begin: () => Promise<void>): Promise<T> {
	try {
		await begin();
		return service;
	} catch (error) {
		await service.dispose();
		throw error;
	}
}

const redisBinary = (name: string) => program(name, 'redis-server', ['/usr/bin', '/usr/local/bin']);

const binary = (name: string) =>
	program(name, 'postgresql', globSync('/usr/lib/postgresql/*/bin').sort().reverse());

function program(name: string, debianPackage: string, folders: string[]): string {
	const found = [...folders, ...(process.env.PATH ?? '').split(':')]
		.map((folder) => join(folder, name))
		.find((path) => existsSync(path));
	if (!found)
		throw new Error(
			`The queue mode tests need ${name}. Debian: "apt-get install ${debianPackage}"`,
		);
	return found;
}

/** PostgreSQL refuses to run as root: then it runs as the user that Debian's package creates. */
function identity(): { uid?: number; gid?: number } {
	if (userInfo().uid !== 0) return {};
	const entry = readFileSync('/etc/passwd', 'utf8')
		.split('\n')
		.find((line) => line.startsWith('postgres:'));
	if (!entry)
		throw new Error(
			'There is no user "postgres" to run PostgreSQL as. Debian: "apt-get install postgresql"',
		);
	const [, , uid, gid] = entry.split(':').map(Number);
	return { uid, gid };
}

function newFolder(): TemporaryFolder {
	const { uid, gid } = identity();
	const folder = temporaryFolder('data');
	if (uid !== undefined && gid !== undefined) chownSync(folder.path, uid, gid);
	return folder;
}

async function accepts(port: number): Promise<boolean> {
	const socket = connect(port, '127.0.0.1');
	const connected = await Promise.race([
		once(socket, 'connect').then(() => true),
		once(socket, 'error').then(() => false),
	]).catch(() => false);
	socket.destroy();
	return connected;
}
