import { type Client } from 'pg';

/** Each setting that a connection of ours brings along, as a server might have it that harms us most. */
export const TURNED_ROUND: Readonly<Record<string, string>> = {
  datestyle: 'SQL, DMY',
  intervalstyle: 'sql_standard',
  timezone: 'Pacific/Kiritimati',
  bytea_output: 'escape',
  extra_float_digits: '-15',
  standard_conforming_strings: 'off',
  array_nulls: 'off',
  transform_null_equals: 'on',
  quote_all_identifiers: 'on',
  search_path: 'pg_catalog',
  default_transaction_isolation: 'serializable',
  row_security: 'off',
  gin_fuzzy_search_limit: '1',
  exit_on_error: 'on',
  jit: 'on',
  plan_cache_mode: 'force_generic_plan',
  // long enough for the one statement that takes them back
  statement_timeout: '200',
  lock_timeout: '1',
  idle_in_transaction_session_timeout: '200',
  idle_session_timeout: '200',
  transaction_timeout: '200',
  synchronous_commit: 'off',
};

/** Turns the settings round for a role, or for all, in a database. Those that the server's version does not have are passed over. */
export async function turnSettingsRound(admin: Client, database: string, role?: string): Promise<void> {
  const { rows } = await admin.query<{ name: string }>('SELECT name FROM pg_settings');
  const known = new Set(rows.map(({ name }) => name.toLowerCase()));
  const whose = role === undefined ? `DATABASE ${database}` : `ROLE ${role} IN DATABASE ${database}`;
  for (const [name, value] of Object.entries(TURNED_ROUND))
    if (known.has(name))
      await admin.query(`ALTER ${whose} SET ${name} TO ${name === 'search_path' ? value : `'${value}'`}`);
}
