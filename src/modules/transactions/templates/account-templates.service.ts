import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { LessThan, MoreThan, Repository } from 'typeorm';
import { uuidv7 } from '../../../common/ids/uuid';
import { Problem } from '../../../common/problems/problem';
import { TENANT_NOW } from '../../../platform/database/columns';
import { versionMismatch } from '../../../platform/http/concurrency/etag';
import { CursorService } from '../../../platform/http/pagination/cursor.service';
import { type PageQuery } from '../../../platform/http/pagination/page.dto';
import { normalBalanceOf } from '../core/account';
import { CurrenciesService } from '../ledgers/currencies.service';
import {
  AccountTemplateResponse,
  type CreateAccountTemplateRequest,
  type UpdateAccountTemplateRequest,
} from './account-template.dto';
import { AccountTemplate } from '../entities/account-template.entity';
import { LedgersService, lockLedger } from '../ledgers/ledgers.service';
import { patchMetadata } from '../../../common/http/metadata';
import { ACCOUNT_TEMPLATE_NOT_FOUND } from './templates.errors';

/** What accounts are like that are made on their first use. Changes are for accounts to come: those that are there stay. */
@Injectable()
export class AccountTemplatesService {
  constructor(
    @InjectRepository(AccountTemplate) private readonly templates: Repository<AccountTemplate>,
    private readonly ledgers: LedgersService,
    private readonly currencies: CurrenciesService,
    private readonly cursors: CursorService,
  ) {}

  /** @throws Problem `ledger-not-found`, `unknown-currency`, those of `parseLimits`, `conflict` for a pattern that is there */
  async create(ledgerId: string, request: CreateAccountTemplateRequest): Promise<AccountTemplate> {
    await this.ledgers.get(ledgerId);
    await lockLedger(ledgerId);
    await this.currencies.assertKnown(request.currencies);
    const id = uuidv7();
    await this.templates.insert({
      id,
      ledgerId,
      pattern: request.pattern,
      name: request.name ?? null,
      type: request.type,
      normalBalance: request.normalBalance ?? normalBalanceOf(request.type),
      currencies: request.currencies ?? null,
      limits: await this.currencies.storedLimits(request.limits ?? []),
      metadata: (request.metadata ?? {}) as never,
    });
    return this.get(ledgerId, id);
  }

  /** @throws Problem `account-template-not-found` */
  async get(ledgerId: string, id: string): Promise<AccountTemplate> {
    const template = await this.templates.findOneBy({ ledgerId, id });
    if (!template) throw new Problem(ACCOUNT_TEMPLATE_NOT_FOUND, 'The ledger has no account template with this id.');
    return template;
  }

  /** By pattern. @throws Problem `ledger-not-found` */
  async list(ledgerId: string, query: PageQuery) {
    await this.ledgers.get(ledgerId);
    const page = await this.cursors.page(
      `account-templates ${ledgerId}`,
      query,
      {},
      ({ direction, key, limit }) => {
        const forward = direction === 'next';
        const edge = key?.[0];
        return this.templates.find({
          where: { ledgerId, ...(edge === undefined ? {} : { pattern: forward ? MoreThan(edge) : LessThan(edge) }) },
          order: { pattern: forward ? 'ASC' : 'DESC' },
          take: limit + 1,
        });
      },
      ({ pattern }) => [pattern],
      (template) => template,
    );
    return { ...page, items: await this.answers(page.items) };
  }

  /**
   * The normal balance of another type is that type's, unless it is given.
   * @throws Problem `account-template-not-found`, `precondition-failed`, `unknown-currency`, those of `parseLimits`
   */
  async update(
    ledgerId: string,
    id: string,
    expected: number | '*',
    change: UpdateAccountTemplateRequest,
  ): Promise<AccountTemplate> {
    await lockLedger(ledgerId);
    const template = await this.get(ledgerId, id);
    if (expected !== '*' && expected !== template.version) throw versionMismatch();
    await this.currencies.assertKnown(change.currencies);
    const { metadata, limits, type = template.type, normalBalance, ...plain } = change;
    const kept = type === template.type && normalBalance === undefined ? template.normalBalance : normalBalanceOf(type);
    await this.templates.update(
      { id, version: template.version },
      {
        ...plain,
        type,
        normalBalance: normalBalance ?? kept,
        ...(limits === undefined ? {} : { limits: await this.currencies.storedLimits(limits) }),
        ...(metadata === undefined ? {} : { metadata: patchMetadata(template.metadata, metadata) }),
        version: template.version + 1,
        updatedAt: TENANT_NOW,
      },
    );
    return this.get(ledgerId, id);
  }

  /** Accounts that were made from it stay. @throws Problem `account-template-not-found`, `precondition-failed` */
  async remove(ledgerId: string, id: string, expected: number | '*'): Promise<void> {
    await lockLedger(ledgerId);
    const template = await this.get(ledgerId, id);
    if (expected !== '*' && expected !== template.version) throw versionMismatch();
    await this.templates.delete({ id, version: template.version });
  }

  async answers(templates: readonly AccountTemplate[]): Promise<AccountTemplateResponse[]> {
    const scaleOf = await this.currencies.scaleOfLimits(templates);
    return templates.map((template) => AccountTemplateResponse.of(template, scaleOf));
  }
}
