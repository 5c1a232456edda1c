import { Injectable } from '@nestjs/common';
import { isUuid } from '../../common/ids/uuid';
import { TENANT_REQUIRED } from '../../common/problems/http.problems';
import { Problem } from '../../common/problems/problem';
import { PLATFORM_TENANT, TenantDatabase } from '../../platform/database/tenant-database';
import { Features } from '../../platform/features/features';
import { type Caller } from '../../platform/security/principal';
import { type Role } from '../../platform/security/roles';
import { type TenantStatus } from '../tenants';
import { type AccessClaims } from './access-token';

/** Row-level security shows the membership in the transaction's own tenant and no other. */
const SELECT_CALLER = `
  SELECT u.platform_admin AS "platformAdmin", s.expires_at AS "expiresAt", s.created_at AS "authenticatedAt", m.role, t.status AS "tenantStatus"
  FROM sessions s
  JOIN users u ON u.id = s.user_id AND u.status = 'active'
  LEFT JOIN members m ON m.tenant_id = $3 AND m.user_id = s.user_id
  LEFT JOIN tenants t ON t.id = m.tenant_id
  WHERE s.id = $1 AND s.user_id = $2 AND s.revoked_at IS NULL AND s.expires_at > now()`;

interface CallerRow {
  readonly platformAdmin: boolean;
  readonly expiresAt: Date;
  readonly authenticatedAt: Date;
  readonly role: Role | null;
  readonly tenantStatus: TenantStatus | null;
}

/** Finds out who is behind the claims of a token now: session, person, tenant and membership as they are. */
@Injectable()
export class PrincipalsService {
  constructor(
    private readonly database: TenantDatabase,
    private readonly features: Features,
  ) {}

  /**
   * @param chosen a tenant that the request names instead of the token's; one of the person's own, or refused
   * @returns undefined when the session or the person is no longer there
   * @throws Problem `tenant-required`
   */
  async find(claims: AccessClaims, chosen: string | undefined): Promise<Caller | undefined> {
    const asked = chosen ?? claims.tenant;
    const tenantId = isUuid(asked) ? asked.toLowerCase() : undefined;
    const row = await this.database.run(tenantId ?? PLATFORM_TENANT, 'read', async ({ client }) => {
      const { rows } = await client.query<CallerRow>(SELECT_CALLER, [claims.sid, claims.sub, tenantId ?? null]);
      return rows[0];
    });
    if (!row) return undefined;
    if (chosen !== undefined && row.role === null)
      throw new Problem(TENANT_REQUIRED, 'You belong to no tenant of the id in the tenant header.');
    const role = row.role ?? undefined;
    return {
      principal: {
        kind: 'person',
        id: claims.sub,
        credentialId: claims.sid,
        // a person who has left the token's tenant has none
        tenantId: role === undefined ? undefined : tenantId,
        role,
        platformAdmin: row.platformAdmin,
        permissions: this.features.permissionsOf(role, row.platformAdmin),
        authenticatedAt: row.authenticatedAt.getTime(),
      },
      suspended: row.tenantStatus === 'suspended',
      validUntil: Math.min(claims.exp * 1000, row.expiresAt.getTime()),
    };
  }
}
