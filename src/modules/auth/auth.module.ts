import { Feature } from '../../platform/features/feature';
import { JwtModule } from '@nestjs/jwt';
import { TenantsModule } from '../tenants';
import { UsersModule } from '../users';
import { AccessTokensService } from './access-tokens.service';
import { AuthController, KeySetController, MeController } from './auth.controller';
import { AuthService } from './auth.service';
import { Authenticator } from './authenticator';
import { AuthenticationGuard } from './authentication.guard';
import { RefreshToken } from './entities/refresh-token.entity';
import { Session } from './entities/session.entity';
import { SigningKey } from './entities/signing-key.entity';
import { JwtStrategy } from './jwt.strategy';
import { KeyRing } from './key-ring';
import { MeService } from './me.service';
import { PrincipalCache } from './principal-cache';
import { PrincipalsService } from './principals.service';
import { Sessions1795863600000 } from './migrations/1795863600000-sessions';
import { MySessionsController, TenantSessionsController } from './sessions.controller';
import { SessionsService } from './sessions.service';

@Feature({
  entities: [Session, RefreshToken, SigningKey],
  migrations: [Sessions1795863600000],
  tags: {
    'Sign-in': 'Tokens: getting, renewing and ending them; who is signed in.',
    Sessions: 'Where persons are signed in, and ending it.',
  },
  catalog: {
    platformTables: {
      sessions: 'a session is a person’s; its tenant_id says which tenant the person works in and may be null',
      refresh_tokens: 'belong to sessions',
      signing_keys: 'of the installation',
    },
  },

  imports: [JwtModule.register({}), UsersModule, TenantsModule],
  controllers: [AuthController, MeController, MySessionsController, TenantSessionsController, KeySetController],
  providers: [
    AccessTokensService,
    AuthService,
    Authenticator,
    AuthenticationGuard,
    JwtStrategy,
    KeyRing,
    MeService,
    PrincipalCache,
    PrincipalsService,
    SessionsService,
  ],
  exports: [AccessTokensService, AuthService, Authenticator, AuthenticationGuard, KeyRing],
})
export class AuthModule {}
