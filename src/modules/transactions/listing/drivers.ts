import { type Bounds, type FilterName, type Scope } from './conditions';
import { type TransactionFilters } from './filters';
import { beginsWith, type Values } from './sql';

/** Accounts and currencies whose entries a list is of. */
export type Balances = readonly {
  readonly accountId: string;
  readonly currency: string;
  /** How many entries it has. */
  readonly version: string;
}[];

/** Where to go on: how many, beyond which row, and in which direction. */
interface Step {
  readonly forward: boolean;
  readonly key: readonly string[] | undefined;
  readonly take: number;
  /** The sequences of interest; of a list in the order of sequences, those beyond the key. */
  readonly bounds: Bounds;
}

/**
 * How a list is found: an index that has its rows in the order of the list. What it does not decide is asked of each row
 * that it finds.
 */
export interface Driver {
  /** What the rows that it finds meet already. */
  readonly meets: ReadonlySet<FilterName>;
  /** Which column of `candidates` names the transaction. */
  readonly by: 'id' | 'sequence';
  /** Columns of the order, with their types. */
  readonly order: readonly (readonly [column: string, type: string])[];
  readonly descending: boolean;
  /** A query of the columns above, in order. It may use a parameter as often as it likes. */
  candidates(step: Step, scope: Scope, values: Values): string;
}

const BY_SEQUENCE = { by: 'sequence', order: [['sequence', 'bigint']], descending: true } as const;

/**
 * Chosen by what finds the fewest rows: see the description of the list in transactions.controller.ts. The order is that
 * of the filters alone, however many balances there are: a cursor must find its place again when there is one more.
 */
export function driverFor(filters: TransactionFilters, balances: Balances | 'many'): Driver {
  const { reference, referencePrefix, metadata, entry, status, kind, amount, effective } = filters;
  if (reference !== undefined)
    return inSequence(['reference'], 'transactions', (values) => `reference = ${values.add(reference, 'text')}`);
  if (referencePrefix !== undefined) return byReference(referencePrefix);
  if (metadata)
    return inSequence(
      ['metadata'],
      'transaction_metadata',
      (values) => `key = ${values.add(metadata.key, 'text')} AND value = ${values.add(metadata.value, 'text')}`,
    );
  if (entry && balances !== 'many') return byBalances(balances);
  if (status === 'reversed') return inSequence(['status'], 'reversals', () => 'whole');
  if (status === 'pending')
    return inSequence(
      ['status'],
      'holds',
      (values, { now }) =>
        `status = 'pending' AND (expires_at IS NULL OR expires_at > ${values.add(now, 'timestamptz')})`,
    );
  if (status === 'voided' || status === 'expired') return byEnd(status);
  // the index leaves postings out: they are most of a ledger
  if (kind !== undefined && kind !== 'posting')
    return inSequence(['kind'], 'transactions', (values) => `kind = ${values.add(kind, 'text')} AND kind <> 'posting'`);
  if (amount && !entry) return byAmount(amount);
  if (effective && !entry) return byEffectiveTime(effective);
  return inSequence([], 'transactions', () => 'true');
}

/** Rows of a table that has an index over ledger, the condition and the sequence. */
function inSequence(
  meets: readonly FilterName[],
  table: string,
  condition: (values: Values, scope: Scope) => string,
): Driver {
  return {
    ...BY_SEQUENCE,
    meets: new Set<FilterName>([...meets, 'created']),
    candidates: (step, scope, values) => rowsOf(table, condition(values, scope), step, scope, values),
  };
}

function rowsOf(table: string, condition: string, step: Step, scope: Scope, values: Values): string {
  return `SELECT sequence FROM ${table} WHERE ${inBounds(step, scope, values)} AND ${condition}
    ORDER BY sequence ${step.forward ? 'DESC' : 'ASC'} LIMIT ${values.add(step.take, 'bigint')}`;
}

function inBounds({ bounds }: Step, scope: Scope, values: Values): string {
  return `${inLedger(scope, values)} AND sequence > ${values.add(bounds.after, 'bigint')} AND sequence < ${values.add(bounds.before, 'bigint')}`;
}

function inLedger({ tenantId, ledgerId }: Scope, values: Values): string {
  return `tenant_id = ${values.add(tenantId, 'uuid')} AND ledger_id = ${values.add(ledgerId, 'uuid')}`;
}

/** Holds that ended so, and the transactions that recorded the end. */
function byEnd(status: 'voided' | 'expired'): Driver {
  const kind = status === 'voided' ? 'void' : 'expiry';
  return {
    ...BY_SEQUENCE,
    meets: new Set<FilterName>(['status', 'created']),
    candidates: (step, scope, values) => {
      const parts = [
        rowsOf('holds', `status = '${status}'`, step, scope, values),
        rowsOf('transactions', `kind = '${kind}' AND kind <> 'posting'`, step, scope, values),
      ];
      // those whose end is not recorded yet are few, however many holds there are
      if (status === 'expired')
        parts.push(
          `SELECT sequence FROM holds WHERE ${inBounds(step, scope, values)} AND status = 'pending' AND expires_at <= ${values.add(scope.now, 'timestamptz')}`,
        );
      return `SELECT sequence FROM (${parts.map((part) => `(${part})`).join(' UNION ALL ')}) ended
        ORDER BY sequence ${step.forward ? 'DESC' : 'ASC'} LIMIT ${values.add(step.take, 'bigint')}`;
    },
  };
}

function byBalances(balances: Balances): Driver {
  return {
    ...BY_SEQUENCE,
    by: 'id',
    meets: new Set<FilterName>(['entry', 'created']),
    candidates: ({ bounds, forward, take }, _scope, values) =>
      `SELECT id, sequence FROM transactions_of_balances(
        ${values.add(
          balances.map(({ accountId }) => accountId),
          'uuid[]',
        )}, ${values.add(
          balances.map(({ currency }) => currency),
          'text[]',
        )},
        ${values.add(bounds.after, 'bigint')}, ${values.add(bounds.before, 'bigint')}, ${values.add(forward, 'boolean')}, ${values.add(take, 'integer')})`,
  };
}

function byReference(prefix: string): Driver {
  return {
    by: 'sequence',
    order: [['reference', 'text']],
    descending: false,
    meets: new Set<FilterName>(['referencePrefix']),
    candidates: ({ key, forward, take }, scope, values) => `
      SELECT sequence, reference FROM transactions
       WHERE ${inLedger(scope, values)} AND reference IS NOT NULL AND ${beginsWith('reference', prefix, values)}
         ${key ? `AND reference ${forward ? '>' : '<'} ${values.add(key[0], 'text')}` : ''}
       ORDER BY reference ${forward ? 'ASC' : 'DESC'} LIMIT ${values.add(take, 'bigint')}`,
  };
}

const FIRST_ID = '00000000-0000-0000-0000-000000000000';
const LAST_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

/** Ids rise with time, so equal amounts come in the order in which they were asked for. */
function byAmount({ currency, from, to }: NonNullable<TransactionFilters['amount']>): Driver {
  const [least, most] = [from.toString(), to.toString()];
  return {
    by: 'id',
    order: [
      ['amount', 'numeric'],
      ['id', 'uuid'],
    ],
    descending: false,
    meets: new Set<FilterName>(['amount']),
    candidates: ({ key, forward, take }, { ledgerId }, values) => {
      const [after, before] = [forward ? key : undefined, forward ? undefined : key];
      return `SELECT transaction_id AS id, amount FROM daybook_system.transactions_by_amount(
        ${values.add(ledgerId, 'uuid')}, ${values.add(currency, 'text')}, ${values.add(least, 'numeric')}, ${values.add(most, 'numeric')},
        ${values.add(after?.[0] ?? least, 'numeric')}, ${values.add(after?.[1] ?? FIRST_ID, 'uuid')},
        ${values.add(before?.[0] ?? most, 'numeric')}, ${values.add(before?.[1] ?? LAST_ID, 'uuid')}, ${values.add(forward, 'boolean')}, ${values.add(take, 'integer')})`;
    },
  };
}

function byEffectiveTime({ from, to }: NonNullable<TransactionFilters['effective']>): Driver {
  return {
    by: 'sequence',
    order: [
      ['effective_at', 'timestamptz'],
      ['sequence', 'bigint'],
    ],
    descending: true,
    meets: new Set<FilterName>(['effective']),
    candidates: ({ key, forward, take }, scope, values) => {
      const order = forward ? 'DESC' : 'ASC';
      return `SELECT sequence, effective_at FROM transactions WHERE ${inLedger(scope, values)}
        ${from ? `AND effective_at >= ${values.add(from, 'timestamptz')}` : ''} ${to ? `AND effective_at < ${values.add(to, 'timestamptz')}` : ''}
        ${key ? `AND (effective_at, sequence) ${forward ? '<' : '>'} (${values.add(key[0], 'timestamptz')}, ${values.add(key[1], 'bigint')})` : ''}
        ORDER BY effective_at ${order}, sequence ${order} LIMIT ${values.add(take, 'bigint')}`;
    },
  };
}
