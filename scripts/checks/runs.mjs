import { pgBouncer } from '../services/pgbouncer.mjs';

/** The database itself, seen with plain connections. */
const DATABASE = ['test/integration/'];

/** The application over what touches SQL most: whatever is between it and the server, or set there. */
const HEART = ['auth', 'evidence', 'holds', 'import', 'jobs', 'ledger', 'scheduled', 'transaction-list'].map(
  (name) => `test/e2e/${name}.spec`,
);

/**
 * How Jest's integration tests run besides once with everything on the newest PostgreSQL. A run may differ in several
 * ways at once, as each takes a minute or more.
 *
 * `missing`: says what a run lacks on this machine; it is left out then.
 */
export const RUNS = [
  { title: 'PostgreSQL 15', env: { POSTGRES_PROGRAMS: '15' }, files: DATABASE },
  {
    title: 'PostgreSQL 15, through PgBouncer, with a pool of one connection',
    env: { POSTGRES_PROGRAMS: '15', TEST_PGBOUNCER: '1', TEST_POOL_SIZE: '1' },
    missing: async () => ((await pgBouncer()) ? undefined : 'pgbouncer is not installed'),
    files: HEART,
  },
  {
    title: 'PostgreSQL 16, with its settings turned round',
    env: { POSTGRES_PROGRAMS: '16', TEST_SETTINGS: 'turned-round' },
    files: HEART,
  },
  { title: 'PostgreSQL 16', env: { POSTGRES_PROGRAMS: '16' }, files: DATABASE },
  {
    title: 'PostgreSQL 17',
    env: { POSTGRES_PROGRAMS: '17' },
    files: [...DATABASE, ...['evidence', 'holds', 'import', 'jobs'].map((name) => `test/e2e/${name}.spec`)],
  },
];
