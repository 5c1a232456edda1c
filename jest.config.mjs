import preset from './scripts/testing/jest-preset.cjs';

const { globalSetup, globalTeardown, testTimeout, ...common } = { ...preset, rootDir: import.meta.dirname };
export default {
  testTimeout,
  projects: [
    {
      ...common,
      displayName: 'unit',
      testMatch: [
        '<rootDir>/src/**/*.spec.ts',
        '<rootDir>/test/property/**/*.spec.ts',
        '<rootDir>/test/image/**/*.spec.ts',
      ],
    },
    {
      ...common,
      displayName: 'integration',
      testMatch: [
        '<rootDir>/test/integration/**/*.spec.ts',
        '<rootDir>/test/e2e/**/*.spec.ts',
        '<rootDir>/test/faults/**/*.spec.ts',
      ],
      globalSetup,
      globalTeardown,
    },
  ],
};
