import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type JobResponse } from '../../src/modules/jobs';
import { type TestAnswer, type TestApp } from './app';
import { until } from '../../src/testing/until';

const EXAMPLES = join(__dirname, '../../examples/books');

/** Three years of a household's book, made by another program; see examples/books/README.md. */
export const INVESTOR = readFileSync(join(EXAMPLES, 'investor.csv'), 'utf8');
export const HEADER = 'transaction,date,description,account,currency,amount\n';

/** `account currency` to balance, without needless zeros. */
export type Balances = Readonly<Record<string, string>>;

export function investorBalances(): Balances {
  const [, ...lines] = readFileSync(join(EXAMPLES, 'investor.balances.csv'), 'utf8').trim().split('\n');
  return balances(lines.map((line) => line.trim().split(',') as [string, string, string]));
}

export const plain = (amount: string): string => (amount.includes('.') ? amount.replace(/\.?0+$/, '') : amount);

/** Zero balances are left out, as bookkeepers' programs do. */
export function balances(rows: readonly (readonly [account: string, currency: string, balance: string])[]): Balances {
  const entries = rows
    .map(([account, currency, balance]) => [`${account} ${currency}`, plain(balance)] as const)
    .filter(([, balance]) => balance !== '0');
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** A book of `count` transactions between two accounts; the balance is known. */
export function manyTransactions(count: number): string {
  const lines = Array.from({ length: count }, (_, index) => {
    const head = `${index + 1},2026-01-01,Sale ${index + 1}`;
    return `${head},assets:cash,EUR,1.25\n${head},revenue:sales,EUR,-1.25\n`;
  });
  return HEADER + lines.join('');
}

/** Imports and exports as a client sees them. */
export class BookClient {
  private keys = 0;

  constructor(
    private readonly app: TestApp,
    private readonly token: string,
  ) {}

  async newLedger(): Promise<string> {
    this.keys += 1;
    const { body } = await this.app.request('POST', '/v1/ledgers', {
      token: this.token,
      body: { name: `Book ${this.keys} ${Math.random()}` },
    });
    return (body as { id: string }).id;
  }

  upload(ledgerId: string, csv: string, headers: Record<string, string> = {}): Promise<TestAnswer> {
    return this.app.request('POST', `/v1/ledgers/${ledgerId}/imports`, {
      token: this.token,
      headers: { 'content-type': 'text/csv', ...headers },
      body: csv,
    });
  }

  /** Sends the file and waits for its job. */
  async import(ledgerId: string, csv: string): Promise<JobResponse> {
    const { status, text, body } = await this.upload(ledgerId, csv);
    if (status !== 202) throw new Error(`the import was answered ${status}: ${text}`);
    return this.ended(ledgerId, (body as { import: { id: string } }).import.id);
  }

  ended(ledgerId: string, importId: string, withinMs = 180_000): Promise<JobResponse> {
    let job: JobResponse | undefined;
    return until(
      () => `the import has ended; its job is ${JSON.stringify(job)}`,
      async () => {
        const { body } = await this.get(`/v1/ledgers/${ledgerId}/imports/${importId}`);
        ({ job } = body as { job?: JobResponse });
        return job !== undefined && ['succeeded', 'failed', 'dead', 'cancelled'].includes(job.state) && job;
      },
      withinMs,
    );
  }

  async balances(ledgerId: string): Promise<Balances> {
    const { body } = await this.get(`/v1/ledgers/${ledgerId}/trial-balance`);
    const { rows, balanced } = body as {
      balanced: boolean;
      rows: { account: string; currency: string; balance: string }[];
    };
    if (!balanced) throw new Error('the trial balance is off');
    return balances(rows.map(({ account, currency, balance }) => [account, currency, balance]));
  }

  async transactionCount(ledgerId: string): Promise<number> {
    const [row] = await this.app.sql<{ n: number }>(
      'SELECT count(*)::int AS n FROM transactions WHERE ledger_id = $1',
      [ledgerId],
    );
    return row?.n ?? -1;
  }

  get(path: string): Promise<TestAnswer> {
    return this.app.request('GET', path, { token: this.token });
  }
}
