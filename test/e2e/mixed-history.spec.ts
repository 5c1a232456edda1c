import { randomInt } from 'node:crypto';
import { startTestApp, type TestAnswer, type TestApp, type TestTenant } from '../support/app';
import { createLedger, faultsInBooks, type TestLedger } from '../support/ledger';
import { faultsInChains } from '../support/ledger-chain';
import { ModelLedger, Refused } from '../support/model/ledger';
import { type ModelAccount, type ModelEntry, type ModelOrder, type ModelPart } from '../support/model/types';
import { type Random, randomFrom } from '../support/random';

const CLIENTS = 8;
const COMMANDS = 45;
const HOUR = 3_600;

/** Tight enough that a good part of what is asked for is refused. */
const ACCOUNTS: readonly ModelAccount[] = [
  { code: 'cash', grows: 'debit' },
  { code: 'sales', grows: 'credit' },
  { code: 'wallet', grows: 'credit', limits: [{ currency: 'EUR', minimum: 0n, maximum: 9_000n }] },
  { code: 'line', grows: 'credit', limits: [{ currency: 'EUR', minimum: 0n, creditLine: { amount: 2_000n } }] },
  {
    code: 'card',
    grows: 'credit',
    limits: [{ currency: 'EUR', velocity: [{ direction: 'debit', seconds: HOUR, amount: 20_000n, count: 40 }] }],
  },
  { code: 'box', grows: 'debit', limits: [{ currency: 'EUR', minimum: -500n, maximum: 4_000n }] },
];

interface PostBody {
  readonly status?: 'pending';
  readonly expiresAt?: string;
  readonly entries: readonly ModelEntry[];
}
interface PartBody {
  readonly amount?: string;
  readonly releaseRest?: boolean;
}
type Request =
  | { readonly kind: 'posting'; readonly body: PostBody & { reference?: string } }
  | {
      readonly kind: 'capture' | 'void' | 'reverse';
      readonly parent: string;
      readonly body: PartBody & { reference?: string };
    };

/** What a client asked, when, and what it was told when. */
interface Step {
  readonly key: string;
  readonly request: Request;
  readonly began: number;
  readonly ended: number;
  readonly answer: TestAnswer;
}

interface Answer {
  readonly id: string;
  readonly sequence: number;
  readonly kind: string;
  readonly status: string;
  readonly createdAt: string;
  readonly parentId: string | null;
  readonly entries: (ModelEntry & { kind: string; remaining: string | null })[];
  readonly balances?: { account: string; posted: string; available: string; version: number }[];
  readonly code?: string;
}
/** Where a key is unique: per operation (API-07). */
const scopeOf = ({ key, request }: Step) => `${request.kind} ${key}`;
const bodyOf = ({ answer }: Step) => answer.body as Answer;
const replayed = ({ answer }: Step) => answer.headers.get('idempotent-replayed') === 'true';

const cents = (amount: number) => (amount / 100).toFixed(2);
const text = (minor: bigint) => `${minor < 0n ? '-' : ''}${cents(Number(minor < 0n ? -minor : minor))}`;

describe('a history of holds, captures, voids, reversals, limits and conditions, of eight clients through two processes', () => {
  const seed = randomInt(2 ** 31);
  let app: TestApp;
  let second: TestApp;
  let owner: TestTenant;
  let ledger: TestLedger;
  const steps: Step[] = [];
  let recorded: Answer[] = [];

  beforeAll(async () => {
    app = await startTestApp();
    second = await startTestApp({}, app);
    owner = await app.createTenantWithOwner();
    ledger = await createLedger(app, owner.token, 'History', {});
    for (const { code, grows, limits = [] } of ACCOUNTS)
      await app.request('POST', `${ledger.path}/accounts`, {
        token: owner.token,
        body: {
          ...{ code, type: grows === 'debit' ? 'asset' : 'liability' },
          limits: limits.map(({ currency, minimum, maximum, creditLine, velocity = [] }) => ({
            currency,
            ...(minimum === undefined ? {} : { minimumAvailable: text(minimum) }),
            ...(maximum === undefined ? {} : { maximumAvailable: text(maximum) }),
            ...(creditLine && { creditLine: { amount: text(creditLine.amount) } }),
            velocity: velocity.map(({ direction, amount = 0n, count = null }) => ({
              ...{ direction, count, window: 'PT1H' },
              amount: text(amount),
            })),
          })),
        },
      });
    await Promise.all(Array.from({ length: CLIENTS }, (_, index) => client(randomFrom(seed + index), index)));
    recorded = await all<Answer>('transactions');
    recorded.reverse();
  }, 90_000);

  afterAll(async () => {
    await second.close();
    await app.close();
  });

  /** What clients know of each other: what was answered. */
  const known: { holds: string[]; posted: string[]; versions: Map<string, number> } = {
    ...{ holds: [], posted: [] },
    versions: new Map(),
  };
  const used: { key: string; request: Request }[] = [];

  async function client(random: Random, index: number): Promise<void> {
    const through = index % 2 ? app : second;
    for (let command = 0; command < COMMANDS; command += 1) {
      const fresh = { key: `${index}-${command}`, request: randomRequest(random) };
      const earlier = used[random(Math.max(1, used.length))];
      const kind = random(10);
      const { key, request } =
        earlier && kind === 0 ? earlier : earlier && kind === 1 ? { ...fresh, key: earlier.key } : fresh;
      used.push({ key, request });
      const ask = () => send(through, key, request);
      // now and then twice at once, as an impatient client does
      for (const step of await Promise.all(random(6) === 0 ? [ask(), ask()] : [ask()])) {
        steps.push(step);
        if (step.answer.status !== 201) continue;
        const { id, kind: what, balances = [] } = bodyOf(step);
        if (what === 'hold') known.holds.push(id);
        if (what === 'posting' || what === 'capture') known.posted.push(id);
        for (const { account, version } of balances) known.versions.set(account, version);
      }
    }
  }

  async function send(through: TestApp, key: string, request: Request): Promise<Step> {
    const path = request.kind === 'posting' ? '' : `/${request.parent}/${request.kind}`;
    const began = performance.now();
    const answer = await through.request('POST', `${ledger.path}/transactions${path}?balances=true`, {
      ...{ token: owner.token, body: request.body, headers: { 'idempotency-key': key } },
    });
    return { key, request, began, ended: performance.now(), answer };
  }

  function randomRequest(random: Random): Request {
    const reference = random(12) === 0 ? { reference: `ref-${random(20)}` } : {};
    const recent = (ids: readonly string[]) => ids[Math.max(0, ids.length - 1 - random(12))] as string;
    const part = () => (random(2) ? { amount: cents(1 + random(1_500)) } : {});
    const kind = random(10);
    if (kind < 2 && known.holds.length > 0)
      return {
        ...{ kind: 'capture', parent: recent(known.holds) },
        body: { ...part(), ...(random(3) ? {} : { releaseRest: true }), ...reference },
      };
    if (kind === 2 && known.holds.length > 0) return { kind: 'void', parent: recent(known.holds), body: reference };
    if (kind < 5 && known.posted.length > 0)
      return { kind: 'reverse', parent: recent(known.posted), body: { ...part(), ...reference } };
    const code = () => (ACCOUNTS[random(ACCOUNTS.length)] as ModelAccount).code;
    const [debit, credit, amount] = [code(), code(), 1 + random(3_000)];
    const condition = [
      { ifVersion: known.versions.get(debit) ?? 0 },
      { ifAvailableAtLeast: text(BigInt(random(2_000))) },
      { ifAvailableAtMost: text(BigInt(random(6_000))) },
    ][random(12)];
    const entries: ModelEntry[] = [
      { account: debit, direction: 'debit', amount: cents(amount), currency: 'EUR', ...condition },
      { account: credit, direction: 'credit', amount: cents(amount), currency: 'EUR' },
    ];
    const pending = random(3) === 0;
    const expiry =
      pending && random(3) === 0 ? { expiresAt: new Date(Date.now() + 100 + random(400)).toISOString() } : {};
    return { kind: 'posting', body: { entries, ...(pending ? { status: 'pending' } : {}), ...expiry, ...reference } };
  }

  async function all<Item>(what: string): Promise<Item[]> {
    const items: Item[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const query: string = `limit=200${cursor && `&cursor=${cursor}`}`;
      const { body } = await app.request('GET', `${ledger.path}/${what}?${query}`, { token: owner.token });
      items.push(...(body as { items: Item[] }).items);
      cursor = (body as { next: string | null }).next;
    }
    return items;
  }

  const orderOf = ({ request }: Step, id: string): ModelOrder => {
    const { reference = null } = request.body;
    if (request.kind === 'posting') {
      const { entries, status, expiresAt } = request.body;
      const pending = status === 'pending';
      return { kind: 'posting', id, reference, pending, entries, expiresAt: expiresAt ? new Date(expiresAt) : null };
    }
    const { parent: parentId, body } = request;
    const part: ModelPart = body.amount === undefined ? { kind: 'whole' } : { kind: 'amount', amount: body.amount };
    if (request.kind === 'void') return { kind: 'void', id, reference, parentId };
    if (request.kind === 'reverse') return { kind: 'reversal', id, reference, parentId, part };
    return { kind: 'capture', id, reference, parentId, part, releaseRest: body.releaseRest ?? false };
  };

  it(`API-04 API-06 API-08 REL-05 a key has one body, one effect and one answer (seed ${seed})`, () => {
    const byKey = new Map<string, Step[]>();
    for (const step of steps) byKey.set(scopeOf(step), [...(byKey.get(scopeOf(step)) ?? []), step]);
    for (const [key, group] of byKey) {
      const owners = group.filter((step) => bodyOf(step).code !== 'idempotency-key-reused');
      expect([key, new Set(owners.map(({ request }) => JSON.stringify(request))).size]).toEqual([key, 1]);
      expect([key, new Set(owners.map(({ answer }) => answer.status)).size]).toEqual([key, 1]);
      const created = owners.filter(({ answer }) => answer.status === 201);
      if (created.length > 0) expect([key, created.filter((step) => !replayed(step)).length]).toEqual([key, 1]);
      else expect([key, new Set(owners.map((step) => bodyOf(step).code)).size]).toEqual([key, 1]);
      for (const { answer } of created) expect([key, answer.text]).toEqual([key, created[0]?.answer.text]);
    }
  });

  it(`REL-04 REL-06 REL-07 some serial order explains every answer: that of the sequence (seed ${seed})`, () => {
    const effects = new Map<string, Step>();
    for (const step of steps) if (step.answer.status === 201 && !replayed(step)) effects.set(bodyOf(step).id, step);
    const firsts = firstAnswers();
    const refusals = firsts.filter(({ answer }) => answer.status === 422);
    expect(new Set(steps.map(({ answer }) => answer.status))).toEqual(new Set([201, 422]));
    expect(recorded.filter(({ kind }) => kind !== 'expiry').map(({ id }) => id)).toEqual(
      [...effects.values()]
        .map((step) => bodyOf(step))
        .sort((a, b) => a.sequence - b.sequence)
        .map(({ id }) => id),
    );

    const model = new ModelLedger({ EUR: 2 });
    for (const account of ACCOUNTS) model.accounts.set(account.code, account);
    const explained = new Set<Step>();
    /** Refusals that can have been decided between this transaction and the next. */
    const explain = (sequence: number) => {
      for (const step of refusals) {
        if (explained.has(step) || !couldBeAfter(step, sequence)) continue;
        const before = model.snapshot();
        try {
          model.carryOut(orderOf(step, 'refused'));
          model.restore(before);
        } catch (error) {
          if (!(error instanceof Refused)) throw error;
          if (error.message === bodyOf(step).code) explained.add(step);
        }
      }
    };
    /** By what was answered before it was asked, and what was asked after it was answered. */
    const couldBeAfter = (step: Step, sequence: number) => {
      for (const [, effect] of effects) {
        if (effect.ended <= step.began && bodyOf(effect).sequence > sequence) return false;
        if (effect.began >= step.ended && bodyOf(effect).sequence <= sequence) return false;
      }
      return true;
    };

    explain(0);
    let expired: string[] = [];
    for (const [index, transaction] of recorded.entries()) {
      const { id, kind, sequence, createdAt, parentId, entries } = transaction;
      expect(sequence).toBe(index + 1);
      if (Date.parse(createdAt) !== model.now)
        expired = model.advance(Date.parse(createdAt)).map((expiry) => expiry.parentId as string);
      if (kind === 'expiry') expect(parentId).toBe(expired.shift());
      else {
        expect([sequence, expired]).toEqual([sequence, []]);
        const made = carriedOut(model, orderOf(effects.get(id) as Step, id));
        expect([sequence, made]).toEqual([
          sequence,
          entries.map((entry) => [entry.account, entry.kind, entry.direction, entry.amount]),
        ]);
        for (const { account, available, version } of bodyOf(effects.get(id) as Step).balances ?? []) {
          const balance = model.balance(account, 'EUR');
          const now = model.available(model.accounts.get(account) as ModelAccount, balance);
          expect([sequence, account, available, version]).toEqual([sequence, account, text(now), balance.version]);
        }
      }
      explain(sequence);
    }
    expect(
      refusals.filter((step) => !explained.has(step)).map(({ key, request, answer }) => [key, request, answer.text]),
    ).toEqual([]);
    // what clients saw of time is in the order, too
    for (const one of effects.values())
      for (const other of effects.values())
        if (one.ended <= other.began) expect(bodyOf(one).sequence).toBeLessThan(bodyOf(other).sequence);
    // the run was worth something
    const codes = new Set(refusals.map((step) => bodyOf(step).code));
    expect([...codes]).toEqual(expect.arrayContaining(['insufficient-funds', 'exceeds-remaining', 'hold-not-pending']));
    expect(new Set(recorded.map(({ kind }) => kind))).toEqual(
      new Set(['posting', 'hold', 'capture', 'void', 'expiry', 'reversal']),
    );
    assertLeft(model);
  });

  const carriedOut = (model: ModelLedger, order: ModelOrder) => {
    try {
      return model
        .carryOut(order)
        .legs.map(({ account, kind, direction, amount }) => [account, kind, direction, text(amount)]);
    } catch (error) {
      return error instanceof Refused ? error.message : error;
    }
  };

  /** Of each key that was not replayed: twins of a refusal are the same decision. */
  function firstAnswers(): Step[] {
    const seen = new Set<string>();
    return [...steps]
      .sort((a, b) => a.ended - b.ended)
      .filter((step) => {
        if (replayed(step) || bodyOf(step).code === 'idempotency-key-reused' || seen.has(scopeOf(step))) return false;
        return seen.add(scopeOf(step));
      });
  }

  /** What is left of holds and originals, as a reader sees it. */
  function assertLeft(model: ModelLedger): void {
    for (const { id, kind, entries } of recorded) {
      const { left } = model.transactions[kind === 'expiry' ? `expiry of ${id}` : id] ?? { left: [] };
      if (kind !== 'hold' && kind !== 'posting') continue;
      // a hold may have ended since, by the clock
      const ended = kind === 'hold' && entries.every(({ remaining }) => remaining === '0.00');
      if (!ended) expect([id, entries.map(({ remaining }) => remaining)]).toEqual([id, left.map(text)]);
    }
  }

  it('REL-01 REL-02 REL-06 REL-07 REL-12 the rows add up', async () => {
    expect(await faultsInBooks(app)).toEqual([]);
  });

  it('REL-13 the chain follows', async () => {
    expect(await faultsInChains(app)).toEqual([]);
  });
});
