import { Injectable } from '@nestjs/common';
import { TENANT_REQUIRED } from '../../common/problems/http.problems';
import { Problem } from '../../common/problems/problem';
import { PLATFORM_TENANT, TenantDatabase } from '../../platform/database/tenant-database';
import { AuditTrail } from '../../platform/security/audit-trail';
import { PasswordHasher } from '../../platform/security/password-hasher';
import { type Principal } from '../../platform/security/principal';
import { SecurityLog } from '../../platform/security/security-log';
import { TenantsService } from '../tenants';
import { isGuessable, PASSWORD_TOO_WEAK, UsersService } from '../users';
import { AccessTokensService } from './access-tokens.service';
import { INVALID_CREDENTIALS, INVALID_REFRESH_TOKEN, WRONG_PASSWORD } from './auth.errors';
import { type TokenResponse } from './dto/auth.dto';
import { type Device, SessionsService, type StartedSession } from './sessions.service';

interface TenantName {
  readonly id: string;
  readonly name: string;
}

/** Signing in and out. Opens its own transactions: a password is hashed between them, never inside one. */
@Injectable()
export class AuthService {
  constructor(
    private readonly database: TenantDatabase,
    private readonly users: UsersService,
    private readonly tenants: TenantsService,
    private readonly sessions: SessionsService,
    private readonly tokens: AccessTokensService,
    private readonly hasher: PasswordHasher,
    private readonly trail: AuditTrail,
    private readonly log: SecurityLog,
  ) {}

  /**
   * Unknown, disabled and mistaken are one answer, after one hash each (AUTH-05).
   * @throws Problem `invalid-credentials`, `tenant-required`, `unavailable`
   */
  async signIn(
    { email, password, tenantId }: { readonly email: string; readonly password: string; readonly tenantId?: string },
    device: Device,
  ): Promise<TokenResponse> {
    const { source } = device;
    const user = await this.database.run(PLATFORM_TENANT, 'read', () => this.users.byEmail(email));
    const matches = await this.hasher.verify(password, user?.passwordHash);
    const event = { event: 'sign-in', method: 'pwd', source };
    if (!user || !matches || user.status !== 'active') {
      const reason = !user ? 'unknown person' : matches ? 'disabled' : 'wrong password';
      this.log.write({ ...event, outcome: 'failure', reason, ...(user ? { userId: user.id } : {}) });
      if (user) this.trail.later({ userId: user.id }, { ...SIGN_IN, ...personOf(user.id), reason, source });
      throw invalidCredentials();
    }
    const rehashed = this.hasher.isOutdated(user.passwordHash) ? await this.hasher.hash(password) : undefined;
    const { started, tenant } = await this.database.run(PLATFORM_TENANT, 'write', async () => {
      // disabled, or with another password, since it was read
      if (!(await this.users.signedIn(user))) throw invalidCredentials();
      if (rehashed !== undefined) await this.users.replaceHash(user, rehashed);
      const tenant = await this.tenantFor(user.id, tenantId);
      const started = await this.sessions.start(user.id, tenant?.id ?? null, device);
      await this.trail.recordFor(tenant?.id ?? null, { ...SIGN_IN, ...personOf(user.id, started.session.id), source });
      return { started, tenant };
    });
    this.log.write({
      ...event,
      outcome: 'success',
      userId: user.id,
      sessionId: started.session.id,
      tenantId: tenant?.id ?? null,
    });
    return this.answer(started, tenant);
  }

  /** @throws Problem `invalid-refresh-token` */
  async refresh(refreshToken: string, source: string): Promise<TokenResponse> {
    const { outcome, tenant } = await this.database.run(PLATFORM_TENANT, 'write', async () => {
      const outcome = await this.sessions.refresh(refreshToken);
      const tenant =
        outcome.kind === 'refreshed' && outcome.session.tenantId !== null
          ? await this.membership(outcome.session.userId, outcome.session.tenantId)
          : null;
      return { outcome, tenant };
    });
    const event = { event: 'refresh', method: 'refresh-token', source };
    if (outcome.kind === 'refreshed') {
      const { id: sessionId, userId } = outcome.session;
      this.log.write({ ...event, outcome: 'success', userId, sessionId, tenantId: tenant?.id ?? null });
      return this.answer(outcome, tenant);
    }
    if (outcome.kind === 'reused') {
      const { userId, sessionId } = outcome;
      this.log.write({
        ...event,
        outcome: 'failure',
        reason: 'a spent token came back; the session is ended',
        userId,
        sessionId,
      });
      const reason = 'a spent token came back; the session is ended';
      this.trail.later({ userId }, { ...REFRESH, ...personOf(userId, sessionId), reason, source });
    } else this.log.write({ ...event, outcome: 'failure', reason: 'unknown or expired' });
    throw new Problem(INVALID_REFRESH_TOKEN, 'The refresh token is not valid. Sign in again.');
  }

  /** Ends the session with all its tokens, at once. */
  async signOut({ credentialId: sessionId, id: userId, tenantId }: Principal, source: string): Promise<void> {
    await this.database.run(PLATFORM_TENANT, 'write', async () => {
      await this.sessions.end(sessionId, 'sign-out');
      await this.trail.recordFor(tenantId ?? null, { action: 'sign-out' });
    });
    this.log.write({ event: 'sign-out', outcome: 'success', userId, sessionId, source });
  }

  /** Also ends every other session of the person. @throws Problem `wrong-password`, `password-too-weak`, `unavailable` */
  async changePassword(
    { id: userId, credentialId: sessionId, tenantId }: Principal,
    { currentPassword, newPassword }: { readonly currentPassword: string; readonly newPassword: string },
    source: string,
  ): Promise<void> {
    const user = await this.database.run(PLATFORM_TENANT, 'read', () => this.users.byId(userId));
    const event = { event: 'password-change', method: 'pwd', userId, sessionId, source };
    if (!(await this.hasher.verify(currentPassword, user?.passwordHash)) || !user) {
      this.log.write({ ...event, outcome: 'failure', reason: 'wrong password' });
      this.trail.later({ userId }, { action: 'password-change', method: 'pwd', reason: 'wrong password' });
      throw wrongPassword();
    }
    if (isGuessable(newPassword, user))
      throw new Problem(PASSWORD_TOO_WEAK, 'The new password is too easy to guess. Use several unrelated words.', {
        errors: [{ pointer: '/newPassword', detail: 'must not be made of names, sequences or one repeated character' }],
      });
    const hash = await this.hasher.hash(newPassword);
    await this.database.run(PLATFORM_TENANT, 'write', async () => {
      if (!(await this.users.replaceHash(user, hash))) throw wrongPassword();
      await this.sessions.endOthers(userId, sessionId, 'password-change');
      await this.trail.recordFor(tenantId ?? null, { action: 'password-change', method: 'pwd' });
    });
    this.log.write({ ...event, outcome: 'success' });
  }

  /** The tenant that was asked for, or else the first one that is not suspended. */
  private async tenantFor(userId: string, asked: string | undefined): Promise<TenantName | null> {
    if (asked !== undefined) {
      const tenant = await this.membership(userId, asked.toLowerCase());
      if (!tenant) throw new Problem(TENANT_REQUIRED, 'You belong to no tenant of this id.');
      return tenant;
    }
    const memberships = await this.users.memberships(userId);
    const tenants = await this.tenants.byIds(memberships.map(({ tenantId }) => tenantId));
    tenants.sort((a, b) => (a.id < b.id ? -1 : 1));
    return tenants.find(({ status }) => status === 'active') ?? tenants[0] ?? null;
  }

  private async membership(userId: string, tenantId: string): Promise<TenantName | null> {
    const memberships = await this.users.memberships(userId);
    return memberships.some((membership) => membership.tenantId === tenantId) ? this.tenants.get(tenantId) : null;
  }

  private async answer({ session, refreshToken }: StartedSession, tenant: TenantName | null): Promise<TokenResponse> {
    const { accessToken, expiresIn } = await this.tokens.issue(session, tenant?.id ?? null);
    return {
      accessToken,
      tokenType: 'Bearer',
      expiresIn,
      refreshToken,
      tenant: tenant && { id: tenant.id, name: tenant.name },
    };
  }
}

const SIGN_IN = { action: 'sign-in', method: 'pwd' } as const;
const REFRESH = { action: 'refresh', method: 'refresh-token' } as const;
const personOf = (actorId: string, credentialId: string | null = null) =>
  ({ actorKind: 'person', actorId, credentialId }) as const;

const invalidCredentials = () => new Problem(INVALID_CREDENTIALS, 'E-mail or password is not right.');
const wrongPassword = () =>
  new Problem(WRONG_PASSWORD, 'The current password is not right.', {
    errors: [{ pointer: '/currentPassword', detail: 'must be the current password' }],
  });
