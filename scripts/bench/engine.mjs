import { randomBytes, randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { built } from '../setup/project.mjs';

const require = createRequire(import.meta.url);

/** The engine of the built application, without HTTP. */
export async function openEngine(env) {
  Object.assign(process.env, env, { LOG_LEVEL: 'warn' });
  require('reflect-metadata');
  const { NestFactory } = await import('@nestjs/core');
  const { daybook } = require(built('app'));
  const { PostingEngine } = require(built('modules/transactions/index'));
  const app = await NestFactory.createApplicationContext(daybook.module, { logger: ['error'] });
  return { engine: app.get(PostingEngine), close: () => app.close() };
}

export const NOBODY = '00000000-0000-0000-0000-000000000000';
const { uuidv7 } = require(built('common/ids/uuid'));

/** One unit of money from the second account to the first. */
export const postingOf = ([debit, credit]) => ({
  kind: 'posting',
  pending: false,
  expiresAt: null,
  templateId: null,
  id: uuidv7(),
  reference: null,
  description: 'bench',
  effectiveAt: undefined,
  createdBy: NOBODY,
  metadata: {},
  entries: [
    { account: debit, direction: 'debit', amount: '1.00', currency: 'EUR' },
    { account: credit, direction: 'credit', amount: '1.00', currency: 'EUR' },
  ],
});

/** `callers` that each post one transaction after the other, for `seconds`. @returns postings a second */
export async function measureEngine(engine, books, choose, { callers, seconds, keys = true }) {
  let posted = 0;
  const until = performance.now() + seconds * 1000;
  const fingerprint = randomBytes(32);
  const began = performance.now();
  await Promise.all(
    Array.from({ length: callers }, async (_, caller) => {
      const { tenant, ledger } = books[caller % books.length];
      while (performance.now() < until) {
        const key = keys
          ? { principalId: NOBODY, operation: 'bench', key: randomUUID(), fingerprint, keptDays: null }
          : null;
        const outcome = await engine.post(tenant, ledger, { order: postingOf(choose()), key });
        if (outcome.kind !== 'recorded') throw new Error(`not posted: ${JSON.stringify(outcome)}`);
        posted += 1;
      }
    }),
  );
  return posted / ((performance.now() - began) / 1000);
}

/** Runs `work` with all hashes of the chain the same, which is what a ledger without one would pay. */
export async function withoutChain(work) {
  const chain = require(built('modules/transactions/core/hash-chain'));
  const { transactionHash } = chain;
  const constant = '01'.repeat(32);
  chain.transactionHash = () => constant;
  try {
    return await work();
  } finally {
    chain.transactionHash = transactionHash;
  }
}
