import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { startTestApp, type TestApp } from '../support/app';
import { BookClient, manyTransactions } from '../support/books';
import { until } from '../../src/testing/until';

const TRANSACTIONS = 20_000;
const ROOT = join(__dirname, '../..');

let app: TestApp;
let books: BookClient;
let child: ChildProcess | undefined;

beforeAll(async () => {
  // it only takes the file: the job runs in other processes
  app = await startTestApp({ REDIS_PREFIX: 'daybook-test' });
  books = new BookClient(app, (await app.createTenantWithOwner()).token);
});

afterAll(async () => {
  await kill();
  await app.close();
});

/** The application as it is run, with a worker in its process, which looks for lost jobs often. */
function startProcess(): void {
  child = spawn(process.execPath, ['-r', '@swc-node/register', 'src/main.ts'], {
    cwd: ROOT,
    stdio: 'ignore',
    env: {
      ...process.env,
      LOG_LEVEL: 'silent',
      HOST: '127.0.0.1',
      PORT: '0',
      WORKER_IN_PROCESS: 'true',
      JOBS_LEASE_MS: '1000',
      JOBS_SWEEP_INTERVAL_MS: '200',
    },
  });
}

async function kill(): Promise<void> {
  if (!child || child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

it('REL-05 an import whose process is killed again and again is finished by the next one, and nothing is posted twice', async () => {
  const ledgerId = await books.newLedger();
  const { body } = await books.upload(ledgerId, manyTransactions(TRANSACTIONS));
  const importId = (body as { import: { id: string } }).import.id;

  for (const share of [0.05, 0.5]) {
    startProcess();
    const posted = await until(
      `${share * 100} % are posted`,
      async () => {
        const count = await books.transactionCount(ledgerId);
        return count > share * TRANSACTIONS && count;
      },
      60_000,
    );
    await kill();
    // it was in the middle, and nobody else goes on
    expect(posted).toBeLessThan(TRANSACTIONS);
    const left = await books.transactionCount(ledgerId);
    expect(left).toBeLessThan(TRANSACTIONS);
  }

  startProcess();
  const job = await books.ended(ledgerId, importId, 60_000);
  expect(job).toMatchObject({ state: 'succeeded', attempts: 3, error: null });
  const { posted, alreadyPosted } = job.result as { posted: number; alreadyPosted: number };
  expect(posted).toBeGreaterThan(0);
  expect(alreadyPosted).toBeGreaterThan(0.5 * TRANSACTIONS);
  expect(posted + alreadyPosted).toBe(TRANSACTIONS);

  expect(await books.balances(ledgerId)).toEqual({
    'assets:cash EUR': String(1.25 * TRANSACTIONS),
    'revenue:sales EUR': String(-1.25 * TRANSACTIONS),
  });
  const [row] = await app.sql(
    `SELECT count(*)::int AS transactions, count(DISTINCT metadata->'transaction')::int AS numbers, max(sequence)::int AS last
       FROM transactions WHERE ledger_id = $1`,
    [ledgerId],
  );
  expect(row).toEqual({ transactions: TRANSACTIONS, numbers: TRANSACTIONS, last: TRANSACTIONS });
}, 180_000);
