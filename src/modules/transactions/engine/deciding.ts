import { Problem, problemDocument } from '../../../common/problems/problem';
import { keyReused } from '../../../platform/http/idempotency/idempotency.service';
import { balanceKey } from '../core/balance';
import { type Book } from '../core/book';
import { decide } from '../core/decide';
import { type RecordedTransaction } from '../core/recorded';
import { assertWithin } from '../core/within';
import { TENANT_NOT_ACTIVE } from './engine.errors';
import { LEDGER_CLOSED, LEDGER_NOT_FOUND } from '../ledgers/ledgers.errors';
import { type BatchState } from './batch-reader';
import { type KeyRecord } from './batch-writer';
import { type BalanceAfter, type Command, type Outcome, readBalances, storeBalances, type Unit } from './command';

/** Refusals that a retry gets again (API-08): those about the order, not about where it was sent. */
const isRemembered = (problem: Problem): boolean => problem.status === 422;

/** An atomic unit in which a command was refused; takes back what the others did. */
class UnitRefused extends Error {}

interface Decided {
  readonly fingerprint: Buffer;
  readonly outcome: Outcome;
}

/** Decides the units of a batch in their order: which are recorded, refused, or answered from earlier requests. */
export class Deciding {
  readonly keys: KeyRecord[] = [];
  private readonly decided = new Map<string, Decided>();

  constructor(
    private readonly state: BatchState,
    /** Transactions that keys of the batch name, by id. */
    private readonly earlier: ReadonlyMap<string, RecordedTransaction>,
    private readonly publicUrl: string,
  ) {}

  decide(unit: Unit): Outcome[] {
    const { book } = this.state;
    if (unit.dryRun && book) return book.attempt(() => this.preview(unit), false);
    if (!unit.atomic || !book) return unit.commands.map((command) => this.one(command));
    const kept = { keys: this.keys.length, decided: [...this.decided.keys()].length };
    const outcomes: Outcome[] = [];
    try {
      return book.attempt(() => {
        for (const command of unit.commands) outcomes.push(this.one(command));
        if (outcomes.some(({ kind }) => kind === 'refused' || kind === 'stored')) throw new UnitRefused();
        return outcomes;
      });
    } catch (error) {
      if (!(error instanceof UnitRefused)) throw error;
      // nothing was recorded, so no key of it is remembered: a retry is decided anew
      this.keys.length = kept.keys;
      for (const scope of [...this.decided.keys()].slice(kept.decided)) this.decided.delete(scope);
      // what the unit recorded is gone, for the repeats of its own keys too; what was there before it is told again
      return outcomes.map((outcome) =>
        outcome.kind === 'recorded' && outcome.transaction.sequence > book.sequence ? { kind: 'aborted' } : outcome,
      );
    }
  }

  private preview(unit: Unit): Outcome[] {
    const outcomes = unit.commands.map((command) => this.decideOrder(command));
    const refused = unit.atomic && outcomes.some(({ kind }) => kind === 'refused');
    return refused
      ? outcomes.map((outcome) => (outcome.kind === 'recorded' ? { kind: 'aborted' } : outcome))
      : outcomes;
  }

  private one(command: Command): Outcome {
    const { key } = command;
    if (key === null) return this.decideOrder(command);
    const id = this.state.keyIds.get(key);
    if (id === undefined) throw new Error('a key was not looked up');
    const known = this.state.keys.get(id);
    const replaces = known?.transactionId === null && key.forgetsRefusals === true;
    if (known && !replaces) {
      if (!known.fingerprint.equals(key.fingerprint)) return refused(keyReused());
      const transaction = known.transactionId === null ? undefined : this.earlier.get(known.transactionId);
      if (!transaction) return { kind: 'stored', status: known.status, body: known.body };
      const balances = known.body === null ? undefined : readBalances(known.body);
      return { kind: 'recorded', transaction, balances, replayed: true };
    }
    const twin = this.decided.get(id);
    if (twin) {
      if (!twin.fingerprint.equals(key.fingerprint)) return refused(keyReused());
      const { outcome } = twin;
      return outcome.kind === 'recorded' || outcome.kind === 'refused' ? { ...outcome, replayed: true } : outcome;
    }
    const outcome = this.decideOrder(command);
    if (outcome.kind === 'recorded') {
      const body = outcome.balances ? storeBalances(outcome.balances) : null;
      this.keys.push({ id, key, status: 201, body, transactionId: outcome.transaction.id, replaces });
    } else if (outcome.kind === 'refused' && isRemembered(outcome.problem) && !key.forgetsRefusals) {
      const body = problemDocument(outcome.problem, this.publicUrl);
      this.keys.push({ id, key, status: outcome.problem.status, body, transactionId: null, replaces });
      // what is not remembered binds no key, in this batch as little as in the next
    } else return outcome;
    this.decided.set(id, { fingerprint: key.fingerprint, outcome });
    return outcome;
  }

  private decideOrder({ order, balances, within }: Command): Outcome {
    const { book, tenantActive, ledgerOpen } = this.state;
    if (!book) return refused(new Problem(LEDGER_NOT_FOUND, 'This tenant has no ledger with this id.'));
    if (!tenantActive)
      return refused(new Problem(TENANT_NOT_ACTIVE, 'The tenant is suspended: nothing can be posted.'));
    if (!ledgerOpen) return refused(new Problem(LEDGER_CLOSED, 'The ledger is closed.'));
    if (order instanceof Problem) return refused(order);
    try {
      if (within) assertWithin(book, order, within);
      const transaction = decide(book, order);
      return {
        kind: 'recorded',
        transaction,
        balances: balances ? balancesAfter(book, transaction) : undefined,
        replayed: false,
      };
    } catch (error) {
      if (error instanceof Problem) return refused(error);
      throw error;
    }
  }
}

const refused = (problem: Problem): Outcome => ({ kind: 'refused', problem, replayed: false });

/** Of each account and currency that the transaction moved, in the order of its entries. */
function balancesAfter(book: Book, transaction: RecordedTransaction): BalanceAfter[] {
  const balances = new Map<string, BalanceAfter>();
  for (const { accountId, account, currency, scale } of transaction.entries) {
    const key = balanceKey(accountId, currency);
    const normalBalance = book.accounts.get(accountId)?.normalBalance;
    if (balances.has(key) || !normalBalance) continue;
    const { debits, credits, pendingDebits, pendingCredits, version } = book.sumsOf(key);
    const sums = { debits, credits, pendingDebits, pendingCredits, version };
    balances.set(key, { accountId, account, normalBalance, currency, scale, ...sums });
  }
  return [...balances.values()];
}
