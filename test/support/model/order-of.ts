import { type ModelLedger } from './ledger';
import { ACCOUNTS, type CommandSpec, type ModelCurrency, NEW_CODES, type PartSpec, SCALES } from './streams';
import { type ModelEntry, type ModelOrder, type Side } from './types';

function formatMinor(minor: bigint, currency: string): string {
  const scale = SCALES[currency as ModelCurrency];
  const digits = String(minor < 0n ? -minor : minor).padStart(scale + 1, '0');
  const point = digits.length - scale;
  return (minor < 0n ? '-' : '') + digits.slice(0, point) + (scale ? `.${digits.slice(point)}` : '');
}

const NAMES = [...ACCOUNTS.map(({ code }) => code), ...NEW_CODES];

/**
 * The order that a command stands for in this state of the ledger.
 * @param parents transactions that the command can know of
 */
export function orderOf(
  spec: CommandSpec,
  id: string,
  model: ModelLedger,
  parents: readonly string[],
  nameOf: (code: string) => string = (code) => code,
): ModelOrder {
  const reference = spec.reference === null ? null : `ref-${spec.reference}`;
  if (spec.kind === 'posting') {
    const { pending, expiresIn } = spec;
    const expiresAt = expiresIn === null ? null : new Date(model.now + expiresIn);
    const entries = conditioned(spec, entriesOf(spec), model).map((one) => ({ ...one, account: nameOf(one.account) }));
    return { kind: 'posting', id, reference, pending, expiresAt, entries };
  }
  const parentId = pickParent(spec, model, parents);
  if (spec.kind === 'void') return { kind: 'void', id, reference, parentId };
  const part = partOf(spec.part, parentId, model, nameOf);
  if (spec.kind === 'reversal') return { kind: 'reversal', id, reference, parentId, part };
  return { kind: 'capture', id, reference, parentId, part, releaseRest: spec.releaseRest };
}

/** Mostly one that it can be done to; otherwise any, or none. The newest first: what was just made is worked with. */
function pickParent(
  { kind, pick }: CommandSpec & { pick: number },
  model: ModelLedger,
  parents: readonly string[],
): string {
  const able = parents.filter((id) => {
    const { kind: what, status, left } = model.transactions[id] ?? { left: [] };
    if (kind === 'reversal') return (what === 'posting' || what === 'capture') && left.some((one) => one > 0n);
    return what === 'hold' && status === 'pending';
  });
  const from = pick % 4 > 0 && able.length > 0 ? able : [NOBODYS, ...parents];
  return from[from.length - 1 - (Math.floor(pick / 4) % from.length)] ?? NOBODYS;
}

/** An id that no transaction has. */
const NOBODYS = '01900000-0000-7000-8000-00000000dead';

function entriesOf({ pairs, flaw }: Extract<CommandSpec, { kind: 'posting' }>): ModelEntry[] {
  const entries = pairs.flatMap(({ debit, credit, amount, currency, split }): ModelEntry[] => {
    const one = (place: number, direction: Side, minor: number) => ({
      account: NAMES[place] as string,
      direction,
      amount: formatMinor(BigInt(minor), currency),
      currency,
    });
    if (!split || amount < 3) return [one(debit, 'debit', amount), one(credit, 'credit', amount)];
    // the third on an account of its own or of the others, as it comes
    const third = Math.floor(amount / 3);
    const spread = one((credit + amount) % ACCOUNTS.length, 'credit', third);
    return [one(debit, 'debit', amount), one(credit, 'credit', amount - third), spread];
  });
  const [first, ...rest] = entries as [ModelEntry, ...ModelEntry[]];
  switch (flaw) {
    case 'unbalanced':
      return [{ ...first, amount: '77' }, ...rest];
    case 'precision':
      return [{ ...first, amount: '1.0001' }, ...rest];
    case 'zero':
      return [...rest, { ...first, amount: '0' }];
    case 'huge':
      return ['debit', 'debit', 'credit', 'credit'].map((direction, index) => {
        const account = NAMES[index] as string;
        return { account, direction: direction as Side, amount: `9${'0'.repeat(37)}`, currency: 'PTS' };
      });
    case 'currency':
      return [first, ...rest.map((entry) => ({ ...entry, currency: 'ZZZ' }))];
    default:
      return entries;
  }
}

function conditioned(
  { condition }: Extract<CommandSpec, { kind: 'posting' }>,
  entries: ModelEntry[],
  model: ModelLedger,
): ModelEntry[] {
  if (!condition) return entries;
  const at = condition.entry % entries.length;
  const entry = entries[at] as ModelEntry;
  const account = model.accounts.get(entry.account) ?? { code: entry.account, grows: 'debit' as const };
  const balance = model.balance(entry.account, entry.currency);
  if (!(entry.currency in SCALES)) return entries;
  const own = entries.filter((one) => one.account === entry.account && one.currency === entry.currency);
  const moved = own.reduce((sum, one) => sum + (one.direction === account.grows ? 1n : -1n) * minorOf(one), 0n);
  const limit = formatMinor(model.available(account, balance) + moved + BigInt(condition.off), entry.currency);
  const conditions = {
    version: { ifVersion: Math.max(0, balance.version + condition.off) },
    least: { ifAvailableAtLeast: limit },
    most: { ifAvailableAtMost: limit },
  };
  return entries.map((one, index) => (index === at ? { ...one, ...conditions[condition.kind] } : one));
}

function minorOf({ amount, currency }: ModelEntry): bigint {
  const [whole = '', fraction = ''] = amount.split('.');
  return BigInt(
    whole + fraction.slice(0, SCALES[currency as ModelCurrency]).padEnd(SCALES[currency as ModelCurrency], '0'),
  );
}

function partOf(
  { kind, eighths, flaw }: PartSpec,
  parentId: string,
  model: ModelLedger,
  nameOf: (code: string) => string,
) {
  if (kind === 'whole') return { kind };
  const { legs = [], left = [] } = model.transactions[parentId] ?? {};
  const wanted = (currency: string, side: Side) => {
    const rest = legs.reduce(
      (sum, leg, place) => (leg.currency === currency && leg.direction === side ? sum + (left[place] ?? 0n) : sum),
      0n,
    );
    const share = (rest * BigInt(eighths)) / 8n;
    return eighths > 8 ? rest + 1n : share > 0n ? share : 1n;
  };
  const currencies = [...new Set(legs.filter((_, place) => left[place]).map(({ currency }) => currency))];
  if (kind === 'amount') {
    const currency = currencies[0] ?? 'EUR';
    return { kind, amount: flaw ? '0.00001' : formatMinor(wanted(currency, 'debit'), currency) };
  }
  const entries: ModelEntry[] = currencies.flatMap((currency) =>
    (['debit', 'credit'] as const).flatMap((side) => {
      let open = wanted(currency, side);
      return legs.flatMap((leg, place) => {
        if (leg.currency !== currency || leg.direction !== side || open === 0n) return [];
        const last = !legs.some(
          (one, at) => at > place && one.currency === currency && one.direction === side && left[at],
        );
        const share = last || open < (left[place] ?? 0n) ? open : (left[place] ?? 0n);
        open -= share;
        if (share === 0n) return [];
        return [{ account: nameOf(leg.account), direction: side, amount: formatMinor(share, currency), currency }];
      });
    }),
  );
  const two = entries.length > 1 ? entries : [DUMMY, DUMMY];
  return { kind, entries: flaw ? two.slice(1) : two };
}

const DUMMY: ModelEntry = { account: 'assets:cash', direction: 'debit', amount: '1', currency: 'EUR' };
