/**
 * What every table of tenants' rows needs besides its columns (TEN-03, REL-22): owner, forced row-level security with
 * its policies, and grants. `tenant_id` comes first in its keys.
 *
 * @param grants what the application may do, such as `SELECT, INSERT`. Never TRUNCATE, REFERENCES or TRIGGER.
 */
export function tenantTable(name: string, grants: string): string {
  return `
    ALTER TABLE ${name} OWNER TO daybook_owner;
    ALTER TABLE ${name} ENABLE ROW LEVEL SECURITY;
    ALTER TABLE ${name} FORCE ROW LEVEL SECURITY;
    ${policies(name)}
    GRANT ${grants} ON ${name} TO daybook_app;
    GRANT SELECT ON ${name} TO daybook_readonly;`;
}

/**
 * The permissive policy lets a tenant's rows in, the restrictive one keeps the floor: no policy added later widens what
 * the application sees. `daybook_system` and `daybook_migrator` see every row by a policy of theirs, not by BYPASSRLS,
 * which servers without a superuser cannot give.
 */
function policies(name: string): string {
  const ours = `tenant_id = NULLIF(current_setting('app.tenant_id', true), '')::uuid`;
  return `
    CREATE POLICY ${name}_tenant ON ${name} AS PERMISSIVE FOR ALL TO PUBLIC USING (${ours}) WITH CHECK (${ours});
    CREATE POLICY ${name}_floor ON ${name} AS RESTRICTIVE FOR ALL TO daybook_app, daybook_readonly USING (${ours}) WITH CHECK (${ours});
    CREATE POLICY ${name}_system ON ${name} AS PERMISSIVE FOR ALL TO daybook_system, daybook_migrator USING (true) WITH CHECK (true);`;
}

/** A table without a tenant. The catalog test has the closed list of them. */
export function platformTable(name: string, grants: string): string {
  return `
    ALTER TABLE ${name} OWNER TO daybook_owner;
    GRANT ${grants} ON ${name} TO daybook_app;`;
}

/**
 * A function that sees across tenants, for the few questions that have no tenant yet ("which tenants is this person a
 * member of"). It answers ids, never contents. The catalog test has the closed list of them.
 */
export function systemFunction(signature: string): string {
  return `
    ALTER FUNCTION ${signature} OWNER TO daybook_system;
    REVOKE ALL ON FUNCTION ${signature} FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION ${signature} TO daybook_app;`;
}

/**
 * First statement of every migration: one that has to wait gives up instead of stopping the traffic behind it. Where the
 * role bypasses row-level security, a policy that hides rows from a backfill is an error; elsewhere the audit looks for it.
 */
export const MIGRATION_SETTINGS = `
    SELECT set_config('row_security', 'off', true) FROM pg_roles WHERE rolname = current_user AND (rolbypassrls OR rolsuper);
    SET LOCAL lock_timeout = '5s';
    SET LOCAL statement_timeout = '10min';`;
