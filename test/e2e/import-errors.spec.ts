import { createHash } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { idempotencyId } from '../../src/platform/http/idempotency/idempotency-id';
import { NIL_UUID } from '../../src/common/ids/uuid';
import { daybook } from '../../src/app';
import { startTestApp, type TestApp, type TestTenant } from '../support/app';
import { BookClient, HEADER } from '../support/books';
import { until } from '../../src/testing/until';

const LIMIT = 1_000_000;

let app: TestApp;
let owner: TestTenant;
let books: BookClient;

beforeAll(async () => {
  app = await startTestApp(
    { IMPORT_LIMIT_BYTES: String(LIMIT), JOBS_SWEEP_INTERVAL_MS: '100', REDIS_PREFIX: 'daybook-test' },
    undefined,
    daybook.workerModule,
  );
  owner = await app.createTenantWithOwner();
  books = new BookClient(app, owner.token);
});

afterAll(() => app.close());

const tableCounts = () =>
  app.sql(`SELECT (SELECT count(*)::int FROM imports) AS imports, (SELECT count(*)::int FROM import_chunks) AS chunks,
                  (SELECT count(*)::int FROM jobs) AS jobs, (SELECT count(*)::int FROM accounts) AS accounts,
                  (SELECT count(*)::int FROM currencies) AS currencies, (SELECT count(*)::int FROM transactions) AS transactions`);

const row = (text: string) => `${text}\n`;
const good = row('1,2026-01-01,ok,assets:bank,USD,5') + row('1,2026-01-01,ok,income:gift,USD,-5');

describe('a file with errors changes nothing', () => {
  it.each<[string, string, { pointer: string; detail: RegExp }[]]>([
    [
      'a wrong header',
      `id,date,description,account,currency,amount\n${good}`,
      [{ pointer: 'line 1', detail: /"id" is no column/ }],
    ],
    ['no header', good, [{ pointer: 'line 1', detail: /must be the header/ }]],
    ['a header and nothing else', HEADER, [{ pointer: 'line 2', detail: /no transaction/ }]],
    [
      'an unbalanced transaction',
      `${HEADER}${good.replace('-5', '-4.99')}`,
      [{ pointer: 'line 2', detail: /does not sum to zero in USD: 0.01 is left/ }],
    ],
    [
      'amounts that are none',
      `${HEADER}1,2026-01-01,x,assets:a,USD,"1,000"\n1,2026-01-01,x,equity:b,USD,-1e3\n1,2026-01-01,x,equity:b,USD,0\n`,
      [
        { pointer: 'line 2, column amount', detail: /decimal such as/ },
        { pointer: 'line 3, column amount', detail: /decimal such as/ },
        { pointer: 'line 4, column amount', detail: /must not be zero/ },
      ],
    ],
    [
      'too many decimals',
      `${HEADER}1,2026-01-01,x,assets:a,USD,1.001\n1,2026-01-01,x,equity:b,USD,-1.001\n`,
      [
        { pointer: 'line 2, column amount', detail: /at most 2 decimals/ },
        { pointer: 'line 3, column amount', detail: /at most 2 decimals/ },
      ],
    ],
    [
      'an account of no type',
      `${HEADER}${good.replace('assets:bank', 'cash:till')}`,
      [{ pointer: 'line 2, column account', detail: /begin with Assets, Liabilities/ }],
    ],
    [
      'a day that is none and a currency that is none',
      `${HEADER}${good}2,2026-02-30,x,assets:bank,USD,1\n2,2026-02-30,x,income:gift,usd,-1\n`,
      [
        { pointer: 'line 4, column date', detail: /must be a day/ },
        { pointer: 'line 5, column currency', detail: /code of 2 to 16/ },
      ],
    ],
    [
      'rows of one transaction that do not stand together',
      `${HEADER}${good}2,2026-01-01,y,assets:bank,USD,1\n2,2026-01-01,y,income:gift,USD,-1\n${good}`,
      [{ pointer: 'line 6, column transaction', detail: /must be above 2/ }],
    ],
    [
      'one row alone',
      `${HEADER}1,2026-01-01,x,assets:a,USD,1\n`,
      [
        { pointer: 'line 2', detail: /two rows or more/ },
        { pointer: 'line 2', detail: /does not sum to zero/ },
      ],
    ],
  ])('%s', async (_, csv, errors) => {
    const ledgerId = await books.newLedger();
    const [before] = await tableCounts();
    const job = await books.import(ledgerId, csv);
    expect(job).toMatchObject({
      state: 'failed',
      attempts: 1,
      error: { code: 'import-invalid', status: 422, errorCount: errors.length },
    });
    expect(job.error?.errors).toEqual(
      errors.map(({ pointer, detail }) => ({ pointer, detail: expect.stringMatching(detail) as string })),
    );
    const [after] = await tableCounts();
    expect(after).toEqual({
      ...before,
      imports: Number(before?.imports) + 1,
      chunks: Number(before?.chunks) + 1,
      jobs: Number(before?.jobs) + 1,
    });
  });

  it('lists a hundred errors and counts them all', async () => {
    const csv = HEADER + Array.from({ length: 150 }, (_, index) => `${index + 1},day,x,assets:a,USD,1\n`).join('');
    const { error } = await books.import(await books.newLedger(), csv);
    expect(error?.errorCount).toBe(450);
    expect(error?.errors).toHaveLength(100);
  });

  it('a closed account, and one that takes other currencies', async () => {
    const ledgerId = await books.newLedger();
    const account = (code: string, more: object) =>
      app.request('POST', `/v1/ledgers/${ledgerId}/accounts`, {
        token: owner.token,
        body: { code, type: 'asset', ...more },
      });
    await account('assets:bank', { currencies: ['EUR'] });
    const { body, headers } = await account('cash', {});
    await app.request('PATCH', `/v1/ledgers/${ledgerId}/accounts/${body.id}`, {
      token: owner.token,
      body: { status: 'closed' },
      headers: { 'if-match': headers.get('etag') ?? '' },
    });
    const { error } = await books.import(ledgerId, HEADER + good.replace('income:gift', 'cash'));
    expect(error?.errors).toEqual([
      { pointer: 'line 2, column currency', detail: 'assets:bank takes EUR only' },
      { pointer: 'line 3, column account', detail: 'is closed' },
    ]);
  });

  it('a file that is not UTF-8', async () => {
    const ledgerId = await books.newLedger();
    const latin1 = Buffer.concat([Buffer.from(HEADER + good), Buffer.from('2,2026-01-01,Käse,a,USD,1\n', 'latin1')]);
    const { status, body } = await send(ledgerId, latin1);
    expect(status).toBe(202);
    const { error } = await books.ended(ledgerId, (body as { import: { id: string } }).import.id);
    expect(error?.errors).toEqual([{ pointer: 'line 4', detail: 'is not UTF-8' }]);
  });

  it('a ledger that is closed', async () => {
    const ledgerId = await books.newLedger();
    await app.sql(`UPDATE ledgers SET status = 'closed' WHERE id = $1`, [ledgerId]);
    expect((await books.upload(ledgerId, HEADER + good)).body.code).toBe('ledger-closed');
  });

  it('REL-05 a refusal that an earlier run of the job left does not stand in the way of a later one', async () => {
    const ledgerId = await books.newLedger();
    const csv = HEADER + good;
    const sha256 = createHash('sha256').update(csv).digest();
    const scope = {
      principalId: NIL_UUID,
      operation: `import ${ledgerId}`,
      key: `${sha256.toString('hex')}:1`,
    };
    await app.sql(
      `INSERT INTO idempotency_keys (tenant_id, id, principal_id, operation, key, fingerprint, status, body)
       VALUES ($1, $2, $3, $4, $5, $6, 422, '{"code":"account-closed"}')`,
      [owner.tenantId, idempotencyId(scope), scope.principalId, scope.operation, scope.key, sha256],
    );
    expect((await books.import(ledgerId, csv)).result).toMatchObject({ posted: 1, alreadyPosted: 0 });
    expect((await books.import(ledgerId, csv)).result).toMatchObject({ posted: 0, alreadyPosted: 1 });
  });
});

/** With Node's own client: the body may be of any kind, and may end early. */
function send(
  ledgerId: string,
  body: Buffer,
  { type = 'text/csv', declare = body.length }: { type?: string; declare?: number | null } = {},
): Promise<{ status: number; body: unknown }> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(
      `${app.url}/v1/ledgers/${ledgerId}/imports`,
      {
        method: 'POST',
        headers: {
          authorization: `Bearer ${owner.token}`,
          'content-type': type,
          'idempotency-key': `k${Math.random()}`,
          ...(declare === null ? {} : { 'content-length': declare }),
        },
      },
      (answer) => {
        const parts: Buffer[] = [];
        answer.on('data', (part: Buffer) => parts.push(part));
        answer.on('end', () => {
          resolve({ status: answer.statusCode ?? 0, body: JSON.parse(Buffer.concat(parts).toString()) as unknown });
        });
      },
    );
    outgoing.on('error', reject);
    if (declare !== null && declare > body.length)
      outgoing.write(body, () => setTimeout(() => outgoing.destroy(new Error('hung up')), 50));
    else outgoing.end(body);
  });
}

describe('an upload', () => {
  let ledgerId: string;
  beforeAll(async () => {
    ledgerId = await books.newLedger();
  });
  const big = Buffer.from(HEADER + 'x'.repeat(LIMIT));
  const multipart = (...parts: string[]) =>
    Buffer.from(`${parts.map((part) => `--b\r\n${part}\r\n`).join('')}--b--\r\n`);
  const FORM = { type: 'multipart/form-data; boundary=b' };
  const part = (csv: string, name = 'book.csv') =>
    `Content-Disposition: form-data; name="file"; filename="${name}"\r\nContent-Type: text/csv\r\n\r\n${csv}`;

  it.each<[string, () => Promise<{ status: number; body: unknown }>, number, string]>([
    ['empty', () => send(ledgerId, Buffer.alloc(0)), 422, 'import-invalid'],
    ['too large, and says so', () => send(ledgerId, Buffer.alloc(LIMIT + 70_000, 'x')), 413, 'payload-too-large'],
    ['too large, and does not say so', () => send(ledgerId, big, { declare: null }), 413, 'payload-too-large'],
    ['too large, in a form', () => send(ledgerId, multipart(part(big.toString())), FORM), 413, 'payload-too-large'],
    ['of another type', () => send(ledgerId, big, { type: 'application/zip' }), 415, 'unsupported-media-type'],
    [
      'a form without a file',
      () => send(ledgerId, multipart('Content-Disposition: form-data; name="a"\r\n\r\nb'), FORM),
      400,
      'upload-broken',
    ],
    ['a form with two files', () => send(ledgerId, multipart(part('a'), part('b')), FORM), 400, 'upload-broken'],
    [
      'a form that breaks off',
      () => send(ledgerId, multipart(part(HEADER)).subarray(0, -9), FORM),
      400,
      'upload-broken',
    ],
    [
      'a form without a boundary',
      () => send(ledgerId, multipart(part(HEADER)), { type: 'multipart/form-data' }),
      400,
      'upload-broken',
    ],
  ])('%s: refused, and nothing is left', async (_, upload, status, code) => {
    const before = await tableCounts();
    expect(await upload()).toMatchObject({ status, body: { code } });
    expect(await tableCounts()).toEqual(before);
  });

  it('broken off by the client: nothing is left', async () => {
    const before = await tableCounts();
    const half = Buffer.alloc(600_000, 'x');
    const upload = send(ledgerId, half, { declare: 900_000 });
    await expect(upload).rejects.toThrow('hung up');
    await until('nothing is left', async () => JSON.stringify(await tableCounts()) === JSON.stringify(before));
  });

  it('a form with one file is taken, with its name', async () => {
    const { status, body } = await send(ledgerId, multipart(part(HEADER + good, 'Büch\u0007er.csv')), FORM);
    expect(status).toBe(202);
    expect(body).toMatchObject({ import: { fileName: 'Bücher.csv', size: Buffer.byteLength(HEADER + good) } });
  });

  it('needs an Idempotency-Key and the permission', async () => {
    expect((await books.upload(ledgerId, HEADER, { 'idempotency-key': '' })).body.code).toBe(
      'idempotency-key-required',
    );
    const viewer = new BookClient(app, (await app.signIn('viewer', owner.tenantId)).token);
    expect((await viewer.upload(ledgerId, HEADER)).status).toBe(403);
  });

  it('no other route takes a file', async () => {
    const answer = await app.request('POST', '/v1/ledgers', {
      token: owner.token,
      headers: { 'content-type': 'text/csv' },
      body: HEADER,
    });
    expect(answer.status).toBe(415);
  });
});
