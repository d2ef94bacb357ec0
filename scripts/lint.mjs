/**
 * n8n's own lint in strict mode, over the sources and over the files that `npm pack` packs.
 *
 * The linter needs overrides to install, which a published manifest may not have. So it is installed from tools/lint into .tools/lint, and
 * linked to where eslint.config.mjs imports it from.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
	cpSync,
	existsSync,
	lstatSync,
	mkdirSync,
	mkdtempSync,
	readFileSync,
	rmSync,
	symlinkSync,
	writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const home = path.resolve('.tools/lint');
const modules = path.join(home, 'node_modules');
const run = (command, args, options = {}) =>
	execFileSync(command, args, { stdio: 'inherit', ...options });

function install() {
	const lock = readFileSync('tools/lint/package-lock.json');
	const wanted = createHash('sha256').update(lock).digest('hex');
	const stamp = path.join(home, 'installed');
	if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== wanted) {
		console.log('Installing n8n’s lint (once) …');
		rmSync(home, { recursive: true, force: true });
		mkdirSync(home, { recursive: true });
		cpSync('tools/lint', home, { recursive: true });
		run(
			'npm',
			[
				'install',
				'--legacy-peer-deps',
				'--ignore-scripts',
				'--no-audit',
				'--no-fund',
				'--loglevel=error',
			],
			{ cwd: home },
		);
		writeFileSync(stamp, wanted);
	}
	const link = 'node_modules/@n8n/node-cli';
	if (!lstatSync(link, { throwIfNoEntry: false })) {
		mkdirSync(path.dirname(link), { recursive: true });
		symlinkSync(path.join(modules, '@n8n/node-cli'), link, 'junction');
	}
}

function checkStrictMode() {
	const template = path.join(
		modules,
		'@n8n/node-cli/dist/template/templates/shared/default/eslint.config.mjs',
	);
	const normal = (file) => readFileSync(file, 'utf8').replace(/\s+/g, ' ').trim();
	if (normal('eslint.config.mjs') !== normal(template))
		throw new Error('eslint.config.mjs is not n8n’s default, as strict mode demands');
}

/** n8n's scan of published packages, which ignores inline disables, over the sources and the packed files. */
async function scan() {
	const { analyzePackage, SOURCE_FILE_PATTERNS } = await import(
		pathToFileURL(path.join(modules, '@n8n/scan-community-package/scanner/scanner.mjs')).href
	);
	const folder = mkdtempSync(path.join(tmpdir(), 'testivora-scan-'));
	try {
		const [{ filename }] = JSON.parse(
			execFileSync('npm', ['pack', '--json', '--silent', '--pack-destination', folder], {
				encoding: 'utf8',
			}),
		);
		run('tar', ['-xzf', path.join(folder, filename), '-C', folder]);
		const results = [
			await analyzePackage(process.cwd(), SOURCE_FILE_PATTERNS),
			await analyzePackage(path.join(folder, 'package'), ['**/*.js', 'package.json']),
		];
		for (const { passed, message, details } of results)
			if (!passed) throw new Error(`${message}\n${details ?? ''}`);
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
}

install();
checkStrictMode();
run(path.join(modules, '.bin/eslint'), ['--max-warnings', '0', '.', ...process.argv.slice(2)]);
run('npm', ['run', '--silent', 'build']);
await scan();
console.log('Lint: sources and packed files pass n8n’s rules.');
process.exit(0);
