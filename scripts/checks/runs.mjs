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
 * `needs`: a program without which a run is left out, with a line that says so.
 */
export const RUNS = [
  { title: 'PostgreSQL 15', env: { POSTGRES_PROGRAMS: '15' }, files: DATABASE },
  {
    title: 'PostgreSQL 15, through PgBouncer, with a pool of one connection',
    env: { POSTGRES_PROGRAMS: '15', TEST_PGBOUNCER: '1', TEST_POOL_SIZE: '1' },
    needs: 'pgbouncer',
    files: HEART,
  },
  {
    title: 'PostgreSQL 16, with its settings turned round',
    env: { POSTGRES_PROGRAMS: '16', TEST_SETTINGS: 'turned-round' },
    files: HEART,
  },
  { title: 'PostgreSQL 17', env: { POSTGRES_PROGRAMS: '17' }, files: DATABASE },
];
