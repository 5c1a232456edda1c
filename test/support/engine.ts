import 'reflect-metadata';
import { Test, type TestingModule } from '@nestjs/testing';
import { daybook } from '../../src/app';
import { PostingEngine } from '../../src/modules/transactions';
import { type TestDatabase } from '../../src/testing/database';

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
  const app = await Test.createTestingModule({ imports: [daybook.module] }).compile();
  await app.init();
  return { app, engine: app.get(PostingEngine) };
}
