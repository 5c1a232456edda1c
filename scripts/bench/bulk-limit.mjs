import { randomBytes, randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import pg from 'pg';
import { built } from '../setup/project.mjs';
import { NOBODY, postingOf } from './engine.mjs';

const require = createRequire(import.meta.url);

const BATCH = 500;

/**
 * How fast this PostgreSQL takes the very rows that the engine writes, in batches of 500 postings on one connection,
 * when nothing is read, decided or answered: all statements are made before the clock starts.
 * @returns postings a second
 */
export async function measureBulkLimit(admin, url, { tenant, ledger }, choose, { postings }) {
  const { Book } = require(built('modules/transactions/core/book'));
  const { decide } = require(built('modules/transactions/core/decide'));
  const { writeBatch } = require(built('modules/transactions/engine/batch-writer'));
  const { rows } = await admin.query('SELECT id, code FROM accounts WHERE tenant_id = $1 AND ledger_id = $2', [
    tenant,
    ledger,
  ]);
  const accounts = new Map(
    rows.flatMap(({ id, code }) => {
      const account = { id, code, normalBalance: 'debit', open: true, frozen: null, currencies: null, limits: [] };
      return [
        [id, account],
        [code, account],
      ];
    }),
  );
  const currencies = new Map([['EUR', { code: 'EUR', scale: 2, name: 'Euro' }]]);
  const balances = new Map();
  const head = (
    await admin.query(`SELECT sequence, encode(hash, 'hex') AS hash FROM ledger_heads WHERE ledger_id = $1`, [ledger])
  ).rows[0];
  if (head.sequence !== '0') throw new Error('the limit is measured on a ledger of its own');
  let [sequence, hash] = [0n, head.hash];
  const statements = [];
  const recorder = { query: (statement) => statements.push(statement) && { rows: [] } };
  for (let done = 0; done < postings; done += BATCH) {
    const now = new Date();
    const book = new Book({
      ledgerId: ledger,
      sequence,
      hash,
      now,
      accounts,
      balances,
      currencies,
      references: new Set(),
    });
    const keys = Array.from({ length: BATCH }, () => {
      const { id } = decide(book, postingOf(choose()));
      const key = {
        principalId: NOBODY,
        operation: 'bench',
        key: randomUUID(),
        fingerprint: randomBytes(32),
        expiresAt: null,
      };
      return { id: randomUUID(), key, status: 201, body: null, transactionId: id };
    });
    // nobody answers the recorder, so the writer cannot find what it expects
    await writeBatch(recorder, tenant, book, keys, { accountsVersion: '0', expiredKeys: new Set() }).catch(
      () => undefined,
    );
    for (const balance of book.changedBalances) balance.storedVersion = balance.version;
    ({ sequence, hash } = book);
  }
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const began = performance.now();
    for (const statement of statements) {
      await client.query(`BEGIN; SELECT set_config('app.tenant_id', '${tenant}', true)`);
      const {
        rows: [written],
      } = await client.query(statement);
      if (written.heads !== 1) throw new Error('the rows were not written');
      await client.query('COMMIT');
    }
    return postings / ((performance.now() - began) / 1000);
  } finally {
    await client.end();
  }
}
