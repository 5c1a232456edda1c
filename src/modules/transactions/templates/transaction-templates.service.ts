import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { IsNull, LessThan, MoreThan, Repository } from 'typeorm';
import { isUuid, uuidv7 } from '../../../common/ids/uuid';
import { CUSTOM_CURRENCY_CODE } from '../../../common/money/currency';
import { Problem } from '../../../common/problems/problem';
import { TENANT_NOW } from '../../../platform/database/columns';
import { currentTransaction } from '../../../platform/database/tenant-database';
import { versionMismatch } from '../../../platform/http/concurrency/etag';
import { CursorService } from '../../../platform/http/pagination/cursor.service';
import { type PageQuery } from '../../../platform/http/pagination/page.dto';
import { readTemplate } from '../core/template-definition';
import { currenciesOf, type Expansion, expandTemplate } from '../core/template-expansion';
import { type Template, type TemplateDefinition } from '../core/transaction-template';
import { CurrenciesService } from '../ledgers/currencies.service';
import { type TemplateVersionRequest } from './template-definition.dto';
import {
  type CreateTransactionTemplateRequest,
  TransactionTemplateResponse,
  type UsedTemplate,
} from './transaction-template.dto';
import { TransactionTemplateVersion } from '../entities/transaction-template-version.entity';
import { TransactionTemplate } from '../entities/transaction-template.entity';
import { LedgersService } from '../ledgers/ledgers.service';
import { TRANSACTION_TEMPLATE_NOT_FOUND, TRANSACTION_TEMPLATE_RETIRED } from './templates.errors';

const CACHE_CAPACITY = 1000;

type NewVersion = Pick<TransactionTemplateVersion, 'templateId' | 'version' | 'definition' | 'createdBy'>;

interface ReadVersion {
  /** Of the version. */
  readonly id: string;
  readonly template: Template;
}

/** A template that transactions can be made by. */
export type ResolvedTemplate = UsedTemplate & ReadVersion;

/** A version of a template, with its name and what is true of all versions. */
export interface WrittenTemplate {
  readonly template: TransactionTemplate;
  readonly version: TransactionTemplateVersion;
}

@Injectable()
export class TransactionTemplatesService {
  /** Versions never change, so what was read of one holds for ever. In the order of last use. */
  private readonly read = new Map<string, ReadVersion>();

  constructor(
    @InjectRepository(TransactionTemplate) private readonly templates: Repository<TransactionTemplate>,
    @InjectRepository(TransactionTemplateVersion) private readonly versions: Repository<TransactionTemplateVersion>,
    private readonly ledgers: LedgersService,
    private readonly currencies: CurrenciesService,
    private readonly cursors: CursorService,
  ) {}

  /** @throws Problem `ledger-not-found`, `template-invalid`, `conflict` for a name that is there */
  async create(ledgerId: string, userId: string, request: CreateTransactionTemplateRequest): Promise<WrittenTemplate> {
    const { name, ...rest } = request;
    await this.ledgers.get(ledgerId);
    const definition = await this.checked(rest);
    const templateId = uuidv7();
    await this.templates.insert({ id: templateId, ledgerId, name });
    await this.add({ templateId, version: 1, definition, createdBy: userId });
    return this.get(ledgerId, name);
  }

  /**
   * Writes the next version, which is the one in use from then on; a retired name comes back.
   * @throws Problem `transaction-template-not-found`, `precondition-failed`, `template-invalid`
   */
  async revise(
    ledgerId: string,
    name: string,
    expected: number | '*',
    userId: string,
    request: TemplateVersionRequest,
  ): Promise<WrittenTemplate> {
    const found = await this.named(ledgerId, name);
    if (expected !== '*' && expected !== found.version) throw versionMismatch();
    const definition = await this.checked(request);
    const version = found.latest + 1;
    const { affected } = await this.templates.update(
      { id: found.id, version: found.version },
      { latest: version, retiredAt: null, version: found.version + 1, updatedAt: TENANT_NOW },
    );
    if (affected !== 1) throw versionMismatch();
    await this.add({ templateId: found.id, version, definition, createdBy: userId });
    return this.get(ledgerId, name);
  }

  /** Nothing is posted by it any more; doing it again changes nothing. @throws Problem `transaction-template-not-found` */
  async retire(ledgerId: string, name: string): Promise<WrittenTemplate> {
    const found = await this.named(ledgerId, name);
    await this.templates.update(
      { id: found.id, retiredAt: IsNull() },
      { retiredAt: TENANT_NOW, updatedAt: TENANT_NOW, version: () => 'version + 1' },
    );
    return this.get(ledgerId, name);
  }

  /**
   * By name the latest version; by the id of a version, which transactions have as `templateId`, that one.
   * @throws Problem `transaction-template-not-found`
   */
  async find(ledgerId: string, nameOrId: string): Promise<WrittenTemplate> {
    const version = isUuid(nameOrId) ? await this.versions.findOneBy({ id: nameOrId }) : null;
    const template = version && (await this.templates.findOneBy({ ledgerId, id: version.templateId }));
    return version && template ? { template, version } : this.get(ledgerId, nameOrId);
  }

  /** @param version default: the latest. @throws Problem `transaction-template-not-found` */
  async get(ledgerId: string, name: string, version?: number): Promise<WrittenTemplate> {
    const template = await this.named(ledgerId, name);
    const found = await this.versions.findOneBy({ templateId: template.id, version: version ?? template.latest });
    if (!found) throw notFound();
    return { template, version: found };
  }

  /** The latest version of each, by name. @throws Problem `ledger-not-found` */
  async list(ledgerId: string, query: PageQuery) {
    await this.ledgers.get(ledgerId);
    return this.cursors.page(
      `transaction-templates ${ledgerId}`,
      query,
      {},
      async ({ direction, key, limit }) => {
        const forward = direction === 'next';
        const templates = await this.templates.find({
          where: {
            ledgerId,
            ...(key?.[0] === undefined ? {} : { name: forward ? MoreThan(key[0]) : LessThan(key[0]) }),
          },
          order: { name: forward ? 'ASC' : 'DESC' },
          take: limit + 1,
        });
        const versions = await this.latestOf(templates);
        return templates.map((template) => ({ template, version: versions.get(template.id) }) as WrittenTemplate);
      },
      ({ template }) => [template.name],
      ({ template, version }) => TransactionTemplateResponse.of(template, version),
    );
  }

  /** Newest first. @throws Problem `transaction-template-not-found` */
  async listVersions(ledgerId: string, name: string, query: PageQuery) {
    const template = await this.named(ledgerId, name);
    return this.cursors.page(
      `transaction-template-versions ${template.id}`,
      query,
      {},
      ({ direction, key, limit }) => {
        const newest = direction === 'next';
        const edge = Number(key?.[0]);
        return this.versions.find({
          where: { templateId: template.id, ...(key ? { version: newest ? LessThan(edge) : MoreThan(edge) } : {}) },
          order: { version: newest ? 'DESC' : 'ASC' },
          take: limit + 1,
        });
      },
      ({ version }) => [String(version)],
      (version) => TransactionTemplateResponse.of(template, version),
    );
  }

  /**
   * The template to make transactions by, in the caller's transaction.
   * @param version default: the latest
   * @throws Problem `transaction-template-not-found`, `transaction-template-retired`
   */
  async resolve(ledgerId: string, name: string, version?: number): Promise<ResolvedTemplate> {
    const { id, latest, retiredAt } = await this.named(ledgerId, name);
    if (retiredAt !== null) throw new Problem(TRANSACTION_TEMPLATE_RETIRED, `The template ${name} is retired.`);
    const used = version ?? latest;
    return { name, version: used, ...(await this.readVersion(id, used)) };
  }

  /**
   * What a template comes to for these values; nothing is posted.
   * @throws Problem those of `resolve` and of `expandTemplate`
   */
  async expand(
    ledgerId: string,
    name: string,
    version: number | undefined,
    parameters: Readonly<Record<string, unknown>>,
  ): Promise<{ used: UsedTemplate; expansion: Expansion }> {
    const { template, ...used } = await this.resolve(ledgerId, name, version);
    const scaleOf = await this.currencies.scaleOf(currenciesOf(template, parameters));
    return { used, expansion: expandTemplate(template, parameters, scaleOf) };
  }

  private async readVersion(templateId: string, version: number): Promise<ReadVersion> {
    const key = `${currentTransaction().tenantId} ${templateId} ${version}`;
    let read = this.read.get(key);
    if (read) this.read.delete(key);
    else {
      const found = await this.versions.findOneBy({ templateId, version });
      if (!found) throw notFound();
      read = { id: found.id, template: readTemplate(found.definition) };
    }
    this.read.set(key, read);
    if (this.read.size > CACHE_CAPACITY) this.read.delete(this.read.keys().next().value as string);
    return read;
  }

  private async add({ definition, ...version }: NewVersion): Promise<void> {
    await this.versions.insert({ id: uuidv7(), definition: definition as never, ...version });
  }

  private async named(ledgerId: string, name: string): Promise<TransactionTemplate> {
    const template = await this.templates.findOneBy({ ledgerId, name });
    if (!template) throw notFound();
    return template;
  }

  private async latestOf(templates: readonly TransactionTemplate[]): Promise<Map<string, TransactionTemplateVersion>> {
    if (templates.length === 0) return new Map();
    const versions = await this.versions.findBy(
      templates.map(({ id, latest }) => ({ templateId: id, version: latest })),
    );
    return new Map(versions.map((version) => [version.templateId, version]));
  }

  private async checked(request: TemplateVersionRequest): Promise<TemplateDefinition> {
    // plain data, without the fields that are not there
    const definition = JSON.parse(JSON.stringify(request)) as TemplateDefinition;
    const codes = [
      ...definition.parameters.flatMap(({ type, currency, ...rest }) => [
        currency,
        type === 'currency' ? rest.default : '',
      ]),
      ...definition.entries.map(({ currency }) => currency),
    ].filter((code) => code !== undefined && CUSTOM_CURRENCY_CODE.test(code)) as string[];
    readTemplate(definition, await this.currencies.scaleOf(codes));
    return definition;
  }
}

const notFound = () =>
  new Problem(TRANSACTION_TEMPLATE_NOT_FOUND, 'The ledger has no transaction template of this name and version.');
