import { type PoolClient } from 'pg';
import { type Currency } from '../../../common/money/currency';
import { isUuid } from '../../../common/ids/uuid';
import { type AccountState, Book } from '../core/posting';
import { textArray } from './array-literal';
import { type Command, scopedKey } from './command';

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
}

interface Row {
  readonly ledger: { status: string; sequence: string; posted_at: string | null } | null;
  readonly tenant_status: string | null;
  readonly now: Date;
  readonly accounts: { id: string; code: string; status: string; currencies: string[] | null }[] | null;
  readonly balances: { a: string; c: string; d: string; k: string; v: string }[] | null;
  readonly currencies: { code: string; scale: number; name: string }[] | null;
  readonly refs: string[] | null;
  readonly keys: { p: string; o: string; k: string; f: string; s: number; b: string | null; r: string | null }[] | null;
}

/** Everything a batch needs, in one statement and so in one snapshot, taken after the ledger's lock. */
const READ = {
  name: 'engine-read',
  text: `
WITH asked AS MATERIALIZED (
  SELECT id, code, status, currencies FROM accounts WHERE tenant_id = $1 AND ledger_id = $2 AND code = ANY ($3::text[])
  UNION
  SELECT id, code, status, currencies FROM accounts WHERE tenant_id = $1 AND ledger_id = $2 AND id = ANY ($4::uuid[])
)
SELECT
  (SELECT json_build_object('status', l.status, 'sequence', h.sequence::text, 'posted_at', NULLIF(h.posted_at, '-infinity'))
     FROM ledgers l JOIN ledger_heads h ON h.tenant_id = l.tenant_id AND h.ledger_id = l.id
    WHERE l.tenant_id = $1 AND l.id = $2) AS ledger,
  (SELECT status FROM tenants WHERE id = $1) AS tenant_status,
  date_trunc('milliseconds', clock_timestamp()) AS now,
  (SELECT json_agg(asked) FROM asked) AS accounts,
  (SELECT json_agg(json_build_object('a', b.account_id, 'c', b.currency, 'd', b.posted_debits::text, 'k', b.posted_credits::text, 'v', b.version::text))
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
  commands: readonly Command[],
): Promise<BatchState> {
  const codes = new Set<string>();
  const ids = new Set<string>();
  const currencies = new Set<string>();
  const references = new Set<string>();
  for (const { posting } of commands) {
    for (const entry of posting.entries) {
      codes.add(entry.account);
      if (isUuid(entry.account)) ids.add(entry.account);
      currencies.add(entry.currency);
    }
    if (posting.reference !== null) references.add(posting.reference);
  }
  const { rows } = await client.query<Row>({
    ...READ,
    values: [
      tenantId,
      ledgerId,
      textArray([...codes]),
      textArray([...ids]),
      textArray([...currencies]),
      textArray([...references]),
      textArray(commands.map(({ key }) => key.principalId)),
      textArray(commands.map(({ key }) => key.operation)),
      textArray(commands.map(({ key }) => key.key)),
    ],
  });
  const row = rows[0];
  if (!row) throw new Error('the engine read nothing');
  return {
    book: row.ledger ? bookOf(ledgerId, row, row.ledger) : undefined,
    ledgerOpen: row.ledger?.status === 'open',
    tenantActive: row.tenant_status === 'active',
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
  const accounts = new Map<string, AccountState>();
  for (const { id, code, status, currencies } of row.accounts ?? []) {
    const account: AccountState = { id, code, open: status === 'open', currencies };
    accounts.set(id, account);
    // a code may look like the id of another account: the id wins
    if (!accounts.has(code)) accounts.set(code, account);
  }
  const currencies = new Map<string, Currency>((row.currencies ?? []).map((currency) => [currency.code, currency]));
  const last = ledger.posted_at === null ? undefined : new Date(ledger.posted_at);
  // the server's clock may step back; the ledger's time does not
  const now = last !== undefined && last > row.now ? last : row.now;
  const book = new Book(ledgerId, BigInt(ledger.sequence), now, accounts, currencies, new Set(row.refs ?? []));
  for (const { a, c, d, k, v } of row.balances ?? [])
    book.addBalance({
      accountId: a,
      currency: c,
      debits: BigInt(d),
      credits: BigInt(k),
      version: BigInt(v),
      storedVersion: BigInt(v),
    });
  return book;
}
