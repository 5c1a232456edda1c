import { Body, Controller, Get, HttpCode, Module, Param, Post } from '@nestjs/common';
import { IsOptional, IsString } from 'class-validator';
import { defineProblem, Problem } from '../../src/common/problems/problem';
import { type JobContext, type JobHandler, JobKind, JobsModule, JobsService } from '../../src/modules/jobs';
import { Ledger, type LedgerCall, TransactionsModule } from '../../src/modules/transactions';
import { currentTransaction } from '../../src/platform/database/tenant-database';
import { tenantTable } from '../../src/platform/database/tenant-table';
import { Idempotent } from '../../src/platform/http/idempotency/idempotency.decorators';
import { WithoutTransaction } from '../../src/platform/http/unit-of-work.interceptor';
import { RequirePermission } from '../../src/platform/security/access.decorators';
import { daybook } from '../../src/app';
import { startTestApp, type TestApp, type TestTenant } from '../support/app';
import { createLedger, posting, type TestLedger } from '../support/ledger';
import { until } from '../../src/testing/until';

const PAID_ALREADY = defineProblem({
  code: 'test-paid',
  status: 409,
  title: 'Paid',
  description: 'Paid.',
  remedy: '-',
});

/** A call of the service, as a route and as a job make it. */
class CallRequest {
  @IsString()
  ledger: string;

  @IsString()
  amount: string;

  /** Row of `test_bills` that is marked as paid together with the posting. */
  @IsOptional()
  @IsString()
  bill?: string;

  @IsOptional()
  @IsString()
  key?: string;

  @IsOptional()
  @IsString()
  debit?: string;
}

const TABLE = `
  CREATE TABLE test_bills (tenant_id uuid NOT NULL DEFAULT current_tenant_id(), name text NOT NULL, paid_by uuid, runs int NOT NULL DEFAULT 0, PRIMARY KEY (tenant_id, name));
  ${tenantTable('test_bills', 'SELECT, INSERT, UPDATE')}`;

/** A row of a feature's own, which may be paid once. */
async function markPaid(bill: string, transactionId: string): Promise<void> {
  const { client, tenantId } = currentTransaction();
  if (bill === 'taken') await client.query(`INSERT INTO test_bills (name) VALUES ('taken')`);
  const { rowCount } = await client.query(
    'UPDATE test_bills SET paid_by = $3, runs = runs + 1 WHERE tenant_id = $1 AND name = $2 AND paid_by IS NULL',
    [tenantId, bill, transactionId],
  );
  if (rowCount === 0) throw new Problem(PAID_ALREADY, 'The bill is paid already.');
}

const callOf = ({ bill, key }: CallRequest): LedgerCall => ({
  ...(key === undefined ? {} : { key }),
  ...(bill === undefined ? {} : { together: ({ id }) => markPaid(bill, id) }),
});
const requestOf = ({ amount, debit = 'cash' }: CallRequest) => posting(amount, { debit }) as never;

@Controller('test-bills')
class BillsController {
  constructor(
    private readonly ledger: Ledger,
    private readonly jobs: JobsService,
  ) {}

  @Post('pay')
  @RequirePermission('transactions:write')
  @Idempotent('required')
  @WithoutTransaction()
  pay(@Body() body: CallRequest) {
    return this.ledger.post(body.ledger, requestOf(body), callOf(body));
  }

  @Post('twice')
  @RequirePermission('transactions:write')
  @Idempotent('required')
  @WithoutTransaction()
  async twice(@Body() body: CallRequest) {
    const first = await this.ledger.post(body.ledger, requestOf(body), { step: 'first' });
    const second = await this.ledger.post(body.ledger, requestOf(body), { step: 'second' });
    return { first, second };
  }

  /** Hold, capture a part, free the rest; post, and take it back. */
  @Post('life')
  @RequirePermission('transactions:write')
  @Idempotent('required')
  @WithoutTransaction()
  async life(@Body() body: CallRequest) {
    const { ledger } = body;
    const hold = await this.ledger.hold(ledger, requestOf(body), { step: 'hold' });
    const reserved = await this.ledger.balance(ledger, 'cash', 'EUR');
    const captured = await this.ledger.capture(ledger, hold.transaction.id, { amount: '1.00' }, { step: 'capture' });
    const voided = await this.ledger.void(ledger, hold.transaction.id, {}, { step: 'void' });
    const reversed = await this.ledger.reverse(ledger, captured.transaction.id, {}, { step: 'reverse' });
    return { hold, reserved, captured, voided, reversed };
  }

  @Post('inside')
  @HttpCode(200)
  @RequirePermission('transactions:write')
  inside(@Body() body: CallRequest) {
    return this.ledger.post(body.ledger, requestOf(body));
  }

  @Get(':ledger/cash')
  @RequirePermission('ledgers:read')
  async cash(@Param('ledger') ledger: string) {
    return { balance: (await this.ledger.balance(ledger, 'cash', 'EUR')) ?? null };
  }

  @Post('jobs')
  @RequirePermission('transactions:write')
  async job(@Body() body: CallRequest) {
    return this.jobs.enqueue('test.pay', body);
  }
}

let runs = 0;

@JobKind({ name: 'test.pay', description: 'Pays.', payload: CallRequest, backoffMs: 20 })
class Pay implements JobHandler<CallRequest> {
  constructor(private readonly ledger: Ledger) {}

  async run({ signal, attempt }: JobContext, body: CallRequest) {
    runs += 1;
    const answer = await this.ledger.post(body.ledger, requestOf(body), { ...callOf(body), signal });
    // the worker died after the commit, as far as the job knows
    if (attempt === 1) throw new Error('lost after the commit');
    return { id: answer.transaction.id, replayed: answer.replayed };
  }
}

@Module({
  imports: [daybook.workerModule, TransactionsModule, JobsModule],
  controllers: [BillsController],
  providers: [Pay],
})
class BillsModule {}

let app: TestApp;
let owner: TestTenant;
let ledger: TestLedger;

beforeAll(async () => {
  app = await startTestApp({ JOBS_SWEEP_INTERVAL_MS: '100' }, undefined, BillsModule);
  await app.sql(TABLE);
  owner = await app.createTenantWithOwner();
  ledger = await createLedger(app, owner.token);
});
afterAll(() => app.close());

const call = (path: string, body: object, key?: string) =>
  app.request('POST', `/v1/test-bills/${path}`, {
    token: owner.token,
    body: { ledger: ledger.id, ...body },
    ...(key === undefined ? {} : { headers: { 'idempotency-key': key } }),
  });
const bill = async (name: string) => {
  await app.sql('INSERT INTO test_bills (tenant_id, name) VALUES ($1, $2)', [owner.tenantId, name]);
  return name;
};
const billRow = async (name: string) =>
  (await app.sql<{ paid_by: string | null; runs: number }>('SELECT * FROM test_bills WHERE name = $1', [name]))[0];
const count = async () =>
  (await app.sql<{ n: number }>('SELECT count(*)::int AS n FROM transactions WHERE ledger_id = $1', [ledger.id]))[0]?.n;

describe('the ledger for other features', () => {
  it('posts in a route, once per Idempotency-Key of the request', async () => {
    const first = await call('pay', { amount: '5.00' }, 'pay-1');
    expect([first.status, first.body]).toMatchObject([
      201,
      { replayed: false, transaction: { createdBy: owner.userId } },
    ]);
    const again = await call('pay', { amount: '5.00' }, 'pay-1');
    expect(again.body).toMatchObject({ replayed: true, transaction: { id: first.body.transaction.id } });
    const other = await call('pay', { amount: '6.00' }, 'pay-1');
    expect([other.status, other.body.code]).toEqual([422, 'idempotency-key-reused']);
  });

  it('tells steps of one request apart', async () => {
    const { body } = await call('twice', { amount: '1.00' }, 'twice-1');
    expect(body.first.transaction.id).not.toBe(body.second.transaction.id);
    const again = await call('twice', { amount: '1.00' }, 'twice-1');
    expect(again.body).toMatchObject({
      first: { replayed: true, transaction: { id: body.first.transaction.id } },
      second: { replayed: true, transaction: { id: body.second.transaction.id } },
    });
  });

  it('holds, captures, voids, reverses, and tells a balance', async () => {
    const before = (await app.request('GET', `/v1/test-bills/${ledger.id}/cash`, { token: owner.token })).body.balance;
    const { status, body } = await call('life', { amount: '3.00' });
    expect(status).toBe(201);
    expect(body.reserved.pending).toBeDefined();
    expect(body.hold.transaction.status).toBe('pending');
    expect(body.captured.transaction).toMatchObject({ kind: 'capture', parentId: body.hold.transaction.id });
    expect(body.voided.transaction.kind).toBe('void');
    expect(body.reversed.transaction).toMatchObject({ kind: 'reversal', parentId: body.captured.transaction.id });
    const after = (await app.request('GET', `/v1/test-bills/${ledger.id}/cash`, { token: owner.token })).body.balance;
    expect(after.posted.amount).toEqual(before.posted.amount);
  });

  it('refuses what the API refuses, in the same words', async () => {
    const malformed = await call('pay', { amount: '5,00' });
    expect([malformed.status, malformed.body.errors?.[0].pointer]).toEqual([400, '/entries/0/amount']);
    const unknown = await call('pay', { amount: '5.00', debit: 'nowhere' }, 'pay-nowhere');
    expect([unknown.status, unknown.body.code]).toEqual([422, 'unknown-account']);
    // the request's key remembers it, as the API's does
    const again = await call('pay', { amount: '5.00', debit: 'nowhere' }, 'pay-nowhere');
    expect(again.body).toMatchObject({ code: 'unknown-account' });
  });

  it('is refused in a transaction with a sentence that says what to do', async () => {
    const before = await count();
    expect((await call('inside', { amount: '5.00' })).status).toBe(500);
    expect(app.logs.text()).toContain('mark the route @WithoutTransaction()');
    expect(await count()).toBe(before);
  });
});

describe('a row and a posting in one commit', () => {
  it('are both there, once', async () => {
    const name = await bill('b1');
    const { body } = await call('pay', { amount: '7.00', bill: name }, 'b1');
    expect(await billRow(name)).toMatchObject({ paid_by: body.transaction.id, runs: 1 });
    await call('pay', { amount: '7.00', bill: name }, 'b1');
    expect(await billRow(name)).toMatchObject({ paid_by: body.transaction.id, runs: 1 });
  });

  it('are neither there when the row refuses, and others in the batch are not touched', async () => {
    const name = await bill('b2');
    await call('pay', { amount: '7.00', bill: name }, 'b2');
    const before = (await count()) ?? 0;
    const answers = await Promise.all([
      call('pay', { amount: '1.00' }),
      call('pay', { amount: '7.00', bill: name }, 'b2-again'),
      call('pay', { amount: '1.00', bill: await bill('b3') }),
      call('pay', { amount: '1.00' }),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([201, 409, 201, 201]);
    expect(answers[1].body.code).toBe('test-paid');
    expect(await count()).toBe(before + 3);
    expect(await billRow('b3')).toMatchObject({ runs: 1 });
  });

  it('a constraint of the row is the caller’s conflict', async () => {
    await bill('taken');
    const before = await count();
    const { status, body } = await call('pay', { amount: '1.00', bill: 'taken' });
    expect([status, body.code]).toEqual([409, 'conflict']);
    expect(await count()).toBe(before);
  });

  it('many that race for one row: one wins', async () => {
    const name = await bill('raced');
    const before = (await count()) ?? 0;
    const answers = await Promise.all(Array.from({ length: 12 }, () => call('pay', { amount: '2.00', bill: name })));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array<number>(11).fill(409)]);
    expect(await count()).toBe(before + 1);
    expect(await billRow(name)).toMatchObject({ runs: 1 });
  });

  it('a key of one’s own is one intention, whoever asks', async () => {
    const answers = await Promise.all(
      Array.from({ length: 4 }, () => call('pay', { amount: '2.00', key: 'invoice 7' })),
    );
    expect(new Set(answers.map(({ body }) => body.transaction.id)).size).toBe(1);
    expect(answers.filter(({ body }) => !body.replayed)).toHaveLength(1);
  });
});

describe('in a job', () => {
  const ended = async (id: string) =>
    until('the job ends', async () => {
      const { body } = await app.request('GET', `/v1/jobs/${id}`, { token: owner.token });
      return body.finishedAt !== null && body;
    });

  it('a run that comes after one that was lost finds what that has posted', async () => {
    const name = await bill('job');
    const before = (await count()) ?? 0;
    runs = 0;
    const { body } = await call('jobs', { amount: '4.00', bill: name });
    const job = await ended(body.id);
    expect([job.state, runs]).toEqual(['succeeded', 2]);
    expect(job.result).toMatchObject({ replayed: true });
    expect(await count()).toBe(before + 1);
    expect(await billRow(name)).toMatchObject({ paid_by: job.result.id, runs: 1 });
  });

  it('a refusal fails the job, and is not remembered: mended and retried, it is posted', async () => {
    const { body } = await call('jobs', { amount: '4.00', debit: 'later' });
    const failed = await ended(body.id);
    expect([failed.state, failed.error.code]).toEqual(['failed', 'unknown-account']);
    await app.request('POST', `${ledger.path}/accounts`, {
      token: owner.token,
      body: { code: 'later', type: 'asset' },
    });
    const before = (await count()) ?? 0;
    expect((await app.request('POST', `/v1/jobs/${body.id}/retry`, { token: owner.token })).status).toBeLessThan(300);
    await until('it is posted', async () => (await count()) === before + 1);
  });
});
