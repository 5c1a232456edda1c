import { Injectable } from '@nestjs/common';
import { Problem } from '../../common/problems/problem';
import { TenantDatabase } from '../../platform/database/tenant-database';
import { type JobContext } from '../jobs';
import { ChartService, LEDGER_CLOSED, LedgersService } from '../transactions';
import { IMPORT_INVALID } from './books.errors';
import { BookCheck, ERRORS_LISTED } from './format/book-check';
import { type BookRow, type DefectiveRow, UnreadableBook } from './format/columns';
import { readRows } from './format/csv-rows';
import { type Dialect } from './format/dialect';
import { type FileTransaction, TransactionGrouping } from './format/file-transaction';
import { ImportFiles } from './import-files';

/** Rows that a dry run shows. */
const PREVIEW_ROWS = 20;

export interface Preview {
  readonly rows: readonly BookRow[];
  readonly check: BookCheck;
}

/** Of a job's progress, what checking the file is. */
export const CHECK_PERCENT = 30;

/** Reads a whole file and asks of each row whether the ledger would take it. Changes nothing. */
@Injectable()
export class ImportChecker {
  constructor(
    private readonly database: TenantDatabase,
    private readonly files: ImportFiles,
    private readonly ledgers: LedgersService,
    private readonly chart: ChartService,
  ) {}

  /** @throws Problem `import-invalid` with the errors by line, `ledger-closed` */
  async check(
    context: JobContext,
    file: { id: string; ledgerId: string; size: bigint | null },
    dialect: Dialect,
  ): Promise<BookCheck> {
    const { tenantId, signal } = context;
    const ledger = await this.database.run(tenantId, 'read', () => this.ledgers.get(file.ledgerId));
    if (ledger.status !== 'open') throw new Problem(LEDGER_CLOSED, 'The ledger is closed.');
    const check = new BookCheck(dialect);
    const grouping = new TransactionGrouping();
    const progress = { bytes: 0, of: Number(file.size) };
    try {
      for await (const rows of readRows(counted(this.files.read(tenantId, file.id), progress), dialect)) {
        signal.throwIfAborted();
        await this.checkAll(tenantId, file.ledgerId, check, endedBy(rows, grouping, check));
        await context.progress((CHECK_PERCENT * progress.bytes) / progress.of, `checked ${check.rowCount} rows`);
      }
      const last = grouping.end();
      if (last) await this.checkAll(tenantId, file.ledgerId, check, [last]);
      check.end();
    } catch (error) {
      if (!(error instanceof UnreadableBook)) throw error;
      check.report(error.line, undefined, error.detail);
    }
    if (check.errorCount > 0) throw invalid(check);
    return check;
  }

  /** The first rows of a file, and what is wrong with them. Nothing is kept. */
  async preview(tenantId: string, ledgerId: string, blocks: AsyncIterable<Buffer>, dialect: Dialect): Promise<Preview> {
    await this.database.run(tenantId, 'read', () => this.ledgers.get(ledgerId));
    const check = new BookCheck(dialect);
    const grouping = new TransactionGrouping();
    const rows: BookRow[] = [];
    let cut = false;
    try {
      for await (const block of readRows(blocks, dialect)) {
        const first = block.slice(0, PREVIEW_ROWS - rows.length);
        cut = first.length < block.length;
        rows.push(...first.filter((row) => 'fields' in row));
        await this.checkAll(tenantId, ledgerId, check, endedBy(first, grouping, check));
        if (cut || rows.length >= PREVIEW_ROWS) break;
      }
      // one that was cut off would not sum to zero
      const last = grouping.end();
      if (last && !cut && rows.length < PREVIEW_ROWS) await this.checkAll(tenantId, ledgerId, check, [last]);
      else if (last) await this.look(tenantId, ledgerId, check, last.rows);
    } catch (error) {
      if (!(error instanceof UnreadableBook)) throw error;
      check.report(error.line, undefined, error.detail);
    }
    return { rows, check };
  }

  private async checkAll(
    tenantId: string,
    ledgerId: string,
    check: BookCheck,
    transactions: readonly FileTransaction[],
  ): Promise<void> {
    await this.look(
      tenantId,
      ledgerId,
      check,
      transactions.flatMap(({ rows }) => rows),
    );
    for (const transaction of transactions) check.check(transaction);
  }

  /** What the ledger says about the rows' accounts and currencies. */
  private async look(tenantId: string, ledgerId: string, check: BookCheck, rows: readonly BookRow[]): Promise<void> {
    const codes = unseen(rows, 'account', check.accounts);
    const currencies = unseen(rows, 'currency', check.scales);
    if (codes.length + currencies.length > 0)
      await this.database.run(tenantId, 'read', async () => {
        for (const code of codes) check.accounts.set(code, undefined);
        for (const account of await this.chart.accounts(ledgerId, codes)) check.accounts.set(account.code, account);
        for (const code of currencies) check.scales.set(code, undefined);
        for (const { code, scale } of await this.chart.currencies(currencies)) check.scales.set(code, scale);
      });
  }
}

/** The transactions that end within these rows. */
function endedBy(rows: readonly (BookRow | DefectiveRow)[], grouping: TransactionGrouping, check: BookCheck) {
  return rows.flatMap((row) => {
    if ('fields' in row) return grouping.add(row) ?? [];
    check.report(row.line, undefined, row.defect);
    return [];
  });
}

function unseen(
  rows: readonly BookRow[],
  column: 'account' | 'currency',
  seen: ReadonlyMap<string, unknown>,
): string[] {
  // PostgreSQL has no text with a NUL; the check refuses it
  const values = new Set(rows.map(({ fields }) => fields[column]).filter((value) => !value.includes('\0')));
  return [...values].filter((value) => !seen.has(value));
}

async function* counted(blocks: AsyncIterable<Buffer>, progress: { bytes: number }): AsyncGenerator<Buffer> {
  for await (const block of blocks) {
    progress.bytes += block.length;
    yield block;
  }
}

function invalid({ errors, errorCount }: BookCheck): Problem {
  const some = errorCount > ERRORS_LISTED ? `; the first ${ERRORS_LISTED} are listed` : '';
  const many = errorCount === 1 ? 'one error' : `${errorCount} errors`;
  return new Problem(IMPORT_INVALID, `The file has ${many}${some}. Nothing was posted.`, {
    errors: [...errors].sort((a, b) => lineOf(a) - lineOf(b)),
    extensions: { errorCount },
  });
}

const lineOf = ({ pointer }: { pointer: string }): number => Number(/\d+/.exec(pointer)?.[0]);
