import { join } from 'node:path';
import preset from './jest-preset.cjs';

const { globalSetup, globalTeardown, ...common } = preset;
void [globalSetup, globalTeardown];

/** The tests that the core of the ledger has to itself, and the properties of the model ledger: none starts a server. */
export default {
  ...common,
  // Stryker puts its own in its place, which counts what each test runs
  testEnvironment: 'node',
  modulePathIgnorePatterns: [],
  rootDir: join(import.meta.dirname, '../..'),
  testMatch: ['<rootDir>/src/modules/transactions/core/**/*.spec.ts', '<rootDir>/test/property/{ledger,units}.spec.ts'],
};
