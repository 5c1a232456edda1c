import { type BalanceAfter, readBalances, storeBalances } from './command';

describe('balances that are kept with a key', () => {
  it('come back as they were, whatever the account is called', () => {
    const balances = ['5n', '-7n', 'assets:bank'].map((account): BalanceAfter => ({
      ...{ accountId: 'id', account, normalBalance: 'debit', currency: 'EUR', scale: 2 },
      ...{ debits: 12n, credits: 10n ** 37n, pendingDebits: 0n, pendingCredits: 3n, version: 4n },
    }));
    expect(readBalances(JSON.parse(JSON.stringify(storeBalances(balances))))).toEqual(balances);
  });
});
