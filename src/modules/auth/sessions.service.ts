import { createHash, randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { type FindOptionsWhere, IsNull, LessThan, Not, Repository } from 'typeorm';
import { uuidv7 } from '../../common/ids/uuid';
import { Config } from '../../config/config';
import { currentTransaction } from '../../platform/database/tenant-database';
import { Revocations } from '../../platform/security/revocations';
import { RefreshToken } from './entities/refresh-token.entity';
import { type RevocationReason, Session } from './entities/session.entity';

export interface StartedSession {
  readonly session: Session;
  readonly refreshToken: string;
}

export type RefreshOutcome =
  | ({ readonly kind: 'refreshed' } & StartedSession)
  /** A spent token came back; its session is over. */
  | { readonly kind: 'reused'; readonly userId: string; readonly sessionId: string }
  | { readonly kind: 'refused' };

/**
 * Spends a token of a session that is still good. Of many who try at once the row's lock lets one through; the others
 * then find it spent.
 */
const SPEND = `
  UPDATE refresh_tokens t SET spent_at = now()
  FROM sessions s JOIN users u ON u.id = s.user_id AND u.status = 'active'
  WHERE t.hash = $1 AND t.spent_at IS NULL AND s.id = t.session_id
    AND s.revoked_at IS NULL AND s.expires_at > now() AND s.idle_expires_at > now()
  RETURNING t.session_id AS "sessionId"`;
const FIND_SPENT = `
  SELECT s.id AS "sessionId", s.user_id AS "userId" FROM refresh_tokens t JOIN sessions s ON s.id = t.session_id
  WHERE t.hash = $1 AND t.spent_at IS NOT NULL`;

/** Sessions that are over are kept for investigations this long; then the person's next sign-in removes them. */
const KEPT_MS = 30 * 86_400_000;

/** Sessions and their refresh tokens (AUTH-15). Each method runs in the caller's transaction. */
@Injectable()
export class SessionsService {
  constructor(
    @InjectRepository(Session) private readonly sessions: Repository<Session>,
    @InjectRepository(RefreshToken) private readonly tokens: Repository<RefreshToken>,
    private readonly revocations: Revocations,
    private readonly config: Config,
  ) {}

  async start(userId: string, tenantId: string | null): Promise<StartedSession> {
    const { refreshIdleSeconds, refreshMaxSeconds } = this.config.security;
    const id = uuidv7();
    const now = currentTransaction().now.getTime();
    const expiresAt = new Date(now + refreshMaxSeconds * 1000);
    await this.sessions.delete({ userId, expiresAt: LessThan(new Date(now - KEPT_MS)) });
    await this.sessions.insert({
      id,
      userId,
      tenantId,
      expiresAt,
      idleExpiresAt: new Date(Math.min(now + refreshIdleSeconds * 1000, expiresAt.getTime())),
    });
    return { session: await this.sessions.findOneByOrFail({ id }), refreshToken: await this.issue(id) };
  }

  /** Exchanges a refresh token for the next one. It must be committed whatever the outcome. */
  async refresh(refreshToken: string): Promise<RefreshOutcome> {
    const { client } = currentTransaction();
    const hash = hashOf(refreshToken);
    const spent = await client.query<{ sessionId: string }>(SPEND, [hash]);
    const [row] = spent.rows;
    if (row) {
      await this.sessions
        .createQueryBuilder()
        .update()
        .set({
          lastUsedAt: () => 'now()',
          idleExpiresAt: () => `LEAST(expires_at, now() + make_interval(secs => :idle))`,
        })
        .setParameter('idle', this.config.security.refreshIdleSeconds)
        .where({ id: row.sessionId })
        .execute();
      const session = await this.sessions.findOneByOrFail({ id: row.sessionId });
      return { kind: 'refreshed', session, refreshToken: await this.issue(session.id) };
    }
    const [reused] = (await client.query<{ sessionId: string; userId: string }>(FIND_SPENT, [hash])).rows;
    if (!reused) return { kind: 'refused' };
    // one of the two who had the token is a thief, and nobody can tell which
    await this.end(reused.sessionId, 'token-reuse');
    return { kind: 'reused', ...reused };
  }

  async end(sessionId: string, reason: RevocationReason): Promise<void> {
    await this.revoke({ id: sessionId }, reason);
    await this.revocations.announce(sessionId);
  }

  /** Every other session of the person. */
  async endOthers(userId: string, keptSessionId: string, reason: RevocationReason): Promise<void> {
    const others = await this.sessions.findBy({ userId, id: Not(keptSessionId), revokedAt: IsNull() });
    await this.revoke({ userId, id: Not(keptSessionId) }, reason);
    await this.revocations.announce(...others.map(({ id }) => id));
  }

  private async revoke(which: FindOptionsWhere<Session>, reason: RevocationReason): Promise<void> {
    await this.sessions.update({ ...which, revokedAt: IsNull() }, { revokedAt: () => 'now()', revokedReason: reason });
  }

  private async issue(sessionId: string): Promise<string> {
    const token = randomBytes(32).toString('base64url');
    await this.tokens.insert({ hash: hashOf(token), sessionId });
    return token;
  }
}

/** A fast hash is right: the token has 256 random bits. */
const hashOf = (token: string): Buffer => createHash('sha256').update(token).digest();
