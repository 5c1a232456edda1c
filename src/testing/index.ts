/* What the tests of a team that builds on Daybook may import: `daybook/testing`. */
export {
  type RequestOptions,
  startTestApp,
  type TestAnswer,
  type TestApp,
  type TestAppOptions,
  type TestLogs,
  type TestPerson,
  type TestRole,
  type TestTenant,
} from './app';
export { type TestDatabase } from './database';
export { until } from './until';
