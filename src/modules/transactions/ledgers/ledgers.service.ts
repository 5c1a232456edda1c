import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { uuidv7 } from '../../../common/ids/uuid';
import { Problem } from '../../../common/problems/problem';
import { describeChange, difference } from '../../../platform/security/audit-trail';
import { TENANT_NOW } from '../../../platform/database/columns';
import { currentTransaction } from '../../../platform/database/tenant-database';
import { versionMismatch } from '../../../platform/http/concurrency/etag';
import { CursorService } from '../../../platform/http/pagination/cursor.service';
import { type PageQuery } from '../../../platform/http/pagination/page.dto';
import { type CreateLedgerRequest, LedgerResponse, type UpdateLedgerRequest } from './ledger.dto';
import { LedgerHead } from '../entities/ledger-head.entity';
import { LedgerEntity } from '../entities/ledger.entity';
import { ledgerLock } from '../engine/ledger-lock';
import { patchMetadata } from '../../../common/http/metadata';
import { LEDGER_NOT_FOUND } from './ledgers.errors';

@Injectable()
export class LedgersService {
  constructor(
    @InjectRepository(LedgerEntity) private readonly ledgers: Repository<LedgerEntity>,
    @InjectRepository(LedgerHead) private readonly heads: Repository<LedgerHead>,
    private readonly cursors: CursorService,
  ) {}

  async create(request: CreateLedgerRequest): Promise<LedgerEntity> {
    const id = uuidv7();
    const { name, description = null, unknownAccounts = 'refused', metadata = {} } = request;
    await this.ledgers.insert({ id, name, description, unknownAccounts, metadata: metadata as never });
    await this.heads.insert({ ledgerId: id });
    return this.get(id);
  }

  /** @throws Problem `ledger-not-found` */
  async get(id: string): Promise<LedgerEntity> {
    const ledger = await this.ledgers.findOneBy({ id });
    if (!ledger) throw new Problem(LEDGER_NOT_FOUND, 'This tenant has no ledger with this id.');
    return ledger;
  }

  list(query: PageQuery) {
    return this.cursors.page(
      'ledgers',
      query,
      {},
      ({ direction, key, limit }) => {
        const forward = direction === 'next';
        const builder = this.ledgers
          .createQueryBuilder('ledger')
          .orderBy('ledger.id', forward ? 'ASC' : 'DESC')
          .limit(limit + 1);
        if (key) builder.where(`ledger.id ${forward ? '>' : '<'} :id`, { id: key[0] });
        return builder.getMany();
      },
      (ledger) => [ledger.id],
      (ledger) => LedgerResponse.of(ledger),
    );
  }

  /** @throws Problem `ledger-not-found`, `precondition-failed` */
  async update(id: string, expected: number | '*', change: UpdateLedgerRequest): Promise<LedgerEntity> {
    await lockLedger(id);
    const ledger = await this.get(id);
    if (expected !== '*' && expected !== ledger.version) throw versionMismatch();
    const { metadata, ...plain } = change;
    describeChange(difference(ledger, plain));
    await this.ledgers.update(
      { id, version: ledger.version },
      {
        ...plain,
        ...(metadata === undefined ? {} : { metadata: patchMetadata(ledger.metadata, metadata) }),
        version: ledger.version + 1,
        updatedAt: TENANT_NOW,
      },
    );
    return this.get(id);
  }
}

/** What a posting depends on changes under the ledger's lock, so that no batch decides on what was. */
export async function lockLedger(ledgerId: string): Promise<void> {
  const { client, tenantId } = currentTransaction();
  await client.query('SELECT pg_advisory_xact_lock($1, $2)', [...ledgerLock(tenantId, ledgerId)]);
}
