import { type PoolClient } from 'pg';
import { isUuid } from '../../../common/ids/uuid';
import { Problem } from '../../../common/problems/problem';
import { type Freeze } from '../core/account';
import { Book } from '../core/book';
import { readLimits, type StoredLimits } from '../core/limits';
import { idempotencyId } from '../../../platform/http/idempotency/idempotency-id';
import { balanceKey } from '../core/balance';
import { plainArray, textArray } from './array-literal';
import { type CommandKey, type Unit } from './command';
import { type KnownLedger, sameStamp, unknown } from './ledger-cache';
import { type AccountPlan } from '../core/new-account';

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
  /** By {@link idempotencyId}. */
  readonly keys: ReadonlyMap<string, KnownKey>;
  /** Ids of the commands' keys. */
  readonly keyIds: ReadonlyMap<CommandKey, string>;
  /** Ids of keys that are there still and count no more. */
  readonly expiredKeys: ReadonlySet<string>;
  /** A hold of the ledger has expired, and that is not recorded yet. */
  readonly holdsDue: boolean;
  /** Counts the changes of the ledger's accounts. */
  readonly accountsVersion: string;
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
    accounts_version: string;
  } | null;
  readonly tenant_status: string | null;
  readonly now: Date;
  readonly due: boolean;
  readonly accounts: AccountRow[] | null;
  readonly balances: BalanceRow[] | null;
  readonly currencies: { code: string; scale: number; name: string }[] | null;
  readonly refs: string[] | null;
  readonly keys: { i: string; f: string; s: number; b: string | null; r: string | null; e: boolean | null }[] | null;
}

const ACCOUNT_COLUMNS = 'id, code, normal_balance, status, frozen, currencies, limits';
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
                            'posted_at', NULLIF(h.posted_at, '-infinity'), 'unknown_accounts', l.unknown_accounts, 'accounts_version', h.accounts_version::text)
     FROM ledgers l JOIN ledger_heads h ON h.tenant_id = l.tenant_id AND h.ledger_id = l.id
    WHERE l.tenant_id = $1 AND l.id = $2) AS ledger,
  (SELECT status FROM tenants WHERE id = $1) AS tenant_status,
  date_trunc('milliseconds', tenant_time(statement_timestamp())) AS now,
  EXISTS (SELECT FROM holds WHERE tenant_id = $1 AND ledger_id = $2 AND status = 'pending' AND expires_at <= date_trunc('milliseconds', tenant_time(statement_timestamp()))) AS due,
  (SELECT ${ACCOUNT_JSON('asked')} FROM asked) AS accounts,
  (SELECT ${BALANCE_JSON}
     FROM (SELECT id FROM asked UNION ALL SELECT unnest($8::uuid[])) a
     JOIN balances b ON b.tenant_id = $1 AND b.ledger_id = $2 AND b.account_id = a.id AND b.currency = ANY ($5::text[])) AS balances,
  (SELECT json_agg(json_build_object('code', code, 'scale', scale, 'name', name))
     FROM currencies WHERE tenant_id = $1 AND code = ANY ($5::text[])) AS currencies,
  (SELECT json_agg(reference) FROM transactions WHERE tenant_id = $1 AND ledger_id = $2 AND reference = ANY ($6::text[])) AS refs,
  (SELECT json_agg(json_build_object('i', i.id, 'f', encode(i.fingerprint, 'hex'), 's', i.status, 'b', i.body, 'r', i.resource_id, 'e', i.expires_at <= tenant_now()))
     FROM idempotency_keys i WHERE i.tenant_id = $1 AND i.id = ANY ($7::uuid[])) AS keys`,
};

interface Names {
  /** With the currencies of their entries. */
  readonly accounts: Map<string, Set<string>>;
  readonly currencies: Set<string>;
  readonly references: Set<string>;
}

/** What the commands name. */
function namesIn(units: readonly Unit[]): Names {
  const names: Names = { accounts: new Map(), currencies: new Set(), references: new Set() };
  for (const { commands } of units)
    for (const { order } of commands) {
      if (order instanceof Problem) continue;
      if (order.reference !== null) names.references.add(order.reference);
      if (order.kind !== 'posting') continue;
      for (const { account, currency } of order.entries) {
        const currencies = names.accounts.get(account);
        if (currencies) currencies.add(currency);
        else names.accounts.set(account, new Set([currency]));
        names.currencies.add(currency);
      }
    }
  return names;
}

/** @param known what is there from the last batch; it becomes what is there now */
export async function readBatch(
  client: PoolClient,
  tenantId: string,
  ledgerId: string,
  units: readonly Unit[],
  known: KnownLedger,
): Promise<BatchState> {
  const names = namesIn(units);
  const keyIds = new Map<CommandKey, string>();
  for (const { commands, dryRun } of units)
    if (!dryRun) for (const { key } of commands) if (key) keyIds.set(key, idempotencyId(key));
  const read = (from: KnownLedger) => readRow(client, tenantId, ledgerId, names, [...keyIds.values()], from);
  let row = await read(known.trusted ? known : unknown());
  const stamp = row.ledger && { hash: row.ledger.hash, accountsVersion: row.ledger.accounts_version };
  const asLeft = stamp !== null && sameStamp(known.stamp, stamp);
  if (!asLeft) {
    if (known.trusted) row = await read(unknown());
    known.accounts.clear();
    known.balances.clear();
  }
  known.trusted = asLeft;
  const found = row.keys ?? [];
  const book = row.ledger ? bookOf(ledgerId, row, row.ledger, known) : undefined;
  if (
    book &&
    row.ledger?.unknown_accounts === 'created' &&
    [...names.accounts.keys()].some((one) => !book.accounts.has(one))
  )
    book.plans = await readTemplates(client, tenantId, ledgerId);
  return {
    book,
    ledgerOpen: row.ledger?.status === 'open',
    tenantActive: row.tenant_status === 'active',
    holdsDue: row.due,
    accountsVersion: row.ledger?.accounts_version ?? '0',
    keys: new Map(
      found
        .filter(({ e }) => e !== true)
        .map(({ i, f, s, b, r }) => [
          i,
          {
            fingerprint: Buffer.from(f, 'hex'),
            status: s,
            body: b === null ? null : (JSON.parse(b) as unknown),
            transactionId: r,
          },
        ]),
    ),
    keyIds,
    expiredKeys: new Set(found.flatMap(({ i, e }) => (e === true ? [i] : []))),
  };
}

/** All that the batch needs and is not known. */
async function readRow(
  client: PoolClient,
  tenantId: string,
  ledgerId: string,
  { accounts, currencies, references }: Names,
  keys: readonly string[],
  known: KnownLedger,
): Promise<Row> {
  const codes: string[] = [];
  const withoutBalance = new Set<string>();
  for (const [name, used] of accounts) {
    const account = known.accounts.get(name);
    // a text that is the id of one account and the code of another means the first
    if (!account || (isUuid(name) && account.id !== name)) codes.push(name);
    else
      for (const currency of used)
        if (!known.balances.has(balanceKey(account.id, currency))) withoutBalance.add(account.id);
  }
  const { rows } = await client.query<Row>({
    ...READ,
    values: [
      tenantId,
      ledgerId,
      textArray(codes),
      plainArray(codes.filter((name) => isUuid(name))),
      textArray([...currencies]),
      textArray([...references]),
      plainArray(keys),
      plainArray([...withoutBalance]),
    ],
  });
  const [row] = rows;
  if (!row) throw new Error('the engine read nothing');
  return row;
}

function bookOf(ledgerId: string, row: Row, ledger: NonNullable<Row['ledger']>, known: KnownLedger): Book {
  const last = ledger.posted_at === null ? undefined : new Date(ledger.posted_at);
  for (const currency of row.currencies ?? []) known.currencies.set(currency.code, currency);
  const book = new Book({
    ledgerId,
    sequence: BigInt(ledger.sequence),
    hash: ledger.hash,
    // the server's clock may step back; the ledger's time does not
    now: last !== undefined && last > row.now ? last : row.now,
    accounts: known.accounts,
    balances: known.balances,
    currencies: known.currencies,
    references: new Set(row.refs ?? []),
  });
  addToBook(book, row.accounts, row.balances);
  return book;
}

/** Of a ledger that makes accounts on their first use. */
async function readTemplates(client: PoolClient, tenantId: string, ledgerId: string): Promise<AccountPlan[]> {
  const { rows } = await client.query<Omit<AccountPlan, 'limits'> & { readonly limits: StoredLimits[] }>({
    name: 'engine-read-account-templates',
    text: `SELECT pattern, name, type, normal_balance AS "normalBalance", currencies, limits, metadata
             FROM account_templates WHERE tenant_id = $1 AND ledger_id = $2`,
    values: [tenantId, ledgerId],
  });
  return rows.map((row) => ({ ...row, limits: readLimits(row.limits) }));
}

/** Adds accounts and balances that were read; those that the book has already stay. */
export function addToBook(book: Book, accounts: AccountRow[] | null, balances: BalanceRow[] | null): void {
  for (const [id, code, normalBalance, open, frozen, currencies, limits] of accounts ?? []) {
    if (book.accounts.get(id)?.id === id) continue;
    const account = { id, code, normalBalance, open, frozen, currencies, limits: limits ? readLimits(limits) : [] };
    book.accounts.set(id, account);
    // a code may look like the id of another account: the id wins
    if (!book.accounts.has(code)) book.accounts.set(code, account);
  }
  for (const [accountId, currency, debits, credits, pendingDebits, pendingCredits, version] of balances ?? []) {
    if (book.balances.has(balanceKey(accountId, currency))) continue;
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
}
