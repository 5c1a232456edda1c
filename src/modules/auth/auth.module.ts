import { Module } from '@nestjs/common';
import { JwtModule } from '@nestjs/jwt';
import { RepositoriesModule } from '../../platform/database/repositories';
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
import { SessionsService } from './sessions.service';

@Module({
  imports: [
    RepositoriesModule.for([Session, RefreshToken, SigningKey]),
    JwtModule.register({}),
    UsersModule,
    TenantsModule,
  ],
  controllers: [AuthController, MeController, KeySetController],
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
  exports: [AuthService, Authenticator, AuthenticationGuard, KeyRing],
})
export class AuthModule {}
