import { type DynamicModule, type INestApplicationContext, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { pino } from 'pino';
import { ConfigModule } from '../config/config.module';
import { ApiKeysModule } from '../modules/api-keys';
import { AuthModule } from '../modules/auth';
import { VerificationModule } from '../modules/evidence';
import { TenantsModule } from '../modules/tenants';
import { UsersModule } from '../modules/users';
import { RedisModule } from '../platform/cache/redis.module';
import { DatabaseModule } from '../platform/database/database.module';
import { type Features } from '../platform/features/features';
import { HttpModule } from '../platform/http/http.module';
import { LifecycleModule } from '../platform/lifecycle/lifecycle';
import { SecurityModule } from '../platform/security/security.module';
import { createLogger, NestLogger } from '../platform/telemetry/logger';
import { TelemetryModule } from '../platform/telemetry/telemetry.module';
import { ClockModule } from '../platform/time/clock.module';

/** What the operator's commands work with: people, tenants, keys and verifications, as the application has them; no HTTP, no jobs. */
@Module({})
class OperatorModule {
  static of(features: Features): DynamicModule {
    return {
      module: OperatorModule,
      imports: [
        ConfigModule,
        ClockModule,
        DatabaseModule.forRoot(features),
        RedisModule,
        LifecycleModule,
        SecurityModule,
        TelemetryModule,
        HttpModule,
        TenantsModule,
        UsersModule,
        AuthModule,
        ApiKeysModule,
        VerificationModule,
      ],
    };
  }
}

/** Runs `work` with the application's services and closes them again. Logs go to standard error: standard output is the command's answer. */
export async function withServices<T>(
  features: Features,
  work: (services: INestApplicationContext) => Promise<T>,
): Promise<T> {
  const logger = new NestLogger(createLogger('warn', pino.destination(2)));
  const services = await NestFactory.createApplicationContext(OperatorModule.of(features), {
    logger,
    abortOnError: false,
  });
  try {
    return await work(services);
  } finally {
    await services.close();
  }
}
