/**
 * What every table of tenants' rows needs besides its columns (TEN-03, REL-22): owner, forced row-level security with
 * one permissive and one restrictive policy, and grants. `tenant_id` comes first in its keys.
 *
 * @param grants what the application may do, such as `SELECT, INSERT`. Never TRUNCATE, REFERENCES or TRIGGER.
 */
export function tenantTable(name: string, grants: string): string {
  const ours = `tenant_id = NULLIF(current_setting('app.tenant_id', true), '')::uuid`;
  return `
    ALTER TABLE ${name} OWNER TO daybook_owner;
    ALTER TABLE ${name} ENABLE ROW LEVEL SECURITY;
    ALTER TABLE ${name} FORCE ROW LEVEL SECURITY;
    CREATE POLICY ${name}_tenant ON ${name} AS PERMISSIVE FOR ALL TO PUBLIC USING (${ours}) WITH CHECK (${ours});
    CREATE POLICY ${name}_floor ON ${name} AS RESTRICTIVE FOR ALL TO PUBLIC USING (${ours}) WITH CHECK (${ours});
    GRANT ${grants} ON ${name} TO daybook_app;
    GRANT SELECT ON ${name} TO daybook_readonly;`;
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

/** First statement of every migration: a migration that has to wait gives up instead of stopping the traffic behind it. */
export const MIGRATION_SETTINGS = `
    SET LOCAL row_security = off;
    SET LOCAL lock_timeout = '5s';
    SET LOCAL statement_timeout = '10min';`;
