import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/time/clock';
import { JwtService } from '@nestjs/jwt';
import { uuidv7 } from '../../common/ids/uuid';
import { Config } from '../../config/config';
import { ALGORITHM, TOKEN_TYPE } from './access-token';
import { type Session } from './entities/session.entity';
import { KeyRing } from './key-ring';

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
    const { tokenIssuer, tokenAudience, accessTokenSeconds } = this.config.security;
    const { kid, privateKey } = await this.keys.current();
    // never beyond the session
    const left = Math.floor((session.expiresAt.getTime() - this.clock.now().getTime()) / 1000);
    const expiresIn = Math.max(1, Math.min(accessTokenSeconds, left));
    const accessToken = await this.jwt.signAsync(
      {
        sid: session.id,
        ...(tenantId === null ? {} : { tenant: tenantId }),
        auth_time: Math.floor(session.createdAt.getTime() / 1000),
        amr: ['pwd'],
      },
      {
        // its types know strings and Buffers only
        privateKey: privateKey as never,
        algorithm: ALGORITHM,
        header: { alg: ALGORITHM, typ: TOKEN_TYPE, kid },
        issuer: tokenIssuer,
        audience: tokenAudience,
        subject: session.userId,
        jwtid: uuidv7(),
        expiresIn,
      },
    );
    return { accessToken, expiresIn };
  }
}
