/*
 * A ledger in plain TypeScript, as a bookkeeper would explain it: the oracle of the property and history tests. It
 * shares no code with `src`, is allowed to be slow, and says for every command whether it is carried out or which
 * refusal it deserves. What is tested has to agree with it about everything.
 */

import { LARGEST, minorOf, sharesOf, total } from './amounts';
import {
  type ModelAccount,
  type ModelBalance,
  type ModelLeg,
  type ModelLimits,
  type ModelOrder,
  type ModelPart,
  type ModelTransaction,
  type Side,
} from './types';

/** A refusal, with the code of its problem. */
export class Refused extends Error {}
const refuse = (code: string): never => {
  throw new Refused(code);
};

const NONE: ModelBalance = { debits: 0n, credits: 0n, pendingDebits: 0n, pendingCredits: 0n, version: 0 };
const other = (side: Side): Side => (side === 'debit' ? 'credit' : 'debit');

export class ModelLedger {
  /** By code; ids are the tests' affair (`nameOf`). */
  readonly accounts = new Map<string, ModelAccount>();
  balances: Record<string, ModelBalance> = {};
  transactions: Record<string, ModelTransaction> = {};
  references: string[] = [];
  sequence = 0;
  /** What velocity limits look at. */
  spent: { key: string; direction: Side; amount: bigint; at: number }[] = [];
  now = 0;

  /**
   * @param scales of the currencies that there are
   * @param newAccount what an open ledger makes of a code that it does not know, an account template included
   * @param nameOf the code that an id stands for; other texts are codes
   */
  constructor(
    private readonly scales: Readonly<Record<string, number>>,
    private readonly newAccount: (code: string) => ModelAccount | undefined = () => undefined,
    private readonly nameOf: (idOrCode: string) => string = (code) => code,
  ) {}

  /** All that orders change, to be given back to `restore`. */
  snapshot() {
    const transactions = Object.entries(this.transactions).map(([id, one]) => [id, { ...one }] as const);
    return {
      accounts: [...this.accounts],
      rest: {
        balances: { ...this.balances },
        transactions: Object.fromEntries(transactions),
        references: [...this.references],
        sequence: this.sequence,
        spent: [...this.spent],
      },
    };
  }

  restore({ accounts, rest }: ReturnType<ModelLedger['snapshot']>): void {
    this.accounts.clear();
    for (const [code, account] of accounts) this.accounts.set(code, account);
    Object.assign(this, rest);
  }

  /** Time goes on: holds end on their second. @returns what is recorded of it */
  advance(now: number): ModelTransaction[] {
    this.now = now;
    return Object.values(this.transactions)
      .filter(({ status, expiresAt }) => status === 'pending' && expiresAt !== null && expiresAt <= now)
      .sort((a, b) => (a.expiresAt ?? 0) - (b.expiresAt ?? 0) || a.sequence - b.sequence)
      .map((hold) => {
        const legs = this.partOf(hold, hold.left, 'released');
        Object.assign(hold, { left: hold.left.map(() => 0n), status: 'expired' });
        return this.record('expiry', `expiry of ${hold.id}`, null, hold.id, legs);
      });
  }

  /** @throws Refused; then nothing has changed */
  carryOut(order: ModelOrder): ModelTransaction {
    switch (order.kind) {
      case 'posting':
        return this.post(order);
      case 'capture':
        return this.capture(order);
      case 'void': {
        const hold = this.holdOf(order.parentId);
        this.checkReference(order.reference);
        const legs = this.partOf(hold, hold.left, 'released');
        Object.assign(hold, { left: hold.left.map(() => 0n), status: 'voided' });
        return this.record('void', order.id, order.reference, hold.id, legs);
      }
      case 'reversal':
        return this.reverse(order);
    }
  }

  available(account: ModelAccount, { debits, credits, pendingDebits, pendingCredits }: ModelBalance): bigint {
    return account.grows === 'debit' ? debits - credits - pendingCredits : credits - debits - pendingDebits;
  }

  balance(code: string, currency: string): ModelBalance {
    return this.balances[`${code} ${currency}`] ?? NONE;
  }

  /** The lowest available balance at the moment. */
  floor({ minimum, creditLine: line }: ModelLimits): bigint | undefined {
    if (minimum === undefined || !line) return minimum;
    const valid = (line.from ?? -Infinity) <= this.now && this.now < (line.until ?? Infinity);
    return valid ? minimum - line.amount : minimum;
  }

  private post(order: Extract<ModelOrder, { kind: 'posting' }>): ModelTransaction {
    const legs = order.entries.map(({ account: name, direction, currency, amount }): ModelLeg => {
      const account = this.account(this.nameOf(name)) ?? refuse('unknown-account');
      this.checkMoves(account, direction);
      if (!(currency in this.scales)) refuse('unknown-currency');
      if (account.currencies && !account.currencies.includes(currency)) refuse('currency-not-allowed');
      const kind = order.pending ? 'held' : 'posted';
      return { account: account.code, direction, currency, amount: this.above0(amount, currency), kind };
    });
    this.checkBalanced(legs);
    this.checkReference(order.reference);
    if (order.expiresAt && order.expiresAt.getTime() <= this.now) refuse('expiry-passed');
    this.checkRange(legs);
    const after = this.after(legs);
    for (const {
      account: name,
      currency,
      ifVersion,
      ifAvailableAtLeast: least,
      ifAvailableAtMost: most,
    } of order.entries) {
      const code = this.nameOf(name);
      if (ifVersion !== undefined && this.balance(code, currency).version !== ifVersion) refuse('condition-failed');
      const would = this.available(
        this.account(code) as ModelAccount,
        after.get(`${code} ${currency}`) as ModelBalance,
      );
      if (least !== undefined && would < this.minor(least, currency)) refuse('condition-failed');
      if (most !== undefined && would > this.minor(most, currency)) refuse('condition-failed');
    }
    this.checkLimits(after);
    this.checkVelocity(legs);
    for (const { account, currency, direction, amount } of legs) {
      if (!this.accounts.has(account)) this.accounts.set(account, this.account(account) as ModelAccount);
      this.spent.push({ key: `${account} ${currency}`, direction, amount, at: this.now });
    }
    const kind = order.pending ? 'hold' : 'posting';
    return this.record(kind, order.id, order.reference, null, legs, order.expiresAt?.getTime() ?? null);
  }

  private capture({ id, reference, parentId, part, releaseRest }: Extract<ModelOrder, { kind: 'capture' }>) {
    const hold = this.holdOf(parentId);
    const taken = this.take(hold, part);
    const captured = this.partOf(hold, taken, 'captured');
    for (const { account, direction } of captured)
      this.checkMoves(this.accounts.get(account) as ModelAccount, direction);
    this.checkReference(reference);
    const legs = [...captured, ...this.partOf(hold, releaseRest ? hold.left : taken, 'released')];
    this.checkRange(legs);
    hold.left = hold.left.map((left, place) => (releaseRest ? 0n : left - (taken[place] ?? 0n)));
    if (total(hold.left) === 0n) hold.status = 'posted';
    return this.record('capture', id, reference, hold.id, legs);
  }

  private reverse({ id, reference, parentId, part }: Extract<ModelOrder, { kind: 'reversal' }>): ModelTransaction {
    const original = this.transactions[parentId] ?? refuse('transaction-not-found');
    if (original.kind !== 'posting' && original.kind !== 'capture') refuse('not-reversible');
    if (total(original.left) === 0n) refuse('already-reversed');
    const taken = this.take(original, part);
    const legs = this.partOf(original, taken, 'reversed').map((leg) => ({ ...leg, direction: other(leg.direction) }));
    for (const { account, direction } of legs) this.checkMoves(this.accounts.get(account) as ModelAccount, direction);
    this.checkReference(reference);
    this.checkRange(legs);
    this.checkLimits(this.after(legs));
    original.left = original.left.map((left, place) => left - (taken[place] ?? 0n));
    return this.record('reversal', id, reference, original.id, legs);
  }

  private record(
    kind: ModelTransaction['kind'],
    id: string,
    reference: string | null,
    parentId: string | null,
    legs: readonly ModelLeg[],
    expiresAt: number | null = null,
  ): ModelTransaction {
    for (const [key, balance] of this.after(legs)) this.balances[key] = balance;
    if (reference !== null) this.references.push(reference);
    this.sequence += 1;
    const left = legs.map((leg) => (leg.kind === 'released' || kind === 'reversal' ? 0n : leg.amount));
    const status = kind === 'hold' ? 'pending' : 'posted';
    return (this.transactions[id] = {
      id,
      sequence: this.sequence,
      kind,
      parentId,
      at: this.now,
      expiresAt,
      legs,
      left,
      status,
    });
  }

  /** The balances that the legs touch, as they leave them. */
  private after(legs: readonly ModelLeg[]): Map<string, ModelBalance> {
    const after = new Map<string, ModelBalance>();
    for (const { account, currency, direction, amount, kind } of legs) {
      const key = `${account} ${currency}`;
      const balance = after.get(key) ?? { ...this.balance(account, currency) };
      const pending = direction === 'debit' ? 'pendingDebits' : 'pendingCredits';
      if (kind === 'held') balance[pending] += amount;
      else if (kind === 'released') balance[pending] -= amount;
      else balance[direction === 'debit' ? 'debits' : 'credits'] += amount;
      balance.version += 1;
      after.set(key, balance);
    }
    return after;
  }

  private account(code: string): ModelAccount | undefined {
    return this.accounts.get(code) ?? this.newAccount(code);
  }

  private holdOf(id: string): ModelTransaction {
    const hold = this.transactions[id] ?? refuse('transaction-not-found');
    if (hold.kind !== 'hold') refuse('not-a-hold');
    if (hold.status !== 'pending') refuse('hold-not-pending');
    return hold;
  }

  private partOf(parent: ModelTransaction, amounts: readonly bigint[], kind: ModelLeg['kind']): ModelLeg[] {
    return parent.legs
      .map((leg, place) => ({ ...leg, kind, amount: amounts[place] ?? 0n }))
      .filter(({ amount }) => amount > 0n);
  }

  /** How much of each leg a part takes. */
  private take(parent: ModelTransaction, part: ModelPart): bigint[] {
    if (part.kind === 'whole') return [...parent.left];
    const taken = parent.legs.map(() => 0n);
    if (part.kind === 'amount') {
      const currencies = [
        ...new Set(parent.legs.filter((_, place) => parent.left[place]).map(({ currency }) => currency)),
      ];
      if (currencies.length !== 1) refuse('several-currencies');
      const amount = this.above0(part.amount, currencies[0] as string);
      for (const side of ['debit', 'credit'] as const) {
        const weights = parent.left.map((left, place) => (parent.legs[place]?.direction === side ? left : 0n));
        const whole = total(weights);
        if (amount > whole) refuse('exceeds-remaining');
        sharesOf(amount, weights).forEach((one, place) => (taken[place] = (taken[place] ?? 0n) + one));
      }
      return taken;
    }
    const wanted = part.entries.map(({ account, direction, currency, amount: text }) => {
      if (!(currency in this.scales)) refuse('unknown-currency');
      const amount = this.above0(text, currency);
      let open = amount;
      parent.legs.forEach((leg, place) => {
        if (leg.account !== this.nameOf(account) || leg.direction !== direction || leg.currency !== currency) return;
        const left = (parent.left[place] ?? 0n) - (taken[place] ?? 0n);
        const share = open < left ? open : left;
        taken[place] = (taken[place] ?? 0n) + share;
        open -= share;
      });
      if (open > 0n) refuse('exceeds-remaining');
      return { direction, currency, amount };
    });
    this.checkBalanced(wanted);
    return taken;
  }

  private above0(text: string, currency: string): bigint {
    const amount = this.minor(text, currency);
    return amount > 0n ? amount : refuse('amount-out-of-range');
  }

  private minor(text: string, currency: string): bigint {
    return minorOf(text, this.scales[currency] ?? 0, refuse);
  }

  private checkMoves(account: ModelAccount, direction: Side): void {
    if (account.open === false) refuse('account-closed');
    if (account.frozen === 'both' || account.frozen === direction) refuse('account-frozen');
  }

  private checkBalanced(legs: readonly Pick<ModelLeg, 'currency' | 'direction' | 'amount'>[]): void {
    for (const currency of new Set(legs.map((leg) => leg.currency)))
      if (
        total(
          legs
            .filter((leg) => leg.currency === currency)
            .map(({ direction, amount }) => (direction === 'debit' ? amount : -amount)),
        ) !== 0n
      )
        refuse('unbalanced');
  }

  private checkReference(reference: string | null): void {
    if (reference !== null && this.references.includes(reference)) refuse('reference-used');
  }

  private checkRange(legs: readonly ModelLeg[]): void {
    for (const { debits, credits, pendingDebits, pendingCredits } of this.after(legs).values())
      if ([debits, credits, pendingDebits, pendingCredits].some((sum) => sum > LARGEST)) refuse('amount-out-of-range');
  }

  /** A balance that is out of bounds already may still move back. */
  private checkLimits(after: ReadonlyMap<string, ModelBalance>): void {
    for (const [key, balance] of after) {
      const [code, currency] = splitKey(key);
      const account = this.account(code) as ModelAccount;
      const limits = account.limits?.find((one) => one.currency === currency);
      if (!limits) continue;
      const before = this.balance(code, currency);
      const floor = this.floor(limits);
      const available = this.available(account, balance);
      if (floor !== undefined && available < floor && available < this.available(account, before))
        refuse('insufficient-funds');
      const expected = this.expected(account, balance);
      if (limits.maximum !== undefined && expected > limits.maximum && expected > this.expected(account, before))
        refuse('balance-limit-exceeded');
    }
  }

  private expected({ grows }: ModelAccount, { debits, credits, pendingDebits, pendingCredits }: ModelBalance): bigint {
    return grows === 'debit' ? debits - credits + pendingDebits : credits - debits + pendingCredits;
  }

  private checkVelocity(legs: readonly ModelLeg[]): void {
    legs.forEach(({ account: code, currency, direction }, index) => {
      const limits = this.account(code)?.limits?.find((one) => one.currency === currency);
      for (const rule of limits?.velocity ?? []) {
        if (rule.direction !== direction) continue;
        const key = `${code} ${currency}`;
        const earlier = this.spent.filter(
          ({ at, ...use }) => use.key === key && use.direction === direction && at > this.now - rule.seconds * 1000,
        );
        const own = legs
          .slice(0, index + 1)
          .filter((leg) => `${leg.account} ${leg.currency}` === key && leg.direction === direction);
        const uses = [...earlier, ...own];
        if (rule.amount !== undefined && total(uses.map(({ amount }) => amount)) > rule.amount)
          refuse('velocity-limit-exceeded');
        if (rule.count !== undefined && uses.length > rule.count) refuse('velocity-limit-exceeded');
      }
    });
  }
}

/** Account and currency of a balance's key. */
function splitKey(key: string): [account: string, currency: string] {
  const space = key.lastIndexOf(' ');
  return [key.slice(0, space), key.slice(space + 1)];
}
