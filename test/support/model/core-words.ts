import { type AccountState } from '../../../src/modules/transactions/core/account-state';
import { type Outcome } from '../../../src/modules/transactions/engine/command';
import { type Result } from './session';
import { type ModelAccount } from './types';

/* The model's words in those of the core, and back. */

/** In tests without a database. */
export const idOf = (code: string): string => `id of ${code}`;
export const codeOf = (idOrCode: string): string => idOrCode.replace(/^id of /, '');

export function stateOf(account: ModelAccount, id = idOf(account.code)): AccountState {
  const { code, grows, open = true, frozen = null, currencies = null, limits = [] } = account;
  const moment = (time: number | undefined) => (time === undefined ? null : new Date(time));
  return {
    ...{ id, code, open, frozen, currencies },
    normalBalance: grows,
    limits: limits.map(({ currency, minimum = null, maximum = null, creditLine: line, velocity = [] }) => ({
      ...{ currency, minimum, maximum },
      creditLine: line ? { amount: line.amount, from: moment(line.from), until: moment(line.until) } : null,
      velocity: velocity.map(({ direction, seconds, amount = null, count = null }) => ({
        ...{ direction, amount, count },
        windowSeconds: seconds,
      })),
    })),
  };
}

export function resultOf(outcome: Outcome): Result {
  switch (outcome.kind) {
    case 'recorded':
      return { kind: 'recorded', id: outcome.transaction.id, replayed: outcome.replayed };
    case 'refused':
      return { kind: 'refused', code: outcome.problem.type.code, replayed: outcome.replayed };
    case 'stored':
      return { kind: 'refused', code: (outcome.body as { code: string }).code, replayed: true };
    case 'aborted':
      return { kind: 'aborted' };
  }
}
