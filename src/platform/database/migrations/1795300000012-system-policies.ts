import { type MigrationInterface, type QueryRunner } from 'typeorm';
import { MIGRATION_SETTINGS } from '../tenant-table';

/** Tables from before `policies()` of tenant-table.ts had the third: what it makes now, made here. */
export class SystemPolicies1795300000012 implements MigrationInterface {
  readonly name = 'SystemPolicies1795300000012';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`${MIGRATION_SETTINGS}
    DO $$
    DECLARE tenants_table text;
    BEGIN
      FOR tenants_table IN
        SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace
           AND EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = c.relname || '_floor')
           AND NOT EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = c.relname || '_system')
         ORDER BY 1
      LOOP
        EXECUTE format('ALTER POLICY %I ON %I TO daybook_app, daybook_readonly', tenants_table || '_floor', tenants_table);
        EXECUTE format('CREATE POLICY %I ON %I AS PERMISSIVE FOR ALL TO daybook_system, daybook_migrator USING (true) WITH CHECK (true)',
                       tenants_table || '_system', tenants_table);
      END LOOP;
    END $$;`);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('migrations go forward only'));
  }
}
