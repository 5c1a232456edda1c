/**
 * Fills a book up to a number of entries as if they had been posted: whole transactions, dense versions, right
 * balances. By the superuser and without triggers, as posting them would take hours; hashes are not real ones.
 */
export async function fillTo(admin, { tenant, ledger }, accounts, entries, progress) {
  const CHUNK = 250_000;
  await admin.query('SET session_replication_role = replica');
  try {
    for (;;) {
      const { rows } = await admin.query('SELECT sequence::int AS last FROM ledger_heads WHERE ledger_id = $1', [
        ledger,
      ]);
      const last = rows[0].last;
      const more = Math.min(CHUNK, Math.ceil(entries / 2) - last);
      if (more <= 0) break;
      await admin.query(FILL, [tenant, ledger, last, more, accounts]);
      progress(Math.min(1, ((last + more) * 2) / entries));
    }
  } finally {
    await admin.query('SET session_replication_role = origin');
  }
  for (const table of ['transactions', 'entries', 'balances']) await admin.query(`VACUUM ANALYZE ${table}`);
  await admin.query('CHECKPOINT');
}

const FILL = `
WITH chart AS MATERIALIZED (
  SELECT id, substr(code, 3)::int AS n FROM accounts WHERE tenant_id = $1::uuid AND ledger_id = $2::uuid
), seeds AS MATERIALIZED (
  SELECT $3::int + s AS sequence, gen_random_uuid() AS id, (random() * ($5::int - 1))::int AS debit, (random() * ($5::int - 1))::int AS credit
    FROM generate_series(1, $4::int) s
), made AS (
  INSERT INTO transactions (tenant_id, ledger_id, id, sequence, kind, description, effective_at, created_at, created_by, entry_count, hash)
  SELECT $1, $2, id, sequence, 'posting', 'bench', now(), now(), '00000000-0000-0000-0000-000000000000', 2, decode(repeat('00', 32), 'hex') FROM seeds
), legs AS MATERIALIZED (
  SELECT s.id, s.sequence, p AS position, c.id AS account_id, CASE p WHEN 0 THEN 'debit' ELSE 'credit' END AS direction
    FROM seeds s CROSS JOIN generate_series(0, 1) p JOIN chart c ON c.n = CASE p WHEN 0 THEN s.debit ELSE s.credit END
), numbered AS MATERIALIZED (
  SELECT l.*, COALESCE(b.version, 0) + row_number() OVER w AS version,
         COALESCE(b.posted_debits - b.posted_credits, 0) + sum(CASE l.direction WHEN 'debit' THEN 100 ELSE -100 END) OVER w AS balance_after
    FROM legs l LEFT JOIN balances b ON b.tenant_id = $1 AND b.account_id = l.account_id AND b.currency = 'EUR'
  WINDOW w AS (PARTITION BY l.account_id ORDER BY l.sequence, l.position)
), booked AS (
  INSERT INTO entries (tenant_id, ledger_id, transaction_id, position, account_id, currency, kind, direction, amount, version, balance_after, effective_at, created_at)
  SELECT $1, $2, id, position, account_id, 'EUR', 'posted', direction, 100, version, balance_after, now(), now() FROM numbered
), moved AS (
  INSERT INTO balances AS b (tenant_id, ledger_id, account_id, currency, posted_debits, posted_credits, version)
  SELECT $1, $2, account_id, 'EUR', 100 * count(*) FILTER (WHERE direction = 'debit'), 100 * count(*) FILTER (WHERE direction = 'credit'), count(*)
    FROM legs GROUP BY account_id
  ON CONFLICT (tenant_id, account_id, currency) DO UPDATE
    SET posted_debits = b.posted_debits + excluded.posted_debits, posted_credits = b.posted_credits + excluded.posted_credits, version = b.version + excluded.version
)
UPDATE ledger_heads SET sequence = $3::int + $4::int, posted_at = now() WHERE tenant_id = $1 AND ledger_id = $2`;
