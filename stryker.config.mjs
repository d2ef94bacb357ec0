import jest from './jest.config.js';

/**
 * Mutation tests: every change that Stryker makes to the nodes should fail a unit test. CONTRIBUTING says how to test one file.
 */
const [{ rootDir: _rootDir, displayName: _displayName, ...unit }] = jest.projects;

export default {
	mutate: [
		'nodes/TestivoraTrigger/**/*.ts',
		'nodes/TestivoraPollTrigger/**/*.ts',
		'nodes/shared/**/*.ts',
		'credentials/**/*.ts',
	],
	testRunner: 'jest',
	jest: {
		config: {
			// Only the unit project of jest.config.js: the others start n8n.
			projects: [],
			...unit,
			testTimeout: 20_000,
			// These read the sources as text, or do not need them.
			testPathIgnorePatterns: [
				...unit.testPathIgnorePatterns,
				'<rootDir>/test/docs',
				'<rootDir>/test/package',
				'<rootDir>/test/sandbox',
			],
		},
	},
	coverageAnalysis: 'perTest',
	dryRunTimeoutMinutes: 20,
	cleanTempDir: 'always',
	// Code that runs when a file is loaded, such as a node's description, would need every test for every mutant.
	ignoreStatic: true,
	concurrency: 2,
	ignorePatterns: ['.tools', '.run', 'dist', 'docs'],
	tempDirName: '.run/stryker',
	reporters: ['clear-text', 'html', 'json', 'progress'],
	clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
	htmlReporter: { fileName: '.run/mutation/index.html' },
	jsonReporter: { fileName: '.run/mutation/mutation.json' },
	allowEmpty: true,
};
