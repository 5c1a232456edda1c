import { type MigrationInterface, type QueryRunner } from 'typeorm';
import { MIGRATION_SETTINGS, systemFunction, tenantTable } from '../../../platform/database/tenant-table';

/** The jobs of a kind that look after all ledgers of a tenant, made by the sweep or by somebody, not long ago or not over. */
const asked = (kind: string): string => `EXISTS (SELECT FROM public.jobs j
             WHERE j.tenant_id = t.id AND j.kind = '${kind}' AND NOT j.payload ? 'ledgerId'
               AND (j.state IN ('queued', 'running') OR j.created_at > now() - p_interval))`;

/** Signed checkpoints of the hash chain, and what verifications found (REL-12, REL-13). */
export class Evidence1795300000009 implements MigrationInterface {
  readonly name = 'Evidence1795300000009';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`${MIGRATION_SETTINGS}
    CREATE TABLE checkpoints (
      tenant_id      uuid NOT NULL DEFAULT current_tenant_id(),
      id             uuid NOT NULL,
      ledger_id      uuid NOT NULL,
      after_sequence bigint NOT NULL,
      sequence       bigint NOT NULL,
      hash           bytea NOT NULL,
      root           bytea NOT NULL,
      key_id         text NOT NULL,
      jws            text NOT NULL,
      created_at     timestamptz NOT NULL,
      PRIMARY KEY (tenant_id, id),
      CONSTRAINT checkpoints_sequence_key UNIQUE (tenant_id, ledger_id, sequence),
      CONSTRAINT checkpoints_after_key UNIQUE (tenant_id, ledger_id, after_sequence),
      CONSTRAINT checkpoints_ledger_fkey FOREIGN KEY (tenant_id, ledger_id) REFERENCES ledgers (tenant_id, id),
      CONSTRAINT checkpoints_range_check CHECK (after_sequence >= 0 AND sequence > after_sequence),
      CONSTRAINT checkpoints_hashes_check CHECK (length(hash) = 32 AND length(root) = 32)
    );
    COMMENT ON COLUMN checkpoints.after_sequence IS 'Of the checkpoint before, 0 for the first: what follows it is covered, up to sequence.';
    COMMENT ON COLUMN checkpoints.root IS 'Merkle root (RFC 6962) over the hashes of the transactions that are covered.';
    COMMENT ON COLUMN checkpoints.jws IS 'What was signed; the other columns repeat what it says.';
    ${tenantTable('checkpoints', 'SELECT, INSERT')}
    CREATE TRIGGER checkpoints_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON checkpoints EXECUTE FUNCTION refuse_change();

    CREATE TABLE verifications (
      tenant_id     uuid NOT NULL DEFAULT current_tenant_id(),
      id            uuid NOT NULL,
      ledger_id     uuid NOT NULL,
      job_id        uuid,
      sequence      bigint NOT NULL,
      entries       bigint NOT NULL,
      balances      bigint NOT NULL,
      checkpoints   bigint NOT NULL,
      finding_count bigint NOT NULL,
      findings      jsonb NOT NULL,
      started_at    timestamptz NOT NULL,
      finished_at   timestamptz NOT NULL,
      PRIMARY KEY (tenant_id, id),
      CONSTRAINT verifications_ledger_fkey FOREIGN KEY (tenant_id, ledger_id) REFERENCES ledgers (tenant_id, id),
      CONSTRAINT verifications_findings_check CHECK (jsonb_typeof(findings) = 'array' AND (finding_count = 0) = (findings = '[]'))
    );
    COMMENT ON COLUMN verifications.job_id IS 'NULL: from the command line. The job may have been purged since.';
    COMMENT ON COLUMN verifications.sequence IS 'Head of the ledger at the moment that was verified.';
    COMMENT ON COLUMN verifications.findings IS 'The first of them; finding_count says how many there are.';
    CREATE INDEX verifications_ledger ON verifications (tenant_id, ledger_id, id);
    ${tenantTable('verifications', 'SELECT, INSERT')}
    CREATE TRIGGER verifications_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON verifications EXECUTE FUNCTION refuse_change();

    -- Active tenants with a ledger that has gone on since its last checkpoint, which is older than the interval, and for
    -- whom no job was made within it.
    CREATE FUNCTION daybook_system.tenants_to_checkpoint(p_interval interval, p_limit integer) RETURNS SETOF uuid
      LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
      SELECT t.id FROM public.tenants t
       WHERE t.status = 'active' AND NOT ${asked('ledger.checkpoint')}
         AND EXISTS (SELECT FROM public.ledger_heads h JOIN public.ledgers l ON l.tenant_id = h.tenant_id AND l.id = h.ledger_id
               LEFT JOIN LATERAL (SELECT c.sequence, c.created_at FROM public.checkpoints c
                  WHERE c.tenant_id = h.tenant_id AND c.ledger_id = h.ledger_id ORDER BY c.sequence DESC LIMIT 1) c ON true
              WHERE h.tenant_id = t.id AND h.sequence > COALESCE(c.sequence, 0) AND COALESCE(c.created_at, l.created_at) <= now() - p_interval)
       LIMIT p_limit
    $$;
    ${systemFunction('daybook_system.tenants_to_checkpoint(interval, integer)')}

    -- Active tenants with a ledger that was not verified within the interval, and for whom no job was made within it.
    CREATE FUNCTION daybook_system.tenants_to_verify(p_interval interval, p_limit integer) RETURNS SETOF uuid
      LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
      SELECT t.id FROM public.tenants t
       WHERE t.status = 'active' AND NOT ${asked('ledger.verify')}
         AND EXISTS (SELECT FROM public.ledger_heads h JOIN public.ledgers l ON l.tenant_id = h.tenant_id AND l.id = h.ledger_id
               LEFT JOIN LATERAL (SELECT v.finished_at FROM public.verifications v
                  WHERE v.tenant_id = h.tenant_id AND v.ledger_id = h.ledger_id ORDER BY v.id DESC LIMIT 1) v ON true
              WHERE h.tenant_id = t.id AND h.sequence > 0 AND COALESCE(v.finished_at, l.created_at) <= now() - p_interval)
       LIMIT p_limit
    $$;
    ${systemFunction('daybook_system.tenants_to_verify(interval, integer)')}

    -- How the ledgers of all tenants stand, in numbers: for gauges.
    CREATE FUNCTION daybook_system.ledger_health()
      RETURNS TABLE (heads bigint, unbalanced bigint, open_holds bigint, without_checkpoint bigint, findings bigint, verification_age double precision)
      LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
      SELECT count(*),
             (SELECT count(*) FROM (SELECT DISTINCT b.tenant_id, b.ledger_id FROM (
                SELECT b.tenant_id, b.ledger_id FROM public.balances b GROUP BY b.tenant_id, b.ledger_id, b.currency
                 HAVING sum(b.posted_debits) <> sum(b.posted_credits) OR sum(b.pending_debits) <> sum(b.pending_credits)) b) b),
             COALESCE(sum(o.holds), 0)::bigint,
             count(*) FILTER (WHERE h.sequence > COALESCE(c.sequence, 0)),
             COALESCE(sum(v.finding_count), 0)::bigint,
             COALESCE(max(extract(epoch FROM now() - COALESCE(v.finished_at, l.created_at))), 0)::double precision
        FROM public.ledger_heads h
        JOIN public.ledgers l ON l.tenant_id = h.tenant_id AND l.id = h.ledger_id
        LEFT JOIN LATERAL (SELECT count(*) AS holds FROM public.holds o
           WHERE o.tenant_id = h.tenant_id AND o.ledger_id = h.ledger_id AND o.status = 'pending' AND (o.expires_at IS NULL OR o.expires_at > now())) o ON true
        LEFT JOIN LATERAL (SELECT c.sequence FROM public.checkpoints c
           WHERE c.tenant_id = h.tenant_id AND c.ledger_id = h.ledger_id ORDER BY c.sequence DESC LIMIT 1) c ON true
        LEFT JOIN LATERAL (SELECT v.finished_at, v.finding_count FROM public.verifications v
           WHERE v.tenant_id = h.tenant_id AND v.ledger_id = h.ledger_id ORDER BY v.id DESC LIMIT 1) v ON true
       WHERE h.sequence > 0
    $$;
    ${systemFunction('daybook_system.ledger_health()')}
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('migrations go forward only: restore, or write the next one'));
  }
}
