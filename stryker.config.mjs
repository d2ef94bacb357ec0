import jest from './jest.config.js';

/**
 * Mutation tests: is there a unit test that fails when a line of the nodes is changed? CONTRIBUTING tells
 * how to look at one file.
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
			// Of the projects in jest.config.js only this one: the others start n8n.
			projects: [],
			...unit,
			testTimeout: 20_000,
			// These read the sources, or need none of them.
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
	// What runs when a file is loaded, such as a node's description, would need every test for every mutant.
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
