import { type PoolClient } from 'pg';
import { isUuid } from '../../../common/ids/uuid';
import { type Currency } from '../../../common/money/currency';
import { Problem } from '../../../common/problems/problem';
import { type Freeze } from '../core/account';
import { type AccountState } from '../core/account-state';
import { Book } from '../core/book';
import { readLimits, type StoredLimits } from '../core/limits';
import { type PostingEntry } from '../core/orders';
import { textArray } from './array-literal';
import { scopedKey, type Unit } from './command';
import { accountByFirstSegment } from '../core/new-account';

/** What an earlier request with the same key left. */
export interface KnownKey {
  readonly fingerprint: Buffer;
  readonly status: number;
  readonly body: unknown;
  readonly transactionId: string | null;
}

export interface BatchState {
  /** Undefined: there is no such ledger. */
  readonly book: Book | undefined;
  readonly ledgerOpen: boolean;
  readonly tenantActive: boolean;
  readonly keys: ReadonlyMap<string, KnownKey>;
  /** A hold of the ledger has expired, and that is not recorded yet. */
  readonly holdsDue: boolean;
}

/** id, code, normal balance, open, frozen, currencies, limits */
export type AccountRow = [
  string,
  string,
  'debit' | 'credit',
  boolean,
  Freeze | null,
  string[] | null,
  StoredLimits[] | null,
];
/** account, currency, debits, credits, pending debits, pending credits, version */
export type BalanceRow = [string, string, string, string, string, string, string];

interface Row {
  readonly ledger: {
    status: string;
    sequence: string;
    hash: string;
    posted_at: string | null;
    unknown_accounts: string;
  } | null;
  readonly tenant_status: string | null;
  readonly now: Date;
  readonly due: boolean;
  readonly accounts: AccountRow[] | null;
  readonly balances: BalanceRow[] | null;
  readonly currencies: { code: string; scale: number; name: string }[] | null;
  readonly refs: string[] | null;
  readonly keys: { p: string; o: string; k: string; f: string; s: number; b: string | null; r: string | null }[] | null;
}

export const ACCOUNT_COLUMNS = 'id, code, normal_balance, status, frozen, currencies, limits';
export const ACCOUNT_JSON = (alias: string) =>
  `json_agg(json_build_array(${alias}.id, ${alias}.code, ${alias}.normal_balance, ${alias}.status = 'open', ${alias}.frozen, ${alias}.currencies, NULLIF(${alias}.limits, '[]')))`;
export const BALANCE_JSON =
  'json_agg(json_build_array(b.account_id, b.currency, b.posted_debits::text, b.posted_credits::text, b.pending_debits::text, b.pending_credits::text, b.version::text))';

/** Everything that most batches need, in one statement and so in one snapshot, taken after the ledger's lock. */
const READ = {
  name: 'engine-read',
  text: `
WITH asked AS MATERIALIZED (
  SELECT ${ACCOUNT_COLUMNS} FROM accounts WHERE tenant_id = $1 AND ledger_id = $2 AND code = ANY ($3::text[])
  UNION ALL
  SELECT ${ACCOUNT_COLUMNS} FROM accounts WHERE tenant_id = $1 AND ledger_id = $2 AND id = ANY ($4::uuid[]) AND code <> ALL ($3::text[])
)
SELECT
  (SELECT json_build_object('status', l.status, 'sequence', h.sequence::text, 'hash', encode(h.hash, 'hex'),
                            'posted_at', NULLIF(h.posted_at, '-infinity'), 'unknown_accounts', l.unknown_accounts)
     FROM ledgers l JOIN ledger_heads h ON h.tenant_id = l.tenant_id AND h.ledger_id = l.id
    WHERE l.tenant_id = $1 AND l.id = $2) AS ledger,
  (SELECT status FROM tenants WHERE id = $1) AS tenant_status,
  date_trunc('milliseconds', statement_timestamp()) AS now,
  EXISTS (SELECT FROM holds WHERE tenant_id = $1 AND ledger_id = $2 AND status = 'pending' AND expires_at <= date_trunc('milliseconds', statement_timestamp())) AS due,
  (SELECT ${ACCOUNT_JSON('asked')} FROM asked) AS accounts,
  (SELECT ${BALANCE_JSON}
     FROM asked JOIN balances b ON b.tenant_id = $1 AND b.account_id = asked.id AND b.currency = ANY ($5::text[])) AS balances,
  (SELECT json_agg(json_build_object('code', code, 'scale', scale, 'name', name))
     FROM currencies WHERE tenant_id = $1 AND code = ANY ($5::text[])) AS currencies,
  (SELECT json_agg(reference) FROM transactions WHERE tenant_id = $1 AND ledger_id = $2 AND reference = ANY ($6::text[])) AS refs,
  (SELECT json_agg(json_build_object('p', i.principal_id, 'o', i.operation, 'k', i.key, 'f', encode(i.fingerprint, 'hex'), 's', i.status, 'b', i.body, 'r', i.resource_id))
     FROM unnest($7::uuid[], $8::text[], $9::text[]) AS wanted (principal_id, operation, key)
     JOIN idempotency_keys i ON i.tenant_id = $1 AND i.principal_id = wanted.principal_id AND i.operation = wanted.operation AND i.key = wanted.key
    WHERE i.expires_at IS NULL OR i.expires_at > now()) AS keys`,
};

export async function readBatch(
  client: PoolClient,
  tenantId: string,
  ledgerId: string,
  units: readonly Unit[],
): Promise<BatchState> {
  const codes = new Set<string>();
  const ids = new Set<string>();
  const currencies = new Set<string>();
  const references = new Set<string>();
  const commands = units.flatMap((unit) => unit.commands);
  const name = (entries: readonly PostingEntry[]) => {
    for (const entry of entries) {
      codes.add(entry.account);
      if (isUuid(entry.account)) ids.add(entry.account);
      currencies.add(entry.currency);
    }
  };
  for (const { order } of commands) {
    if (order instanceof Problem) continue;
    if (order.kind === 'posting') name(order.entries);
    if (order.reference !== null) references.add(order.reference);
  }
  const keys = units.flatMap((unit) => (unit.dryRun ? [] : unit.commands.flatMap(({ key }) => key ?? [])));
  const { rows } = await client.query<Row>({
    ...READ,
    values: [
      tenantId,
      ledgerId,
      textArray([...codes]),
      textArray([...ids]),
      textArray([...currencies]),
      textArray([...references]),
      textArray(keys.map(({ principalId }) => principalId)),
      textArray(keys.map(({ operation }) => operation)),
      textArray(keys.map(({ key }) => key)),
    ],
  });
  const row = rows[0];
  if (!row) throw new Error('the engine read nothing');
  return {
    book: row.ledger ? bookOf(ledgerId, row, row.ledger) : undefined,
    ledgerOpen: row.ledger?.status === 'open',
    tenantActive: row.tenant_status === 'active',
    holdsDue: row.due,
    keys: new Map(
      (row.keys ?? []).map(({ p, o, k, f, s, b, r }) => [
        scopedKey({ principalId: p, operation: o, key: k }),
        {
          fingerprint: Buffer.from(f, 'hex'),
          status: s,
          body: b === null ? null : (JSON.parse(b) as unknown),
          transactionId: r,
        },
      ]),
    ),
  };
}

function bookOf(ledgerId: string, row: Row, ledger: NonNullable<Row['ledger']>): Book {
  const last = ledger.posted_at === null ? undefined : new Date(ledger.posted_at);
  const book = new Book({
    ledgerId,
    sequence: BigInt(ledger.sequence),
    hash: Buffer.from(ledger.hash, 'hex'),
    // the server's clock may step back; the ledger's time does not
    now: last !== undefined && last > row.now ? last : row.now,
    accounts: new Map<string, AccountState>(),
    currencies: new Map<string, Currency>((row.currencies ?? []).map((currency) => [currency.code, currency])),
    references: new Set(row.refs ?? []),
    ...(ledger.unknown_accounts === 'created' ? { makeAccount: accountByFirstSegment } : {}),
  });
  addToBook(book, row.accounts, row.balances);
  return book;
}

/** Adds accounts and balances that were read; those that the book has already stay. */
export function addToBook(book: Book, accounts: AccountRow[] | null, balances: BalanceRow[] | null): void {
  for (const [id, code, normalBalance, open, frozen, currencies, limits] of accounts ?? []) {
    if (book.accounts.has(id)) continue;
    const account = { id, code, normalBalance, open, frozen, currencies, limits: limits ? readLimits(limits) : [] };
    book.accounts.set(id, account);
    // a code may look like the id of another account: the id wins
    if (!book.accounts.has(code)) book.accounts.set(code, account);
  }
  for (const [accountId, currency, debits, credits, pendingDebits, pendingCredits, version] of balances ?? [])
    book.addBalance({
      accountId,
      currency,
      debits: BigInt(debits),
      credits: BigInt(credits),
      pendingDebits: BigInt(pendingDebits),
      pendingCredits: BigInt(pendingCredits),
      version: BigInt(version),
      storedVersion: BigInt(version),
    });
}
