import { randomBytes, randomUUID } from 'node:crypto';
import pg from 'pg';

/*
 * What a careful hand would write without the engine: one function call per posting, one commit each. It writes the
 * same rows, under the same constraints, triggers and row-level security, and locks balances in the order of their ids.
 */
const FUNCTION = `
CREATE OR REPLACE FUNCTION bench_post(p_tenant uuid, p_ledger uuid, p_id uuid, p_debit text, p_credit text, p_amount numeric, p_key text, p_fingerprint bytea)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE v_debit uuid; v_credit uuid; v_sequence bigint; v_now timestamptz; v_hash bytea;
BEGIN
  PERFORM set_config('app.tenant_id', p_tenant::text, true);
  SELECT sequence + 1, greatest(date_trunc('milliseconds', clock_timestamp()), posted_at), hash INTO v_sequence, v_now, v_hash
    FROM ledger_heads WHERE tenant_id = p_tenant AND ledger_id = p_ledger FOR UPDATE;
  SELECT id INTO STRICT v_debit FROM accounts WHERE tenant_id = p_tenant AND ledger_id = p_ledger AND code = p_debit;
  SELECT id INTO STRICT v_credit FROM accounts WHERE tenant_id = p_tenant AND ledger_id = p_ledger AND code = p_credit;
  v_hash := sha256(v_hash || convert_to(concat_ws('|', p_ledger, v_sequence, p_id, v_now, v_debit, p_debit, v_credit, p_credit, p_amount), 'UTF8'));
  WITH changes AS (
    SELECT * FROM (VALUES (v_debit, p_amount, 0::numeric), (v_credit, 0::numeric, p_amount)) AS c (account_id, debits, credits) ORDER BY account_id
  ), changed AS (
    INSERT INTO balances AS b (tenant_id, ledger_id, account_id, currency, posted_debits, posted_credits, version)
    SELECT p_tenant, p_ledger, account_id, 'EUR', debits, credits, 1 FROM changes
    ON CONFLICT (tenant_id, account_id, currency) DO UPDATE
      SET posted_debits = b.posted_debits + excluded.posted_debits, posted_credits = b.posted_credits + excluded.posted_credits, version = b.version + 1
    RETURNING b.account_id, b.posted_debits - b.posted_credits AS balance_after, b.version
  ), head AS (
    UPDATE ledger_heads SET sequence = v_sequence, posted_at = v_now, hash = v_hash WHERE tenant_id = p_tenant AND ledger_id = p_ledger
  ), transaction AS (
    INSERT INTO transactions (tenant_id, id, ledger_id, sequence, kind, description, effective_at, created_at, created_by, entry_count, hash)
    VALUES (p_tenant, p_id, p_ledger, v_sequence, 'posting', 'bench', v_now, v_now, '00000000-0000-0000-0000-000000000000', 2, v_hash)
  ), key AS (
    INSERT INTO idempotency_keys (tenant_id, id, principal_id, operation, key, fingerprint, status, resource_id)
    VALUES (p_tenant, md5(p_key)::uuid, '00000000-0000-0000-0000-000000000000', 'bench', p_key, p_fingerprint, 201, p_id)
  )
  INSERT INTO entries (tenant_id, ledger_id, transaction_id, position, account_id, currency, kind, direction, amount, version, balance_after, effective_at, created_at)
  SELECT p_tenant, p_ledger, p_id, CASE account_id WHEN v_debit THEN 0 ELSE 1 END, account_id, 'EUR', 'posted',
         CASE account_id WHEN v_debit THEN 'debit' ELSE 'credit' END, p_amount, version, balance_after, v_now, v_now FROM changed;
  RETURN v_sequence;
END $$;
GRANT EXECUTE ON FUNCTION bench_post TO daybook_app`;

const { Pool } = pg;

export async function createBaseline(admin) {
  await admin.query(FUNCTION);
}

/** @returns postings a second */
export async function measureOneByOne(url, { tenant, ledger }, choose, { connections, seconds }) {
  const pool = new Pool({ connectionString: url, max: connections });
  const fingerprint = randomBytes(32);
  let posted = 0;
  const began = performance.now();
  const until = began + seconds * 1000;
  await Promise.all(
    Array.from({ length: connections }, async () => {
      const client = await pool.connect();
      while (performance.now() < until) {
        const [from, to] = choose();
        await client.query({
          name: 'bench-post',
          text: 'SELECT bench_post($1, $2, $3, $4, $5, 100, $6, $7)',
          values: [tenant, ledger, randomUUID(), from, to, randomUUID(), fingerprint],
        });
        posted += 1;
      }
      client.release();
    }),
  );
  const rate = posted / ((performance.now() - began) / 1000);
  await pool.end();
  return rate;
}
