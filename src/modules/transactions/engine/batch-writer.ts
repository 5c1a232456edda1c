import { type PoolClient } from 'pg';
import { type BalanceState, type Book, type PostedTransaction } from '../core/posting';
import { plainArray, textArray } from './array-literal';
import { type CommandKey } from './command';

/** A key and the answer that goes with it. */
export interface KeyRecord {
  readonly key: CommandKey;
  readonly status: number;
  /** Of a refusal: its problem document. A posting's answer is rebuilt from its rows. */
  readonly body: unknown;
  readonly transactionId: string | null;
}

/** Another writer was between our read and our write, which the ledger's lock rules out: the batch is run again. */
export class BatchFencedError extends Error {
  readonly code = '40001';
}

/** The whole batch in one statement: all of its rows or none, one round trip, and the triggers see them together. */
const WRITE = {
  name: 'engine-write',
  text: `
WITH new_transactions AS (
  INSERT INTO transactions (tenant_id, ledger_id, created_at, status, id, sequence, reference, description, effective_at, created_by, entry_count, metadata)
  SELECT $1, $2, $3, 'posted', t.* FROM unnest($4::uuid[], $5::bigint[], $6::text[], $7::text[], $8::timestamptz[], $9::uuid[], $10::smallint[], $11::jsonb[]) AS t
), changed_balances AS (
  UPDATE balances b SET posted_debits = n.debits, posted_credits = n.credits, version = n.version
  FROM unnest($12::uuid[], $13::text[], $14::numeric[], $15::numeric[], $16::bigint[], $17::bigint[]) AS n (account_id, currency, debits, credits, version, stored)
  WHERE b.tenant_id = $1 AND b.account_id = n.account_id AND b.currency = n.currency AND b.version = n.stored
  RETURNING 1
), new_balances AS (
  INSERT INTO balances (tenant_id, ledger_id, account_id, currency, posted_debits, posted_credits, version)
  SELECT $1, $2, n.* FROM unnest($18::uuid[], $19::text[], $20::numeric[], $21::numeric[], $22::bigint[]) AS n
), new_entries AS (
  INSERT INTO entries (tenant_id, created_at, transaction_id, position, account_id, currency, direction, amount, version, balance_after, effective_at)
  SELECT $1, $3, e.* FROM unnest($23::uuid[], $24::smallint[], $25::uuid[], $26::text[], $27::text[], $28::numeric[], $29::bigint[], $30::numeric[], $31::timestamptz[]) AS e
), new_keys AS (
  INSERT INTO idempotency_keys (tenant_id, created_at, principal_id, operation, key, fingerprint, status, body, resource_id, expires_at)
  SELECT $1, $3, k.principal_id, k.operation, k.key, decode(k.fingerprint, 'hex'), k.status, k.body, k.resource_id, k.expires_at
  FROM unnest($32::uuid[], $33::text[], $34::text[], $35::text[], $36::smallint[], $37::text[], $38::uuid[], $39::timestamptz[])
    AS k (principal_id, operation, key, fingerprint, status, body, resource_id, expires_at)
  ON CONFLICT (tenant_id, principal_id, operation, key) DO UPDATE
    SET fingerprint = excluded.fingerprint, status = excluded.status, body = excluded.body, headers = NULL,
        resource_id = excluded.resource_id, created_at = excluded.created_at, expires_at = excluded.expires_at
    WHERE idempotency_keys.expires_at <= now()
  RETURNING 1
), new_head AS (
  UPDATE ledger_heads SET sequence = $40, posted_at = $3
  WHERE tenant_id = $1 AND ledger_id = $2 AND sequence = $41 AND $40 > $41
  RETURNING 1
)
SELECT (SELECT count(*) FROM changed_balances)::int AS changed, (SELECT count(*) FROM new_keys)::int AS keys, (SELECT count(*) FROM new_head)::int AS heads`,
};

const ADOPT = `
INSERT INTO currencies (tenant_id, code, scale, name, custom)
SELECT $1, c.code, c.scale, c.name, false FROM unnest($2::text[], $3::smallint[], $4::text[]) AS c (code, scale, name)
ON CONFLICT DO NOTHING`;

/** @throws BatchFencedError when the rows are not those that were read */
export async function writeBatch(
  client: PoolClient,
  tenantId: string,
  book: Book,
  posted: readonly PostedTransaction[],
  keys: readonly KeyRecord[],
): Promise<void> {
  if (book.adopted.size > 0) await adoptCurrencies(client, tenantId, book);
  const previous = book.sequence - BigInt(posted.length);
  const changed: BalanceState[] = [];
  const fresh: BalanceState[] = [];
  for (const balance of book.balances.values()) {
    if (balance.version === balance.storedVersion) continue;
    (balance.storedVersion === 0n ? fresh : changed).push(balance);
  }
  const entries = posted.flatMap((transaction) =>
    transaction.entries.map((entry, position) => ({
      ...entry,
      position,
      id: transaction.id,
      effectiveAt: transaction.effectiveAt,
    })),
  );
  const { rows } = await client.query<{ changed: number; keys: number; heads: number }>({
    ...WRITE,
    values: [
      tenantId,
      book.ledgerId,
      book.now.toISOString(),
      plainArray(posted.map(({ id }) => id)),
      plainArray(posted.map(({ sequence }) => sequence)),
      textArray(posted.map(({ reference }) => reference)),
      textArray(posted.map(({ description }) => description)),
      plainArray(posted.map(({ effectiveAt }) => effectiveAt.toISOString())),
      plainArray(posted.map(({ createdBy }) => createdBy)),
      plainArray(posted.map((transaction) => transaction.entries.length)),
      textArray(posted.map(({ metadata }) => JSON.stringify(metadata))),
      plainArray(changed.map(({ accountId }) => accountId)),
      plainArray(changed.map(({ currency }) => currency)),
      plainArray(changed.map(({ debits }) => debits)),
      plainArray(changed.map(({ credits }) => credits)),
      plainArray(changed.map(({ version }) => version)),
      plainArray(changed.map(({ storedVersion }) => storedVersion)),
      plainArray(fresh.map(({ accountId }) => accountId)),
      plainArray(fresh.map(({ currency }) => currency)),
      plainArray(fresh.map(({ debits }) => debits)),
      plainArray(fresh.map(({ credits }) => credits)),
      plainArray(fresh.map(({ version }) => version)),
      plainArray(entries.map(({ id }) => id)),
      plainArray(entries.map(({ position }) => position)),
      plainArray(entries.map(({ accountId }) => accountId)),
      plainArray(entries.map(({ currency }) => currency)),
      plainArray(entries.map(({ direction }) => direction)),
      plainArray(entries.map(({ amount }) => amount)),
      plainArray(entries.map(({ version }) => version)),
      plainArray(entries.map(({ balanceAfter }) => balanceAfter)),
      plainArray(entries.map(({ effectiveAt }) => effectiveAt.toISOString())),
      plainArray(keys.map(({ key }) => key.principalId)),
      textArray(keys.map(({ key }) => key.operation)),
      textArray(keys.map(({ key }) => key.key)),
      plainArray(keys.map(({ key }) => key.fingerprint.toString('hex'))),
      plainArray(keys.map(({ status }) => status)),
      textArray(keys.map(({ body }) => (body === null ? null : JSON.stringify(body)))),
      textArray(keys.map(({ transactionId }) => transactionId)),
      textArray(keys.map(({ key }) => key.expiresAt?.toISOString() ?? null)),
      book.sequence.toString(),
      previous.toString(),
    ],
  });
  const done = rows[0];
  if (done?.changed !== changed.length || done.keys !== keys.length || done.heads !== (posted.length > 0 ? 1 : 0))
    throw new BatchFencedError('the ledger changed between read and write');
}

async function adoptCurrencies(client: PoolClient, tenantId: string, book: Book): Promise<void> {
  const adopted = [...book.adopted.values()];
  await client.query(ADOPT, [
    tenantId,
    plainArray(adopted.map(({ code }) => code)),
    plainArray(adopted.map(({ scale }) => scale)),
    textArray(adopted.map(({ name }) => name)),
  ]);
}
