import { spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { temporaryFolder } from './temporary.mts';
import { eventually } from './wait.mts';

const MAKE_ONE = `
	const { temporaryFolder } = await import(process.argv[1]);
	console.log(temporaryFolder('test').path);
	process.stdin.resume();
`;

describe('a temporary folder', () => {
	test('is removed with all that it holds', async () => {
		const { path, remove } = temporaryFolder('test');
		writeFileSync(join(path, 'file'), '');
		await remove();
		expect(existsSync(path)).toBe(false);
	});

	test.each(['SIGKILL', 'SIGTERM'] as const)(
		'does not outlive a process that %s ends',
		async (signal) => {
			const module = resolve('test/harness/temporary.mts');
			const owner = spawn(process.execPath, ['--input-type=module', '-e', MAKE_ONE, module]);
			const [line] = await owner.stdout.setEncoding('utf8').take(1).toArray();
			const path = (line as string).trim();
			writeFileSync(join(path, 'file'), '');
			owner.kill(signal);
			await eventually(() => !existsSync(path), { what: 'the folder to be gone' });
		},
	);

	test('does not keep its process alive, and goes with it', async () => {
		const module = resolve('test/harness/temporary.mts');
		const owner = spawn(process.execPath, ['--input-type=module', '-e', MAKE_ONE, module]);
		const [line] = await owner.stdout.setEncoding('utf8').take(1).toArray();
		owner.stdin.end();
		const code = await new Promise((settle) => owner.on('exit', settle));
		expect(code).toBe(0);
		await eventually(() => !existsSync((line as string).trim()), { what: 'the folder to be gone' });
	});
});
