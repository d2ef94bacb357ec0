/** The build: compile, then copy what n8n reads besides code (icons, codex files, previews of outputs). */
const { rm } = require('node:fs/promises');
const { spawn } = require('node:child_process');
const { src, dest, series } = require('gulp');

const clean = () => rm('dist', { recursive: true, force: true });

const compile = (done) => {
	const tsc = spawn(
		process.execPath,
		[require.resolve('typescript/bin/tsc'), '-p', 'tsconfig.json'],
		{ stdio: 'inherit' },
	);
	tsc.on('close', (code) =>
		done(code === 0 ? undefined : new Error(`tsc ended with exit code ${code}`)),
	);
};

const copy = () =>
	src(['icons/*.svg', 'nodes/**/*.node.json', 'nodes/**/__schema__/**/*.json'], { base: '.' }).pipe(
		dest('dist'),
	);

exports.build = series(clean, compile, copy);
