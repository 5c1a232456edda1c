import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { In, Repository } from 'typeorm';
import { uuidv7 } from '../../common/ids/uuid';
import { NOT_FOUND } from '../../common/problems/http.problems';
import { Problem } from '../../common/problems/problem';
import { currentTransaction } from '../../platform/database/tenant-database';
import { versionMismatch } from '../../platform/http/concurrency/etag';
import { CursorService } from '../../platform/http/pagination/cursor.service';
import { type Page, type PageQuery } from '../../platform/http/pagination/page.dto';
import { AuditTrail, describeChange, difference } from '../../platform/security/audit-trail';
import { Revocations } from '../../platform/security/revocations';
import { SecurityLog } from '../../platform/security/security-log';
import { MembersService, UsersService } from '../users';
import { Tenant, type TenantSettings, type TenantStatus } from './entities/tenant.entity';
import { SLUG_TAKEN } from './tenants.errors';

export interface NewTenant {
  readonly name: string;
  readonly slug: string;
  readonly owner: { readonly email: string; readonly name: string | null };
}

export interface TenantChange {
  readonly name?: string;
  readonly status?: TenantStatus;
  /** Null takes a choice back. */
  readonly settings?: { readonly [K in keyof TenantSettings]?: TenantSettings[K] | null };
}

/** Tenants themselves. Each method runs in the caller's transaction. */
@Injectable()
export class TenantsService {
  constructor(
    @InjectRepository(Tenant) private readonly tenants: Repository<Tenant>,
    private readonly users: UsersService,
    private readonly members: MembersService,
    private readonly cursors: CursorService,
    private readonly revocations: Revocations,
    private readonly log: SecurityLog,
    private readonly trail: AuditTrail,
  ) {}

  list(query: PageQuery): Promise<Page<Tenant>> {
    return this.cursors.page(
      'tenants',
      query,
      {},
      ({ direction, key, limit }) => {
        const select = this.tenants
          .createQueryBuilder('t')
          .orderBy('t.id', direction === 'next' ? 'ASC' : 'DESC')
          .limit(limit + 1);
        if (key) select.where(`t.id ${direction === 'next' ? '>' : '<'} :after`, { after: key[0] });
        return select.getMany();
      },
      ({ id }) => [id],
      (tenant) => tenant,
    );
  }

  /** @throws Problem `not-found` */
  async get(id: string): Promise<Tenant> {
    const tenant = await this.tenants.findOneBy({ id });
    if (!tenant) throw unknownTenant();
    return tenant;
  }

  bySlug(slug: string): Promise<Tenant | null> {
    return this.tenants.findOneBy({ slug });
  }

  byIds(ids: readonly string[]): Promise<Tenant[]> {
    return ids.length === 0 ? Promise.resolve([]) : this.tenants.findBy({ id: In([...ids]) });
  }

  /** Makes the tenant and its owner's membership. @throws Problem `slug-taken` */
  async create(
    { name, slug, owner }: NewTenant,
    ownerPasswordHash: string,
  ): Promise<{ tenant: Tenant; ownerId: string; created: boolean }> {
    const id = uuidv7();
    const inserted = await this.tenants
      .createQueryBuilder()
      .insert()
      .values({ id, name, slug, settings: {} })
      .orIgnore()
      .returning('id')
      .execute();
    if ((inserted.raw as unknown[]).length === 0)
      throw new Problem(SLUG_TAKEN, 'Another tenant has this slug.', {
        errors: [{ pointer: '/slug', detail: 'must not be in use' }],
      });
    const { user, created } = await this.users.findOrCreate({ ...owner, passwordHash: ownerPasswordHash });
    await this.members.found(id, user.id);
    this.log.write({ event: 'tenant-created', outcome: 'success', subjectId: user.id, tenantId: id });
    return { tenant: await this.get(id), ownerId: user.id, created };
  }

  /** @throws Problem `not-found`, `precondition-failed` */
  async change(id: string, change: TenantChange, expected: number | '*'): Promise<Tenant> {
    const tenant = await this.tenants.findOne({ where: { id }, lock: { mode: 'pessimistic_write' } });
    if (!tenant) throw unknownTenant();
    if (expected !== '*' && expected !== tenant.version) throw versionMismatch();
    const { name, status, settings } = change;
    await this.tenants
      .createQueryBuilder()
      .update()
      .set({
        name: name ?? tenant.name,
        status: status ?? tenant.status,
        settings: settings ? merged(tenant.settings, settings) : tenant.settings,
        version: () => 'version + 1',
        updatedAt: () => 'now()',
      })
      .where({ id })
      .execute();
    const { before, after } = difference(
      { name: tenant.name, status: tenant.status, settings: tenant.settings },
      {
        ...(name === undefined ? {} : { name }),
        ...(status === undefined ? {} : { status }),
        ...(settings ? { settings: merged(tenant.settings, settings) } : {}),
      },
    );
    describeChange({ before, after });
    // what the platform does to a tenant, the tenant sees
    if (currentTransaction().tenantId !== id)
      await this.trail.recordFor(id, { action: 'tenantsChange', subject: `/v1/tenants/${id}`, before, after });
    if (status !== undefined && status !== tenant.status) {
      await this.revocations.announce(id);
      this.log.write({ event: `tenant-${status}`, outcome: 'success', tenantId: id });
    }
    return this.get(id);
  }
}

/** JSON merge patch (RFC 7396) of the known members. */
function merged(
  settings: Partial<TenantSettings>,
  change: NonNullable<TenantChange['settings']>,
): Partial<TenantSettings> {
  return Object.fromEntries(Object.entries({ ...settings, ...change }).filter(([, value]) => value !== null));
}

const unknownTenant = () => new Problem(NOT_FOUND, 'No tenant has this id.');
