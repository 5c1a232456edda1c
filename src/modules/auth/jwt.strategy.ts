import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { type SecretOrKeyProvider, Strategy } from 'passport-jwt';
import { UNAUTHENTICATED } from '../../common/problems/http.problems';
import { Problem } from '../../common/problems/problem';
import { Config } from '../../config/config';
import { type AccessClaims, ALGORITHM, bearerTokenOf, claimsOf, keyIdOf } from './access-token';
import { CLOCK_TOLERANCE_SECONDS, KeyRing } from './key-ring';

/** Checks an access token: form, key, signature, issuer, audience, times (AUTH-14). */
@Injectable()
export class JwtStrategy extends PassportStrategy(Strategy, 'jwt') {
  constructor({ security }: Config, keys: KeyRing) {
    const keyProvider = (_request: unknown, token: string, done: (error: unknown, key?: unknown) => void) => {
      const kid = keyIdOf(token);
      if (kid === undefined) {
        done(notOurs());
        return;
      }
      keys.publicKey(kid).then((key) => {
        // a KeyObject: jsonwebtoken parses a PEM string anew at each call
        if (key) done(null, key);
        else done(notOurs());
      }, done);
    };
    super({
      jwtFromRequest: bearerTokenOf,
      // its types know strings and Buffers only
      secretOrKeyProvider: keyProvider as SecretOrKeyProvider,
      algorithms: [ALGORITHM],
      issuer: security.tokenIssuer,
      audience: security.tokenAudience,
      // eslint-disable-next-line @typescript-eslint/no-deprecated -- the only way to say how far clocks may differ
      jsonWebTokenOptions: { clockTolerance: CLOCK_TOLERANCE_SECONDS },
    });
  }

  validate(payload: unknown): AccessClaims {
    const claims = claimsOf(payload);
    if (!claims) throw notOurs();
    return claims;
  }
}

const notOurs = () => new Problem(UNAUTHENTICATED, 'Send a valid access token.');
