import { Module } from '@nestjs/common';
import { APP_GUARD, APP_INTERCEPTOR } from '@nestjs/core';
import { ENTITIES } from './app.entities';
import { ConfigModule } from './config/config.module';
import { AuthenticationGuard, AuthModule } from './modules/auth';
import { TenantsModule } from './modules/tenants';
import { TransactionsModule } from './modules/transactions/transactions.module';
import { UsersModule } from './modules/users';
import { RedisModule } from './platform/cache/redis.module';
import { DatabaseModule } from './platform/database/database.module';
import { HttpModule } from './platform/http/http.module';
import { ThrottleGuard } from './platform/http/throttling/throttle.guard';
import { UnitOfWorkInterceptor } from './platform/http/unit-of-work.interceptor';
import { AccessGuard } from './platform/security/access.guard';
import { SecurityModule } from './platform/security/security.module';

@Module({
  imports: [
    ConfigModule,
    DatabaseModule.forRoot(ENTITIES),
    RedisModule,
    SecurityModule,
    HttpModule,
    TenantsModule,
    UsersModule,
    AuthModule,
    TransactionsModule,
  ],
  providers: [
    // the order of the guards is the order in which a request meets them: who is it, how often, may they
    { provide: APP_GUARD, useExisting: AuthenticationGuard },
    { provide: APP_GUARD, useExisting: ThrottleGuard },
    { provide: APP_GUARD, useExisting: AccessGuard },
    { provide: APP_INTERCEPTOR, useExisting: UnitOfWorkInterceptor },
  ],
})
export class AppModule {}
