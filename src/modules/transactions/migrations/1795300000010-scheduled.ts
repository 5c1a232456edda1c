import { type MigrationInterface, type QueryRunner } from 'typeorm';
import { MIGRATION_SETTINGS, systemFunction, tenantTable } from '../../../platform/database/tenant-table';

export class Scheduled1795300000010 implements MigrationInterface {
  readonly name = 'Scheduled1795300000010';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`${MIGRATION_SETTINGS}
    CREATE TABLE scheduled_transactions (
      tenant_id      uuid NOT NULL DEFAULT current_tenant_id(),
      id             uuid NOT NULL,
      ledger_id      uuid NOT NULL,
      post_at        timestamptz NOT NULL,
      status         text NOT NULL DEFAULT 'scheduled',
      request        jsonb NOT NULL,
      due_at         timestamptz NOT NULL,
      begun_at       timestamptz,
      ended_at       timestamptz,
      transaction_id uuid,
      problem        jsonb,
      cancelled_by   uuid,
      created_by     uuid NOT NULL,
      created_at     timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (tenant_id, id),
      CONSTRAINT scheduled_transactions_ledger_fkey FOREIGN KEY (tenant_id, ledger_id) REFERENCES ledgers (tenant_id, id),
      CONSTRAINT scheduled_transactions_transaction_fkey
        FOREIGN KEY (tenant_id, transaction_id) REFERENCES transactions (tenant_id, id),
      CONSTRAINT scheduled_transactions_status_check CHECK (status IN ('scheduled', 'posted', 'failed', 'cancelled')),
      CONSTRAINT scheduled_transactions_ended_check CHECK ((status = 'scheduled') = (ended_at IS NULL)),
      CONSTRAINT scheduled_transactions_posted_check CHECK ((status = 'posted') = (transaction_id IS NOT NULL)),
      CONSTRAINT scheduled_transactions_failed_check CHECK ((status = 'failed') = (problem IS NOT NULL)),
      CONSTRAINT scheduled_transactions_cancelled_check CHECK ((status = 'cancelled') = (cancelled_by IS NOT NULL)),
      CONSTRAINT scheduled_transactions_begun_check CHECK (status = 'scheduled' OR (begun_at IS NULL) = (status = 'cancelled'))
    ) WITH (fillfactor = 70);
    COMMENT ON COLUMN scheduled_transactions.request IS 'The body of a posting, as it came.';
    COMMENT ON COLUMN scheduled_transactions.due_at IS
      'When a worker should see to it: post_at; once one has begun, the moment at which it is taken for dead.';
    COMMENT ON COLUMN scheduled_transactions.begun_at IS 'A worker has taken it to post: too late to cancel.';
    CREATE INDEX scheduled_transactions_due ON scheduled_transactions (due_at) WHERE status = 'scheduled';
    CREATE INDEX scheduled_transactions_ledger_due ON scheduled_transactions (tenant_id, ledger_id, due_at)
      WHERE status = 'scheduled';
    CREATE INDEX scheduled_transactions_by_time ON scheduled_transactions (tenant_id, ledger_id, post_at, id);
    CREATE INDEX scheduled_transactions_by_status ON scheduled_transactions (tenant_id, ledger_id, status, post_at, id);
    ${tenantTable('scheduled_transactions', 'SELECT, INSERT, UPDATE')}

    -- What was asked never changes. It ends once: cancelled while no worker had begun, else as its posting did.
    CREATE FUNCTION refuse_other_end() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
    BEGIN
      IF OLD.status <> 'scheduled'
         OR (OLD.tenant_id, OLD.id, OLD.ledger_id, OLD.post_at, OLD.request, OLD.created_by, OLD.created_at)
         IS DISTINCT FROM (NEW.tenant_id, NEW.id, NEW.ledger_id, NEW.post_at, NEW.request, NEW.created_by, NEW.created_at)
         OR (OLD.begun_at IS NOT NULL AND NEW.begun_at IS DISTINCT FROM OLD.begun_at) THEN
        RAISE EXCEPTION 'the scheduled transaction has come to its end' USING ERRCODE = 'restrict_violation';
      END IF;
      RETURN NEW;
    END $$;
    ALTER FUNCTION refuse_other_end() OWNER TO daybook_owner;
    CREATE TRIGGER scheduled_transactions_end_once BEFORE UPDATE ON scheduled_transactions
      FOR EACH ROW EXECUTE FUNCTION refuse_other_end();
    CREATE TRIGGER scheduled_transactions_kept BEFORE DELETE OR TRUNCATE ON scheduled_transactions
      EXECUTE FUNCTION refuse_change();

    -- Ledgers in which a scheduled transaction is due: ids only, for the worker that posts them.
    CREATE FUNCTION daybook_system.ledgers_with_due_schedules(p_limit integer) RETURNS TABLE (tenant_id uuid, ledger_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
      SELECT DISTINCT d.tenant_id, d.ledger_id FROM (
        SELECT s.tenant_id, s.ledger_id FROM public.scheduled_transactions s
         WHERE s.status = 'scheduled' AND s.due_at <= statement_timestamp() ORDER BY s.due_at LIMIT p_limit) d
    $$;
    ${systemFunction('daybook_system.ledgers_with_due_schedules(integer)')}

    -- By the time of the statement: clock_timestamp() is volatile, so for it no index is searched and every open hold is read.
    CREATE OR REPLACE FUNCTION daybook_system.ledgers_with_due_holds(p_limit integer) RETURNS TABLE (tenant_id uuid, ledger_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
      SELECT DISTINCT d.tenant_id, d.ledger_id FROM (
        SELECT h.tenant_id, h.ledger_id FROM public.holds h WHERE h.status = 'pending' AND h.expires_at <= statement_timestamp() ORDER BY h.expires_at LIMIT p_limit) d
    $$;
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('migrations go forward only: restore, or write the next one'));
  }
}
