import { randomInt } from 'node:crypto';
import { startTestApp, type TestAnswer, type TestApp, type TestTenant } from '../support/app';
import { createLedger, faultsInBooks, type TestLedger } from '../support/ledger';
import { randomFrom } from '../support/random';

const CLIENTS = 8;
const COMMANDS = 70;
const CODES = ['cash', 'bank', 'loans', 'capital', 'sales', 'rent'] as const;

interface Entry {
  readonly account: string;
  readonly direction: string;
  readonly amount: string;
  readonly currency: string;
}
interface Body {
  readonly entries: readonly Entry[];
}

/** What a client did, and what it was told. */
interface Step {
  readonly key: string;
  readonly body: Body;
  /** What the body alone deserves. */
  readonly expected: string;
  readonly answer: TestAnswer;
}

const minor = (amount: string): bigint => BigInt(amount.replace('.', ''));

function randomBody(random: (below: number) => number): { body: Body; expected: string } {
  const currency = random(3) === 0 ? 'JPY' : 'EUR';
  const format = (value: number) => (currency === 'JPY' ? String(value) : (value / 100).toFixed(2));
  const entries: Entry[] = [];
  for (let pair = 0; pair <= random(3); pair += 1) {
    const [debit, credit] = [CODES[random(6)] as string, CODES[random(6)] as string];
    const value = 1 + random(100_000);
    entries.push({ account: debit, direction: 'debit', amount: format(value), currency });
    if (value > 1 && random(4) === 0) {
      const part = 1 + random(value - 1);
      entries.push({ account: credit, direction: 'credit', amount: format(part), currency });
      entries.push({
        account: CODES[random(6)] as string,
        direction: 'credit',
        amount: format(value - part),
        currency,
      });
    } else entries.push({ account: credit, direction: 'credit', amount: format(value), currency });
  }
  const [first, ...rest] = entries as [Entry, ...Entry[]];
  switch (random(12)) {
    case 0:
      return { body: { entries: [{ ...first, account: 'nobody' }, ...rest] }, expected: 'unknown-account' };
    case 1:
      return { body: { entries: [{ ...first, direction: 'credit' }, ...rest] }, expected: 'unbalanced' };
    case 2:
      return { body: { entries: [{ ...first, amount: '0.001' }, ...rest] }, expected: 'amount-precision' };
    case 3:
      return { body: { entries: [{ ...first, amount: '-1' }, ...rest] }, expected: 'validation-failed' };
    case 4:
      return { body: { entries: [first] }, expected: 'validation-failed' };
    default:
      return { body: { entries }, expected: 'created' };
  }
}

describe('a history of random commands from eight clients through two processes', () => {
  const seed = randomInt(2 ** 31);
  let app: TestApp;
  let second: TestApp;
  let owner: TestTenant;
  let ledger: TestLedger;
  const steps: Step[] = [];
  /** By id, as the first answer had it. */
  const posted = new Map<string, Record<string, unknown>>();

  beforeAll(async () => {
    app = await startTestApp();
    second = await startTestApp({}, app);
    owner = await app.createTenantWithOwner();
    ledger = await createLedger(app, owner.token);

    /** Keys and bodies of before, of all clients: to be repeated and to be misused. */
    const used: { key: string; body: Body; expected: string }[] = [];
    const client = async (index: number) => {
      const random = randomFrom(seed + index);
      const through = index % 2 ? app : second;
      for (let command = 0; command < COMMANDS; command += 1) {
        const fresh = { ...randomBody(random), key: `${index}-${command}` };
        const earlier = used[random(Math.max(1, used.length))];
        const kind = random(10);
        const { key, body, expected } =
          earlier && kind === 0 ? earlier : earlier && kind === 1 ? { ...fresh, key: earlier.key } : fresh;
        used.push({ key, body, expected });
        const ask = () =>
          through.request('POST', `${ledger.path}/transactions`, {
            token: owner.token,
            body,
            headers: { 'idempotency-key': key },
          });
        // now and then twice at once, as an impatient client does
        const answers = await Promise.all(random(6) === 0 ? [ask(), ask()] : [ask()]);
        for (const answer of answers) steps.push({ key, body, expected, answer });
      }
    };
    await Promise.all(Array.from({ length: CLIENTS }, (_, index) => client(index)));
  }, 60_000);

  afterAll(async () => {
    await second.close();
    await app.close();
  });

  it(`API-04 API-06 API-08 REL-05 every answer is explained (seed ${seed})`, () => {
    expect(steps.length).toBeGreaterThanOrEqual(CLIENTS * COMMANDS);
    const byKey = groupBy(steps);
    let reused = 0;
    let replayed = 0;
    for (const [key, group] of byKey) {
      // what is not well-formed was never executed and binds no key
      for (const { answer, expected } of group.filter((step) => step.expected === 'validation-failed'))
        expect([key, answer.status, (answer.body as { code: string }).code]).toEqual([key, 400, expected]);
      const executed = group.filter((step) => step.expected !== 'validation-failed');
      const outcomes = executed.map(({ answer, body, expected }) => ({
        body: JSON.stringify(body),
        expected,
        code: answer.status === 201 ? 'created' : (answer.body as { code: string }).code,
        answer,
      }));
      // one body owns the key; the others were told that it is taken
      const owners = new Set(outcomes.filter(({ code }) => code !== 'idempotency-key-reused').map(({ body }) => body));
      expect([key, owners.size]).toEqual([key, outcomes.length === 0 ? 0 : 1]);
      for (const { body, code, expected, answer } of outcomes) {
        if (owners.has(body)) expect([key, code]).toEqual([key, expected]);
        else expect([key, code, answer.status]).toEqual([key, 'idempotency-key-reused', 422]);
      }
      reused += outcomes.filter(({ code }) => code === 'idempotency-key-reused').length;
      const created = outcomes.filter(({ code }) => code === 'created').map(({ answer }) => answer);
      if (created.length === 0) continue;
      const first = created.filter(({ headers }) => headers.get('idempotent-replayed') === null);
      expect([key, first.length]).toEqual([key, 1]);
      for (const answer of created) expect(answer.body).toEqual(first[0]?.body);
      replayed += created.length - 1;
      posted.set((first[0]?.body as { id: string }).id, first[0]?.body as Record<string, unknown>);
    }
    // the run was worth something
    expect(Math.min(reused, replayed, posted.size)).toBeGreaterThan(5);
  });

  it('REL-09 each 201 is in the ledger once, word for word, and nothing else is', async () => {
    const found: Record<string, unknown>[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const { body } = await app.request(
        'GET',
        `${ledger.path}/transactions?limit=200${cursor && `&cursor=${cursor}`}`,
        {
          token: owner.token,
        },
      );
      const page = body as { items: Record<string, unknown>[]; next: string | null };
      found.push(...page.items);
      cursor = page.next;
    }
    expect(found.length).toBe(posted.size);
    for (const transaction of found) expect(posted.get(transaction.id as string)).toEqual(transaction);
    // newest first, gapless
    expect(found.map(({ sequence }) => sequence)).toEqual(found.map((_, index) => found.length - index));
    const times = found.map(({ createdAt }) => createdAt as string);
    expect(times).toEqual([...times].sort().reverse());
  });

  it('REL-02 REL-12 the balances are those of the model, and sum to zero', async () => {
    const model = new Map<string, { debits: bigint; credits: bigint }>();
    for (const transaction of posted.values())
      for (const { account, direction, amount, currency } of transaction.entries as Entry[]) {
        const name = `${account} ${currency}`;
        const balance = model.get(name) ?? { debits: 0n, credits: 0n };
        balance[direction === 'debit' ? 'debits' : 'credits'] += minor(amount);
        model.set(name, balance);
      }
    const { body } = await app.request('GET', `${ledger.path}/trial-balance`, { token: owner.token });
    const { balanced, rows, totals } = body as {
      balanced: boolean;
      rows: Record<'account' | 'currency' | 'debits' | 'credits' | 'balance', string>[];
      totals: { currency: string; difference: string }[];
    };
    expect(
      new Map(
        rows.map(({ account, currency, debits, credits }) => [
          `${account} ${currency}`,
          { debits: minor(debits), credits: minor(credits) },
        ]),
      ),
    ).toEqual(model);
    expect(balanced).toBe(true);
    expect(totals.map(({ difference }) => minor(difference))).toEqual(totals.map(() => 0n));
  });

  it('REL-01 REL-02 REL-08 the rows add up', async () => {
    expect(await faultsInBooks(app)).toEqual([]);
  });

  it.each([
    [/differs from its entries/, 'UPDATE balances SET posted_debits = posted_debits + 1'],
    [/differs from its entries/, 'UPDATE balances SET version = version + 1'],
    [/does not sum to zero/, `UPDATE entries SET amount = amount + 1 WHERE direction = 'debit'`],
    [/does not follow from the one before/, 'UPDATE entries SET balance_after = balance_after + 1 WHERE version = 2'],
    [/has not the entries that it says/, 'UPDATE transactions SET entry_count = entry_count + 1 WHERE sequence = 3'],
    [/has a gap/, 'UPDATE transactions SET sequence = 1000000 WHERE sequence = 3'],
    [/has a gap/, 'UPDATE ledger_heads SET sequence = sequence + 1'],
    [
      /names a transaction that is not there/,
      `UPDATE idempotency_keys SET resource_id = tenant_id WHERE status = 201 AND resource_id IS NOT NULL`,
    ],
  ])('that check is able to fail: %s after %s', async (fault, change) => {
    await app.sql('BEGIN');
    try {
      for (const table of ['balances', 'entries', 'transactions', 'ledger_heads'])
        await app.sql(`ALTER TABLE ${table} DISABLE TRIGGER USER`);
      await app.sql(change);
      expect(await faultsInBooks(app)).toContainEqual(expect.stringMatching(fault));
    } finally {
      await app.sql('ROLLBACK');
    }
  });
});

function groupBy(steps: readonly Step[]): Map<string, Step[]> {
  const groups = new Map<string, Step[]>();
  for (const step of steps) groups.set(step.key, [...(groups.get(step.key) ?? []), step]);
  return groups;
}
