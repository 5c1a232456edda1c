import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NIL_UUID } from '../../src/common/ids/uuid';
import { startTestApp, type TestApp, type TestTenant } from '../support/app';
import { type Balances, balances, BookClient, HEADER, INVESTOR, investorBalances, plain } from '../support/books';
import { until } from '../support/until';
import { AppWithWorkerModule } from '../../src/worker.module';

const LIMIT = 1_000_000;

let app: TestApp;
let owner: TestTenant;
let books: BookClient;

beforeAll(async () => {
  app = await startTestApp(
    { IMPORT_LIMIT_BYTES: String(LIMIT), JOBS_SWEEP_INTERVAL_MS: '100', REDIS_PREFIX: 'daybook-test' },
    undefined,
    AppWithWorkerModule,
  );
  owner = await app.createTenantWithOwner();
  books = new BookClient(app, owner.token);
});

afterAll(() => app.close());

const hledger = (() => {
  try {
    return execFileSync('hledger', ['--version'], { encoding: 'utf8' }).trim();
  } catch {
    return undefined;
  }
})();

const tableCounts = () =>
  app.sql(`SELECT (SELECT count(*)::int FROM imports) AS imports, (SELECT count(*)::int FROM import_chunks) AS chunks,
                  (SELECT count(*)::int FROM jobs) AS jobs, (SELECT count(*)::int FROM accounts) AS accounts,
                  (SELECT count(*)::int FROM currencies) AS currencies, (SELECT count(*)::int FROM transactions) AS transactions`);

describe('a whole book', () => {
  let ledgerId: string;
  let expected: Balances;

  beforeAll(async () => {
    ledgerId = await books.newLedger();
    expected = investorBalances();
    const { state, result } = await books.import(ledgerId, INVESTOR);
    expect({ state, result }).toEqual({
      state: 'succeeded',
      result: {
        rows: 3637,
        transactions: 1035,
        posted: 1035,
        alreadyPosted: 0,
        accountsCreated: new Set(Object.keys(columns(INVESTOR, 3))).size,
        currenciesCreated: 8,
      },
    });
  });

  it('REL-12 a book of another program has the same balances here, account by account', async () => {
    expect(Object.keys(expected).length).toBeGreaterThan(50);
    expect(await books.balances(ledgerId)).toEqual(expected);
  });

  it('keeps dates, descriptions and where a transaction came from', async () => {
    const [first] = await app.sql(
      `SELECT description, effective_at, metadata->'transaction' AS number, created_by FROM transactions
        WHERE ledger_id = $1 AND sequence = 1`,
      [ledgerId],
    );
    expect(first).toEqual({
      description: 'Opening Balance for checking account',
      effective_at: new Date('2012-01-01T00:00:00Z'),
      number: 1,
      created_by: owner.userId,
    });
  });

  it('gives accounts their type by the first segment', async () => {
    expect(
      await app.sql(
        `SELECT DISTINCT split_part(code, ':', 1) AS first, type FROM accounts WHERE ledger_id = $1 ORDER BY 1`,
        [ledgerId],
      ),
    ).toEqual([
      { first: 'Assets', type: 'asset' },
      { first: 'Equity', type: 'equity' },
      { first: 'Expenses', type: 'expense' },
      { first: 'Income', type: 'revenue' },
      { first: 'Liabilities', type: 'liability' },
    ]);
  });

  it('REL-05 the same file twice changes nothing', async () => {
    const { result } = await books.import(ledgerId, INVESTOR);
    expect(result).toMatchObject({ posted: 0, alreadyPosted: 1035, accountsCreated: 0, currenciesCreated: 0 });
    expect(await books.balances(ledgerId)).toEqual(expected);
    expect(await books.transactionCount(ledgerId)).toBe(1035);
  });

  it('REL-05 a request that is repeated with its key gets the first answer, and no second copy of the file is kept', async () => {
    const target = await books.newLedger();
    const csv = `${HEADER}1,2026-01-01,x,assets:a,EUR,1\n1,2026-01-01,x,equity:b,EUR,-1\n`;
    const key = { 'idempotency-key': 'one-import' };
    const first = await books.upload(target, csv, key);
    const again = await books.upload(target, csv, key);
    expect([first.status, again.status]).toEqual([202, 202]);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(again.headers.get('location')).toBe(first.headers.get('location'));
    expect(again.body.import).toEqual(first.body.import);
    const other = await books.upload(target, csv.replaceAll('2026', '2027'), key);
    expect([other.status, other.body.code]).toEqual([422, 'idempotency-key-reused']);
    const [{ n }] = (await app.sql<{ n: number }>('SELECT count(*)::int AS n FROM imports WHERE ledger_id = $1', [
      target,
    ])) as [{ n: number }];
    expect(n).toBe(1);
    const listed = await books.get(`/v1/ledgers/${target}/imports`);
    expect(listed.body.items.map(({ id }: { id: string }) => id)).toEqual([first.body.import.id]);
  });

  it('REL-12 exported as CSV and imported elsewhere it has the same balances', async () => {
    const { text, headers } = await books.get(`/v1/ledgers/${ledgerId}/exports/csv`);
    expect(headers.get('content-type')).toBe('text/csv; charset=utf-8; header=present');
    const copy = await books.newLedger();
    expect((await books.import(copy, text)).result).toMatchObject({ posted: 1035, rows: 3637 });
    expect(await books.balances(copy)).toEqual(expected);
    expect(normal((await books.get(`/v1/ledgers/${copy}/exports/csv`)).text)).toEqual(normal(INVESTOR));
  });

  if (!hledger)
    console.warn(
      'hledger is not installed: that it reads an exported journal as we do was LEFT OUT (apt-get install hledger)',
    );
  (hledger ? it : it.skip)('REL-12 hledger reads the exported journal and has the same balances', async () => {
    const { text } = await books.get(`/v1/ledgers/${ledgerId}/exports/journal`);
    const folder = mkdtempSync(join(tmpdir(), 'daybook-journal-'));
    try {
      const file = join(folder, 'export.journal');
      writeFileSync(file, text);
      // -s: every account and commodity is declared, every transaction balances
      const run = (...args: string[]) => execFileSync('hledger', ['-s', '-f', file, ...args], { encoding: 'utf8' });
      expect(hledgerBalances(run('bal', '--flat', '-N', '-O', 'csv'))).toEqual(expected);
      expect(run('stats')).toMatch(/Transactions +: 1035 /);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('exports the book as of a day', async () => {
    const { text } = await books.get(`/v1/ledgers/${ledgerId}/exports/csv?asOf=2012-01-01T23:59:59Z`);
    const days = new Set(Object.keys(columns(text, 1)));
    expect([...days]).toEqual(['2012-01-01']);
  });

  it('TEN-01 is not there for other tenants', async () => {
    const stranger = new BookClient(app, (await app.createTenantWithOwner()).token);
    const [{ id }] = (await books.get(`/v1/ledgers/${ledgerId}/imports`)).body.items as [{ id: string }];
    for (const path of ['imports', `imports/${id}`, 'exports/csv', 'exports/journal'])
      expect((await stranger.get(`/v1/ledgers/${ledgerId}/${path}`)).status).toBe(404);
    expect((await stranger.upload(ledgerId, INVESTOR)).status).toBe(404);
  });
});

describe('a file with errors changes nothing', () => {
  const row = (text: string) => `${text}\n`;
  const good = row('1,2026-01-01,ok,assets:bank,USD,5') + row('1,2026-01-01,ok,income:gift,USD,-5');

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
    await app.sql(
      `INSERT INTO idempotency_keys (tenant_id, principal_id, operation, key, fingerprint, status, body)
       VALUES ($1, $2, $3, $4, $5, 422, '{"code":"account-closed"}')`,
      [owner.tenantId, NIL_UUID, `import ${ledgerId}`, `${sha256.toString('hex')}:1`, sha256],
    );
    expect((await books.import(ledgerId, csv)).result).toMatchObject({ posted: 1, alreadyPosted: 0 });
    expect((await books.import(ledgerId, csv)).result).toMatchObject({ posted: 0, alreadyPosted: 1 });
  });

  /** With Node's own client: the body may be of any kind, and may end early. */
  function send(
    ledgerId: string,
    body: Buffer,
    { type = 'text/csv', declare = body.length as number | undefined } = {},
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
            ...(declare === undefined ? {} : { 'content-length': declare }),
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
      if (declare !== undefined && declare > body.length)
        outgoing.write(body, () => setTimeout(() => outgoing.destroy(new Error('hung up')), 50));
      else outgoing.end(body);
    });
  }

  describe('uploads', () => {
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
      ['too large, and does not say so', () => send(ledgerId, big, { declare: undefined }), 413, 'payload-too-large'],
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
});

/** Values of a column of a CSV without quotes around it, with how often they come. */
function columns(csv: string, index: number): Record<string, number> {
  const found: Record<string, number> = {};
  for (const fields of normal(csv)) {
    const value = fields[index] ?? '';
    found[value] = (found[value] ?? 0) + 1;
  }
  return found;
}

/** Rows of a CSV in a form that can be compared, without the header. */
function normal(csv: string): string[][] {
  const [, ...lines] = csv.trim().split(/\r?\n/);
  return lines.map((line) => {
    const fields = [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
      ([, quoted, bare]) => quoted?.replaceAll('""', '"') ?? bare ?? '',
    );
    return [...fields.slice(0, 5), plain(fields[5] ?? '')];
  });
}

/** `"account","1.00 USD, 2 ""A1"""` per line. */
function hledgerBalances(csv: string): Balances {
  const [, ...lines] = csv.trim().split('\n');
  return balances(
    lines.flatMap((line) => {
      const [, account = '', amounts = ''] = /^"([^"]*)","(.*)"$/.exec(line) ?? [];
      return amounts.split(', ').map((amount): [string, string, string] => {
        const [, value = '', code = ''] = /^(\S+) "*([A-Z0-9.]+)"*$/.exec(amount) ?? [];
        return [account, code, value];
      });
    }),
  );
}
