import { type Type } from '@nestjs/common';
import { daybook } from '../../src/app';
import { startTestApp as start, type TestApp } from '../../src/testing/app';

export {
  type RequestOptions,
  TEST_PASSWORD,
  type TestAnswer,
  type TestApp,
  type TestLogs,
  type TestPerson,
  type TestRole,
  type TestTenant,
} from '../../src/testing/app';

/**
 * Daybook as it is, in this process.
 *
 * @param overrides environment variables
 * @param beside another app: the same database, as a second process would have
 * @param root a module around the application's own, with a worker or with routes of a test
 */
export function startTestApp(
  overrides: Record<string, string> = {},
  beside?: TestApp,
  root: Type<object> = daybook.module,
): Promise<TestApp> {
  return start({ module: root, env: overrides, beside });
}
