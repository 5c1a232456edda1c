import { InjectRepository } from '@nestjs/typeorm';
import { type JobContext, type JobHandler, JobKind, NoPayload, TenantDatabase } from 'daybook';
import { MoreThan, Repository } from 'typeorm';
import { Invoice } from '../entities/invoice.entity';

/** Records that one transaction reads. */
const SLICE = 500;

export interface CountInvoicesResult {
  readonly count: number;
}

/** Looks at every record, a slice at a time: a job may be stopped between two, and no transaction lasts long. */
@JobKind({ name: 'invoices.count', description: 'Counts invoices.', payload: NoPayload })
export class CountInvoicesKind implements JobHandler {
  constructor(
    private readonly database: TenantDatabase,
    @InjectRepository(Invoice) private readonly invoices: Repository<Invoice>,
  ) {}

  async run(context: JobContext): Promise<CountInvoicesResult> {
    const { tenantId, signal } = context;
    const total = await this.database.run(tenantId, 'read', () => this.invoices.count());
    let count = 0;
    for (let last: string | undefined; ;) {
      signal.throwIfAborted();
      const rows = await this.database.run(tenantId, 'read', () => this.after(last));
      count += rows.length;
      await context.progress(total === 0 ? 100 : Math.min(100, (100 * count) / total), `${count} of ${total}`);
      last = rows.at(-1)?.id;
      if (rows.length < SLICE) return { count };
    }
  }

  private after(id: string | undefined): Promise<Invoice[]> {
    return this.invoices.find({
      where: id === undefined ? {} : { id: MoreThan(id) },
      order: { id: 'ASC' },
      take: SLICE,
    });
  }
}
