const { availableParallelism } = require('node:os');

const { isAtLeast } = require('./test/harness/n8n/version.mts');

/**
 * Projects: `unit` needs this repository only; `publication` and `legacy` run the same end-to-end tests against a real n8n, under each of
 * its two activation engines; `queue` also needs PostgreSQL and Redis.
 */
const common = {
	rootDir: __dirname,
	testEnvironment: 'node',
	transform: {
		'^.+\\.m?ts$': [
			'@swc/jest',
			{ jsc: { target: 'es2022', parser: { syntax: 'typescript' } }, module: { type: 'commonjs' } },
		],
	},
	moduleFileExtensions: ['ts', 'mts', 'js', 'mjs', 'json', 'node'],
	modulePathIgnorePatterns: [
		'<rootDir>/dist',
		'<rootDir>/.tools',
		'<rootDir>/.run',
		'<rootDir>/tools/n8n',
	],
};

const endToEnd = (engine, folder = 'e2e', displayName = engine) => ({
	...common,
	displayName,
	testMatch: [`<rootDir>/test/${folder}/**/*.test.mts`],
	globalSetup: '<rootDir>/test/harness/n8n/globalSetup.mts',
	globals: { engine },
});

/** Older versions of n8n have the legacy engine only. */
const hasPublicationEngine = isAtLeast('2.40');

module.exports = {
	// jest's own default leaves one of two cores idle.
	maxWorkers: Math.max(2, availableParallelism() - 1),
	// Costs time only where a test fails, and a busy machine needs it.
	testTimeout: 600_000,
	projects: [
		{
			...common,
			displayName: 'unit',
			testMatch: ['<rootDir>/test/**/*.test.mts'],
			testPathIgnorePatterns: ['<rootDir>/test/e2e', '<rootDir>/test/queue'],
		},
		...(hasPublicationEngine
			? [endToEnd('publication'), endToEnd('publication', 'queue', 'queue')]
			: []),
		// Tests that do not depend on the engine are in test/e2e/publication and run under one engine only. Older versions of n8n cannot run six
		// of them: faults (they answer before they store an execution, and try a registration once), isolates, search and installer (they lack
		// the code, or have it elsewhere), examples and tool (these use newer versions of n8n's own nodes).
		{
			...endToEnd('legacy'),
			testPathIgnorePatterns: [
				`<rootDir>/test/e2e/publication${hasPublicationEngine ? '' : '/(examples|faults|installer|isolates|search|tool)'}`,
			],
		},
	],
};
