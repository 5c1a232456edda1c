import { ConfigError } from '../../config/config';
import { UnsafeRoleError } from '../database/role-check';
import { NoSchemaError } from '../database/schema-state';

/** What is said when a process does not start: a sentence where an operator can mend it, the whole error elsewhere. */
export function startFailure(error: unknown): unknown {
  const theirs = error instanceof ConfigError || error instanceof UnsafeRoleError || error instanceof NoSchemaError;
  return theirs ? error.message : error;
}
