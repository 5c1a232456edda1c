import { createHash, randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { type FindOptionsWhere, In, IsNull, LessThan, MoreThan, Not, Repository } from 'typeorm';
import { deriveKey, open, seal, SealedBoxError } from '../../common/crypto/sealed-box';
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
  SELECT s.id AS "sessionId", s.user_id AS "userId",
         CASE WHEN t.spent_at > now() - make_interval(secs => $2) AND s.revoked_at IS NULL AND s.expires_at > now()
              THEN t.sealed_successor END AS successor
  FROM refresh_tokens t JOIN sessions s ON s.id = t.session_id
  JOIN users u ON u.id = s.user_id AND u.status = 'active'
  WHERE t.hash = $1 AND t.spent_at IS NOT NULL`;
const IS_UNSPENT = 'SELECT 1 FROM refresh_tokens WHERE hash = $1 AND spent_at IS NULL';

/** Live sessions of a person; with one more the oldest ends (ASVS 7.1.2). */
export const SESSIONS_MAX = 50;

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

  async start(userId: string, tenantId: string | null, device: Device): Promise<StartedSession> {
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
      source: device.source,
      userAgent: device.userAgent?.slice(0, 200) ?? null,
    });
    await this.endOldest(userId);
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
      const successor = await this.issue(session.id);
      await this.tokens.update({ hash }, { sealedSuccessor: sealFor(refreshToken, successor) });
      return { kind: 'refreshed', session, refreshToken: successor };
    }
    const again = this.config.security.refreshAgainSeconds;
    const [reused] = (
      await client.query<{ sessionId: string; userId: string; successor: string | null }>(FIND_SPENT, [hash, again])
    ).rows;
    if (!reused) return { kind: 'refused' };
    // whose answer was lost, and a second tab, get what the first one got: there is never a second family
    const successor = reused.successor === null ? undefined : openWith(refreshToken, reused.successor);
    if (successor !== undefined && (await client.query(IS_UNSPENT, [hashOf(successor)])).rows.length > 0) {
      const session = await this.sessions.findOneByOrFail({ id: reused.sessionId });
      return { kind: 'refreshed', session, refreshToken: successor };
    }
    // one of the two who had the token is a thief, and nobody can tell which
    await this.end(reused.sessionId, 'token-reuse');
    return { kind: 'reused', sessionId: reused.sessionId, userId: reused.userId };
  }

  async end(sessionId: string, reason: RevocationReason): Promise<void> {
    await this.revoke({ id: sessionId }, reason);
    await this.revocations.announce(sessionId);
  }

  /** Every other session of the person. */
  async endOthers(userId: string, keptSessionId: string, reason: RevocationReason): Promise<void> {
    await this.endAll({ userId, id: Not(keptSessionId) }, reason);
  }

  /** Those that are not over, the one that was used last first. */
  async live(which: FindOptionsWhere<Session>): Promise<Session[]> {
    const { now } = currentTransaction();
    return this.sessions.find({
      where: { ...which, revokedAt: IsNull(), expiresAt: MoreThan(now), idleExpiresAt: MoreThan(now) },
      order: { lastUsedAt: 'DESC', id: 'DESC' },
    });
  }

  /** At once, on every process. @returns how many there were */
  async endAll(which: FindOptionsWhere<Session>, reason: RevocationReason): Promise<number> {
    const ended = await this.live(which);
    if (ended.length === 0) return 0;
    const ids = ended.map(({ id }) => id);
    await this.revoke({ id: In(ids) }, reason);
    await this.revocations.announce(...ids);
    return ids.length;
  }

  private async endOldest(userId: string): Promise<void> {
    const live = await this.live({ userId });
    const surplus = live.slice(SESSIONS_MAX).map(({ id }) => id);
    if (surplus.length > 0) await this.endAll({ id: In(surplus) }, 'too-many');
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

/** Where a session was begun, for people who ask themselves whether it was them. */
export interface Device {
  readonly source: string;
  readonly userAgent: string | undefined;
}

const SUCCESSOR = 'refresh-successor';
const sealFor = (spent: string, successor: string): string =>
  seal(Buffer.from(successor), deriveKey(spent, SUCCESSOR), SUCCESSOR);

function openWith(spent: string, sealed: string): string | undefined {
  try {
    return open(sealed, [deriveKey(spent, SUCCESSOR)], SUCCESSOR).toString();
  } catch (error) {
    if (error instanceof SealedBoxError) return undefined;
    throw error;
  }
}

/** A fast hash is right: the token has 256 random bits. */
const hashOf = (token: string): Buffer => createHash('sha256').update(token).digest();
