import { daybook } from '../../src/app';
import { startTestApp, type TestApp, type TestTenant } from '../support/app';
import { BookClient } from '../support/books';

let app: TestApp;
let owner: TestTenant;
let books: BookClient;
beforeAll(async () => {
  app = await startTestApp({ JOBS_SWEEP_INTERVAL_MS: '100' }, undefined, daybook.workerModule);
  owner = await app.createTenantWithOwner();
  books = new BookClient(app, owner.token);
});
afterAll(() => app.close());

const GERMAN = `Belegnummer;Buchungstag;Konto;Betrag;Währung;Text;Kostenstelle
R-2026/1;21.11.2026;Vermögen:Bank;1.234,50;€;=Miete;7
R-2026/1;21.11.2026;Ertrag:Miete;-1.234,50;€;=Miete;7
R-2026/2;1.12.2026;Aufwand:Strom;1.000,00;€;Strom;
R-2026/2;1.12.2026;Vermögen:Bank;1.000,00-;€;Strom;
Z;1.12.2026;Vermögen:Stunden;7,5;h;Zeit;
Z;1.12.2026;Ertrag:Arbeit;-7,5;h;Zeit;
`;
const OPTIONS = {
  delimiter: 'auto',
  decimalMark: 'comma',
  grouping: 'point',
  dateFormat: 'd.M.yyyy',
  transactionColumn: 'Belegnummer',
  dateColumn: 'Buchungstag',
  accountColumn: 'Konto',
  amountColumn: 'Betrag',
  currencyColumn: 'Währung',
  descriptionColumn: 'Text',
  currencyCodes: '€=EUR,h=HOURS',
  accountTypes: 'Vermögen=asset,Ertrag=revenue,Aufwand=expense',
  transactionIds: 'text',
};

const send = (
  ledger: string,
  file: string | Buffer,
  options: Record<string, string>,
  headers: Record<string, string> = {},
) =>
  fetch(`${app.url}/v1/ledgers/${ledger}/imports?${new URLSearchParams(options).toString()}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${owner.token}`,
      'content-type': 'text/csv',
      'idempotency-key': Math.random().toString(36),
      ...headers,
    },
    body: typeof file === 'string' ? file : new Uint8Array(file),
  }).then(async (answer) => ({ status: answer.status, body: JSON.parse(await answer.text()) }));

async function imported(file: string | Buffer, options: Record<string, string>, ledger?: string) {
  const id = ledger ?? (await books.newLedger());
  const { status, body } = await send(id, file, options);
  if (status !== 202) throw new Error(JSON.stringify(body));
  return { ledger: id, options: body.import.options, job: await books.ended(id, body.import.id) };
}

describe('files of other programs', () => {
  it('are imported as their options say', async () => {
    const { ledger, options, job } = await imported(GERMAN, OPTIONS);
    expect(job).toMatchObject({ state: 'succeeded', result: { posted: 3, accountsCreated: 5, currenciesCreated: 1 } });
    expect(options).toEqual(OPTIONS);
    expect(await books.balances(ledger)).toEqual({
      'Vermögen:Bank EUR': '234.5',
      'Ertrag:Miete EUR': '-1234.5',
      'Aufwand:Strom EUR': '1000',
      'Vermögen:Stunden HOURS': '7.5',
      'Ertrag:Arbeit HOURS': '-7.5',
    });
    const [first] = await app.sql(
      `SELECT description, effective_at, metadata->>'transaction' AS id FROM transactions WHERE ledger_id = $1 AND sequence = 1`,
      [ledger],
    );
    expect(first).toEqual({ description: '=Miete', effective_at: new Date('2026-11-21T00:00:00Z'), id: 'R-2026/1' });
    // the same file again posts nothing
    expect((await imported(GERMAN, OPTIONS, ledger)).job.result).toMatchObject({ posted: 0, alreadyPosted: 3 });
  });

  it('in another encoding, with tabs', async () => {
    const file = Buffer.from(GERMAN.replaceAll(';', '\t').replaceAll('€', '\u0080'), 'latin1');
    const { ledger } = await imported(file, { ...OPTIONS, encoding: 'windows-1252' });
    expect(await books.balances(ledger)).toMatchObject({ 'Vermögen:Bank EUR': '234.5' });
  });

  it('a dry run shows how the first rows are understood, says what was guessed, and keeps nothing', async () => {
    const ledger = await books.newLedger();
    const before = await app.sql('SELECT count(*)::int AS n FROM imports');
    const { status, body } = await send(ledger, GERMAN, { ...OPTIONS, dryRun: 'true' }, { 'idempotency-key': '' });
    expect(status).toBe(200);
    expect(body.errors).toEqual([]);
    expect(body.guesses).toMatchObject([{ option: 'delimiter', value: 'semicolon' }]);
    expect(body.rows).toHaveLength(6);
    expect(body.rows[0]).toEqual({
      line: 2,
      transaction: 'R-2026/1',
      date: '2026-11-21',
      description: '=Miete',
      account: 'Vermögen:Bank',
      newAccountType: 'asset',
      currency: 'EUR',
      amount: '1234.50',
    });
    expect(await app.sql('SELECT count(*)::int AS n FROM imports')).toEqual(before);
    expect((await books.get(`/v1/ledgers/${ledger}/accounts`)).body.items).toEqual([]);
  });

  it('a dry run says what would be refused, by line and column, and does not mind where it stopped', async () => {
    const ledger = await books.newLedger();
    const wrong = GERMAN.replace('Vermögen:Bank;1.234,50', 'Besitz:Bank;1,234.50');
    const { body } = await send(ledger, wrong, { ...OPTIONS, dryRun: 'true' });
    expect(body.errors).toMatchObject([
      { pointer: 'line 2, column amount', detail: expect.stringContaining('a comma before the decimals') },
      { pointer: 'line 2, column account', detail: expect.stringContaining('must be an account of the ledger') },
    ]);
    const long = `transaction,date,description,account,currency,amount\n${Array.from({ length: 15 }, (_, n) => `${n + 1},2026-01-01,,assets:a,EUR,1\n${n + 1},2026-01-01,,assets:b,EUR,-0.5\n${n + 1},2026-01-01,,assets:c,EUR,-0.5\n`).join('')}`;
    const preview = await send(ledger, long, { dryRun: 'true' });
    expect([preview.body.rows.length, preview.body.errors]).toEqual([20, []]);
  });

  it('what can be read in two ways is refused, until the options say which', async () => {
    const file = GERMAN.replaceAll('1.234,50', '1.234').replaceAll('1.000,00', '1.000');
    const auto = { ...OPTIONS, decimalMark: 'auto', grouping: 'auto' };
    const { ledger, job } = await imported(file, auto);
    expect(job.state).toBe('failed');
    expect((job.error as unknown as { errors: unknown[] }).errors[0]).toEqual({
      pointer: 'line 2, column amount',
      detail: 'can be read in two ways: say decimalMark and grouping, for "1.234" is 1.234 or 1234',
    });
    expect(await books.transactionCount(ledger)).toBe(0);
    await imported(file, OPTIONS, ledger);
    expect(await books.balances(ledger)).toMatchObject({ 'Ertrag:Miete EUR': '-1234' });
  });

  it('an id that comes back after others is refused: its rows would be taken for a repeat', async () => {
    const { job } = await imported(
      `${GERMAN}R-2026/1;1.12.2026;Vermögen:Bank;1;€;;\nR-2026/1;1.12.2026;Ertrag:Miete;-1;€;;\n`,
      OPTIONS,
    );
    expect(job.error).toMatchObject({
      errors: [
        { pointer: 'line 8, column transaction', detail: 'was there before: rows of one transaction stand together' },
      ],
    });
  });

  it.each<[string, Record<string, string>]>([
    ['?grouping', { decimalMark: 'comma', grouping: 'comma' }],
    ['?dateFormat', { dateFormat: 'dd.mm.yyyy' }],
    ['?currency', { currency: 'EUR', currencyColumn: 'Währung' }],
    ['?currencyCodes', { currencyCodes: '€=eur' }],
    ['?accountTypes', { accountTypes: 'Vermögen=besitz' }],
    ['?encoding', { encoding: 'utf-7' }],
    ['?delimiter', { delimiter: ';' }],
  ])('options that cannot be are refused: %s', async (pointer, options) => {
    const ledger = await books.newLedger();
    for (const dryRun of ['true', 'false']) {
      const { status, body } = await send(ledger, GERMAN, { ...options, dryRun });
      expect([status, body.errors]).toMatchObject([400, [{ pointer }]]);
    }
  });

  it('another tenant’s ledger is none, for a dry run too', async () => {
    const other = await app.createTenantWithOwner();
    const foreign = await new BookClient(app, other.token).newLedger();
    expect((await send(foreign, GERMAN, { ...OPTIONS, dryRun: 'true' })).status).toBe(404);
  });
});
