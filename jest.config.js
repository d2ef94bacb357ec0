const { isAtLeast } = require('./test/harness/n8n/version.mts');

/**
 * Three projects over one tree: `unit` needs nothing but this repository; `publication` and `legacy` run the same
 * end-to-end files against a real n8n, once under each of its two activation engines; `queue` needs PostgreSQL and Redis besides.
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

/** Before that, n8n has the legacy engine only. */
const hasPublicationEngine = isAtLeast('2.40');

module.exports = {
	testTimeout: 300_000,
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
		// What does not depend on the engine is in test/e2e/publication, and runs under one engine only. Of that, older versions of n8n cannot
		// run six: what faults may cost (they answer before they store a run, and try a registration once), isolates, searches and the installer
		// (they lack the code, or have it elsewhere), and the examples and the tool, which use newer versions of n8n's own nodes.
		{
			...endToEnd('legacy'),
			testPathIgnorePatterns: [
				`<rootDir>/test/e2e/publication${hasPublicationEngine ? '' : '/(examples|faults|installer|isolates|search|tool)'}`,
			],
		},
	],
};
