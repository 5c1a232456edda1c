import { RedisModule } from './cache/redis.module';
import { MIGRATIONS_TABLE } from './database/data-source-options';
import { Foundation1795300000001 } from './database/migrations/1795300000001-foundation';
import { TenantTime1795862700000 } from './database/migrations/1795862700000-tenant-time';
import { SystemPolicies1795300000012 } from './database/migrations/1795300000012-system-policies';
import { Feature } from './features/feature';
import { HttpModule } from './http/http.module';
import { IdempotencyKey } from './http/idempotency/idempotency-key.entity';
import { LifecycleModule } from './lifecycle/lifecycle';
import { QueueModule } from './queue/queue.module';
import { SecurityModule } from './security/security.module';
import { TelemetryModule } from './telemetry/telemetry.module';
import { ClockModule } from './time/clock.module';

/** What every other feature stands on. */
@Feature({
  imports: [ClockModule, RedisModule, LifecycleModule, QueueModule, SecurityModule, TelemetryModule, HttpModule],
  entities: [IdempotencyKey],
  migrations: [Foundation1795300000001, SystemPolicies1795300000012, TenantTime1795862700000],
  catalog: { platformTables: { [MIGRATIONS_TABLE]: 'of the installation' } },
})
export class PlatformModule {}
