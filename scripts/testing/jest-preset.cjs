/*
 * Jest as Daybook needs it: `preset: 'daybook/testing'`. TypeScript goes through SWC, and packages that are ES modules
 * only, as NestJS 12 is, become CommonJS, which is what Jest on Node 20 loads. One PostgreSQL and one Redis are started
 * for the whole run.
 */
const { join } = require('node:path');

const swc = {
  jsc: {
    target: 'es2023',
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
    keepClassNames: true,
  },
  module: { type: 'commonjs' },
  sourceMaps: 'inline',
  swcrc: false,
};

module.exports = {
  testEnvironment: join(__dirname, 'environment.cjs'),
  testMatch: ['**/*.spec.ts'],
  moduleFileExtensions: ['ts', 'js', 'mjs', 'cjs', 'json'],
  transform: {
    '^.+\\.ts$': ['@swc/jest', swc],
    '/node_modules/.+\\.m?js$': join(__dirname, 'jest-esm-deps.cjs'),
  },
  transformIgnorePatterns: [],
  modulePathIgnorePatterns: ['<rootDir>/.cache/', '<rootDir>/.data/', '<rootDir>/dist/', '<rootDir>/examples/'],
  testTimeout: 30_000,
  globalSetup: join(__dirname, 'global-setup.mjs'),
  globalTeardown: join(__dirname, 'global-teardown.mjs'),
};
