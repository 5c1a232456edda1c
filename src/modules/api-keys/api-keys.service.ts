import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { In, IsNull, LessThan, MoreThan, Not, Repository } from 'typeorm';
import { uuidv7 } from '../../common/ids/uuid';
import { VALIDATION_FAILED } from '../../common/problems/http.problems';
import { Problem } from '../../common/problems/problem';
import { parseInstant } from '../../common/time/instant';
import { Config } from '../../config/config';
import { TENANT_NOW } from '../../platform/database/columns';
import { currentTransaction } from '../../platform/database/tenant-database';
import { Features } from '../../platform/features/features';
import { isPlatform } from '../../platform/features/permissions';
import { versionMismatch } from '../../platform/http/concurrency/etag';
import { CursorService, type PageStart } from '../../platform/http/pagination/cursor.service';
import { type Page, type PageQuery } from '../../platform/http/pagination/page.dto';
import { describeChange, difference } from '../../platform/security/audit-trail';
import { type Principal } from '../../platform/security/principal';
import { Revocations } from '../../platform/security/revocations';
import { SecurityLog } from '../../platform/security/security-log';
import { type KeyEnvironment, newApiKeyToken, readApiKeyToken } from './api-key-token';
import { API_KEY_NOT_FOUND, API_KEY_REVOKED, PERMISSION_NOT_YOURS } from './api-keys.errors';
import {
  ApiKeyResponse,
  type ChangeApiKeyRequest,
  type CreateApiKeyRequest,
  LIFE_DAYS,
  OVERLAP_HOURS,
} from './dto/api-key.dto';
import { ApiKeySecret } from './entities/api-key-secret.entity';
import { publicMembers } from './public-key';
import { ApiKey } from './entities/api-key.entity';

/** A key, and the token that is shown once. */
export interface ShownKey {
  readonly key: ApiKey;
  /** Null for a client that signs. */
  readonly token: string | null;
}

/** The keys of the current tenant. Each method runs in a transaction of that tenant. */
@Injectable()
export class ApiKeysService {
  /** Of the keys that this installation makes and takes. */
  readonly environment: KeyEnvironment;

  constructor(
    @InjectRepository(ApiKey) private readonly keys: Repository<ApiKey>,
    @InjectRepository(ApiKeySecret) private readonly secrets: Repository<ApiKeySecret>,
    private readonly features: Features,
    private readonly cursors: CursorService,
    private readonly revocations: Revocations,
    private readonly log: SecurityLog,
    config: Config,
  ) {
    this.environment = config.environment === 'production' ? 'live' : 'test';
  }

  list(query: PageQuery): Promise<Page<ApiKeyResponse>> {
    return this.cursors.page(
      'api-keys',
      query,
      {},
      async (start) => this.described(await this.read(start)),
      ({ id }) => [id],
      (response) => response,
    );
  }

  /** @throws Problem `api-key-not-found` */
  async get(id: string): Promise<ApiKey> {
    const key = await this.keys.findOneBy({ id });
    if (!key) throw new Problem(API_KEY_NOT_FOUND, 'This tenant has no API key with this id.');
    return key;
  }

  async describe(key: ApiKey): Promise<ApiKeyResponse> {
    return (await this.described([key]))[0] as ApiKeyResponse;
  }

  /** @throws Problem `permission-not-yours`, `validation-failed` */
  async create(actor: Principal, request: CreateApiKeyRequest): Promise<ShownKey> {
    this.assertMayGive(actor, request.permissions);
    const id = uuidv7();
    await this.keys.insert({
      id,
      name: request.name,
      permissions: [...request.permissions].sort(),
      ledgerIds: request.ledgerIds?.map((ledger) => ledger.toLowerCase()) ?? null,
      accounts: request.accounts ?? null,
      allowedAddresses: request.allowedAddresses ?? null,
      publicKeys: (request.publicKeys?.map(publicMembers) ?? null) as never,
      quota: request.quota ?? null,
      createdBy: actor.id,
      expiresAt: endOf(request.expiresAt),
    });
    const token = request.publicKeys ? null : await this.addSecret(id);
    const { permissions, ledgerIds, accounts, allowedAddresses, quota } = request;
    describeChange({ after: given({ permissions, ledgerIds, accounts, allowedAddresses, quota }) });
    this.note('api-key-created', actor, id);
    return { key: await this.get(id), token };
  }

  /** @throws Problem `api-key-not-found`, `api-key-revoked`, `precondition-failed` */
  async change(actor: Principal, id: string, change: ChangeApiKeyRequest, expected: number | '*'): Promise<ApiKey> {
    const key = await this.live(id, expected);
    const { name, allowedAddresses, quota } = change;
    describeChange(difference(key, given({ name, allowedAddresses, quota })));
    await this.keys.update(
      { id },
      { ...given({ name, allowedAddresses, quota }), version: key.version + 1, updatedAt: TENANT_NOW },
    );
    await this.revocations.announce(id);
    this.note('api-key-changed', actor, id);
    return this.get(id);
  }

  /**
   * A new secret; the one before goes on for as long as is asked, those before that one stop.
   * @throws Problem `api-key-not-found`, `api-key-revoked`
   */
  async rotate(actor: Principal, id: string, overlapHours: number = OVERLAP_HOURS.default): Promise<ShownKey> {
    const key = await this.live(id, '*');
    if (key.publicKeys)
      throw new Problem(VALIDATION_FAILED, 'A client that signs has no secret: make a new one with other keys.');
    const { now } = currentTransaction();
    await this.secrets.delete({ keyId: id, expiresAt: Not(IsNull()) });
    await this.secrets.update(
      { keyId: id, expiresAt: IsNull() },
      { expiresAt: new Date(now.getTime() + overlapHours * 3_600_000) },
    );
    const token = await this.addSecret(id);
    await this.keys.update({ id }, { version: key.version + 1, updatedAt: TENANT_NOW });
    await this.revocations.announce(id);
    this.note('api-key-rotated', actor, id);
    return { key: await this.get(id), token };
  }

  /** At once and for good; doing it again changes nothing. @throws Problem `api-key-not-found` */
  async revoke(actor: Principal, id: string): Promise<ApiKey> {
    const key = await this.keys.findOne({ where: { id }, lock: { mode: 'pessimistic_write' } });
    if (!key) return this.get(id);
    if (key.revokedAt === null) {
      await this.keys.update(
        { id },
        { revokedAt: TENANT_NOW, revokedBy: actor.id, version: key.version + 1, updatedAt: TENANT_NOW },
      );
      await this.secrets.delete({ keyId: id });
      this.note('api-key-revoked', actor, id);
    }
    await this.revocations.announce(id);
    return this.get(id);
  }

  /**
   * A key that everybody knows, for laptops: made, or set back to what is documented. It may all that programs may.
   * @throws Error for a token of another environment
   */
  async install(token: string, name: string, createdBy: string): Promise<void> {
    const read = readApiKeyToken(token);
    if (read?.environment !== this.environment) throw new Error('the token is no key of this environment');
    const { publicId, hash } = read;
    const permissions = [...this.features.permissions]
      .filter(([permission, { personsOnly }]) => !isPlatform(permission) && personsOnly !== true)
      .map(([permission]) => permission)
      .sort();
    // everybody knows it already: an end would only surprise whoever starts the laptop's copy again after a season
    const is = { permissions, expiresAt: new Date(Date.UTC(2999, 0)), revokedAt: null, revokedBy: null };
    const known = await this.secrets.findOneBy({ publicId });
    if (known) {
      await this.keys.update({ id: known.keyId }, is);
      return;
    }
    const id = uuidv7();
    await this.keys.insert({ id, name, createdBy, ...is });
    await this.secrets.insert({ publicId, keyId: id, hash });
  }

  private async live(id: string, expected: number | '*'): Promise<ApiKey> {
    const key = await this.keys.findOne({ where: { id }, lock: { mode: 'pessimistic_write' } });
    if (!key) return this.get(id);
    if (expected !== '*' && expected !== key.version) throw versionMismatch();
    if (key.revokedAt !== null) throw new Problem(API_KEY_REVOKED, 'The key is revoked. Make a new one.');
    return key;
  }

  private async addSecret(keyId: string): Promise<string> {
    const { token, publicId, hash } = newApiKeyToken(this.environment);
    await this.secrets.insert({ publicId, keyId, hash });
    return token;
  }

  private assertMayGive(actor: Principal, permissions: readonly string[]): void {
    const errors = permissions.flatMap((permission, index) => {
      const pointer = `/permissions/${index}`;
      const known = this.features.permissions.get(permission);
      if (!known || !actor.permissions.has(permission)) return [{ pointer, detail: `you do not have ${permission}` }];
      return known.personsOnly === true ? [{ pointer, detail: `${permission} is for persons only` }] : [];
    });
    if (errors.length > 0)
      throw new Problem(
        PERMISSION_NOT_YOURS,
        'A key gets what you have yourself, and nothing that is for persons only.',
        {
          errors,
        },
      );
  }

  private async described(keys: readonly ApiKey[]): Promise<ApiKeyResponse[]> {
    if (keys.length === 0) return [];
    const { now } = currentTransaction();
    const secrets = await this.secrets.find({
      where: { keyId: In(keys.map(({ id }) => id)) },
      order: { createdAt: 'DESC', publicId: 'ASC' },
    });
    const working = secrets.filter(({ expiresAt }) => expiresAt === null || expiresAt > now);
    return keys.map((key) =>
      ApiKeyResponse.of(
        key,
        working.filter(({ keyId }) => keyId === key.id),
        this.environment,
      ),
    );
  }

  private read({ direction, key, limit }: PageStart): Promise<ApiKey[]> {
    const forward = direction === 'next';
    const after = key?.[0];
    return this.keys.find({
      where: after === undefined ? {} : { id: forward ? MoreThan(after) : LessThan(after) },
      order: { id: forward ? 'ASC' : 'DESC' },
      take: limit + 1,
    });
  }

  private note(event: string, { id: userId, tenantId }: Principal, subjectId: string): void {
    this.log.write({ event, outcome: 'success', userId, subjectId, tenantId: tenantId ?? null });
  }
}

/** Without what was left out. */
const given = <T extends object>(fields: T): Partial<T> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<T>;

/** @throws Problem `validation-failed` */
function endOf(asked: string | undefined): Date {
  const now = currentTransaction().now.getTime();
  const end = asked === undefined ? undefined : parseInstant(asked);
  const most = now + LIFE_DAYS.most * 86_400_000;
  if (end === undefined) return new Date(now + LIFE_DAYS.default * 86_400_000);
  if (end.getTime() <= now || end.getTime() > most)
    throw new Problem(VALIDATION_FAILED, 'One field is not valid.', {
      errors: [{ pointer: '/expiresAt', detail: `must be in the future, and at most ${LIFE_DAYS.most} days away` }],
    });
  return end;
}
