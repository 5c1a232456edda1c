import { Injectable } from '@nestjs/common';
import { type PoolClient } from 'pg';
import { isUuid } from '../../../common/ids/uuid';
import { currentTransaction } from '../../../platform/database/tenant-database';
import { CursorService } from '../../../platform/http/pagination/cursor.service';
import { COUNT_MAX } from '../../../platform/http/pagination/total-count';
import { CurrenciesService } from '../ledgers/currencies.service';
import { type TransactionFilterQuery } from './transaction-query.dto';
import { TransactionResponse } from '../posting/transaction.response.dto';
import { readTransactions, type TransactionView } from '../engine/replay';
import { reaches } from '../accounts/reach';
import { LedgersService } from '../ledgers/ledgers.service';
import { type Bounds, conditionsOf, type Scope } from './conditions';
import { type Balances, type Driver, driverFor } from './drivers';
import { FILTERS, type FilterTexts, readFilters, type TransactionFilters } from './filters';
import { beginsWith, Values } from './sql';
import { Problem } from '../../../common/problems/problem';
import { TRANSACTION_NOT_FOUND } from '../core/refusals.errors';

/** Balances that a list follows one by one; where there are more, most transactions have one of them. */
const BALANCES_MAX = 200;
/** From here on a look at each balance's end costs more than to try the transactions, if they have most of them. */
const BALANCES_DENSE = 25;
/** Rows that one statement looks through where most do not fit. */
const TAKE_MAX = 10_000;
/** Rows that one request looks through where most do not fit: some tenths of a second. */
const LOOK_MAX = 50_000;
const LAST_SEQUENCE = 2n ** 63n - 1n;

/** Plans that read by index, row by row: the planner takes a tenant that is new to it for one with hardly any rows. */
const BY_INDEX = `SELECT set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true),
  set_config('enable_mergejoin', 'off', true), set_config('enable_material', 'off', true)`;

/** A transaction of the list, and where it stands in it. */
interface Found {
  readonly id: string;
  readonly key: readonly string[];
}

/** What is to be listed, and how. */
interface Plan {
  readonly client: PoolClient;
  readonly filters: TransactionFilters;
  readonly scope: Scope;
  readonly bounds: Bounds;
  /** Undefined: nothing can be found. */
  readonly driver: Driver | undefined;
  /** Takes over, in the same order, once most of what the driver finds does not fit. */
  readonly sparse: Driver | undefined;
}

/** The transactions of a ledger, filtered. However large the ledger is, a page reads about as many rows as it shows. */
@Injectable()
export class TransactionList {
  constructor(
    private readonly ledgers: LedgersService,
    private readonly currencies: CurrenciesService,
    private readonly cursors: CursorService,
  ) {}

  /** @throws Problem `transaction-not-found` */
  async get(ledgerId: string, id: string): Promise<TransactionResponse> {
    const reading = currentTransaction();
    const [transaction] = await readTransactions(reading, 't.tenant_id = $1 AND t.ledger_id = $2 AND t.id = $3', [
      reading.tenantId,
      ledgerId,
      id,
    ]);
    // whoever is limited to accounts sees what moves no others
    if (!transaction?.recorded.entries.every(({ account }) => reaches(account)))
      throw new Problem(TRANSACTION_NOT_FOUND, 'The ledger has no transaction with this id.');
    return TransactionResponse.of(transaction);
  }

  /** @throws Problem `ledger-not-found`, `validation-failed`, `invalid-cursor` */
  async page(ledgerId: string, query: TransactionFilterQuery) {
    await this.ledgers.get(ledgerId);
    return this.cursors.page(
      `transactions ${ledgerId}`,
      query,
      textsOf(query),
      async ({ direction, key, limit, filters }) => {
        const plan = await this.plan(ledgerId, filters);
        const { found, reached } = await find(plan, direction === 'next', key, limit + 1);
        return { rows: await read(plan, found), reached };
      },
      ({ key }) => key,
      ({ view }) => TransactionResponse.of(view),
    );
  }

  /** How many there are, counted up to a bound: beyond it with a `+`. @throws Problem as `page` does */
  async count(ledgerId: string, query: TransactionFilterQuery): Promise<string> {
    await this.ledgers.get(ledgerId);
    const plan = await this.plan(ledgerId, textsOf(query));
    const { found, reached } = await find(plan, true, undefined, COUNT_MAX + 1);
    return found.length > COUNT_MAX || reached ? `${Math.min(found.length, COUNT_MAX)}+` : String(found.length);
  }

  private async plan(ledgerId: string, texts: FilterTexts): Promise<Plan> {
    const { client, tenantId, now } = currentTransaction();
    const { currency } = texts;
    const scale = currency === undefined ? undefined : (await this.currencies.scaleOf([currency]))(currency);
    const asked = readFilters(texts, scale);
    const scope: Scope = { tenantId, ledgerId, now };
    await client.query(BY_INDEX);
    const bounds = await boundsOf(client, scope, asked);
    const filters = await withAccountId(client, scope, asked);
    const balances = filters?.entry ? await balancesOf(client, scope, filters.entry) : [];
    const nothing = filters === undefined || (filters.entry !== undefined && balances.length === 0);
    const driver = nothing ? undefined : driverFor(filters, balances.length > BALANCES_MAX ? 'many' : balances);
    const dense = driver && filters && driver.by === 'id' && (await inMost(client, scope, balances));
    return {
      client,
      filters: filters ?? asked,
      scope,
      bounds,
      driver: dense ? driverFor(filters, 'many') : driver,
      sparse: dense ? driver : undefined,
    };
  }
}

function textsOf(query: TransactionFilterQuery): FilterTexts {
  return Object.fromEntries(FILTERS.map((name) => [name, query[name]]));
}

/** `created_at` rises with the sequence, so a range of the one is a range of the other. */
async function boundsOf(client: PoolClient, { ledgerId }: Scope, { created }: TransactionFilters): Promise<Bounds> {
  if (!created) return { after: 0n, before: LAST_SEQUENCE };
  const { rows } = await client.query<{ before_first: string | null; last: string | null }>(
    `SELECT ledger_sequence_at($1, $2::timestamptz - interval '1 microsecond') AS before_first,
            ledger_sequence_at($1, $3::timestamptz - interval '1 microsecond') AS last`,
    [ledgerId, created.from ?? '-infinity', created.to ?? 'infinity'],
  );
  return { after: BigInt(rows[0]?.before_first ?? 0), before: BigInt(rows[0]?.last ?? 0) + 1n };
}

/** The filters with the id of the account that they name; undefined where the ledger has none of this id or code. */
async function withAccountId(client: PoolClient, { tenantId, ledgerId }: Scope, filters: TransactionFilters) {
  const account = filters.entry?.account;
  if (account === undefined) return filters;
  const idOf = async (column: 'id' | 'code') =>
    (
      await client.query<{ id: string }>(
        `SELECT id FROM accounts WHERE tenant_id = $1 AND ledger_id = $2 AND ${column} = $3`,
        [tenantId, ledgerId, account],
      )
    ).rows[0]?.id;
  // an id wins over a code that looks like one
  const id = (isUuid(account) ? await idOf('id') : undefined) ?? (await idOf('code'));
  return id === undefined ? undefined : { ...filters, entry: { ...filters.entry, account: id } };
}

/** Balances that the entries may be of, one more than {@link BALANCES_MAX} at the most. */
async function balancesOf(
  client: PoolClient,
  { tenantId, ledgerId }: Scope,
  { account, accountPrefix, currency }: NonNullable<TransactionFilters['entry']>,
): Promise<Balances> {
  const values = new Values();
  const of = [`b.tenant_id = ${values.add(tenantId, 'uuid')}`, `b.ledger_id = ${values.add(ledgerId, 'uuid')}`];
  if (account !== undefined) of.push(`b.account_id = ${values.add(account, 'uuid')}`);
  if (currency !== undefined) of.push(`b.currency = ${values.add(currency, 'text')}`);
  let from = 'balances b';
  if (accountPrefix !== undefined) {
    from = `accounts a CROSS JOIN LATERAL (SELECT * FROM balances b WHERE b.tenant_id = a.tenant_id AND b.account_id = a.id OFFSET 0) b`;
    of.push(`a.tenant_id = $1 AND a.ledger_id = $2 AND ${beginsWith('a.code', accountPrefix, values)}`);
  }
  const { rows } = await client.query<Balances[number]>(
    `SELECT b.account_id AS "accountId", b.currency, b.version FROM ${from} WHERE ${of.join(' AND ')} LIMIT ${BALANCES_MAX + 1}`,
    values.list,
  );
  return rows;
}

/** Whether the balances are so many, with so many entries, that most transactions have one of theirs. */
async function inMost(client: PoolClient, { tenantId, ledgerId }: Scope, balances: Balances): Promise<boolean> {
  if (balances.length < BALANCES_DENSE) return false;
  const { rows } = await client.query<{ sequence: string }>(
    'SELECT sequence FROM ledger_heads WHERE tenant_id = $1 AND ledger_id = $2',
    [tenantId, ledgerId],
  );
  const entries = balances.reduce((sum, { version }) => sum + BigInt(version), 0n);
  return entries >= BigInt(rows[0]?.sequence ?? 0);
}

/**
 * Up to `limit` transactions beyond the key, in the order of the list; fewer where so many others had to be looked at
 * that somebody waits, with how far that was.
 */
async function find(plan: Plan, forward: boolean, key: readonly string[] | undefined, limit: number) {
  const found: Found[] = [];
  let { driver } = plan;
  let last = key;
  let take = limit;
  for (let looked = 0; driver && found.length < limit;) {
    if (looked >= LOOK_MAX) return { found, reached: last };
    const rows = await candidates(plan, driver, forward, last, take);
    const fitting = rows.filter(({ fits }) => fits);
    found.push(...fitting);
    looked += rows.length;
    last = rows.at(-1)?.key;
    if (rows.length < take) break;
    if (plan.sparse && fitting.length * 2 < rows.length) driver = plan.sparse;
    // as many as have what is missing, if they are like these; where none fits, ever more
    const likely = Math.ceil(((limit - found.length) * rows.length * 1.2) / (fitting.length || 1)) + 1;
    take = Math.min(likely, take * 2, TAKE_MAX);
  }
  return { found: found.slice(0, limit), reached: undefined };
}

/** The next `take` of what the driver finds, each with whether it meets the rest of the filters. */
async function candidates(
  { client, filters, scope, bounds }: Plan,
  driver: Driver,
  forward: boolean,
  key: readonly string[] | undefined,
  take: number,
): Promise<(Found & { readonly fits: boolean })[]> {
  const values = new Values();
  const inSequence = driver.order.length === 1 && driver.order[0]?.[0] === 'sequence';
  const step = { forward, key, take, bounds: inSequence ? beyond(bounds, key?.[0], forward) : bounds };
  const inner = driver.candidates(step, scope, values);
  const conditions = conditionsOf(filters, driver.meets, scope, bounds, values);
  const whole = driver.by === 'id' && conditions.length === 0;
  const order = driver.descending === forward ? 'DESC' : 'ASC';
  const { rows } = await client.query<{ id: string; key: string[]; fits: boolean }>(
    `SELECT ${whole ? 'c' : 't'}.id, ARRAY[${driver.order.map(([column]) => `c.${column}::text`).join(', ')}] AS key, (${conditions.join(' AND ') || 'true'}) AS fits
       FROM (${inner}) c ${whole ? '' : transactionOf(driver, scope, values)}
      ORDER BY ${driver.order.map(([column]) => `c.${column} ${order}`).join(', ')}`,
    values.list,
  );
  return rows;
}

/** One by one, as a join the planner might begin it with all transactions. */
const transactionOf = ({ by }: Driver, { tenantId, ledgerId }: Scope, values: Values): string =>
  `CROSS JOIN LATERAL (SELECT * FROM transactions t WHERE t.tenant_id = ${values.add(tenantId, 'uuid')} AND t.ledger_id = ${values.add(ledgerId, 'uuid')}
      AND t.${by} = c.${by} OFFSET 0) t`;

function beyond({ after, before }: Bounds, key: string | undefined, forward: boolean): Bounds {
  if (key === undefined) return { after, before };
  const sequence = BigInt(key);
  return forward
    ? { after, before: sequence < before ? sequence : before }
    : { after: sequence > after ? sequence : after, before };
}

/** What was found, whole. */
async function read({ client, scope }: Plan, found: readonly Found[]) {
  const ids = found.map(({ id }) => id);
  const where = 't.tenant_id = $1 AND t.id = ANY ($2::uuid[])';
  const views =
    ids.length === 0 ? [] : await readTransactions({ client, now: scope.now }, where, [scope.tenantId, ids]);
  const byId = new Map(views.map((view) => [view.recorded.id, view]));
  return found.flatMap(({ id, key }): { view: TransactionView; key: readonly string[] }[] => {
    const view = byId.get(id);
    return view ? [{ view, key }] : [];
  });
}
