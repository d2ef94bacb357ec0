import { spawn } from 'node:child_process';
import { dirname, delimiter } from 'node:path';

/**
 * Runs a program to its end, with the running Node first on its PATH (npm would otherwise find the machine's own, older one).
 *
 * @returns its standard output
 * @throws Error with the command, its exit code and how its output begins and ends
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

/** The beginning and the end of a long text: npm says first what went wrong, a compiler last. */
function ends(text: string): string {
	return text.length < 4000 ? text : `${text.slice(0, 2000)}\n[…]\n${text.slice(-2000)}`;
}
