import { Global, Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { RepositoriesModule } from '../database/repositories';
import { AccessGuard } from '../security/access.guard';
import { DataSourcesHaveTenants } from '../database/without-tenant';
import { DeclaredPermissions } from '../security/declared-permissions';
import { IdempotencyKey } from './idempotency/idempotency-key.entity';
import { IdempotencyService } from './idempotency/idempotency.service';
import { IdempotentRoute } from './idempotency/idempotent-route';
import { CursorService } from './pagination/cursor.service';
import { ProblemFilter } from './problem.filter';
import { RouteTable } from './route-table';
import { SnapshotStreams } from './snapshot-streams';
import { ThrottlingModule } from './throttling/throttling.module';
import { UnitOfWorkInterceptor } from './unit-of-work.interceptor';

/** What every route goes through. The order of the guards is set in app.module.ts. */
@Global()
@Module({
  imports: [DiscoveryModule, ThrottlingModule, RepositoriesModule.for([IdempotencyKey])],
  providers: [
    AccessGuard,
    CursorService,
    DeclaredPermissions,
    DataSourcesHaveTenants,
    IdempotencyService,
    IdempotentRoute,
    ProblemFilter,
    RouteTable,
    SnapshotStreams,
    UnitOfWorkInterceptor,
  ],
  exports: [
    ThrottlingModule,
    AccessGuard,
    CursorService,
    IdempotencyService,
    IdempotentRoute,
    ProblemFilter,
    RouteTable,
    SnapshotStreams,
    UnitOfWorkInterceptor,
  ],
})
export class HttpModule {}
