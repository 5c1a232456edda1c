import { NIL_UUID } from '../../src/common/ids/uuid';
import { type Order } from '../../src/modules/transactions/core/orders';
import { type Command } from '../../src/modules/transactions/engine/command';
import { resultOf, stateOf } from '../support/model/core-words';
import { MemoryEngine } from '../support/model/memory-engine';

/* Units of several commands: what random streams found, said once each. */

const posting = (id: string, account = 'cash'): Order => ({
  ...{ id, kind: 'posting', pending: false, expiresAt: null, templateId: null, reference: null, description: null },
  ...{ effectiveAt: undefined, createdBy: NIL_UUID, metadata: {} },
  entries: [
    { account, direction: 'debit', amount: '1.00', currency: 'EUR' },
    { account: 'sales', direction: 'credit', amount: '1.00', currency: 'EUR' },
  ],
});
const capture = (id: string, parentId: string): Order => ({
  ...{ id, kind: 'capture', parentId, part: { kind: 'whole' }, releaseRest: false, reference: null, description: null },
  ...{ effectiveAt: undefined, createdBy: NIL_UUID, metadata: {} },
});
const keyed = (key: string, order: Order): Command => ({
  order,
  key: {
    ...{ principalId: NIL_UUID, operation: 'test', key, keptDays: null },
    fingerprint: Buffer.from(JSON.stringify({ ...order, id: '' })),
  },
});

function batch() {
  const engine = new MemoryEngine(undefined, []);
  for (const [code, grows] of [
    ['cash', 'debit'],
    ['sales', 'credit'],
  ] as const)
    engine.accounts.set(code, stateOf({ code, grows }));
  return engine.begin(new Date('2026-11-21T10:00:00Z'));
}

describe('an entry', () => {
  it('names an account by its id in capitals too, as a path does (RFC 9562 section 4)', () => {
    const id = '019ab3c4-7d10-7c11-8a52-0f6f3c1c9b02';
    const engine = new MemoryEngine([], []);
    engine.accounts.set(id, stateOf({ code: 'cash', grows: 'debit' }, id));
    engine.accounts.set('sales', stateOf({ code: 'sales', grows: 'credit' }));
    const { deciding, book } = engine.begin(new Date('2026-11-21T10:00:00Z'));
    const command = keyed('key', posting('t1', id.toUpperCase()));
    const outcomes = deciding.decide({ atomic: false, dryRun: false, commands: [command] });
    expect(outcomes.map(resultOf)).toEqual([{ kind: 'recorded', id: 't1', replayed: false }]);
    expect(book.recorded[0]?.entries[0]).toMatchObject({ accountId: id, account: 'cash' });
  });
});

describe('a unit', () => {
  it('REL-05 of an atomic one that is refused nothing is told as recorded, the repeats of its own keys neither', () => {
    const { deciding, book } = batch();
    const [before] = deciding.decide({ atomic: false, dryRun: false, commands: [keyed('before', posting('t0'))] });
    const outcomes = deciding.decide({
      atomic: true,
      dryRun: false,
      commands: [
        keyed('before', posting('t1')),
        keyed('twin', posting('t2')),
        keyed('twin', posting('t3')),
        keyed('bad', posting('t4', 'nobody')),
      ],
    });
    expect(before?.kind).toBe('recorded');
    expect(outcomes.map(resultOf)).toEqual([
      { kind: 'recorded', id: 't0', replayed: true },
      { kind: 'aborted' },
      { kind: 'aborted' },
      { kind: 'refused', code: 'unknown-account', replayed: false },
    ]);
    expect(book.recorded.map(({ id }) => id)).toEqual(['t0']);
    expect(deciding.keys.map(({ key }) => key.key)).toEqual(['before']);
  });

  it('API-08 a refusal that is not remembered binds its key in no batch, this one neither', () => {
    const { deciding } = batch();
    const commands = [keyed('key', capture('t1', 'none')), keyed('key', posting('t2')), keyed('key', posting('t3'))];
    expect(deciding.decide({ atomic: false, dryRun: false, commands }).map(resultOf)).toEqual([
      { kind: 'refused', code: 'transaction-not-found', replayed: false },
      { kind: 'recorded', id: 't2', replayed: false },
      { kind: 'recorded', id: 't2', replayed: true },
    ]);
  });
});
