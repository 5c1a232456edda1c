import { daybook } from '../src/daybook';
import { startTestApp, type TestApp, type TestTenant, until } from 'daybook/testing';

let app: TestApp;
let owner: TestTenant;
let ledger: string;
beforeAll(async () => {
  app = await startTestApp({ module: daybook.workerModule, env: { JOBS_SWEEP_INTERVAL_MS: '100' } });
  owner = await app.createTenantWithOwner();
  ledger = await newLedger(['assets:bank', 'asset'], ['revenue:invoices', 'revenue']);
});
afterAll(() => app.close());

const post = (path: string, body: object, headers: Record<string, string> = {}) =>
  app.request('POST', path, { token: owner.token, body, headers });
const get = (path: string) => app.request('GET', path, { token: owner.token });

async function newLedger(...accounts: [code: string, type: string][]): Promise<string> {
  const { body } = await post('/v1/ledgers', { name: `Ledger ${Math.random()}` });
  for (const [code, type] of accounts) await post(`/v1/ledgers/${body.id}/accounts`, { code, type });
  return body.id as string;
}

let number = 0;
async function newInvoice(amount: string, currency = 'EUR'): Promise<string> {
  number += 1;
  const invoice = { number: `2026-${number}`, total: { amount, currency }, dueOn: '2026-12-01' };
  return (await post('/v1/invoices', invoice)).headers.get('location') ?? '';
}

const ended = (job: string) =>
  until('the job has ended', async () => {
    const { body } = await get(`/v1/jobs/${job}`);
    return body.finishedAt !== null && body;
  });
const bank = async () => (await get(`/v1/ledgers/${ledger}/accounts/assets:bank/balances`)).body.balances;

describe('paying an invoice', () => {
  it('posts it, and it is paid by that transaction', async () => {
    const invoice = await newInvoice('25.00');
    const { status, body } = await post(`${invoice}/pay`, { ledgerId: ledger });
    expect([status, (await get(invoice)).body.status]).toEqual([202, expect.stringMatching(/^(paying|paid)$/)]);
    const job = await ended(body.id);
    expect(job.state).toBe('succeeded');
    expect((await get(invoice)).body).toMatchObject({ status: 'paid', transactionId: job.result.transactionId });
    expect(await bank()).toMatchObject([{ currency: 'EUR', posted: { amount: '25.00' } }]);
  });

  it('is done once: asked again, by many at the same time', async () => {
    const invoice = await newInvoice('3.00', 'USD');
    const answers = await Promise.all(Array.from({ length: 5 }, () => post(`${invoice}/pay`, { ledgerId: ledger })));
    const accepted = answers.filter(({ status }) => status === 202);
    expect(accepted).toHaveLength(1);
    expect(answers.filter(({ status }) => status !== 202).every(({ status }) => [409, 412].includes(status))).toBe(
      true,
    );
    await ended(accepted[0]?.body.id as string);
    const again = await post(`${invoice}/pay`, { ledgerId: ledger });
    expect([again.status, again.body.code]).toEqual([409, 'invoice-paid']);
    expect((await bank()).find(({ currency }: { currency: string }) => currency === 'USD').posted.amount).toBe('3.00');
  });

  it('a paid invoice is neither changed nor removed', async () => {
    const invoice = await newInvoice('4.00');
    await ended((await post(`${invoice}/pay`, { ledgerId: ledger })).body.id);
    const headers = { 'if-match': '*' };
    for (const [method, body] of [['PATCH', { note: 'late' }], ['DELETE']] as const) {
      const answer = await app.request(method, invoice, { token: owner.token, headers, ...(body && { body }) });
      expect([answer.status, answer.body.code]).toEqual([409, 'invoice-paid']);
    }
  });

  it('where the ledger refuses it is not paid; mended and retried, it is', async () => {
    const other = await newLedger(['assets:bank', 'asset']);
    const invoice = await newInvoice('5.00');
    const { body } = await post(`${invoice}/pay`, { ledgerId: other });
    expect(await ended(body.id)).toMatchObject({ state: 'failed', error: { code: 'unknown-account' } });
    expect((await get(invoice)).body).toMatchObject({ status: 'paying', transactionId: null });
    await post(`/v1/ledgers/${other}/accounts`, { code: 'revenue:invoices', type: 'revenue' });
    await post(`/v1/jobs/${body.id}/retry`, {});
    await until('it is paid', async () => (await get(invoice)).body.status === 'paid');
  });
});
