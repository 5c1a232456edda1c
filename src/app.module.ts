import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { ENTITIES } from './app.entities';
import { ConfigModule } from './config/config.module';
import { AuthenticationGuard, AuthModule } from './modules/auth';
import { BooksModule } from './modules/books';
import { EvidenceModule } from './modules/evidence';
import { HealthModule } from './modules/health';
import { JobsModule } from './modules/jobs';
import { ProblemsModule } from './modules/problems';
import { TenantsModule } from './modules/tenants';
import { TransactionsModule } from './modules/transactions';
import { UsersModule } from './modules/users';
import { RedisModule } from './platform/cache/redis.module';
import { DatabaseModule } from './platform/database/database.module';
import { HttpModule } from './platform/http/http.module';
import { ThrottleGuard } from './platform/http/throttling/throttle.guard';
import { LifecycleModule } from './platform/lifecycle/lifecycle';
import { QueueModule } from './platform/queue/queue.module';
import { TelemetryModule } from './platform/telemetry/telemetry.module';
import { AccessGuard } from './platform/security/access.guard';
import { SecurityModule } from './platform/security/security.module';

@Module({
  imports: [
    ConfigModule,
    DatabaseModule.forRoot(ENTITIES),
    RedisModule,
    LifecycleModule,
    QueueModule,
    SecurityModule,
    TelemetryModule,
    HttpModule,
    HealthModule,
    TenantsModule,
    UsersModule,
    AuthModule,
    JobsModule,
    TransactionsModule,
    BooksModule,
    EvidenceModule,
    ProblemsModule,
  ],
  providers: [
    // the order of the guards is the order in which a request meets them: who is it, how often, may they
    { provide: APP_GUARD, useExisting: AuthenticationGuard },
    { provide: APP_GUARD, useExisting: ThrottleGuard },
    { provide: APP_GUARD, useExisting: AccessGuard },
  ],
})
export class AppModule {}
