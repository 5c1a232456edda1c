import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { Problem } from '../../common/problems/problem';
import { TenantDatabase } from '../../platform/database/tenant-database';
import { type JobContext, type JobHandler, JobKind } from '../jobs';
import { ChartService } from '../transactions';
import { IMPORT_NOT_FOUND } from './books.errors';
import { ImportPayload } from './dto/import.dto';
import { dialectOf } from './dto/import-options.dto';
import { Import } from './entities/import.entity';
import { type BookCheck, typeOfNew } from './format/book-check';
import { type Dialect } from './format/dialect';
import { ImportChecker } from './import-checker';
import { ImportPoster, type PostedCounts } from './import-poster';
import { IMPORT_JOB } from './imports.service';

export interface ImportResult extends PostedCounts {
  readonly rows: number;
  readonly transactions: number;
  readonly accountsCreated: number;
  readonly currenciesCreated: number;
}

@JobKind({
  name: IMPORT_JOB,
  description: 'Checks an uploaded book as a whole, then posts it. Running it again posts nothing twice.',
  payload: ImportPayload,
  maxAttempts: 10,
  timeoutMs: 6 * 3_600_000,
  // large books leave slots to other work
  concurrencyShare: 0.5,
})
export class ImportKind implements JobHandler<ImportPayload> {
  constructor(
    private readonly database: TenantDatabase,
    @InjectRepository(Import) private readonly imports: Repository<Import>,
    private readonly chart: ChartService,
    private readonly checker: ImportChecker,
    private readonly poster: ImportPoster,
  ) {}

  async run(context: JobContext, { importId }: ImportPayload): Promise<ImportResult> {
    const { tenantId } = context;
    const file = await this.database.run(tenantId, 'read', () => this.imports.findOneBy({ id: importId }));
    if (!file?.contentSha256) throw new Problem(IMPORT_NOT_FOUND, 'There is no import with this id.');
    const dialect = dialectOf(file.options);
    const check = await this.checker.check(context, file, dialect);
    const { rowCount: rows, transactionCount: transactions } = check;
    const made = await this.database.run(tenantId, 'write', async () => {
      await this.imports.update({ id: importId }, { rowCount: rows, transactionCount: transactions });
      return this.makeMissing(file.ledgerId, check, dialect);
    });
    const posted = await this.poster.post(context, {
      id: importId,
      ledgerId: file.ledgerId,
      createdBy: file.createdBy,
      sha256: file.contentSha256,
      transactionCount: transactions,
      dialect,
    });
    await this.database.run(tenantId, 'write', ({ now }) =>
      this.imports.update({ id: importId }, { completedAt: file.completedAt ?? now }),
    );
    return { rows, transactions, ...posted, ...made };
  }

  private async makeMissing(ledgerId: string, check: BookCheck, dialect: Dialect) {
    const accounts = check.newAccounts.flatMap((code) => {
      const type = typeOfNew(code, dialect);
      return type ? [{ code, type }] : [];
    });
    const currencies = [...check.newCurrencies].map(([code, { scale }]) => ({ code, scale }));
    return {
      accountsCreated: accounts.length > 0 ? await this.chart.createAccounts(ledgerId, accounts) : 0,
      currenciesCreated: currencies.length > 0 ? await this.chart.createCurrencies(currencies) : 0,
    };
  }
}
