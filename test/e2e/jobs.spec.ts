import { Module } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { IsInt, Max, Min } from 'class-validator';
import { type JobContext, type JobHandler, JobKind } from '../../src/modules/jobs';
import { daybook } from '../../src/app';
import { startTestApp, type TestAnswer, type TestApp, type TestTenant } from '../support/app';
import { until } from '../../src/testing/until';

class CountPayload {
  @ApiProperty({ type: 'integer', minimum: 1, maximum: 10, example: 3 })
  @IsInt()
  @Min(1)
  @Max(10)
  to: number;
}

@JobKind({ name: 'test.count', description: 'Counts.', payload: CountPayload })
class Count implements JobHandler<CountPayload> {
  run(_: JobContext, { to }: CountPayload) {
    return Promise.resolve({ counted: to });
  }
}

@JobKind({ name: 'test.talk', description: 'Logs.', payload: CountPayload })
class Talk implements JobHandler<CountPayload> {
  async run(context: JobContext, { to }: CountPayload) {
    for (let line = 1; line <= to; line += 1) await context.log(`line ${line}`, { line });
  }
}

@JobKind({ name: 'test.fail', description: 'Fails.', payload: CountPayload, maxAttempts: 1 })
class Fail implements JobHandler<CountPayload> {
  run(): Promise<never> {
    return Promise.reject(new Error('the secret reason'));
  }
}

@Module({ imports: [daybook.workerModule], providers: [Count, Talk, Fail] })
class JobsTestModule {}

describe('/v1/jobs', () => {
  let app: TestApp;
  let owner: TestTenant;

  beforeAll(async () => {
    app = await startTestApp({ JOBS_SWEEP_INTERVAL_MS: '100' }, undefined, JobsTestModule);
    owner = await app.createTenantWithOwner();
  });

  afterAll(() => app.close());

  const post = (path: string, body?: unknown, token = owner.token, headers = {}) =>
    app.request('POST', path, { token, headers, ...(body === undefined ? {} : { body }) });
  const get = (path: string, token = owner.token) => app.request('GET', path, { token });
  const idsOf = ({ body }: TestAnswer) => (body as { items: { id: string }[] }).items.map(({ id }) => id);
  const ended = (id: string): Promise<TestAnswer> =>
    until(`job ${id} has ended`, async () => {
      const answer = await get(`/v1/jobs/${id}`);
      return answer.body.finishedAt !== null && answer;
    });

  it('makes a job: 202, Location, and in the end its result', async () => {
    const made = await post('/v1/jobs', { kind: 'test.count', payload: { to: 3 } });
    expect(made.status).toBe(202);
    expect(made.body).toMatchObject({ kind: 'test.count', state: 'queued', actorId: owner.userId, attempts: 0 });
    expect(made.headers.get('location')).toBe(`/v1/jobs/${made.body.id as string}`);
    const { body } = await ended(made.body.id);
    expect(body).toMatchObject({ state: 'succeeded', result: { counted: 3 }, progress: 100 });
  });

  it('API-18 the job carries the trace of the request', async () => {
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    const made = await post('/v1/jobs', { kind: 'test.count', payload: { to: 1 } }, owner.token, { traceparent });
    expect(made.body.traceId).toBe('4bf92f3577b34da6a3ce929d0e0e4736');
  });

  it('makes one job per Idempotency-Key', async () => {
    const once = () =>
      post('/v1/jobs', { kind: 'test.count', payload: { to: 2 } }, owner.token, { 'idempotency-key': 'count-once' });
    const [first, second] = [await once(), await once()];
    expect(second.body.id).toBe(first.body.id);
    expect(second.headers.get('location')).toBe(first.headers.get('location'));
    const without = await post('/v1/jobs', { kind: 'test.count', payload: { to: 2 } }, owner.token, {
      'idempotency-key': '',
    });
    expect(without.body.code).toBe('idempotency-key-required');
  });

  it.each([
    [{ kind: 'test.nothing', payload: {} }, 422, 'unknown-job-kind'],
    [{ kind: 'test.count', payload: { to: 11 } }, 400, 'validation-failed'],
    [{ kind: 'test.count', payload: { to: 1, extra: 1 } }, 400, 'validation-failed'],
    [{ kind: 'test.count', payload: {} }, 400, 'validation-failed'],
    [{ kind: 'test.count' }, 400, 'validation-failed'],
    [{ kind: 'test.count', payload: { to: 1 }, runAt: 'tomorrow' }, 400, 'validation-failed'],
  ])('F17 refuses %j', async (body, status, code) => {
    const answer = await post('/v1/jobs', body);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
  });

  it('says where a payload is wrong', async () => {
    const answer = await post('/v1/jobs', { kind: 'test.count', payload: { to: 0 } });
    expect(answer.body.errors).toEqual([{ pointer: '/payload/to', detail: expect.stringContaining('1') as string }]);
  });

  it('lists the kinds with the schemas of their payloads', async () => {
    const { body } = await get('/v1/jobs/kinds');
    const kinds = body.items as { name: string; payload: object }[];
    expect(kinds.map(({ name }) => name)).toEqual(expect.arrayContaining(['maintenance.purge', 'test.count']));
    expect(kinds.find(({ name }) => name === 'test.count')?.payload).toMatchObject({
      type: 'object',
      properties: { to: { type: 'integer', minimum: 1, maximum: 10 } },
      required: ['to'],
      additionalProperties: false,
    });
  });

  it('lists jobs in pages, by state and kind', async () => {
    const mine = await app.createTenantWithOwner();
    const ids: string[] = [];
    for (let number = 1; number <= 3; number += 1)
      ids.unshift((await post('/v1/jobs', { kind: 'test.count', payload: { to: number } }, mine.token)).body.id);
    await post('/v1/jobs', { kind: 'test.talk', payload: { to: 1 } }, mine.token);
    const first = await get('/v1/jobs?kind=test.count&limit=2', mine.token);
    expect(idsOf(first)).toEqual(ids.slice(0, 2));
    const second = await get(`/v1/jobs?cursor=${first.body.next as string}`, mine.token);
    expect(idsOf(second)).toEqual(ids.slice(2));
    expect((await get('/v1/jobs?state=dead', mine.token)).body.items).toEqual([]);
    expect((await get('/v1/jobs?state=asleep', mine.token)).status).toBe(400);
  });

  it('pages stay stable while jobs come and change state', async () => {
    const mine = await app.createTenantWithOwner();
    const runAt = new Date(Date.now() + 3_600_000).toISOString();
    const make = async () =>
      (await post('/v1/jobs', { kind: 'test.count', payload: { to: 1 }, runAt }, mine.token)).body.id as string;
    const ids: string[] = [];
    for (let number = 0; number < 7; number += 1) ids.unshift(await make());
    const seen: string[] = [];
    let page = await get('/v1/jobs?state=scheduled&kind=test.count&limit=2', mine.token);
    for (;;) {
      seen.push(...idsOf(page));
      if (page.body.next === null) break;
      await make();
      // one that was read leaves the filter; it must not shift the ones behind it
      await post(`/v1/jobs/${seen.at(-1) as string}/cancel`, undefined, mine.token);
      page = await get(`/v1/jobs?limit=2&cursor=${page.body.next as string}`, mine.token);
    }
    expect(seen).toEqual(ids);
    const back = await get(`/v1/jobs?limit=2&cursor=${page.body.previous as string}`, mine.token);
    // the two nearest that are still scheduled
    expect(idsOf(back)).toEqual([ids[2], ids[4]]);
  });

  it('keeps a dead letter with its payload, without internals, and runs it again on demand', async () => {
    const { body } = await post('/v1/jobs', { kind: 'test.fail', payload: { to: 7 } });
    const dead = await ended(body.id);
    expect(dead.body).toMatchObject({ state: 'dead', payload: { to: 7 }, error: { code: 'job-failed' } });
    expect(dead.text).not.toContain('secret');
    expect((await post(`/v1/jobs/${body.id as string}/retry`)).body).toMatchObject({ state: 'queued', error: null });
    expect((await ended(body.id)).body).toMatchObject({ state: 'dead', attempts: 2 });
    expect((await post('/v1/jobs/redrive', { kind: 'test.fail' })).body).toEqual({ redriven: 1 });
    expect((await ended(body.id)).body).toMatchObject({ state: 'dead', attempts: 3 });
  });

  it('cancels a job that is scheduled, and then it is over', async () => {
    const runAt = new Date(Date.now() + 3_600_000).toISOString();
    const { body } = await post('/v1/jobs', { kind: 'test.count', payload: { to: 1 }, runAt });
    expect(body).toMatchObject({ state: 'scheduled', runAt });
    const cancelled = await post(`/v1/jobs/${body.id as string}/cancel`);
    expect([cancelled.status, cancelled.body.state]).toEqual([202, 'cancelled']);
    expect((await post(`/v1/jobs/${body.id as string}/cancel`)).body.code).toBe('job-not-cancellable');
  });

  it('reads the log of a job in pages', async () => {
    const { body } = await post('/v1/jobs', { kind: 'test.talk', payload: { to: 3 } });
    await ended(body.id);
    const first = await get(`/v1/jobs/${body.id as string}/log?limit=2`);
    expect(first.body.items).toMatchObject([
      { message: 'line 1', data: { line: 1 } },
      { message: 'line 2', data: { line: 2 } },
    ]);
    const second = await get(`/v1/jobs/${body.id as string}/log?cursor=${first.body.next as string}`);
    expect(second.body.items).toMatchObject([{ message: 'line 3' }]);
    const back = await get(`/v1/jobs/${body.id as string}/log?limit=2&cursor=${second.body.previous as string}`);
    expect(back.body.items).toEqual(first.body.items);
  });

  it('maintenance.purge deletes what is old, and only of the tenant', async () => {
    const other = await app.createTenantWithOwner();
    for (const { token } of [owner, other]) await post('/v1/jobs', { kind: 'test.count', payload: { to: 9 } }, token);
    await until('both ran', async () => {
      const rows = await app.sql(`SELECT FROM jobs WHERE payload = '{"to": 9}' AND state = 'succeeded'`);
      return rows.length === 2;
    });
    await app.sql(`UPDATE jobs SET finished_at = now() - interval '40 days' WHERE payload = '{"to": 9}'`);
    const { body } = await post('/v1/jobs', { kind: 'maintenance.purge', payload: { olderThanDays: 30 } });
    expect((await ended(body.id)).body.result).toEqual({ deletedKeys: 0, deletedJobs: 1 });
    const left = await app.sql<{ tenant_id: string }>(`SELECT tenant_id FROM jobs WHERE payload = '{"to": 9}'`);
    expect(left).toEqual([{ tenant_id: other.tenantId }]);
  });

  it('TEN-13 another tenant’s jobs do not exist, and a viewer only looks', async () => {
    const { body } = await post('/v1/jobs', { kind: 'test.count', payload: { to: 1 } });
    const path = `/v1/jobs/${body.id as string}`;
    const stranger = await app.createTenantWithOwner();
    for (const suffix of ['', '/log', '/events'])
      expect((await get(path + suffix, stranger.token)).body.code).toBe('not-found');
    for (const suffix of ['/cancel', '/retry'])
      expect((await post(path + suffix, undefined, stranger.token)).body.code).toBe('not-found');
    const viewer = await app.signIn('viewer', owner.tenantId);
    expect((await get(path, viewer.token)).status).toBe(200);
    expect((await post('/v1/jobs', { kind: 'test.count', payload: { to: 1 } }, viewer.token)).status).toBe(403);
    expect((await app.request('GET', path)).status).toBe(401);
  });

  describe('/schedules', () => {
    const daily = { kind: 'test.count', payload: { to: 1 }, cron: '30 2 * * *', timeZone: 'Europe/Vienna' };

    it('makes, reads, changes and removes a schedule, each change against the version that was seen', async () => {
      const made = await post('/v1/job-schedules', daily);
      expect([made.status, made.headers.get('etag')]).toEqual([201, '"1"']);
      const path = made.headers.get('location') as string;
      const change = (headers: Record<string, string>, body: unknown) =>
        app.request('PATCH', path, { token: owner.token, headers, body });
      expect((await change({}, { enabled: false })).status).toBe(428);
      expect((await change({ 'if-match': '"7"' }, { enabled: false })).status).toBe(412);
      const changed = await change({ 'if-match': '"1"' }, { cron: '0 4 * * *' });
      expect(changed.body).toMatchObject({ cron: '0 4 * * *', timeZone: 'Europe/Vienna', enabled: true, version: 2 });
      expect((await get('/v1/job-schedules')).body.items).toEqual([changed.body]);
      const remove = (etag: string) =>
        app.request('DELETE', path, { token: owner.token, headers: { 'if-match': etag } });
      expect((await remove('"1"')).status).toBe(412);
      expect((await remove('"2"')).status).toBe(204);
      expect((await get(path)).status).toBe(404);
    });

    it.each([
      [{ ...daily, cron: '* * * * * *' }, 422],
      [{ ...daily, cron: 'never' }, 422],
      [{ ...daily, timeZone: 'Mars/Olympus' }, 422],
      [{ ...daily, payload: {} }, 400],
      [{ ...daily, kind: 'test.nothing' }, 422],
    ])('refuses %j', async (body, status) => {
      expect((await post('/v1/job-schedules', body)).status).toBe(status);
    });

    it('a schedule whose moment has come makes a job', async () => {
      const { body } = await post('/v1/job-schedules', { ...daily, payload: { to: 5 } });
      await app.sql(`UPDATE job_schedules SET next_run_at = now() WHERE id = $1`, [body.id]);
      const [job] = await until('its job ran', async () => {
        const found = await app.sql(`SELECT * FROM jobs WHERE schedule_id = $1 AND state = 'succeeded'`, [body.id]);
        return found.length > 0 && found;
      });
      expect(job).toMatchObject({ actor_id: owner.userId, result: { counted: 5 } });
    });
  });

  describe('/admin/queues', () => {
    const PATHS = [
      '/admin/queues',
      '/admin/queues/',
      '/admin/queues/api/queues',
      '/admin/queues/queue/daybook-jobs',
      '/admin/queues/static/favicon-32x32.png',
      '/%61dmin/queues',
      '/admin/%71ueues/api/queues',
      '/admin/queues/ap%69/queues',
      '/admin/queues/api/queues?activeQueue=daybook-jobs',
      '/admin/queues/api/redis/stats',
    ];

    it.each(PATHS)('is closed without a credential: %s', async (path) => {
      const answer = await app.request('GET', path);
      expect(answer.status).toBe(401);
      expect(answer.headers.get('content-type')).toContain('application/problem+json');
      // and nothing after it: browsers ask for a password only where they understand the whole challenge
      expect(answer.headers.get('www-authenticate')).toBe('Basic realm="Daybook", charset="UTF-8"');
    });

    it.each(['pause', 'empty', 'retry/failed', 'clean/completed'])('takes no PUT …/%s', async (verb) => {
      const path = `/admin/queues/api/queues/daybook-jobs/${verb}`;
      expect((await app.request('PUT', path)).status).toBe(401);
      const admin = await app.signInPlatformAdmin();
      expect((await app.request('PUT', path, { token: admin.token })).status).toBeGreaterThanOrEqual(400);
    });

    it('is closed to the owner of a tenant', async () => {
      expect((await get('/admin/queues')).status).toBe(403);
    });

    it('opens to a platform administrator, by token and by e-mail and password', async () => {
      const admin = await app.signInPlatformAdmin();
      const page = await get('/admin/queues', admin.token);
      expect(page.status).toBe(200);
      expect(page.headers.get('content-security-policy')).toContain("default-src 'self'");
      const basic = (password: string) => ({
        authorization: `Basic ${Buffer.from(`${admin.email}:${password}`).toString('base64')}`,
      });
      expect(page.text).not.toMatch(/(?:href|src)="(?:https?:)?\/\//);
      const queues = await app.request('GET', '/admin/queues/api/queues', { headers: basic(admin.password) });
      expect(queues.body.queues).toMatchObject([{ name: 'daybook-jobs', readOnlyMode: true }]);
      const script = /static\/js\/main\.[\w.]+\.js/.exec(page.text)?.[0] ?? 'none';
      expect((await get(`/admin/queues/${script}`, admin.token)).status).toBe(200);
      expect((await app.request('GET', '/admin/queues', { headers: basic('wrong') })).status).toBe(401);
      const sessions = await app.sql('SELECT FROM sessions WHERE user_id = $1', [admin.userId]);
      await app.request('GET', '/admin/queues', { headers: basic(admin.password) });
      expect(await app.sql('SELECT FROM sessions WHERE user_id = $1', [admin.userId])).toHaveLength(sessions.length);
    });
  });
});
