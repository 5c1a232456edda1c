import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const PLACE = '/usr/lib/postgresql';

/**
 * Programs of the PostgreSQL that Debian and Ubuntu package: with a compiler for queries (JIT), pg_dump and the rest,
 * of which the one that comes with npm has none. Undefined where it is not installed.
 */
export const debianPostgresql: string | undefined = (existsSync(PLACE) ? readdirSync(PLACE) : [])
  .filter((version) => existsSync(join(PLACE, version, 'lib/llvmjit.so')))
  .map((version) => join(PLACE, version, 'bin'))[0];
