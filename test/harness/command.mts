import { spawn } from 'node:child_process';
import { dirname, delimiter } from 'node:path';

/**
 * Runs a program to its end. The Node of this process comes first on its PATH: the machine's may be older.
 *
 * @returns its standard output
 * @throws Error with the command, its exit code, and the beginning and the end of its output
 */
export function run(
	program: string,
	args: string[],
	options: { cwd?: string; env?: NodeJS.ProcessEnv; uid?: number; gid?: number } = {},
): Promise<string> {
	const env = {
		...process.env,
		...options.env,
		PATH: dirname(process.execPath) + delimiter + (process.env.PATH ?? ''),
	};
	return new Promise((resolve, reject) => {
		const child = spawn(program, args, { ...options, env, stdio: ['ignore', 'pipe', 'pipe'] });
		let output = '';
		let all = '';
		child.stdout.setEncoding('utf8').on('data', (text: string) => {
			output += text;
			all += text;
		});
		child.stderr.setEncoding('utf8').on('data', (text: string) => {
			all += text;
		});
		const command = [program, ...args].join(' ');
		child.on('error', (error) =>
			reject(new Error(`"${command}" could not be started: ${error.message}`)),
		);
		child.on('close', (code, signal) => {
			if (code === 0) resolve(output);
			else reject(new Error(`"${command}" ended with ${signal ?? `code ${code}`}:\n${ends(all)}`));
		});
	});
}

/** The beginning and the end of a long text: npm names the cause first, a compiler last. */
function ends(text: string): string {
	return text.length < 4000 ? text : `${text.slice(0, 2000)}\n[…]\n${text.slice(-2000)}`;
}
