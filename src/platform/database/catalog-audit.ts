import { type CatalogKnowledge } from '../features/feature';
import { MIGRATIONS_TABLE } from './data-source-options';

/** What the audit found: an object that breaks a rule. */
export interface CatalogFinding {
  /** Key of {@link RULES}. */
  readonly rule: string;
  readonly object: string;
  readonly detail: string;
}

const OURS = `(tenant_id = (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid)`;

/** What the application can reach: its schemas, their relations and functions, and which tables are tenants'. */
const CATALOG = `
WITH lists AS (
  SELECT $1::text[] AS platform, $2::text[] AS system_functions, $3::text[] AS immutable, $4::text[] AS guards, $5::text[] AS signed, $6::text[] AS system_grants
), schemas AS (
  SELECT oid, nspname, nspacl, nspowner FROM pg_namespace
  WHERE nspname IN ('public', 'daybook_system')
     OR (nspname !~ '^pg_' AND nspname <> 'information_schema' AND has_schema_privilege('daybook_app', oid, 'USAGE'))
), relations AS (
  SELECT c.*, CASE s.nspname WHEN 'public' THEN c.relname::text ELSE s.nspname || '.' || c.relname END AS name
  FROM pg_class c JOIN schemas s ON s.oid = c.relnamespace
), tables AS (
  SELECT r.*, t.attnum AS tenant_id, t.atttypid AS tenant_type, t.attnotnull AS tenant_not_null, r.name = ANY (l.platform) AS platform
  FROM relations r CROSS JOIN lists l
  LEFT JOIN pg_attribute t ON t.attrelid = r.oid AND t.attname = 'tenant_id' AND NOT t.attisdropped
  WHERE r.relkind IN ('r', 'p')
), tenant_tables AS (
  SELECT * FROM tables WHERE NOT platform
), columns AS (
  SELECT t.name || '.' || a.attname AS name, t.name AS table_name, a.attrelid, a.attnum, a.atttypid, a.atttypmod
  FROM tables t JOIN pg_attribute a ON a.attrelid = t.oid WHERE a.attnum > 0 AND NOT a.attisdropped
), grants AS (
  SELECT r.name, r.relkind, r.relowner, r.tenant, a.grantee, a.privilege_type, a.is_grantable
  FROM (SELECT r.*, t.oid IS NOT NULL AS tenant FROM relations r LEFT JOIN tenant_tables t ON t.oid = r.oid WHERE r.relkind IN ('r', 'p', 'v')) r
  CROSS JOIN LATERAL aclexplode(r.relacl) a
), functions AS (
  SELECT p.*, CASE s.nspname WHEN 'daybook_system' THEN '' ELSE s.nspname || '.' END || p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')' AS name,
         CASE s.nspname WHEN 'daybook_system' THEN '' ELSE s.nspname || '.' END || p.proname || '(' || oidvectortypes(p.proargtypes) || ')' AS signature
  FROM pg_proc p JOIN schemas s ON s.oid = p.pronamespace
)`;

const role = (name: string) => `(SELECT oid FROM pg_roles WHERE rolname = '${name}')`;

/** Each rule is a query of what breaks it: `object`, `detail`. */
const RULES: Readonly<Record<string, string>> = {
  'tenant-column': `
    SELECT name AS object, CASE WHEN tenant_id IS NULL THEN 'has no tenant_id and is not on the list of platform tables'
                                ELSE 'tenant_id is not a uuid NOT NULL' END AS detail
    FROM tenant_tables WHERE tenant_id IS NULL OR tenant_type <> 'uuid'::regtype OR NOT tenant_not_null`,

  'row-level-security': `
    SELECT name AS object, 'row-level security is not ENABLEd and FORCEd' AS detail
    FROM tenant_tables WHERE NOT (relrowsecurity AND relforcerowsecurity)`,

  // one permissive policy lets rows in and one restrictive policy keeps the floor: another permissive one cannot widen it
  policies: `
    SELECT t.name AS object, 'must have the three policies of tenantTable() and no other: the rows of the transaction''s tenant for everybody, as a floor for the application, and all rows for daybook_system and daybook_migrator' AS detail
    FROM tenant_tables t LEFT JOIN (
      SELECT p.*, pg_get_expr(p.polqual, p.polrelid) AS reads, pg_get_expr(p.polwithcheck, p.polrelid) AS writes,
             ARRAY(SELECT rolname::text FROM pg_roles WHERE oid = ANY (p.polroles) ORDER BY 1) AS roles FROM pg_policy p
    ) p ON p.polrelid = t.oid GROUP BY t.oid, t.name
    HAVING count(p.oid) <> 3 OR NOT bool_and(p.polcmd = '*')
        OR count(p.oid) FILTER (WHERE p.polpermissive AND p.polroles = '{0}' AND p.reads = $7 AND p.writes = $7) <> 1
        OR count(p.oid) FILTER (WHERE NOT p.polpermissive AND p.roles = '{daybook_app,daybook_readonly}' AND p.reads = $7 AND p.writes = $7) <> 1
        OR count(p.oid) FILTER (WHERE p.polpermissive AND p.roles = '{daybook_migrator,daybook_system}' AND p.reads = 'true' AND p.writes = 'true') <> 1`,

  'tenant-first-in-keys': `
    SELECT t.name || '.' || i.relname AS object, 'a unique index whose first column is not tenant_id tells one tenant of the rows of others' AS detail
    FROM tenant_tables t JOIN pg_index x ON x.indrelid = t.oid JOIN pg_class i ON i.oid = x.indexrelid
    WHERE (x.indisunique OR x.indisexclusion) AND x.indkey[0] IS DISTINCT FROM t.tenant_id
    UNION ALL
    SELECT t.name, 'has no primary key' FROM tenant_tables t
    WHERE NOT EXISTS (SELECT FROM pg_index x WHERE x.indrelid = t.oid AND x.indisprimary)`,

  'tenant-first-in-foreign-keys': `
    SELECT t.name || '.' || c.conname AS object,
           CASE WHEN NOT c.convalidated THEN 'is NOT VALID' ELSE 'refers to a tenant''s row without tenant_id first on both sides' END AS detail
    FROM tables t JOIN pg_constraint c ON c.conrelid = t.oid AND c.contype = 'f' LEFT JOIN tenant_tables target ON target.oid = c.confrelid
    WHERE NOT c.convalidated
       OR (target.oid IS NOT NULL AND (t.platform OR c.conkey[1] IS DISTINCT FROM t.tenant_id OR c.confkey[1] IS DISTINCT FROM target.tenant_id))`,

  'no-cascade-in-the-ledger': `
    SELECT t.name || '.' || c.conname AS object, 'would remove or change rows that never change' AS detail
    FROM tables t JOIN pg_constraint c ON c.conrelid = t.oid AND c.contype = 'f' CROSS JOIN lists l
    WHERE t.name = ANY (l.immutable || ARRAY['balances', 'accounts', 'ledgers']) AND (c.confdeltype NOT IN ('a', 'r') OR c.confupdtype NOT IN ('a', 'r'))`,

  owner: `
    SELECT name AS object, 'belongs to ' || pg_get_userbyid(relowner) || ', not to daybook_owner' AS detail
    FROM relations WHERE relkind IN ('r', 'p', 'v') AND relowner IS DISTINCT FROM ${role('daybook_owner')}
    UNION ALL
    SELECT name, 'belongs to ' || pg_get_userbyid(proowner) || ', not to daybook_owner or daybook_system' FROM functions
    WHERE proowner NOT IN (${role('daybook_owner')}, ${role('daybook_system')}) AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = functions.oid AND d.deptype = 'e')`,

  grants: `
    SELECT g.name AS object, CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(g.grantee) END || ' has ' || g.privilege_type
                             || CASE WHEN g.is_grantable THEN ' and may grant it' ELSE '' END AS detail
    FROM grants g CROSS JOIN lists l
    WHERE g.grantee <> g.relowner AND (g.is_grantable OR NOT CASE g.grantee
      WHEN ${role('daybook_app')} THEN g.privilege_type IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE')
                                       AND NOT (g.name = ANY (l.immutable) AND g.privilege_type IN ('UPDATE', 'DELETE'))
      WHEN ${role('daybook_readonly')} THEN g.privilege_type = 'SELECT' AND (g.tenant OR g.relkind = 'v')
      WHEN ${role('daybook_system')} THEN g.privilege_type = 'SELECT' OR g.name || ' ' || g.privilege_type = ANY (l.system_grants)
      ELSE false END)
    UNION ALL
    SELECT c.name, 'has grants of its own: say them for the table' FROM columns c JOIN pg_attribute a ON a.attrelid = c.attrelid AND a.attnum = c.attnum
    WHERE a.attacl IS NOT NULL
    UNION ALL
    SELECT 'schema ' || s.nspname, CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(a.grantee) END || ' has ' || a.privilege_type
    FROM schemas s CROSS JOIN LATERAL aclexplode(s.nspacl) a
    WHERE a.grantee <> s.nspowner AND (a.grantee = 0 OR (a.privilege_type = 'CREATE' AND a.grantee IN (${role('daybook_app')}, ${role('daybook_readonly')}, ${role('daybook_system')})))
    UNION ALL
    SELECT 'database ' || d.datname, CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(a.grantee) END || ' has ' || a.privilege_type
    FROM pg_database d CROSS JOIN LATERAL aclexplode(COALESCE(d.datacl, acldefault('d', d.datdba))) a
    WHERE d.datname = current_database() AND a.grantee <> d.datdba
      AND (a.grantee = 0 OR (a.privilege_type <> 'CONNECT' AND a.grantee IN (${role('daybook_app')}, ${role('daybook_readonly')})))`,

  // a view reads with the rights of its owner unless it says otherwise; a materialized view keeps everybody's rows
  views: `
    SELECT name AS object, CASE relkind WHEN 'v' THEN 'a view without security_invoker shows the rows of all tenants'
                                        WHEN 'm' THEN 'a materialized view keeps the rows of all tenants'
                                        ELSE 'a foreign table knows no tenants' END AS detail
    FROM relations WHERE relkind IN ('m', 'f') OR (relkind = 'v' AND NOT COALESCE('security_invoker=true' = ANY (reloptions), false))`,

  'security-definer': `
    SELECT f.name AS object, CASE
      WHEN NOT pg_get_userbyid(f.proowner) || ' ' || f.signature = ANY (l.system_functions) THEN 'is SECURITY DEFINER of ' || pg_get_userbyid(f.proowner) || ' and not on the list'
      WHEN NOT COALESCE('search_path=pg_catalog, pg_temp' = ANY (f.proconfig), false) THEN 'has no fixed search_path'
      ELSE 'can be executed by PUBLIC' END AS detail
    FROM functions f CROSS JOIN lists l
    WHERE f.prosecdef AND (NOT pg_get_userbyid(f.proowner) || ' ' || f.signature = ANY (l.system_functions)
      OR NOT COALESCE('search_path=pg_catalog, pg_temp' = ANY (f.proconfig), false)
      OR EXISTS (SELECT FROM aclexplode(COALESCE(f.proacl, acldefault('f', f.proowner))) a WHERE a.grantee = 0))`,

  // ids and numbers that count up over all tenants tell one of the others' volume
  sequences: `
    SELECT name AS object, 'a sequence is shared by all tenants' AS detail FROM relations
    WHERE relkind = 'S' AND name <> '${MIGRATIONS_TABLE}_id_seq'`,

  'column-types': `
    SELECT c.name AS object, format_type(c.atttypid, c.atttypmod) || ' loses the time zone, digits or structure: timestamptz, numeric or jsonb' AS detail
    FROM columns c WHERE c.atttypid IN ('timestamp'::regtype, 'real'::regtype, 'double precision'::regtype, 'money'::regtype, 'json'::regtype, 'timetz'::regtype)`,

  'tenant-time': `
    SELECT t.name || '.' || a.attname AS object, 'its default is the server''s time, which a tenant''s clock does not move: tenant_now()' AS detail
    FROM tenant_tables t JOIN pg_attrdef d ON d.adrelid = t.oid JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
    WHERE pg_get_expr(d.adbin, d.adrelid) ~ '\\m(now|clock_timestamp|statement_timestamp|transaction_timestamp)\\(|CURRENT_TIMESTAMP'
      AND pg_get_expr(d.adbin, d.adrelid) !~ '\\mtenant_time\\('`,

  amounts: `
    SELECT c.name AS object, CASE WHEN format_type(c.atttypid, c.atttypmod) <> 'numeric(38,0)' THEN 'is ' || format_type(c.atttypid, c.atttypmod) || ', not numeric(38,0)'
                                  ELSE 'no CHECK bounds it' END AS detail
    FROM columns c CROSS JOIN lists l
    WHERE c.atttypid = 'numeric'::regtype AND (format_type(c.atttypid, c.atttypmod) <> 'numeric(38,0)'
      OR NOT (c.name = ANY (l.signed) OR EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = c.attrelid AND k.contype = 'c' AND k.convalidated AND c.attnum = ANY (k.conkey))))`,

  triggers: `
    SELECT guard AS object, 'the trigger is missing or switched off' AS detail FROM lists, unnest(guards) AS guard
    WHERE NOT EXISTS (SELECT FROM tables t JOIN pg_trigger g ON g.tgrelid = t.oid WHERE t.name || '.' || g.tgname = guard AND g.tgenabled IN ('O', 'A'))`,

  roles: `
    SELECT rolname AS object, 'is a superuser, bypasses row-level security, or may make roles or databases' AS detail FROM pg_roles
    WHERE rolname IN ('daybook_app', 'daybook_readonly', 'daybook_owner') AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication)
    UNION ALL
    SELECT rolname, 'can log in' FROM pg_roles WHERE rolname IN ('daybook_owner', 'daybook_system') AND rolcanlogin
    UNION ALL
    SELECT m.rolname, 'is a member of ' || r.rolname FROM pg_roles m, pg_roles r
    WHERE m.rolname IN ('daybook_app', 'daybook_readonly') AND r.oid <> m.oid AND NOT m.rolsuper AND pg_has_role(m.oid, r.oid, 'MEMBER')
      AND (r.rolsuper OR r.rolbypassrls OR r.rolname ~ '^pg_' OR r.rolname IN ('daybook_system', 'daybook_migrator') OR r.oid IN (SELECT relowner FROM tables))`,

  settings: `
    SELECT COALESCE((SELECT datname FROM pg_database d WHERE d.oid = s.setdatabase), (SELECT rolname FROM pg_roles r WHERE r.oid = s.setrole)) AS object,
           'sets ' || setting || ' for every connection' AS detail
    FROM pg_db_role_setting s, unnest(s.setconfig) AS setting
    WHERE setting ~* '^(app\\.tenant_id|session_replication_role|row_security)=' AND s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
      AND s.setrole IN (0, ${role('daybook_app')}, ${role('daybook_readonly')})`,

  // CVE-2024-10976 and CVE-2025-8713: holes in row-level security of older minor versions
  'server-version': `
    SELECT 'PostgreSQL ' || current_setting('server_version') AS object, 'is older than 15.14, 16.10 or 17.6, which mend holes in row-level security' AS detail
    WHERE NOT CASE current_setting('server_version_num')::int / 10000
      WHEN 15 THEN current_setting('server_version_num')::int >= 150014
      WHEN 16 THEN current_setting('server_version_num')::int >= 160010
      WHEN 17 THEN current_setting('server_version_num')::int >= 170006
      ELSE current_setting('server_version_num')::int >= 180000 END`,
};

export const CATALOG_RULES: readonly string[] = Object.keys(RULES);

/** A connection that runs one statement; any role can read the catalog. */
export interface CatalogReader {
  query(text: string, values: readonly unknown[]): Promise<{ rows: { object: string; detail: string }[] }>;
}

/**
 * Reads the catalog of a migrated database and reports what could let one tenant see or touch what is another's, or
 * weaken the books (TEN-01, TEN-03, REL-22). From the catalog, not from code: what somebody changed by hand is found too.
 */
export async function auditCatalog(
  reader: CatalogReader,
  knowledge: Required<CatalogKnowledge>,
): Promise<CatalogFinding[]> {
  const missing = await reader.query(
    `SELECT name AS object, 'the role does not exist: run bootstrap' AS detail FROM unnest($1::text[]) AS name
     WHERE name NOT IN (SELECT rolname FROM pg_roles)`,
    [['daybook_owner', 'daybook_system', 'daybook_migrator', 'daybook_app', 'daybook_readonly']],
  );
  if (missing.rows.length > 0) return missing.rows.map((row) => ({ rule: 'roles', ...row }));
  const values = [
    Object.keys(knowledge.platformTables),
    knowledge.systemFunctions,
    knowledge.immutableTables,
    knowledge.guardTriggers,
    knowledge.signedAmounts,
    knowledge.systemGrants,
  ];
  const findings: CatalogFinding[] = [];
  for (const [rule, sql] of Object.entries(RULES)) {
    const { rows } = await reader.query(CATALOG + sql, sql.includes('$7') ? [...values, OURS] : values);
    findings.push(...rows.map(({ object, detail }) => ({ rule, object, detail })));
  }
  return findings;
}
