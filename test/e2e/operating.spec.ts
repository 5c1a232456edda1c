import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Controller, Get, Module } from '@nestjs/common';
import { daybook } from '../../src/app';
import { currentTransaction } from '../../src/platform/database/tenant-database';
import { InTransaction } from '../../src/platform/http/unit-of-work.interceptor';
import { Public } from '../../src/platform/security/access.decorators';
import { startAppProcess } from '../support/app-process';
import { startTestApp, type TestApp } from '../support/app';

const UPDATE = 'UPDATE tenants SET name = name';

@Controller('writes')
@Public()
class WritesController {
  /** A defect: GET reads. */
  @Get('in-a-get')
  async mistake(): Promise<void> {
    await currentTransaction().client.query(UPDATE);
  }

  /** What a standby does to any transaction. */
  @Get('on-a-standby')
  @InTransaction('write')
  async standby(): Promise<void> {
    const { client } = currentTransaction();
    await client.query('SET TRANSACTION READ ONLY');
    await client.query(UPDATE);
  }
}

@Module({ imports: [daybook.module], controllers: [WritesController] })
class WritesModule {}

describe('what operators meet', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startTestApp({}, undefined, WritesModule);
  });

  afterAll(() => app.close());

  it('a write in a GET is a defect, 500 and logged; a write on a standby is 503', async () => {
    const mistake = await app.request('GET', '/v1/writes/in-a-get');
    expect([mistake.status, mistake.body.code]).toEqual([500, 'internal-error']);
    expect(app.logs.text()).toContain('cannot execute UPDATE in a read-only transaction');
    const standby = await app.request('GET', '/v1/writes/on-a-standby');
    expect([standby.status, standby.body.code]).toEqual([503, 'unavailable']);
  });

  it('API_DOCS=false: the description is at none of its addresses, the pages of problems are', async () => {
    const closed = await startTestApp({ API_DOCS: 'false' }, app);
    try {
      const { links } = (await closed.request('GET', '/')).body as { links: Record<string, string> };
      expect(Object.keys(links).sort()).toEqual(['problems', 'ready', 'signIn']);
      for (const path of ['/docs', '/docs/', '/reference', '/reference/start.js', '/openapi.json']) {
        expect((await app.request('GET', path)).status).toBe(200);
        const answer = await closed.request('GET', path);
        expect([path, answer.status, answer.body.code]).toEqual([path, 404, 'not-found']);
      }
      expect((await closed.request('GET', '/problems/not-found')).status).toBe(200);
    } finally {
      await closed.close();
      delete process.env.API_DOCS;
    }
  });

  it.each(['main', 'worker'] as const)(
    '%s says where it listens; the health check of the image finds it',
    async (entry) => {
      const environment = {
        DATABASE_URL: app.database.databaseUrl,
        REDIS_URL: app.database.redisUrl,
        LOG_LEVEL: 'info',
      };
      const process_ = await startAppProcess({ ...environment, PUBLIC_URL: 'https://books.example' }, entry);
      const check = (ports: Record<string, string>) =>
        promisify(execFile)(
          process.execPath,
          ['-r', '@swc-node/register', 'src/healthcheck.ts', String(process_.pid)],
          {
            cwd: join(__dirname, '../..'),
            env: { ...process.env, ...environment, ...ports },
          },
        );
      const { port } = new URL(process_.url);
      // nothing is on the other port
      const ports = entry === 'main' ? { PORT: port, WORKER_PORT: '1' } : { PORT: '1', WORKER_PORT: port };
      try {
        expect(process_.output()).toContain(process_.url);
        if (entry === 'main') expect(process_.output()).toContain('for clients at https://books.example');
        await check(ports);
      } finally {
        await process_.kill();
      }
      await expect(check({ ...ports, ...environment })).rejects.toThrow();
    },
    60_000,
  );
});
