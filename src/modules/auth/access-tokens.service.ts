import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/time/clock';
import { JwtService } from '@nestjs/jwt';
import { uuidv7 } from '../../common/ids/uuid';
import { Config } from '../../config/config';
import { ALGORITHM, keyIdOf, TOKEN_TYPE } from './access-token';
import { type Session } from './entities/session.entity';
import { CLOCK_TOLERANCE_SECONDS, KeyRing } from './key-ring';

/** Signs access tokens (RFC 9068). They carry who, where and since when; what the person may do is looked up. */
@Injectable()
export class AccessTokensService {
  constructor(
    private readonly jwt: JwtService,
    private readonly keys: KeyRing,
    private readonly clock: Clock,
    private readonly config: Config,
  ) {}

  async issue(
    session: Session,
    tenantId: string | null,
  ): Promise<{ readonly accessToken: string; readonly expiresIn: number }> {
    const claims = {
      sid: session.id,
      ...(tenantId === null ? {} : { tenant: tenantId }),
      auth_time: Math.floor(session.createdAt.getTime() / 1000),
      amr: ['pwd'],
    };
    // never beyond the session
    return this.sign(claims, session.userId, session.expiresAt.getTime());
  }

  /**
   * A token with these claims and those that every one has.
   * @param notAfter Unix time in milliseconds that it does not outlive
   */
  async sign(
    claims: object,
    subject: string,
    notAfter: number,
  ): Promise<{ readonly accessToken: string; readonly expiresIn: number }> {
    const { tokenIssuer, tokenAudience, accessTokenSeconds } = this.config.security;
    const { kid, privateKey } = await this.keys.current();
    const left = Math.floor((notAfter - this.clock.now().getTime()) / 1000);
    const expiresIn = Math.max(1, Math.min(accessTokenSeconds, left));
    const accessToken = await this.jwt.signAsync(claims, {
      // its types know strings and Buffers only
      privateKey: privateKey as never,
      algorithm: ALGORITHM,
      header: { alg: ALGORITHM, typ: TOKEN_TYPE, kid },
      issuer: tokenIssuer,
      audience: tokenAudience,
      subject,
      jwtid: uuidv7(),
      expiresIn,
    });
    return { accessToken, expiresIn };
  }

  /** The claims of a token of ours whose form, key, signature, issuer, audience and times are right (AUTH-14). */
  async verified(token: string): Promise<Readonly<Record<string, unknown>> | undefined> {
    const kid = keyIdOf(token);
    const key = kid === undefined ? undefined : await this.keys.publicKey(kid);
    if (!key) return undefined;
    const { tokenIssuer: issuer, tokenAudience: audience } = this.config.security;
    try {
      return await this.jwt.verifyAsync<Record<string, unknown>>(token, {
        publicKey: key as never,
        algorithms: [ALGORITHM],
        issuer,
        audience,
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
      });
    } catch {
      return undefined;
    }
  }
}
