import { type MigrationInterface, type QueryRunner } from 'typeorm';
import { MIGRATION_SETTINGS } from '../../../platform/database/tenant-table';

const POSTED = `kind NOT IN ('held', 'released')`;
const PENDING = `CASE kind WHEN 'held' THEN amount WHEN 'released' THEN -amount END`;
/** Whether the entries of a balance come to something else than they should. */
const differs = (versions: string, expected: string): string => `(
            SELECT (count(*),
                    COALESCE(sum(amount) FILTER (WHERE ${POSTED} AND direction = 'debit'), 0), COALESCE(sum(amount) FILTER (WHERE ${POSTED} AND direction = 'credit'), 0),
                    COALESCE(sum(${PENDING}) FILTER (WHERE direction = 'debit'), 0), COALESCE(sum(${PENDING}) FILTER (WHERE direction = 'credit'), 0))
                   <> (${expected})
              FROM public.entries e
             WHERE e.tenant_id = f.tenant_id AND e.account_id = f.account_id AND e.currency = f.currency AND ${versions})`;

/**
 * Old and new balances are joined by hash, as the plan that is kept may be made for one row and run for a thousand; so
 * nested loops are off. The sums were a lateral join, which can be nothing but a nested loop: it cost 10^10 in the
 * planner's eyes, and a server with JIT compiled it, for a tenth of a second, in every posting. A subquery has no such
 * price.
 */
export class BalanceCheckPlan1795300000011 implements MigrationInterface {
  readonly name = 'BalanceCheckPlan1795300000011';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`${MIGRATION_SETTINGS}
    CREATE OR REPLACE FUNCTION daybook_system.check_balance_explained() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET enable_mergejoin = off SET enable_material = off SET enable_nestloop = off AS $$
    DECLARE unexplained boolean;
    BEGIN
      IF TG_OP = 'INSERT' THEN
        unexplained := EXISTS (SELECT FROM fresh f
          WHERE ${differs('e.version <= f.version', 'f.version, f.posted_debits, f.posted_credits, f.pending_debits, f.pending_credits')});
      ELSE
        unexplained := EXISTS (SELECT FROM fresh f LEFT JOIN stale o ON o.tenant_id = f.tenant_id AND o.account_id = f.account_id AND o.currency = f.currency
          WHERE o.version IS NULL OR o.ledger_id <> f.ledger_id OR ${differs(
            'e.version > o.version AND e.version <= f.version',
            'f.version - o.version, f.posted_debits - o.posted_debits, f.posted_credits - o.posted_credits, f.pending_debits - o.pending_debits, f.pending_credits - o.pending_credits',
          )});
      END IF;
      IF unexplained THEN
        RAISE EXCEPTION 'a balance has no entries that explain it' USING ERRCODE = 'check_violation', CONSTRAINT = 'balances_explained', TABLE = 'balances';
      END IF;
      RETURN NULL;
    END $$;
    ALTER FUNCTION daybook_system.check_balance_explained() OWNER TO daybook_system;`);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('migrations go forward only: restore, or write the next one'));
  }
}
