import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository, type SelectQueryBuilder } from 'typeorm';
import { isUuid, uuidv7 } from '../../../common/ids/uuid';
import { type ScaleOf } from '../../../common/money/currency';
import { Problem } from '../../../common/problems/problem';
import { describeChange, difference } from '../../../platform/security/audit-trail';
import { TENANT_NOW } from '../../../platform/database/columns';
import { versionMismatch } from '../../../platform/http/concurrency/etag';
import { CursorService } from '../../../platform/http/pagination/cursor.service';
import { countUpTo } from '../../../platform/http/pagination/total-count';
import { normalBalanceOf } from '../core/account';
import { searchOf } from '../core/account-pattern';
import { CurrenciesService } from '../ledgers/currencies.service';
import {
  type AccountQuery,
  AccountResponse,
  type CreateAccountRequest,
  type UpdateAccountRequest,
} from './account.dto';
import { Account } from '../entities/account.entity';
import { LedgersService, lockLedger } from '../ledgers/ledgers.service';
import { patchMetadata } from '../../../common/http/metadata';
import { ACCOUNT_NOT_FOUND } from './accounts.errors';
import { reaches } from './reach';
import { LEDGER_CLOSED } from '../ledgers/ledgers.errors';

type Filters = Readonly<Record<string, string | undefined>>;

const filtersOf = ({ prefix, code, type, status }: AccountQuery): Filters => ({ prefix, code, type, status });

@Injectable()
export class AccountsService {
  constructor(
    @InjectRepository(Account) private readonly accounts: Repository<Account>,
    private readonly currencies: CurrenciesService,
    private readonly ledgers: LedgersService,
    private readonly cursors: CursorService,
  ) {}

  /** @throws Problem `ledger-not-found`, `ledger-closed`, `unknown-currency`, `conflict` for a code that is there */
  async create(ledgerId: string, request: CreateAccountRequest): Promise<Account> {
    const ledger = await this.ledgers.get(ledgerId);
    if (ledger.status !== 'open') throw new Problem(LEDGER_CLOSED, 'The ledger is closed.');
    await this.currencies.assertKnown(request.currencies);
    const id = uuidv7();
    await this.accounts.insert({
      id,
      ledgerId,
      code: request.code,
      name: request.name ?? null,
      type: request.type,
      normalBalance: request.normalBalance ?? normalBalanceOf(request.type),
      currencies: request.currencies ?? null,
      limits: await this.currencies.storedLimits(request.limits ?? []),
      metadata: (request.metadata ?? {}) as never,
    });
    return this.get(ledgerId, id);
  }

  /** @throws Problem `account-not-found` */
  async get(ledgerId: string, idOrCode: string): Promise<Account> {
    // an id wins over a code that looks like one
    const account =
      (isUuid(idOrCode) ? await this.accounts.findOneBy({ ledgerId, id: idOrCode }) : null) ??
      (await this.accounts.findOneBy({ ledgerId, code: idOrCode }));
    if (!account || !reaches(account.code))
      throw new Problem(ACCOUNT_NOT_FOUND, 'The ledger has no account with this id or code.');
    return account;
  }

  async list(ledgerId: string, query: AccountQuery) {
    await this.ledgers.get(ledgerId);
    let scaleOf: ScaleOf;
    return this.cursors.page(
      `accounts ${ledgerId}`,
      query,
      filtersOf(query),
      async ({ direction, key, limit, filters }) => {
        const forward = direction === 'next';
        const builder = this.matching(ledgerId, filters)
          .orderBy('account.code', forward ? 'ASC' : 'DESC')
          .limit(limit + 1);
        if (key) builder.andWhere(`account.code ${forward ? '>' : '<'} :code`, { code: key[0] });
        const rows = await builder.getMany();
        scaleOf = await this.currencies.scaleOfLimits(rows);
        return rows;
      },
      (account) => [account.code],
      (account) => AccountResponse.of(account, scaleOf),
    );
  }

  /** How many there are, counted up to a bound. @throws Problem `ledger-not-found` */
  async count(ledgerId: string, query: AccountQuery): Promise<string> {
    await this.ledgers.get(ledgerId);
    return countUpTo((limit) => this.matching(ledgerId, filtersOf(query)).limit(limit).getQueryAndParameters());
  }

  private matching(ledgerId: string, { prefix, code, type, status }: Filters): SelectQueryBuilder<Account> {
    const builder = this.accounts.createQueryBuilder('account').where('account.ledger_id = :ledgerId', { ledgerId });
    // ranges, not LIKE: they use the index under row-level security (text operators are leakproof, LIKE is not)
    if (prefix)
      builder.andWhere('account.code >= :prefix AND account.code < :afterPrefix', {
        prefix,
        afterPrefix: `${prefix}\u{10FFFF}`,
      });
    if (code)
      builder.andWhere(
        'account.code >= :from AND account.code < :before AND account.code ~ :expression',
        searchOf(code),
      );
    if (type) builder.andWhere('account.type = :type', { type });
    if (status) builder.andWhere('account.status = :status', { status });
    return builder;
  }

  /** What callers see of it. */
  async responseOf(account: Account): Promise<AccountResponse> {
    return AccountResponse.of(account, await this.currencies.scaleOfLimits([account]));
  }

  /** @throws Problem `account-not-found`, `precondition-failed`, `unknown-currency` */
  async update(
    ledgerId: string,
    idOrCode: string,
    expected: number | '*',
    change: UpdateAccountRequest,
  ): Promise<Account> {
    await lockLedger(ledgerId);
    const account = await this.get(ledgerId, idOrCode);
    if (expected !== '*' && expected !== account.version) throw versionMismatch();
    await this.currencies.assertKnown(change.currencies);
    const { metadata, limits, ...plain } = change;
    describeChange(difference(account, plain));
    await this.accounts.update(
      { id: account.id, version: account.version },
      {
        ...plain,
        ...(limits === undefined ? {} : { limits: await this.currencies.storedLimits(limits) }),
        ...(metadata === undefined ? {} : { metadata: patchMetadata(account.metadata, metadata) }),
        version: account.version + 1,
        updatedAt: TENANT_NOW,
      },
    );
    return this.get(ledgerId, account.id);
  }
}
