import { Injectable, Logger } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { LessThan, MoreThan, Repository } from 'typeorm';
import { uuidv7 } from '../../common/ids/uuid';
import { TenantDatabase } from '../../platform/database/tenant-database';
import { CursorService } from '../../platform/http/pagination/cursor.service';
import { type PageQuery } from '../../platform/http/pagination/page.dto';
import { LedgersService } from '../transactions';
import { VerificationResponse } from './dto/verification.dto';
import { Verification } from './entities/verification.entity';
import { Verifier, type VerifyOptions } from './verifier.service';

/** Verifications that were made, and what they found. */
@Injectable()
export class VerificationsService {
  private readonly logger = new Logger(VerificationsService.name);

  constructor(
    private readonly database: TenantDatabase,
    private readonly verifier: Verifier,
    private readonly ledgers: LedgersService,
    private readonly cursors: CursorService,
    @InjectRepository(Verification) private readonly verifications: Repository<Verification>,
  ) {}

  /**
   * Verifies a ledger and keeps the result.
   * @throws Problem `ledger-not-found`, and the reason of the signal when it is aborted
   */
  async verify(
    tenantId: string,
    ledgerId: string,
    jobId: string | null,
    options: VerifyOptions = {},
  ): Promise<Verification> {
    const id = uuidv7();
    const startedAt = await this.database.run(tenantId, 'read', ({ now }) => Promise.resolve(now));
    const { findings, findingCount, ...counts } = await this.verifier.verify(tenantId, ledgerId, options);
    if (findingCount > 0)
      this.logger.error({ msg: 'a ledger is not what it should be', ledgerId, findingCount, first: findings[0] });
    const row = { ...counts, findings: [...findings], findingCount: BigInt(findingCount) };
    return this.database.run(tenantId, 'write', async ({ now: finishedAt }) => {
      await this.verifications.insert({ id, ledgerId, jobId, ...row, startedAt, finishedAt });
      return this.verifications.findOneByOrFail({ id });
    });
  }

  /** The ledgers of the tenant, the oldest first. */
  async ledgersOf(tenantId: string): Promise<string[]> {
    const sql = 'SELECT id FROM ledgers WHERE tenant_id = $1 ORDER BY id';
    const { rows } = await this.database.run(tenantId, 'read', ({ client }) =>
      client.query<{ id: string }>(sql, [tenantId]),
    );
    return rows.map(({ id }) => id);
  }

  latest(ledgerId: string): Promise<Verification | null> {
    return this.verifications.findOne({ where: { ledgerId }, order: { id: 'DESC' } });
  }

  /** Newest first. @throws Problem `ledger-not-found` */
  async list(ledgerId: string, query: PageQuery) {
    await this.ledgers.get(ledgerId);
    return this.cursors.page(
      `verifications ${ledgerId}`,
      query,
      {},
      ({ direction, key, limit }) =>
        this.verifications.find({
          where: {
            ledgerId,
            ...(key?.[0] === undefined ? {} : { id: direction === 'next' ? LessThan(key[0]) : MoreThan(key[0]) }),
          },
          order: { id: direction === 'next' ? 'DESC' : 'ASC' },
          take: limit + 1,
        }),
      ({ id }) => [id],
      (verification) => VerificationResponse.of(verification),
    );
  }
}
