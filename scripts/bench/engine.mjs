import { randomBytes, randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { built } from '../setup/project.mjs';

const require = createRequire(import.meta.url);

/** The engine of the built application, without HTTP. */
export async function openEngine(env) {
  Object.assign(process.env, env, { LOG_LEVEL: 'warn' });
  require('reflect-metadata');
  const { NestFactory } = await import('@nestjs/core');
  const { AppModule } = require(built('app.module'));
  const { PostingEngine } = require(built('modules/transactions/index'));
  const app = await NestFactory.createApplicationContext(AppModule, { logger: ['error'] });
  return { engine: app.get(PostingEngine), close: () => app.close() };
}

const NOBODY = '00000000-0000-0000-0000-000000000000';
const { uuidv7 } = require(built('common/ids/uuid'));

/** `callers` that each post one transaction after the other, for `seconds`. @returns postings a second */
export async function measureEngine(engine, books, choose, { callers, seconds }) {
  let posted = 0;
  const until = performance.now() + seconds * 1000;
  const fingerprint = randomBytes(32);
  const began = performance.now();
  await Promise.all(
    Array.from({ length: callers }, async (_, caller) => {
      const { tenant, ledger } = books[caller % books.length];
      while (performance.now() < until) {
        const [from, to] = choose();
        const outcome = await engine.post(tenant, ledger, {
          order: {
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
              { account: from, direction: 'debit', amount: '1.00', currency: 'EUR' },
              { account: to, direction: 'credit', amount: '1.00', currency: 'EUR' },
            ],
          },
          key: { principalId: NOBODY, operation: 'bench', key: randomUUID(), fingerprint, expiresAt: null },
        });
        if (outcome.kind !== 'recorded') throw new Error(`not posted: ${JSON.stringify(outcome)}`);
        posted += 1;
      }
    }),
  );
  return posted / ((performance.now() - began) / 1000);
}
