import { type MigrationInterface, type QueryRunner } from 'typeorm';
import { MIGRATION_SETTINGS } from '../tenant-table';

/** What a tenant can see is recorded by the tenant's own time (docs/decisions/0009-time.md). */
export class TenantTime1795862700000 implements MigrationInterface {
  readonly name = 'TenantTime1795862700000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`${MIGRATION_SETTINGS}
    CREATE FUNCTION tenant_time(moment timestamptz) RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE
      RETURN moment + COALESCE(NULLIF(current_setting('app.clock_offset', true), ''), '0')::interval;
    ALTER FUNCTION tenant_time(timestamptz) OWNER TO daybook_owner;
    COMMENT ON FUNCTION tenant_time(timestamptz) IS 'A moment of the server, as the clock of the transaction''s tenant shows it.';

    CREATE FUNCTION tenant_now() RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE
      RETURN tenant_time(now());
    ALTER FUNCTION tenant_now() OWNER TO daybook_owner;
    COMMENT ON FUNCTION tenant_now() IS 'now(), as the clock of the transaction''s tenant shows it.';

    DO $$
    DECLARE found record;
    BEGIN
      FOR found IN
        SELECT d.adrelid::regclass AS relation, a.attname, replace(replace(pg_get_expr(d.adbin, d.adrelid),
                 'clock_timestamp()', 'tenant_time(clock_timestamp())'), 'now()', 'tenant_now()') AS expression
          FROM pg_attrdef d JOIN pg_class c ON c.oid = d.adrelid AND c.relnamespace = 'public'::regnamespace
          JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
         WHERE pg_get_expr(d.adbin, d.adrelid) IN ('now()', 'clock_timestamp()')
           AND EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = c.relname || '_tenant')
         ORDER BY 1, 2
      LOOP
        EXECUTE format('ALTER TABLE %s ALTER COLUMN %I SET DEFAULT %s', found.relation, found.attname, found.expression);
      END LOOP;
    END $$;`);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('migrations go forward only: restore, or write the next one'));
  }
}
