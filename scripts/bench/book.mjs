import { randomUUID } from 'node:crypto';

/** A tenant with one ledger and `accounts` asset accounts `a:0`, `a:1`, …, made by the superuser. */
export async function createBook(admin, accounts) {
  const tenant = randomUUID();
  const ledger = randomUUID();
  await admin.query('INSERT INTO tenants (id, name, slug, settings) VALUES ($1, $2, $2, $3)', [
    tenant,
    `bench-${tenant}`,
    {},
  ]);
  await admin.query('INSERT INTO ledgers (tenant_id, id, name) VALUES ($1, $2, $3)', [tenant, ledger, 'bench']);
  await admin.query('INSERT INTO ledger_heads (tenant_id, ledger_id) VALUES ($1, $2)', [tenant, ledger]);
  await admin.query(
    `INSERT INTO accounts (tenant_id, id, ledger_id, code, type, normal_balance)
     SELECT $1, gen_random_uuid(), $2, 'a:' || n, 'asset', 'debit' FROM generate_series(0, $3 - 1) AS n`,
    [tenant, ledger, accounts],
  );
  await admin.query(
    `INSERT INTO currencies (tenant_id, code, scale, name, custom) VALUES ($1, 'EUR', 2, 'Euro', false)`,
    [tenant],
  );
  await admin.query('ANALYZE accounts');
  return { tenant, ledger };
}

/** Which two accounts a posting moves between. */
export const traffic = {
  uniform: (accounts) => () =>
    pair(Math.floor(Math.random() * accounts), Math.floor(Math.random() * accounts), accounts),
  zipf: (accounts) => {
    const pick = zipf(accounts);
    return () => pair(pick(), pick(), accounts);
  },
  /** Every posting debits the same account, as the omnibus account of a bank does. */
  hot: (accounts) => () => pair(0, 1 + Math.floor(Math.random() * (accounts - 1)), accounts),
};

/** The n-th account is used in proportion to 1/n, as customers are. */
function zipf(accounts) {
  const sums = new Float64Array(accounts);
  let sum = 0;
  for (let n = 0; n < accounts; n += 1) sums[n] = sum += 1 / (n + 1);
  return () => {
    const wanted = Math.random() * sum;
    let [low, high] = [0, accounts - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sums[middle] < wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}

function pair(from, to, accounts) {
  return [`a:${from}`, `a:${from === to ? (to + 1) % accounts : to}`];
}
