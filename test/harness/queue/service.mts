import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, globSync, mkdtempSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';

import { run } from '../command.mts';
import { freePorts } from '../n8n/launch.mts';
import { eventually } from '../wait.mts';

/** Starts a program, and ends it, cleanly and at once, as soon as the launcher closes the program's standard input or is itself gone. */
const TETHERED = '"$@" </dev/null & read _; kill -INT $!; wait $!';

/** A server with a data folder and a port of its own on 127.0.0.1, that can go away and come back. */
export class Service {
	readonly port: number;
	readonly folder: string;
	private readonly command: string[];
	private process: ChildProcess | undefined;
	private log = '';

	constructor(port: number, folder: string, command: string[]) {
		this.port = port;
		this.folder = folder;
		this.command = command;
	}

	/** Resolves once it takes connections. @throws Error with its log when it does not within 30 s */
	async start(): Promise<void> {
		this.process = spawn('sh', ['-c', TETHERED, 'sh', ...this.command], {
			cwd: this.folder,
			...identity(),
			stdio: ['pipe', 'pipe', 'pipe'],
		});
		for (const stream of [this.process.stdout!, this.process.stderr!])
			stream.setEncoding('utf8').on('data', (text: string) => (this.log += text));
		await eventually(() => accepts(this.port), {
			timeout: 30_000,
			what: `${this.command[0]} on port ${this.port}`,
		}).catch((error: Error) => {
			throw new Error(`${error.message}\n${this.log.slice(-2000)}`);
		});
	}

	/** Ends it, open connections and all; its data stay. */
	async stop(): Promise<void> {
		if (!this.process) return;
		const ended = once(this.process, 'exit');
		this.process.stdin!.end();
		await ended;
		this.process = undefined;
	}

	/** Stops it and deletes its data. */
	async dispose(): Promise<void> {
		await this.stop();
		await rm(this.folder, { recursive: true, force: true });
	}
}

/** Redis from the machine's packages (Debian: `redis-server`), running. */
export async function startRedis(): Promise<Service> {
	const [port] = await freePorts(1);
	const options = { port, bind: '127.0.0.1', save: '', appendonly: 'no' };
	const service = new Service(port, newFolder(), [
		program('redis-server', 'redis-server', ['/usr/bin', '/usr/local/bin']),
		...Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]),
	]);
	await service.start();
	return service;
}

/** PostgreSQL, running, with a superuser `n8n` that needs no password, and a way to ask it. */
export class Postgres extends Service {
	/** From the machine's packages (Debian: `postgresql`). */
	static async start(): Promise<Postgres> {
		const [port] = await freePorts(1);
		const folder = newFolder();
		await run(
			binary('initdb'),
			['-D', folder, '-U', 'n8n', '-A', 'trust', '--no-sync', '-E', 'UTF8', '--locale=C'],
			{ cwd: folder, ...identity() },
		);
		const service = new Postgres(port, folder, [
			binary('postgres'),
			'-D',
			folder,
			'-p',
			String(port),
			'-h',
			'127.0.0.1',
			'-k',
			folder,
		]);
		await service.start();
		await eventually(() => service.query('SELECT 1'), { what: 'PostgreSQL to answer' });
		return service;
	}

	/** One query against the database `postgres`. @returns its rows, each a list of texts */
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

/** PostgreSQL refuses to run as root, so root's servers run as the user that Debian makes for it. */
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

function newFolder(): string {
	const folder = mkdtempSync(join(tmpdir(), 'n8n-testivora-data-'));
	const { uid, gid } = identity();
	if (uid !== undefined && gid !== undefined) chownSync(folder, uid, gid);
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
