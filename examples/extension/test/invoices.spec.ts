import { daybook } from '../src/daybook';
import { startTestApp, type TestApp, type TestTenant, until } from 'daybook/testing';

let app: TestApp;
let owner: TestTenant;
beforeAll(async () => {
  app = await startTestApp({ module: daybook.workerModule, env: { JOBS_SWEEP_INTERVAL_MS: '100' } });
  owner = await app.createTenantWithOwner();
});
afterAll(() => app.close());

/** The invoice number n. */
const invoice = (n: number) => ({
  number: `Number ${n}`,
  total: { amount: `${n}.00`, currency: 'EUR' },
  dueOn: new Date(Date.UTC(2026, 0, 1 + n)).toISOString().slice(0, 10),
  note: `What there is to say of ${n}.`,
});
const create = (body: object, token = owner.token, headers: Record<string, string> = {}) =>
  app.request('POST', '/v1/invoices', { token, body, headers });
const made = async (n: number, token = owner.token) => {
  const answer = await create(invoice(n), token);
  if (answer.status !== 201) throw new Error(`${answer.status} ${answer.text}`);
  return { path: answer.headers.get('location') ?? '', etag: answer.headers.get('etag') ?? '', body: answer.body };
};

describe('invoices', () => {
  it('are made, read, changed and removed', async () => {
    const { path, etag, body } = await made(1);
    expect(body).toMatchObject(invoice(1));
    const read = await app.request('GET', path, { token: owner.token });
    expect([read.status, read.body, read.headers.get('etag')]).toEqual([200, body, etag]);

    const { number } = invoice(2);
    const headers = { 'if-match': etag };
    const changed = await app.request('PATCH', path, { token: owner.token, headers, body: { number } });
    expect([changed.status, changed.body]).toMatchObject([200, { ...invoice(1), number }]);

    const gone = await app.request('DELETE', path, {
      token: owner.token,
      headers: { 'if-match': changed.headers.get('etag') ?? '' },
    });
    expect(gone.status).toBe(204);
    expect((await app.request('GET', path, { token: owner.token })).status).toBe(404);
  });

  it('are changed only by who has seen their last version', async () => {
    const { path, etag } = await made(3);
    const { number } = invoice(4);
    const change = (headers: Record<string, string>) =>
      app.request('PATCH', path, { token: owner.token, headers, body: { number } });
    expect((await change({})).status).toBe(428);
    const answers = await Promise.all([change({ 'if-match': etag }), change({ 'if-match': etag })]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 412]);
    const removal = await app.request('DELETE', path, { token: owner.token, headers: { 'if-match': etag } });
    expect(removal.status).toBe(412);
  });

  it('come in pages, oldest first', async () => {
    const { token } = await app.createTenantWithOwner();
    const ids = [];
    for (const n of [1, 2, 3]) ids.push((await made(n, token)).body.id);
    const page = await app.request('GET', '/v1/invoices?limit=2', { token });
    const rest = await app.request('GET', `/v1/invoices?limit=2&cursor=${page.body.next}`, { token });
    const idsOf = (answer: typeof page) => (answer.body.items as { id: string }[]).map(({ id }) => id);
    expect([idsOf(page), idsOf(rest)]).toEqual([ids.slice(0, 2), ids.slice(2)]);
    expect(rest.body.next).toBeNull();
    const back = await app.request('GET', `/v1/invoices?limit=2&cursor=${rest.body.previous}`, { token });
    expect(back.body.items).toEqual(page.body.items);
  });

  it('are made once per Idempotency-Key', async () => {
    const headers = { 'idempotency-key': 'invoices-5' };
    const [first, again] = [
      await create(invoice(5), owner.token, headers),
      await create(invoice(5), owner.token, headers),
    ];
    expect(again.body).toEqual(first.body);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect((await create(invoice(6), owner.token, headers)).status).toBe(422);
    expect((await create(invoice(6), owner.token, { 'idempotency-key': '' })).status).toBe(400);
  });

  it('are seen by their own tenant only, and another’s ids are like those that do not exist', async () => {
    const { path, etag } = await made(7);
    const { token } = await app.createTenantWithOwner();
    const nobody = '/v1/invoices/01980c2e-5f7a-7c3e-9d11-5b7f2f9f6d00';
    const headers = { 'if-match': etag };
    for (const method of ['GET', 'PATCH', 'DELETE']) {
      const ask = async (url: string) => {
        const { status, body } = await app.request(method, url, {
          token,
          headers,
          ...(method === 'PATCH' ? { body: {} } : {}),
        });
        return { status, ...body, traceId: undefined };
      };
      const answer = await ask(path);
      expect(answer).toEqual(await ask(nobody));
      expect(answer.status).toBe(404);
    }
    expect((await app.request('GET', '/v1/invoices', { token })).body.items).toEqual([]);
    expect((await app.request('GET', path, { token: owner.token })).status).toBe(200);
  });

  it('are seen by every member, and written by those who keep the books', async () => {
    const { path } = await made(8);
    const [viewer, accountant] = [
      await app.signIn('viewer', owner.tenantId),
      await app.signIn('accountant', owner.tenantId),
    ];
    expect((await app.request('GET', path, { token: viewer.token })).status).toBe(200);
    expect((await create(invoice(9), viewer.token)).status).toBe(403);
    expect((await create(invoice(9), accountant.token)).status).toBe(201);
    expect((await app.request('GET', path)).status).toBe(401);
  });

  it.each([
    ['/number', { number: '' }],
    ['/total/amount', { total: { amount: '1,50', currency: 'EUR' } }],
    ['/dueOn', { dueOn: '2026-02-30' }],
    ['/note', { note: 7 }],
    ['/unknown', { unknown: 1 }],
  ])('with a wrong %s are refused', async (pointer, wrong) => {
    const { status, body } = await create({ ...invoice(10), ...wrong });
    expect([status, body.errors]).toMatchObject([400, [{ pointer }]]);
  });

  it('with a number that is taken are refused, and that is said of the field', async () => {
    await made(11);
    const { status, body } = await create(invoice(11));
    expect([status, body.errors]).toMatchObject([409, [{ pointer: '/number' }]]);
    // another tenant’s is its own affair
    expect((await create(invoice(11), (await app.createTenantWithOwner()).token)).status).toBe(201);
  });

  it('are counted by a job', async () => {
    const { token } = await app.createTenantWithOwner();
    for (const n of [1, 2]) await made(n, token);
    const { status, body } = await app.request('POST', '/v1/jobs', {
      token,
      body: { kind: 'invoices.count', payload: {} },
    });
    expect(status).toBeLessThan(300);
    const job = await until('the job has ended', async () => {
      const answer = await app.request('GET', `/v1/jobs/${body.id}`, { token });
      return answer.body.finishedAt !== null && answer.body;
    });
    expect(job).toMatchObject({ state: 'succeeded', progress: 100, result: { count: 2 } });
  });
});
