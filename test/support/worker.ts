import { type INestApplicationContext, Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Client } from 'pg';
import { daybook } from '../../src/app';
import { type EnqueueOptions, JobsService, type JobResponse } from '../../src/modules/jobs';
import { TenantDatabase } from '../../src/platform/database/tenant-database';
import { databaseEnvironment, type TestDatabase } from '../../src/testing/database';
import { until } from '../../src/testing/until';

export interface TestWorker {
  readonly app: INestApplicationContext;
  enqueue(tenantId: string, kind: string, payload?: object, options?: EnqueueOptions): Promise<string>;
  job(tenantId: string, id: string): Promise<JobResponse>;
  /** The job once it is in one of the states. */
  jobIn(tenantId: string, id: string, ...states: JobResponse['state'][]): Promise<JobResponse>;
}

/** Environment of a worker that is quick enough to wait for. */
export function useEnvironment(database: TestDatabase, more: Readonly<Record<string, string>> = {}): void {
  Object.assign(process.env, {
    NODE_ENV: 'test',
    LOG_LEVEL: 'silent',
    ...databaseEnvironment(database),
    REDIS_PREFIX: 'daybook-test',
    JOBS_SWEEP_INTERVAL_MS: '100',
    JOBS_LEASE_MS: '1000',
    JOBS_CONCURRENCY: '4',
    JOBS_TENANT_CONCURRENCY: '2',
    ...more,
  });
}

/**
 * A process that runs jobs, without HTTP. `running: false`: one that only makes them.
 * Call `useEnvironment` first.
 */
export async function startTestWorker(kinds: Type<object>[], running = true): Promise<TestWorker> {
  @Module({ imports: [running ? daybook.workerModule : daybook.module], providers: kinds })
  class TestWorkerModule {}

  const app = await NestFactory.createApplicationContext(TestWorkerModule, { logger: false, abortOnError: false });
  const database = app.get(TenantDatabase);
  const jobs = app.get(JobsService, { strict: false });
  const job = (tenantId: string, id: string) => database.run(tenantId, 'read', () => jobs.get(id));
  return {
    app,
    job,
    enqueue: async (tenantId, kind, payload = {}, options = {}) =>
      (await database.run(tenantId, 'write', () => jobs.enqueue(kind, payload, options))).id,
    jobIn: (tenantId, id, ...states) =>
      until(`job ${id} is ${states.join(' or ')}`, async () => {
        const found = await job(tenantId, id);
        return states.includes(found.state) && found;
      }),
  };
}

/** Statements as the superuser, who sees all tenants. */
export async function asSuperuser<Row extends object>(
  database: TestDatabase,
  sql: string,
  values: unknown[] = [],
): Promise<Row[]> {
  const client = new Client({ connectionString: database.adminUrl });
  await client.connect();
  try {
    return (await client.query<Row>(sql, values)).rows;
  } finally {
    await client.end();
  }
}
