import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startTestApp, type TestApp, type TestTenant } from '../support/app';
import {
  type Balances,
  balances,
  BookClient,
  HEADER,
  INVESTOR,
  investorBalances,
  manyTransactions,
  plain,
} from '../support/books';
import { until } from '../../src/testing/until';
import { daybook } from '../../src/app';

let app: TestApp;
let owner: TestTenant;
let books: BookClient;

beforeAll(async () => {
  app = await startTestApp(
    // the queue is shorter than what an import hands over at once: it has to wait for its turn, as on a busy ledger
    { JOBS_SWEEP_INTERVAL_MS: '100', REDIS_PREFIX: 'daybook-test', ENGINE_QUEUE_COMMANDS: '300' },
    undefined,
    daybook.workerModule,
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
    expect(listed.body.items).toMatchObject([{ id: first.body.import.id }]);
  });

  it('REL-12 exported as CSV and imported elsewhere it has the same balances', async () => {
    const { text, headers } = await books.get(`/v1/ledgers/${ledgerId}/exports/csv`);
    expect(headers.get('content-type')).toBe('text/csv; charset=utf-8; header=present');
    const copy = await books.newLedger();
    expect((await books.import(copy, text)).result).toMatchObject({ posted: 1035, rows: 3637 });
    expect(await books.balances(copy)).toEqual(expected);
    expect(normal((await books.get(`/v1/ledgers/${copy}/exports/csv`)).text)).toEqual(normal(INVESTOR));
  });

  it('no text of an export is calculated by a spreadsheet, unless it is asked for raw; the book is the same again', async () => {
    const texts = ['=HYPERLINK("http://x","y")', '+49 1 234', '-12.50', `'=1`, '@SUM(A1)', '\t=1', 'Order 4711'];
    const rows = texts.flatMap((text, n) =>
      ['5', '-5'].map(
        (amount) =>
          `${n + 1},2026-01-01,"${text.replaceAll('"', '""')}",${amount === '5' ? 'assets:a' : 'equity:b'},EUR,${amount}`,
      ),
    );
    const csv = ['transaction,date,description,account,currency,amount', ...rows, ''].join('\r\n');
    const book = await books.newLedger();
    // as another program wrote it: of the texts the one with an apostrophe is taken for one of ours
    expect((await books.import(book, csv)).result).toMatchObject({ posted: texts.length });
    const descriptions = async (ledger: string) =>
      (
        await app.sql<{ description: string }>(
          'SELECT description FROM transactions WHERE ledger_id = $1 ORDER BY sequence',
          [ledger],
        )
      ).map(({ description }) => description);
    const kept = texts.map((text) => (text === `'=1` ? '=1' : text));
    expect(await descriptions(book)).toEqual(kept);

    const { text } = await books.get(`/v1/ledgers/${book}/exports/csv`);
    expect(text.split('\r\n').map((row) => /^\d+,[^,]+,"?(['=+\-@\t]?)/.exec(row)?.[1])).not.toEqual(
      expect.arrayContaining(['=', '+', '@', '\t']),
    );
    expect(text).toContain(`,"'=HYPERLINK(""http://x"",""y"")",`);
    expect(text).toContain(',-12.50,');
    const copy = await books.newLedger();
    await books.import(copy, text);
    expect(await descriptions(copy)).toEqual(kept);
    expect((await books.get(`/v1/ledgers/${copy}/exports/csv`)).text).toBe(text);

    const raw = await books.get(`/v1/ledgers/${book}/exports/csv?raw=true`);
    expect(raw.text).toContain(`,"=HYPERLINK(""http://x"",""y"")",`);
    expect((await books.get(`/v1/ledgers/${book}/exports/csv?raw=1`)).status).toBe(400);
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

describe('a job on its way', () => {
  it('REL-05 that is cancelled stops, and when it is retried it goes on where it was', async () => {
    const count = 10_000;
    const ledgerId = await books.newLedger();
    const { body } = await books.upload(ledgerId, manyTransactions(count));
    const { import: made, job } = body as { import: { id: string }; job: { id: string } };
    await until('it posts', async () => (await books.transactionCount(ledgerId)) > 0);
    const post = (verb: string) => app.request('POST', `/v1/jobs/${job.id}/${verb}`, { token: owner.token });
    expect((await post('cancel')).status).toBeLessThan(300);
    expect(await books.ended(ledgerId, made.id)).toMatchObject({ state: 'cancelled' });
    const posted = await books.transactionCount(ledgerId);
    expect(posted).toBeLessThan(count);
    expect((await post('retry')).status).toBeLessThan(300);
    expect(await books.ended(ledgerId, made.id)).toMatchObject({
      state: 'succeeded',
      progress: 100,
      progressMessage: `${count} of ${count} transactions`,
      result: { posted: count - posted, alreadyPosted: posted },
    });
    expect(await books.balances(ledgerId)).toEqual({
      'assets:cash EUR': String(1.25 * count),
      'revenue:sales EUR': String(-1.25 * count),
    });
  });

  it('that the ledger refuses half way says how far it came', async () => {
    const ledgerId = await books.newLedger();
    const most = `${'9'.repeat(36)}.00`;
    const rows = (n: number) => `${n},2026-01-01,x,assets:a,EUR,${most}\n${n},2026-01-01,x,equity:b,EUR,-${most}\n`;
    const { state, error } = await books.import(ledgerId, HEADER + rows(1) + rows(2));
    expect({ state, code: error?.code, status: error?.status }).toEqual({
      state: 'failed',
      code: 'import-stopped',
      status: 409,
    });
    expect(error?.detail).toMatch(/more than 38 digits.* 1 of 2 transactions are in the ledger/);
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
