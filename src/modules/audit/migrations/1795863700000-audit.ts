import { type MigrationInterface, type QueryRunner } from 'typeorm';
import { MIGRATION_SETTINGS, systemFunction, tenantTable } from '../../../platform/database/tenant-table';

const COLUMNS = `action, outcome, actor_kind, actor_id, credential_id, method, subject, source, reason, trace_id, before, after`;

/** Append-only: by grant, and by a trigger for those who could give themselves one. */
export class Audit1795863700000 implements MigrationInterface {
  readonly name = 'Audit1795863700000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`${MIGRATION_SETTINGS}
    CREATE TABLE audit_records (
      tenant_id     uuid NOT NULL DEFAULT current_tenant_id(),
      id            uuid NOT NULL,
      at            timestamptz NOT NULL DEFAULT tenant_now(),
      action        text NOT NULL,
      outcome       text NOT NULL,
      actor_kind    text,
      actor_id      uuid,
      credential_id uuid,
      method        text,
      subject       text,
      source        text,
      reason        text,
      trace_id      text,
      before        jsonb,
      after         jsonb,
      PRIMARY KEY (tenant_id, id),
      CONSTRAINT audit_records_outcome_check CHECK (outcome IN ('success', 'failure')),
      CONSTRAINT audit_records_size_check CHECK (pg_column_size(before) + pg_column_size(after) < 20000)
    );
    COMMENT ON TABLE audit_records IS 'Who did what in a tenant, and who was not allowed to; those of the nil tenant are the platform''s.';
    CREATE INDEX audit_records_actor ON audit_records (tenant_id, actor_id, id);
    CREATE INDEX audit_records_action ON audit_records (tenant_id, action, id);
    CREATE INDEX audit_records_subject ON audit_records (tenant_id, subject, id);
    ${tenantTable('audit_records', 'SELECT, INSERT')}
    CREATE TRIGGER audit_records_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_records EXECUTE FUNCTION refuse_change();

    -- A sign-in is the platform's work, and belongs to the record of the tenant that was entered, in the same commit.
    GRANT INSERT ON audit_records TO daybook_system;
    CREATE FUNCTION daybook_system.record_for_tenant(p_tenant uuid, p_id uuid, p_entry jsonb) RETURNS void
      LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
      AS $$
        INSERT INTO public.audit_records (tenant_id, id, ${COLUMNS})
        SELECT p_tenant, p_id, ${COLUMNS}
          FROM jsonb_to_record(p_entry) AS e (action text, outcome text, actor_kind text, actor_id uuid, credential_id uuid,
               method text, subject text, source text, reason text, trace_id text, before jsonb, after jsonb)
      $$;
    ${systemFunction('daybook_system.record_for_tenant(uuid, uuid, jsonb)')}
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('migrations go forward only: restore, or write the next one'));
  }
}
