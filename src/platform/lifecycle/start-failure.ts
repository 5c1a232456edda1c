import { ConfigError } from '../../config/config';
import { connectionRefused } from '../database/database-errors';
import { UnsafeRoleError } from '../database/role-check';
import { NoSchemaError } from '../database/schema-state';
import { UnusablePoolerError } from '../database/sessions';
import { UnsupportedServerError } from '../database/supported-versions';

const MENDED_BY_OPERATORS = [ConfigError, NoSchemaError, UnsafeRoleError, UnsupportedServerError, UnusablePoolerError];

/** What is said when a process does not start: a sentence where an operator can mend it, the whole error elsewhere. */
export function startFailure(error: unknown): unknown {
  if (MENDED_BY_OPERATORS.some((type) => error instanceof type)) return (error as Error).message;
  return connectionRefused(error) ?? error;
}
