/**
 * Three projects over one tree: `unit` needs nothing but this repository; `publication` and `legacy` run the same
 * end-to-end files against a real n8n, once under each of its two activation engines; `queue` needs PostgreSQL and Redis besides.
 */
const common = {
  rootDir: __dirname,
  testEnvironment: 'node',
  transform: { '^.+\\.m?ts$': ['@swc/jest', { jsc: { target: 'es2022', parser: { syntax: 'typescript' } }, module: { type: 'commonjs' } }] },
  moduleFileExtensions: ['ts', 'mts', 'js', 'mjs', 'json', 'node'],
  modulePathIgnorePatterns: ['<rootDir>/dist', '<rootDir>/.tools', '<rootDir>/.run'],
};

const endToEnd = (engine, folder = 'e2e', displayName = engine) => ({
  ...common,
  displayName,
  testMatch: [`<rootDir>/test/${folder}/**/*.test.mts`],
  globalSetup: '<rootDir>/test/e2e/harness/globalSetup.mts',
  globals: { engine },
});

module.exports = {
  testTimeout: 120_000,
  projects: [
    {
      ...common,
      displayName: 'unit',
      testMatch: ['<rootDir>/test/**/*.test.ts'],
      testPathIgnorePatterns: ['<rootDir>/test/e2e'],
    },
    endToEnd('publication'),
    // What activates nothing is in test/e2e/publication, and runs under one engine only.
    { ...endToEnd('legacy'), testPathIgnorePatterns: ['<rootDir>/test/e2e/publication'] },
    endToEnd('publication', 'queue', 'queue'),
  ],
};
