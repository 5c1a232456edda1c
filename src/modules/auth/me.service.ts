import { Injectable } from '@nestjs/common';
import { UNAUTHENTICATED } from '../../common/problems/http.problems';
import { Problem } from '../../common/problems/problem';
import { type Principal } from '../../platform/security/principal';
import { TenantsService } from '../tenants';
import { UsersService } from '../users';
import { type MembershipResponse, type MeResponse } from './dto/me.dto';

/** What somebody may know of themselves. Runs in the caller's transaction. */
@Injectable()
export class MeService {
  constructor(
    private readonly users: UsersService,
    private readonly tenants: TenantsService,
  ) {}

  async describe(principal: Principal): Promise<MeResponse> {
    if (principal.kind !== 'person') return this.ofProgram(principal);
    const user = await this.users.byId(principal.id);
    if (!user) throw new Problem(UNAUTHENTICATED, 'The session has ended.');
    const { id, email, name, platformAdmin } = user;
    const memberships = await this.memberships(id);
    return {
      kind: 'person',
      id,
      user: { id, email, name, platformAdmin },
      tenant: memberships.find(({ tenant }) => tenant.id === principal.tenantId)?.tenant ?? null,
      role: principal.role ?? null,
      permissions: [...principal.permissions],
      ledgerIds: null,
      accounts: null,
      memberships,
    };
  }

  private async ofProgram({ kind, id, tenantId, permissions, within }: Principal): Promise<MeResponse> {
    const [tenant] = await this.tenants.byIds(tenantId === undefined ? [] : [tenantId]);
    return {
      kind,
      id,
      user: null,
      tenant: tenant ? { id: tenant.id, name: tenant.name, status: tenant.status } : null,
      role: null,
      permissions: [...permissions],
      ledgerIds: within?.ledgers ? [...within.ledgers] : null,
      accounts: within?.accounts ? [...within.accounts] : null,
      memberships: [],
    };
  }

  private async memberships(userId: string): Promise<MembershipResponse[]> {
    const memberships = await this.users.memberships(userId);
    const tenants = await this.tenants.byIds(memberships.map(({ tenantId }) => tenantId));
    return memberships.flatMap(({ tenantId, role }) => {
      const tenant = tenants.find(({ id }) => id === tenantId);
      return tenant ? [{ tenant: { id: tenant.id, name: tenant.name, status: tenant.status }, role }] : [];
    });
  }
}
