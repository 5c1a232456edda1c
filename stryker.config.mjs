/** `npm run mutate`: changes the pure core of the ledger in every small way, and sees whether a test notices. */
export default {
  packageManager: 'npm',
  testRunner: 'jest',
  coverageAnalysis: 'perTest',
  mutate: ['src/modules/transactions/core/**/*.ts', '!**/*.spec.ts'],
  jest: { projectType: 'custom', configFile: 'scripts/testing/mutation.jest.config.mjs' },
  plugins: ['@stryker-mutator/jest-runner'],
  reporters: ['clear-text', 'progress', 'html'],
  htmlReporter: { fileName: '.cache/mutation/index.html' },
  tempDirName: '.cache/stryker',
  ignorePatterns: ['dist', '.data', '.cache', 'examples', 'openapi', 'docs'],
  timeoutMS: 20_000,
  concurrency: 2,
};
