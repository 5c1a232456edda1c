import { type ModelLedger, Refused } from './ledger';
import { orderOf } from './order-of';
import { type CommandSpec, type UnitSpec } from './streams';
import { type ModelOrder } from './types';

/** What became of a command, as the model, the engine and a client see it. */
export type Result =
  | { readonly kind: 'recorded'; readonly id: string; readonly replayed: boolean }
  | { readonly kind: 'refused'; readonly code: string; readonly replayed: boolean }
  /** Another command of its atomic unit was refused. */
  | { readonly kind: 'aborted' };

export interface Prepared {
  readonly atomic: boolean;
  readonly dryRun: boolean;
  readonly commands: readonly {
    readonly order: ModelOrder;
    readonly key: string;
    /** Equal for equal requests. */
    readonly fingerprint: string;
  }[];
}

/** Refusals that a retry does not get again: the transaction may be there by then. */
const FORGOTTEN = ['transaction-not-found'];

/** Commands with keys, in units, on a model: what the engine makes of orders around the core. */
export class ModelSession {
  private keys = new Map<string, { readonly fingerprint: string; readonly result: Result }>();
  private readonly asked = new Map<number, CommandSpec>();
  private commands = 0;

  constructor(
    private readonly model: ModelLedger,
    private readonly newId: () => string,
    private readonly nameOf: (code: string) => string = (code) => code,
  ) {}

  /** The commands of a unit as a client would send them in this state. */
  prepare(unit: UnitSpec, parents: readonly string[]): Prepared {
    const commands = unit.commands.map(({ command, key }) => {
      const before = key?.repeat ? this.asked.get(key.number) : undefined;
      const spec = before ?? command;
      if (key && !unit.dryRun) this.asked.set(key.number, spec);
      const order = orderOf(spec, this.newId(), this.model, parents, this.nameOf);
      const name = key ? `key-${key.number}` : `own-${(this.commands += 1)}`;
      return { order, key: name, fingerprint: JSON.stringify(spec) };
    });
    return { ...unit, commands };
  }

  /** Carries out the unit on the model. */
  carryOut({ atomic, dryRun, commands }: Prepared): Result[] {
    const before = this.model.snapshot();
    const keys = new Map(this.keys);
    const results = commands.map((command) => (dryRun ? this.decide(command.order) : this.once(command)));
    const failed = atomic && results.some(({ kind }) => kind === 'refused');
    if (!failed && !dryRun) return results;
    this.model.restore(before);
    if (dryRun && !failed) return results;
    this.keys = keys;
    // what earlier units recorded stays, and is told again
    return results.map((result) =>
      result.kind === 'recorded' && !(result.id in this.model.transactions) ? { kind: 'aborted' } : result,
    );
  }

  private once({ order, key, fingerprint }: Prepared['commands'][number]): Result {
    const known = this.keys.get(key);
    if (known && known.fingerprint !== fingerprint)
      return { kind: 'refused', code: 'idempotency-key-reused', replayed: false };
    if (known) return known.result.kind === 'aborted' ? known.result : { ...known.result, replayed: true };
    const result = this.decide(order);
    if (result.kind !== 'refused' || !FORGOTTEN.includes(result.code)) this.keys.set(key, { fingerprint, result });
    return result;
  }

  private decide(order: ModelOrder): Result {
    try {
      return { kind: 'recorded', id: this.model.carryOut(order).id, replayed: false };
    } catch (error) {
      if (error instanceof Refused) return { kind: 'refused', code: error.message, replayed: false };
      throw error;
    }
  }
}
