import { Client } from 'pg';
import { type Finding } from '../../src/modules/evidence/core/findings';
import { VerificationsService } from '../../src/modules/evidence';
import { type TestApp, type TestPerson } from './app';
import { createLedger, posting, type TestLedger } from './ledger';

/** A ledger with something of everything that it can record, and the ids of what the tests reach for. */
export interface RichLedger extends TestLedger {
  /** Posting 1 of 25.00 EUR, with all its fields. */
  readonly first: string;
  /** Reversed in part. */
  readonly original: string;
  readonly reversal: string;
  /** Captured in part and still open. */
  readonly hold: string;
  readonly capture: string;
  readonly voided: string;
  /** Posted last, between two accounts that the others hardly use. */
  readonly last: string;
}

export async function richLedger(app: TestApp, person: TestPerson): Promise<RichLedger> {
  const ledger = await createLedger(app, person.token);
  const post = async (path: string, body: unknown = {}): Promise<string> => {
    const answer = await app.request('POST', `${ledger.path}/transactions${path}`, { token: person.token, body });
    if (answer.status !== 201) throw new Error(answer.text);
    return (answer.body as { id: string }).id;
  };
  const first = await post('', {
    ...posting('25.00', { reference: 'order-1', description: 'Ünïcode "quoted" \n line' }),
    metadata: { z: 1, a: ['x', null, true, 1.5], nested: { ключ: '€' } },
    effectiveAt: '2026-01-02T03:04:05.678Z',
  });
  const original = await post('', posting('10.00'));
  const reversal = await post(`/${original}/reverse`, { amount: '4.00' });
  const hold = await post('', { ...posting('100.00'), status: 'pending', expiresAt: '2099-01-01T00:00:00Z' });
  const capture = await post(`/${hold}/capture`, { amount: '30.00' });
  const voided = await post('', { ...posting('7.00'), status: 'pending' });
  await post(`/${voided}/void`);
  await post('', posting('500', { currency: 'JPY', debit: 'bank', credit: 'capital' }));
  await post(`/${capture}/reverse`);
  const settled = await post('', { ...posting('3.00'), status: 'pending' });
  await post(`/${settled}/capture`);
  const last = await post('', posting('1.00', { reference: 'order-last', debit: 'bank', credit: 'capital' }));
  return { ...ledger, first, original, reversal, hold, capture, voided, last };
}

export async function findingsOf(app: TestApp, tenantId: string, ledgerId: string): Promise<readonly Finding[]> {
  return (await app.app.get(VerificationsService, { strict: false }).verify(tenantId, ledgerId, null)).findings;
}

/** Statements of somebody who has the database: no trigger and no foreign key looks at them. */
export async function tamper(app: TestApp, ...statements: string[]): Promise<void> {
  const client = new Client({ connectionString: app.database.adminUrl });
  await client.connect();
  try {
    await client.query(`BEGIN; SET LOCAL session_replication_role = replica`);
    for (const statement of statements) await client.query(statement);
    await client.query('COMMIT');
  } finally {
    await client.end();
  }
}
