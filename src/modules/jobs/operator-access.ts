import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { RATE_LIMITED, UNAUTHENTICATED } from '../../common/problems/http.problems';
import { Problem } from '../../common/problems/problem';
import { Config } from '../../config/config';
import { ThrottleStorage } from '../../platform/http/throttling/throttle.storage';
import { DashboardAccess } from '../../platform/queue/dashboard';
import { Authenticator, AuthService } from '../auth';

interface Visit {
  readonly accessToken: string;
  readonly refreshToken: string;
  /** Unix time in milliseconds. */
  readonly until: number;
}

/** Platform administrators with the dashboard open; more sign in anew. */
const VISITS = 100;

/**
 * Lets platform administrators see the dashboard: programs by their access token, browsers, which cannot send one, by
 * HTTP Basic with e-mail and password. That signs in as `/v1/auth/sign-in` does, with its limits, once; each request
 * after it is checked like any other, so that signing out or losing the right takes effect at once. The dashboard
 * changes nothing, so a browser that sends the password by itself does no harm.
 */
@Injectable()
export class OperatorAccess extends DashboardAccess {
  private readonly visits = new Map<string, Promise<Visit>>();

  constructor(
    private readonly authenticator: Authenticator,
    private readonly auth: AuthService,
    private readonly throttle: ThrottleStorage,
    private readonly config: Config,
  ) {
    super();
  }

  async admit(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const basic = /^Basic ([A-Za-z0-9+/]+={0,2})$/i.exec(request.headers.authorization ?? '')?.[1];
    try {
      if (basic !== undefined) request.headers.authorization = `Bearer ${await this.tokenFor(basic, request.ip)}`;
      await this.authenticator.require(request, reply, 'platform:dashboard');
    } catch (error) {
      if (!(error instanceof Problem) || error.status !== 401) throw error;
      throw new Problem(UNAUTHENTICATED, 'Sign in as a platform administrator.', {
        headers: { 'www-authenticate': 'Basic realm="Daybook", charset="UTF-8"' },
      });
    }
  }

  private async tokenFor(basic: string, ip: string): Promise<string> {
    const key = createHash('sha256').update(basic).digest('base64');
    let visit = this.visits.get(key);
    if (!visit || (await visit).until < performance.now()) {
      visit = this.enter(basic, ip, visit);
      this.visits.delete(key);
      this.visits.set(key, visit);
      if (this.visits.size > VISITS) this.visits.delete(this.visits.keys().next().value as string);
      visit.catch(() => this.visits.delete(key));
    }
    return (await visit).accessToken;
  }

  private async enter(basic: string, ip: string, earlier: Promise<Visit> | undefined): Promise<Visit> {
    const refreshed = earlier && (await this.auth.refresh((await earlier).refreshToken, ip).catch(() => undefined));
    const tokens = refreshed ?? (await this.signIn(basic, ip));
    const { accessToken, refreshToken, expiresIn } = tokens;
    return { accessToken, refreshToken, until: performance.now() + expiresIn * 1000 - 5_000 };
  }

  private async signIn(basic: string, ip: string) {
    const [, email = '', password = ''] = /^([^:]*):(.*)$/s.exec(Buffer.from(basic, 'base64').toString()) ?? [];
    const name = createHash('sha256').update(email.trim().toLowerCase().slice(0, 320)).digest('base64url');
    // the counters of the route, so that this is no second set of attempts
    const { signInLimit, windowSeconds } = this.config.throttle;
    for (const key of [`sign-in-address:address:${ip}`, `sign-in-email:email:${name}`]) {
      const { isBlocked, timeToExpire } = await this.throttle.increment(key, windowSeconds * 1000, signInLimit);
      if (isBlocked)
        throw new Problem(RATE_LIMITED, 'Too many attempts to sign in.', {
          headers: { 'retry-after': String(timeToExpire) },
        });
    }
    return this.auth.signIn({ email, password: password.slice(0, 256) }, { source: ip, userAgent: undefined });
  }
}
