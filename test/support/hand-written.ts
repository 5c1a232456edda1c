import { type Client } from 'pg';
import { NIL_UUID, uuidv7 } from '../../src/common/ids/uuid';

/** An entry that somebody writes by hand; what is left out follows from the balances as they are. */
export interface HandEntry {
  readonly account: string;
  readonly direction: 'debit' | 'credit';
  readonly amount: number | string;
  readonly kind: string;
  readonly version?: string;
  readonly balanceAfter?: string;
  readonly ledger?: string;
}
export interface HandTransaction {
  readonly ledger: string;
  readonly kind: string;
  readonly entries: readonly HandEntry[];
  readonly id?: string;
  readonly parent?: string;
  readonly createdAt?: string;
  readonly sequence?: string;
  readonly hash?: string;
  readonly headHash?: string;
  /** More of the same statement, as CTEs: what becomes of holds and reversals. */
  readonly and?: string;
  /** Balances that are left as they are. */
  readonly untouched?: readonly string[];
}

interface Sums {
  readonly version: bigint;
  readonly d: bigint;
  readonly c: bigint;
  readonly pd: bigint;
  readonly pc: bigint;
}

const HASH = 'ab'.repeat(32);
const number = (amount: number | string): bigint => (typeof amount === 'number' ? BigInt(amount) : 0n);

/** What the engine would write for it, in EUR, as one statement: right in everything that is not said otherwise. */
export async function statementOf(admin: Client, one: HandTransaction): Promise<string> {
  const { ledger, kind, entries, id = uuidv7(), untouched = [] } = one;
  const { rows } = await admin.query<Record<'account_id' | 'version' | 'd' | 'c' | 'pd' | 'pc', string>>(
    `SELECT account_id, version, posted_debits AS d, posted_credits AS c, pending_debits AS pd, pending_credits AS pc
       FROM balances WHERE currency = 'EUR' AND account_id = ANY ($1)`,
    [entries.map(({ account }) => account)],
  );
  const none: Sums = { version: 0n, d: 0n, c: 0n, pd: 0n, pc: 0n };
  const balances = new Map<string, Sums & { stored: boolean }>(
    rows.map(({ account_id, version, d, c, pd, pc }) => [
      account_id,
      { version: BigInt(version), d: BigInt(d), c: BigInt(c), pd: BigInt(pd), pc: BigInt(pc), stored: true },
    ]),
  );
  const at = one.createdAt ? `'${one.createdAt}'::timestamptz` : `date_trunc('milliseconds', now())`;
  const values = entries.map(
    ({ account, direction, amount, kind: what, version, balanceAfter, ledger: of }, position) => {
      const before = balances.get(account) ?? { ...none, stored: false };
      const [by, debit] = [number(amount), direction === 'debit'];
      const pending = what === 'held' ? by : what === 'released' ? -by : 0n;
      const posted = what === 'held' || what === 'released' ? 0n : by;
      const after = {
        stored: before.stored,
        version: before.version + 1n,
        ...{ d: before.d + (debit ? posted : 0n), c: before.c + (debit ? 0n : posted) },
        ...{ pd: before.pd + (debit ? pending : 0n), pc: before.pc + (debit ? 0n : pending) },
      };
      balances.set(account, after);
      return `('${id}', '${of ?? ledger}', ${position}, '${account}', 'EUR', '${what}', '${direction}', '${amount}'::numeric, ${version ?? after.version}, ${balanceAfter ?? after.d - after.c}, ${at}, ${at})`;
    },
  );
  const sums = ({ d, c, pd, pc, version }: Sums) => `${d}, ${c}, ${pd}, ${pc}, ${version}`;
  const moved = [...balances].filter(([account]) => !untouched.includes(account));
  const changed = moved
    .filter(([, { stored }]) => stored)
    .map(([account, own]) => `('${account}'::uuid, ${sums(own)})`);
  const fresh = moved.filter(([, { stored }]) => !stored);
  const sequence = one.sequence ?? `(SELECT sequence + 1 FROM ledger_heads WHERE ledger_id = '${ledger}')`;
  const hash = one.hash ?? HASH;
  return `WITH t AS (
    INSERT INTO transactions (id, ledger_id, sequence, kind, parent_id, effective_at, created_at, created_by, entry_count, hash)
    VALUES ('${id}', '${ledger}', ${sequence}, '${kind}', ${one.parent ? `'${one.parent}'` : 'NULL'}, ${at}, ${at}, '${NIL_UUID}', ${entries.length}, decode('${hash}', 'hex'))
  ), h AS (
    UPDATE ledger_heads SET sequence = ${sequence}, posted_at = ${at}, hash = decode('${one.headHash ?? hash}', 'hex') WHERE ledger_id = '${ledger}'
  )${
    changed.length === 0
      ? ''
      : `, b AS (
    UPDATE balances SET posted_debits = n.d, posted_credits = n.c, pending_debits = n.pd, pending_credits = n.pc, version = n.version
      FROM (VALUES ${changed.join(', ')}) AS n (account_id, d, c, pd, pc, version) WHERE balances.account_id = n.account_id
  )`
  }${
    fresh.length === 0
      ? ''
      : `, f AS (
    INSERT INTO balances (account_id, currency, ledger_id, posted_debits, posted_credits, pending_debits, pending_credits, version)
    VALUES ${fresh.map(([account, own]) => `('${account}', 'EUR', '${ledger}', ${sums(own)})`).join(', ')}
  )`
  }${one.and ? `, ${one.and}` : ''}
  INSERT INTO entries (transaction_id, ledger_id, position, account_id, currency, kind, direction, amount, version, balance_after, effective_at, created_at)
  VALUES ${values.join(', ')}`;
}
