import 'reflect-metadata';
import { Test, type TestingModule } from '@nestjs/testing';
import { ENTITIES } from '../../src/app.entities';
import { ConfigModule } from '../../src/config/config.module';
import { PostingEngine, TransactionsModule } from '../../src/modules/transactions';
import { RedisModule } from '../../src/platform/cache/redis.module';
import { DatabaseModule } from '../../src/platform/database/database.module';
import { HttpModule } from '../../src/platform/http/http.module';
import { TelemetryModule } from '../../src/platform/telemetry/telemetry.module';
import { type TestDatabase } from './database';

export interface TestEngine {
  readonly app: TestingModule;
  readonly engine: PostingEngine;
}

/** The engine without HTTP. Each call is another process to the database. */
export async function startEngine(
  { databaseUrl, redisUrl }: TestDatabase,
  overrides: Record<string, string> = {},
): Promise<TestEngine> {
  Object.assign(process.env, { NODE_ENV: 'test', DATABASE_URL: databaseUrl, REDIS_URL: redisUrl, ...overrides });
  const app = await Test.createTestingModule({
    imports: [
      ConfigModule,
      DatabaseModule.forRoot(ENTITIES),
      RedisModule,
      TelemetryModule,
      HttpModule,
      TransactionsModule,
    ],
  }).compile();
  await app.init();
  return { app, engine: app.get(PostingEngine) };
}
