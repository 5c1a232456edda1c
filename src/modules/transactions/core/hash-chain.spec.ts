import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { canonicalJson } from '../../../common/crypto/canonical-json';
import { canonicalTransaction, FIRST_HASH, transactionHash } from './hash-chain';
import { ENTRY_KINDS, type RecordedTransaction, TRANSACTION_KINDS } from './recorded';

const text = fc.string({ unit: 'grapheme', maxLength: 20 });
const date = fc.date({ min: new Date(0), max: new Date('9999-12-31'), noInvalidDate: true });
const number = fc.bigInt({ min: 1n, max: 10n ** 38n });
const transactions: fc.Arbitrary<Omit<RecordedTransaction, 'hash'>> = fc.record({
  id: fc.uuid(),
  ledgerId: fc.uuid(),
  sequence: number,
  kind: fc.constantFrom(...TRANSACTION_KINDS),
  parentId: fc.option(fc.uuid()),
  templateId: fc.option(fc.uuid()),
  reference: fc.option(text),
  description: fc.option(text),
  effectiveAt: date,
  createdAt: date,
  createdBy: fc.uuid(),
  expiresAt: fc.option(date),
  metadata: fc.dictionary(text, fc.oneof(text, fc.integer(), fc.boolean(), fc.constant(null)), {
    noNullPrototype: true,
  }),
  entries: fc.array(
    fc.record({
      accountId: fc.uuid(),
      account: text,
      kind: fc.constantFrom(...ENTRY_KINDS),
      direction: fc.constantFrom('debit' as const, 'credit' as const),
      amount: number,
      currency: fc.constantFrom('EUR', 'X.1'),
      scale: fc.constant(2),
      version: number,
      balanceAfter: fc.bigInt(),
    }),
    { minLength: 1, maxLength: 4 },
  ),
});

/** The form as the guide gives it. */
const reference = (t: Omit<RecordedTransaction, 'hash'>): string =>
  JSON.stringify([
    'daybook.transaction.1',
    ...[t.ledgerId, String(t.sequence), t.id, t.kind, t.parentId, t.templateId, t.reference, t.description],
    ...[t.effectiveAt.toISOString(), t.createdAt.toISOString(), t.createdBy, t.expiresAt?.toISOString() ?? null],
    canonicalJson(t.metadata),
    t.entries.map((e) => [
      ...[e.accountId, e.account, e.currency, e.direction, e.kind],
      ...[String(e.amount), String(e.version), String(e.balanceAfter)],
    ]),
  ]);

describe('the hash chain (REL-13)', () => {
  it('REL-13 writes the canonical transaction as JSON.stringify would', () => {
    fc.assert(
      fc.property(transactions, (transaction) => {
        expect(canonicalTransaction(transaction)).toBe(reference(transaction));
      }),
      { numRuns: 2000 },
    );
  });

  it('REL-13 is SHA-256 over the hash before and the canonical transaction', () => {
    fc.assert(
      fc.property(transactions, (transaction) => {
        const expected = createHash('sha256').update(FIRST_HASH).update(reference(transaction)).digest('hex');
        expect(transactionHash(FIRST_HASH, transaction)).toBe(expected);
      }),
    );
  });
});
