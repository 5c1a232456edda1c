import { type Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import { parseInstant } from '../../common/time/instant';
import { TenantDatabase, type Transaction } from '../../platform/database/tenant-database';
import { SnapshotStreams } from '../../platform/http/snapshot-streams';
import {
  type AsOfQuery,
  ChartService,
  LedgersService,
  type RecordedTransaction,
  readTransactions,
  movesPosted,
} from '../transactions';
import { type CsvExportQuery } from './dto/export.dto';
import { CSV_HEADER, csvOf } from './format/csv-writer';
import { accountDirective, commodityDirective, journalOf } from './format/journal-writer';

/** Transactions in memory at once. */
const PAGE = 200;
const ACCOUNTS_PAGE = 1_000;

export type ExportFormat = 'journal' | 'csv';

/** A ledger as text, all of it from one moment, however long the client takes to read it. */
@Injectable()
export class ExportsService {
  constructor(
    private readonly database: TenantDatabase,
    private readonly streams: SnapshotStreams,
    private readonly ledgers: LedgersService,
    private readonly chart: ChartService,
  ) {}

  /** @throws Problem `ledger-not-found`, `unavailable` when too many exports are open */
  async start(
    tenantId: string,
    ledgerId: string,
    format: ExportFormat,
    query: AsOfQuery & CsvExportQuery,
  ): Promise<Readable> {
    await this.database.run(tenantId, 'read', () => this.ledgers.get(ledgerId));
    return this.streams.start(tenantId, (transaction) => {
      const pages = transactionsOf(transaction, ledgerId, query);
      return format === 'csv' ? csvText(pages, query.raw === 'true') : this.journalText(ledgerId, pages);
    });
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

async function* csvText(pages: AsyncIterable<readonly RecordedTransaction[]>, raw: boolean): AsyncGenerator<string> {
  yield CSV_HEADER;
  for await (const page of pages) yield page.map((transaction) => csvOf(transaction, raw)).join('');
}

/** In the order of their sequence, by keyset: each page is one short statement. */
async function* transactionsOf(
  reading: Transaction,
  ledgerId: string,
  { asOf, axis }: AsOfQuery,
): AsyncGenerator<RecordedTransaction[]> {
  const column = axis === 'created' ? 'created_at' : 'effective_at';
  const until = asOf === undefined ? null : parseInstant(asOf);
  for (let sequence = 0n; ;) {
    const page = await readTransactions(
      reading,
      `t.tenant_id = $1 AND t.ledger_id = $2 AND t.sequence > $3 AND ($4::timestamptz IS NULL OR t.${column} <= $4)`,
      [reading.tenantId, ledgerId, sequence.toString(), until],
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
