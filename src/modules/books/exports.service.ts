import { PassThrough, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Injectable, Logger } from '@nestjs/common';
import { UNAVAILABLE } from '../../common/problems/http.problems';
import { Problem } from '../../common/problems/problem';
import { parseInstant } from '../../common/time/instant';
import { Config } from '../../config/config';
import { TenantDatabase, type Transaction } from '../../platform/database/tenant-database';
import {
  type AsOfQuery,
  ChartService,
  LedgersService,
  type RecordedTransaction,
  readTransactions,
  movesPosted,
} from '../transactions';
import { CSV_HEADER, csvOf } from './format/csv-writer';
import { accountDirective, commodityDirective, journalOf } from './format/journal-writer';

/** Transactions in memory at once. */
const PAGE = 200;
const ACCOUNTS_PAGE = 1_000;
/** A client that takes nothing for this long loses its export: it holds a connection. */
const PATIENCE_MS = 60_000;

export type ExportFormat = 'journal' | 'csv';

/** A ledger as text, all of it from one moment, however long the client takes to read it. */
@Injectable()
export class ExportsService {
  private readonly logger = new Logger(ExportsService.name);
  private readonly atOnce: number;
  private open = 0;

  constructor(
    config: Config,
    private readonly database: TenantDatabase,
    private readonly ledgers: LedgersService,
    private readonly chart: ChartService,
  ) {
    // most of the pool stays free for those who are quick
    this.atOnce = Math.max(1, Math.floor(config.database.poolSize * 0.2));
  }

  /**
   * A stream that is destroyed when anything goes wrong, and that lets go of its connection when it is destroyed.
   * @throws Problem `ledger-not-found`, `unavailable` when too many exports are open
   */
  async start(tenantId: string, ledgerId: string, format: ExportFormat, query: AsOfQuery): Promise<Readable> {
    await this.database.run(tenantId, 'read', () => this.ledgers.get(ledgerId));
    if (this.open >= this.atOnce)
      throw new Problem(UNAVAILABLE, `${this.open} exports are being sent already; try again.`, {
        headers: { 'retry-after': '5' },
      });
    this.open += 1;
    const out = new PassThrough();
    void this.fill(out, tenantId, ledgerId, format, query).finally(() => (this.open -= 1));
    return out;
  }

  private async fill(
    out: PassThrough,
    tenantId: string,
    ledgerId: string,
    format: ExportFormat,
    query: AsOfQuery,
  ): Promise<void> {
    const write = async (transaction: Transaction) => {
      await transaction.client.query(`SELECT set_config('idle_in_transaction_session_timeout', $1, true)`, [
        String(PATIENCE_MS),
      ]);
      const pages = transactionsOf(transaction, ledgerId, query);
      const text = format === 'csv' ? csvText(pages) : this.journalText(ledgerId, pages);
      // ended below: only what was read to the end, transaction and all, may look whole
      await pipeline(text, out, { end: false });
    };
    try {
      await this.database.run(tenantId, 'read', write, { snapshot: true, retries: 0 });
      out.end();
    } catch (error) {
      const gone = (error as { code?: string }).code === 'ERR_STREAM_PREMATURE_CLOSE';
      if (!gone) this.logger.error({ msg: 'an export broke off', ledgerId, err: error });
      out.destroy(error as Error);
    }
  }

  private async *journalText(
    ledgerId: string,
    pages: AsyncIterable<readonly RecordedTransaction[]>,
  ): AsyncGenerator<string> {
    for (const currency of await this.chart.currenciesOf(ledgerId)) yield commodityDirective(currency);
    let code = '';
    for (;;) {
      const accounts = await this.chart.accountsAfter(ledgerId, code, ACCOUNTS_PAGE);
      if (accounts.length > 0) yield accounts.map(accountDirective).join('');
      if (accounts.length < ACCOUNTS_PAGE) break;
      code = accounts.at(-1)?.code ?? '';
    }
    for await (const page of pages) yield page.map(journalOf).join('');
  }
}

async function* csvText(pages: AsyncIterable<readonly RecordedTransaction[]>): AsyncGenerator<string> {
  yield CSV_HEADER;
  for await (const page of pages) yield page.map(csvOf).join('');
}

/** In the order of their sequence, by keyset: each page is one short statement. */
async function* transactionsOf(
  { client, tenantId }: Transaction,
  ledgerId: string,
  { asOf, axis }: AsOfQuery,
): AsyncGenerator<RecordedTransaction[]> {
  const column = axis === 'created' ? 'created_at' : 'effective_at';
  const until = asOf === undefined ? null : parseInstant(asOf);
  for (let sequence = 0n; ;) {
    const page = await readTransactions(
      client,
      `t.tenant_id = $1 AND t.ledger_id = $2 AND t.sequence > $3 AND ($4::timestamptz IS NULL OR t.${column} <= $4)`,
      [tenantId, ledgerId, sequence.toString(), until],
      `ORDER BY t.sequence LIMIT ${PAGE}`,
    );
    const posted = page.map(({ recorded }) => postedPart(recorded)).filter(({ entries }) => entries.length > 0);
    if (posted.length > 0) yield posted;
    if (page.length < PAGE) return;
    sequence = page.at(-1)?.recorded.sequence ?? sequence;
  }
}

/** Journals know no holds: what was reserved or freed is left out. */
function postedPart(transaction: RecordedTransaction): RecordedTransaction {
  return { ...transaction, entries: transaction.entries.filter(({ kind }) => movesPosted(kind)) };
}
