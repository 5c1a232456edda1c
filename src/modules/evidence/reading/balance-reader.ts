import { type PoolClient } from 'pg';
import { type AccountType, type Direction, type EntryKind } from '../../transactions';
import { type BalanceRow } from '../core/ledger-row';

const ACCOUNTS = 500;
const ENTRIES = 2_000;

export interface EntryStep {
  readonly accountId: string;
  readonly currency: string;
  readonly kind: EntryKind;
  readonly direction: Direction;
  readonly amount: bigint;
  readonly version: bigint;
  readonly balanceAfter: bigint;
}

/** An account with its balances; `entries` is how many they say that they have. */
export interface AccountRow {
  readonly id: string;
  readonly code: string;
  readonly name: string | null;
  readonly type: AccountType;
  readonly normalBalance: Direction;
  readonly balances: readonly BalanceRow[];
  readonly entries: bigint;
}

interface RawAccount {
  readonly id: string;
  readonly code: string;
  readonly name: string | null;
  readonly type: AccountType;
  readonly normal_balance: Direction;
  readonly balances:
    | [
        currency: string,
        debits: string,
        credits: string,
        pendingDebits: string,
        pendingCredits: string,
        version: string,
      ][]
    | null;
}

/** The accounts of a ledger with their balances, page by page. */
export async function* readAccounts(
  client: PoolClient,
  tenantId: string,
  ledgerId: string,
): AsyncGenerator<AccountRow[], void> {
  for (let after: string | null = null; ;) {
    const { rows }: { rows: RawAccount[] } = await client.query<RawAccount>(
      `SELECT a.id, a.code, a.name, a.type, a.normal_balance, (SELECT json_agg(json_build_array(b.currency, b.posted_debits::text, b.posted_credits::text, b.pending_debits::text, b.pending_credits::text, b.version::text) ORDER BY b.currency)
                FROM balances b WHERE b.tenant_id = a.tenant_id AND b.account_id = a.id) AS balances
         FROM accounts a WHERE a.tenant_id = $1 AND a.ledger_id = $2 AND ($3::uuid IS NULL OR a.id > $3) ORDER BY a.id LIMIT ${ACCOUNTS}`,
      [tenantId, ledgerId, after],
    );
    if (rows.length > 0) yield rows.map(accountOf);
    if (rows.length < ACCOUNTS) return;
    after = rows.at(-1)?.id ?? null;
  }
}

/**
 * The entries of the accounts: one balance after the other, by version. Accounts with few are read together; one with
 * many page by page.
 */
export async function* readEntries(
  client: PoolClient,
  tenantId: string,
  accounts: readonly AccountRow[],
): AsyncGenerator<EntryStep[], void> {
  let batch: string[] = [];
  let expected = 0n;
  const together = async () => {
    const steps = await query(client, 'e.account_id = ANY ($2::uuid[])', [tenantId, batch]);
    batch = [];
    expected = 0n;
    return steps;
  };
  for (const { id, entries } of accounts) {
    if (entries > ENTRIES) {
      yield* pagesOf(client, tenantId, id);
      continue;
    }
    batch.push(id);
    expected += entries;
    if (expected >= ENTRIES) yield await together();
  }
  if (batch.length > 0) yield await together();
}

async function* pagesOf(client: PoolClient, tenantId: string, accountId: string): AsyncGenerator<EntryStep[], void> {
  for (let after: readonly [string, string] = ['', '0']; ;) {
    const page = await query(
      client,
      'e.account_id = $2 AND (e.currency, e.version) > ($3, $4::bigint)',
      [tenantId, accountId, ...after],
      `LIMIT ${ENTRIES}`,
    );
    const last = page.at(-1);
    if (!last) return;
    yield page;
    after = [last.currency, last.version.toString()];
  }
}

type RawStep = [string, string, EntryKind, Direction, string, string, string];

async function query(client: PoolClient, where: string, values: unknown[], tail = ''): Promise<EntryStep[]> {
  const { rows } = await client.query<RawStep>({
    text: `SELECT e.account_id, e.currency, e.kind, e.direction, e.amount::text, e.version::text, e.balance_after::text FROM entries e
            WHERE e.tenant_id = $1 AND ${where} ORDER BY e.account_id, e.currency, e.version ${tail}`,
    values,
    rowMode: 'array',
  });
  return rows.map(([accountId, currency, kind, direction, amount, version, balanceAfter]) => ({
    ...{ accountId, currency, kind, direction },
    amount: BigInt(amount),
    version: BigInt(version),
    balanceAfter: BigInt(balanceAfter),
  }));
}

function accountOf({ id, code, name, type, normal_balance: normalBalance, balances }: RawAccount): AccountRow {
  const rows = (balances ?? []).map(([currency, debits, credits, pendingDebits, pendingCredits, version]) => ({
    ...{ accountId: id, account: code, currency },
    debits: BigInt(debits),
    credits: BigInt(credits),
    pendingDebits: BigInt(pendingDebits),
    pendingCredits: BigInt(pendingCredits),
    version: BigInt(version),
  }));
  const entries = rows.reduce((sum, { version }) => sum + version, 0n);
  return { id, code, name, type, normalBalance, balances: rows, entries };
}
