import { timingSafeEqual } from 'node:crypto';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { type FastifyRequest } from 'fastify';
import { NIL_UUID } from '../../common/ids/uuid';
import { Problem } from '../../common/problems/problem';
import { Clock } from '../../common/time/clock';
import { PLATFORM_TENANT, TenantDatabase } from '../../platform/database/tenant-database';
import { Features } from '../../platform/features/features';
import { type CredentialKind, CredentialKinds } from '../../platform/security/credential-kinds';
import { type Caller, type Within } from '../../platform/security/principal';
import { addressesOf } from './addresses';
import { type ApiKeyToken, looksLikeApiKey, readApiKeyToken } from './api-key-token';
import { ApiKeyUses } from './api-key-uses';
import { ADDRESS_NOT_ALLOWED } from './api-keys.errors';
import { ApiKeysService } from './api-keys.service';
import { type PublicKey } from './public-key';

/** Row-level security shows keys of the transaction's own tenant and no others. */
const columns = (end: string) => `
  k.id, k.permissions, k.ledger_ids, k.accounts, k.allowed_addresses, k.quota, k.public_keys, t.status,
  (extract(epoch FROM ${end} - tenant_now()) * 1000)::float8 AS left_ms`;
const SELECT_KEY = `
  SELECT s.hash, ${columns('LEAST(k.expires_at, s.expires_at)')}
    FROM api_key_secrets s
    JOIN api_keys k ON k.tenant_id = s.tenant_id AND k.id = s.key_id AND k.revoked_at IS NULL
    JOIN tenants t ON t.id = k.tenant_id
   WHERE s.public_id = $1`;
const SELECT_CLIENT = `
  SELECT NULL::bytea AS hash, ${columns('k.expires_at')}
    FROM api_keys k JOIN tenants t ON t.id = k.tenant_id
   WHERE k.id = $1 AND k.revoked_at IS NULL`;

interface KeyRow {
  readonly id: string;
  readonly hash: Buffer | null;
  readonly public_keys: readonly PublicKey[] | null;
  readonly permissions: readonly string[];
  readonly ledger_ids: readonly string[] | null;
  readonly accounts: readonly string[] | null;
  readonly allowed_addresses: readonly string[] | null;
  readonly quota: number | null;
  readonly status: string;
  readonly left_ms: number;
}

const NO_HASH = Buffer.alloc(32);

/** Finds out which key a credential is, and what it may do now (AUTH-21). */
@Injectable()
export class ApiKeyAuthenticator implements CredentialKind, OnModuleInit {
  readonly method = 'api-key';

  constructor(
    private readonly kinds: CredentialKinds,
    private readonly database: TenantDatabase,
    private readonly features: Features,
    private readonly keys: ApiKeysService,
    private readonly uses: ApiKeyUses,
    private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    this.kinds.register(this);
  }

  recognizes(token: string): boolean {
    return looksLikeApiKey(token);
  }

  async find(text: string): Promise<Caller | undefined> {
    const token = readApiKeyToken(text);
    // a form that none of our keys has tells nobody anything, and costs nothing
    if (token?.environment !== this.keys.environment) return undefined;
    const tenantId = await this.tenantOf(token);
    // an unknown one takes as long as one whose secret is wrong
    const row = await this.database.run(tenantId ?? NIL_UUID, 'read', async ({ client }) => {
      const { rows } = await client.query<KeyRow>(SELECT_KEY, [token.publicId]);
      return rows[0];
    });
    const matches = timingSafeEqual(row?.hash ?? NO_HASH, token.hash);
    if (!row || tenantId === undefined || !matches || row.left_ms <= 0) return undefined;
    return this.callerOf(row, tenantId);
  }

  /** Whose client it is; undefined: nobody's. */
  async tenantOfClient(clientId: string): Promise<string | undefined> {
    const { rows } = await this.database.run(PLATFORM_TENANT, 'read', ({ client }) =>
      client.query<{ tenant_id: string | null }>('SELECT daybook_system.tenant_of_api_client($1) AS tenant_id', [
        clientId,
      ]),
    );
    return rows[0]?.tenant_id ?? undefined;
  }

  /**
   * Who is behind a client that proved elsewhere who it is, and the keys that it may prove it with.
   * @returns undefined when it is revoked or over
   */
  async client(
    tenantId: string,
    clientId: string,
  ): Promise<{ readonly caller: Caller; readonly publicKeys: readonly PublicKey[] } | undefined> {
    const row = await this.database.run(tenantId, 'read', async ({ client }) => {
      const { rows } = await client.query<KeyRow>(SELECT_CLIENT, [clientId]);
      return rows[0];
    });
    if (!row || row.left_ms <= 0) return undefined;
    return { caller: this.callerOf(row, tenantId), publicKeys: row.public_keys ?? [] };
  }

  private async tenantOf({ publicId }: ApiKeyToken): Promise<string | undefined> {
    const { rows } = await this.database.run(PLATFORM_TENANT, 'read', ({ client }) =>
      client.query<{ tenant_id: string | null }>('SELECT daybook_system.tenant_of_api_key($1) AS tenant_id', [
        publicId,
      ]),
    );
    return rows[0]?.tenant_id ?? undefined;
  }

  private callerOf(row: KeyRow, tenantId: string): Caller {
    const { id, allowed_addresses: blocks, quota } = row;
    const within: Within = {
      ...(row.ledger_ids ? { ledgers: new Set(row.ledger_ids) } : {}),
      ...(row.accounts ? { accounts: row.accounts } : {}),
    };
    const isAllowed = blocks ? addressesOf(blocks) : () => true;
    return {
      principal: {
        kind: 'api-key',
        id,
        credentialId: id,
        tenantId,
        role: undefined,
        platformAdmin: false,
        // what a feature no longer declares is nothing any more
        permissions: new Set(row.permissions.filter((name) => this.features.permissions.has(name))),
        ...(row.ledger_ids || row.accounts ? { within } : {}),
        ...(quota === null ? {} : { quota }),
      },
      suspended: row.status === 'suspended',
      validUntil: this.clock.now().getTime() + row.left_ms,
      admit: ({ ip }: FastifyRequest) => {
        if (!isAllowed(ip)) throw new Problem(ADDRESS_NOT_ALLOWED, 'The key may not be used from your address.');
        this.uses.note(tenantId, id, ip);
      },
    };
  }
}
