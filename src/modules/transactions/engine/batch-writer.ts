import { type PoolClient } from 'pg';
import { type BalanceState } from '../core/balance';
import { type Book } from '../core/book';
import { storeLimits } from '../core/limits';
import { plainArray, textArray } from './array-literal';
import { type BatchState } from './batch-reader';
import { type CommandKey } from './command';

/** A key and the answer that goes with it. */
export interface KeyRecord {
  /** {@link idempotencyId} of the key. */
  readonly id: string;
  readonly key: CommandKey;
  readonly status: number;
  /** Of a refusal: its problem document. An answer of 201 is rebuilt from its rows, with these balances where asked for. */
  readonly body: unknown;
  readonly transactionId: string | null;
  /** The key has a refusal that it does not remember. */
  readonly replaces: boolean;
}

/** Another writer was between our read and our write, which the ledger's lock rules out: the batch is run again. */
class BatchFencedError extends Error {
  readonly code = '40001';
}

/** The whole batch in one statement: all of its rows or none, one round trip, and the triggers see them together. */
const WRITE = {
  name: 'engine-write',
  text: `
WITH new_transactions AS (
  INSERT INTO transactions (tenant_id, ledger_id, created_at, id, sequence, kind, parent_id, template_id, reference, description, effective_at, created_by, entry_count, metadata, hash)
  SELECT $1, $2, $3, t.id, t.sequence, t.kind, t.parent_id, t.template_id, t.reference, t.description, t.effective_at, t.created_by, t.entry_count, t.metadata, decode(t.hash, 'hex')
  FROM unnest($4::uuid[], $5::bigint[], $6::text[], $7::uuid[], $8::uuid[], $9::text[], $10::text[], $11::timestamptz[], $12::uuid[], $13::smallint[], $14::jsonb[], $15::text[])
    AS t (id, sequence, kind, parent_id, template_id, reference, description, effective_at, created_by, entry_count, metadata, hash)
), changed_balances AS (
  UPDATE balances b SET posted_debits = n.debits, posted_credits = n.credits, pending_debits = n.pending_debits, pending_credits = n.pending_credits, version = n.version
  FROM unnest($16::uuid[], $17::text[], $18::numeric[], $19::numeric[], $20::numeric[], $21::numeric[], $22::bigint[], $23::bigint[])
    AS n (account_id, currency, debits, credits, pending_debits, pending_credits, version, stored)
  WHERE b.tenant_id = $1 AND b.account_id = n.account_id AND b.currency = n.currency AND b.version = n.stored
  RETURNING 1
), new_balances AS (
  INSERT INTO balances (tenant_id, ledger_id, account_id, currency, posted_debits, posted_credits, pending_debits, pending_credits, version)
  SELECT $1, $2, n.* FROM unnest($24::uuid[], $25::text[], $26::numeric[], $27::numeric[], $28::numeric[], $29::numeric[], $30::bigint[]) AS n
), new_entries AS (
  INSERT INTO entries (tenant_id, ledger_id, created_at, transaction_id, position, account_id, currency, kind, direction, amount, version, balance_after, effective_at)
  SELECT $1, $2, $3, e.* FROM unnest($31::uuid[], $32::smallint[], $33::uuid[], $34::text[], $35::text[], $36::text[], $37::numeric[], $38::bigint[], $39::numeric[], $40::timestamptz[]) AS e
), new_keys AS (
  INSERT INTO idempotency_keys (tenant_id, created_at, id, principal_id, operation, key, fingerprint, status, body, resource_id, expires_at)
  SELECT $1, $3, k.id, k.principal_id, k.operation, k.key, decode(k.fingerprint, 'hex'), k.status, k.body, k.resource_id, k.expires_at
  FROM unnest($41::uuid[], $42::uuid[], $43::text[], $44::text[], $45::text[], $46::smallint[], $47::text[], $48::uuid[], $49::timestamptz[])
    AS k (id, principal_id, operation, key, fingerprint, status, body, resource_id, expires_at)
), new_head AS (
  UPDATE ledger_heads SET sequence = $50, posted_at = $3, hash = decode($52, 'hex')
  WHERE tenant_id = $1 AND ledger_id = $2 AND sequence = $51 AND accounts_version = $53 AND $50 > $51
  RETURNING 1
)
SELECT (SELECT count(*) FROM changed_balances)::int AS changed, (SELECT count(*) FROM new_head)::int AS heads`,
};

/** What only some batches have: holds and reversals move together with the transactions that explain them. */
const WITH_PARENTS = {
  name: 'engine-write-parents',
  text: WRITE.text.replace(
    '\nSELECT (SELECT count',
    `, new_holds AS (
  INSERT INTO holds (tenant_id, ledger_id, transaction_id, sequence, status, expires_at, remaining)
  SELECT $1, $2, h.id, h.sequence, h.status, h.expires_at, h.remaining::numeric[]
  FROM unnest($54::uuid[], $55::bigint[], $56::text[], $57::timestamptz[], $58::text[]) AS h (id, sequence, status, expires_at, remaining)
), changed_holds AS (
  UPDATE holds SET status = h.status, remaining = h.remaining::numeric[]
  FROM unnest($59::uuid[], $60::text[], $61::text[]) AS h (id, status, remaining)
  WHERE holds.tenant_id = $1 AND holds.transaction_id = h.id
  RETURNING 1
), changed_reversals AS (
  INSERT INTO reversals (tenant_id, ledger_id, transaction_id, sequence, whole, remaining)
  SELECT $1, $2, r.id, r.sequence, r.whole, r.remaining::numeric[]
  FROM unnest($62::uuid[], $63::bigint[], $64::boolean[], $65::text[]) AS r (id, sequence, whole, remaining)
  ON CONFLICT (tenant_id, transaction_id) DO UPDATE SET whole = excluded.whole, remaining = excluded.remaining
)
SELECT (SELECT count(*) FROM changed_holds)::int AS holds, (SELECT count`,
  ),
};

/** Keys that count no more make room for those who use them again. */
const FORGET =
  'DELETE FROM idempotency_keys WHERE tenant_id = $1 AND id = ANY ($2::uuid[]) AND expires_at <= tenant_now()';

/** Refusals that are decided anew. */
const REPLACE = 'DELETE FROM idempotency_keys WHERE tenant_id = $1 AND id = ANY ($2::uuid[]) AND resource_id IS NULL';

const ADOPT = `
INSERT INTO currencies (tenant_id, code, scale, name, custom)
SELECT $1, c.code, c.scale, c.name, false FROM unnest($2::text[], $3::smallint[], $4::text[]) AS c (code, scale, name)
ON CONFLICT DO NOTHING`;

const MAKE_ACCOUNTS = `
INSERT INTO accounts (tenant_id, ledger_id, id, code, name, type, normal_balance, currencies, limits, metadata)
SELECT $1, $2, a.id, a.code, a.name, a.type, a.normal_balance, a.currencies::text[], a.limits, a.metadata
FROM unnest($3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::jsonb[], $10::jsonb[])
  AS a (id, code, name, type, normal_balance, currencies, limits, metadata)`;

/** @throws BatchFencedError when the rows are not those that were read */
export async function writeBatch(
  client: PoolClient,
  tenantId: string,
  book: Book,
  keys: readonly KeyRecord[],
  { accountsVersion, expiredKeys }: Pick<BatchState, 'accountsVersion' | 'expiredKeys'>,
): Promise<void> {
  if (expiredKeys.size > 0) await client.query(FORGET, [tenantId, [...expiredKeys]]);
  const replaced = keys.filter(({ replaces }) => replaces).map(({ id }) => id);
  if (replaced.length > 0) await client.query(REPLACE, [tenantId, replaced]);
  if (book.adopted.size > 0) await adoptCurrencies(client, tenantId, book);
  if (book.created.size > 0) await makeAccounts(client, tenantId, book);
  const posted = book.recorded;
  const previous = book.sequence - BigInt(posted.length);
  const changed: BalanceState[] = [];
  const fresh: BalanceState[] = [];
  for (const balance of book.changedBalances) (balance.storedVersion === 0n ? fresh : changed).push(balance);
  const entries = posted.flatMap(({ id, effectiveAt, entries: own }) => {
    const at = effectiveAt.toISOString();
    return own.map((entry, position) => ({ entry, position, id, at }));
  });
  const parents = parentValues(book);
  const { rows } = await client.query<{ changed: number; heads: number; holds?: number }>({
    ...(parents ? WITH_PARENTS : WRITE),
    values: [
      tenantId,
      book.ledgerId,
      book.now.toISOString(),
      plainArray(posted.map(({ id }) => id)),
      plainArray(posted.map(({ sequence }) => sequence)),
      plainArray(posted.map(({ kind }) => kind)),
      textArray(posted.map(({ parentId }) => parentId)),
      textArray(posted.map(({ templateId }) => templateId)),
      textArray(posted.map(({ reference }) => reference)),
      textArray(posted.map(({ description }) => description)),
      plainArray(posted.map(({ effectiveAt }) => effectiveAt.toISOString())),
      plainArray(posted.map(({ createdBy }) => createdBy)),
      plainArray(posted.map((transaction) => transaction.entries.length)),
      textArray(posted.map(({ metadata }) => JSON.stringify(metadata))),
      plainArray(posted.map(({ hash }) => hash)),
      ...balanceValues(changed),
      plainArray(changed.map(({ storedVersion }) => storedVersion)),
      ...balanceValues(fresh),
      plainArray(entries.map(({ id }) => id)),
      plainArray(entries.map(({ position }) => position)),
      plainArray(entries.map(({ entry }) => entry.accountId)),
      plainArray(entries.map(({ entry }) => entry.currency)),
      plainArray(entries.map(({ entry }) => entry.kind)),
      plainArray(entries.map(({ entry }) => entry.direction)),
      plainArray(entries.map(({ entry }) => entry.amount)),
      plainArray(entries.map(({ entry }) => entry.version)),
      plainArray(entries.map(({ entry }) => entry.balanceAfter)),
      plainArray(entries.map(({ at }) => at)),
      plainArray(keys.map(({ id }) => id)),
      plainArray(keys.map(({ key }) => key.principalId)),
      textArray(keys.map(({ key }) => key.operation)),
      textArray(keys.map(({ key }) => key.key)),
      plainArray(keys.map(({ key }) => key.fingerprint.toString('hex'))),
      plainArray(keys.map(({ status }) => status)),
      textArray(keys.map(({ body }) => (body === null ? null : JSON.stringify(body)))),
      textArray(keys.map(({ transactionId }) => transactionId)),
      textArray(keys.map(({ key }) => expiryOf(key, book.now))),
      book.sequence.toString(),
      previous.toString(),
      book.hash,
      accountsVersion,
      ...(parents?.values ?? []),
    ],
  });
  const done = rows[0];
  if (
    done?.changed !== changed.length ||
    done.heads !== (posted.length > 0 ? 1 : 0) ||
    done.holds !== parents?.changedHolds
  )
    throw new BatchFencedError('the ledger changed between read and write');
}

const expiryOf = ({ keptDays }: CommandKey, now: Date): string | null =>
  keptDays === null ? null : new Date(now.getTime() + keptDays * 86_400_000).toISOString();

const balanceValues = (balances: readonly BalanceState[]): string[] => [
  plainArray(balances.map(({ accountId }) => accountId)),
  plainArray(balances.map(({ currency }) => currency)),
  plainArray(balances.map(({ debits }) => debits)),
  plainArray(balances.map(({ credits }) => credits)),
  plainArray(balances.map(({ pendingDebits }) => pendingDebits)),
  plainArray(balances.map(({ pendingCredits }) => pendingCredits)),
  plainArray(balances.map(({ version }) => version)),
];

function parentValues(book: Book): { changedHolds: number; values: string[] } | undefined {
  if (book.changedParents.size === 0) return undefined;
  const parents = [...book.changedParents];
  const holds = parents.filter(({ kind }) => kind === 'hold');
  const fresh = holds.filter(({ stored }) => !stored);
  const changed = holds.filter(({ stored }) => stored);
  const reversed = parents.filter(({ kind }) => kind !== 'hold');
  const remaining = (of: typeof parents) => textArray(of.map((parent) => plainArray(parent.remaining)));
  return {
    changedHolds: changed.length,
    values: [
      plainArray(fresh.map(({ id }) => id)),
      plainArray(fresh.map(({ sequence }) => sequence)),
      textArray(fresh.map(({ status }) => status)),
      textArray(fresh.map(({ expiresAt }) => expiresAt?.toISOString() ?? null)),
      remaining(fresh),
      plainArray(changed.map(({ id }) => id)),
      textArray(changed.map(({ status }) => status)),
      remaining(changed),
      plainArray(reversed.map(({ id }) => id)),
      plainArray(reversed.map(({ sequence }) => sequence)),
      plainArray(reversed.map((parent) => (parent.remaining.some((left) => left > 0n) ? 'f' : 't'))),
      remaining(reversed),
    ],
  };
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

async function makeAccounts(client: PoolClient, tenantId: string, book: Book): Promise<void> {
  const accounts = [...book.created.values()];
  await client.query(MAKE_ACCOUNTS, [
    tenantId,
    book.ledgerId,
    plainArray(accounts.map(({ id }) => id)),
    textArray(accounts.map(({ code }) => code)),
    textArray(accounts.map(({ name }) => name)),
    plainArray(accounts.map(({ type }) => type)),
    plainArray(accounts.map(({ normalBalance }) => normalBalance)),
    textArray(accounts.map(({ currencies }) => currencies && textArray(currencies))),
    textArray(accounts.map(({ limits }) => JSON.stringify(storeLimits(limits)))),
    textArray(accounts.map(({ metadata }) => JSON.stringify(metadata))),
  ]);
}
