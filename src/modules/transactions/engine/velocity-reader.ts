import { type PoolClient } from 'pg';
import { Problem } from '../../../common/problems/problem';
import { type Book } from '../core/book';
import { limitsOf, velocityKey } from '../core/limit-check';
import { textArray } from './array-literal';
import { type Unit } from './command';

interface Wanted {
  readonly key: string;
  readonly accountId: string;
  readonly currency: string;
  readonly direction: string;
  readonly since: Date;
}

/** The window of an account is the end of its entries: versions and times rise together, so its start is searched. */
const READ = {
  name: 'engine-read-velocity',
  text: `
SELECT w.key, COALESCE(sum(e.amount), 0)::text AS amount, count(e.amount)::int AS count
  FROM unnest($2::text[], $3::uuid[], $4::text[], $5::text[], $6::timestamptz[]) AS w (key, account_id, currency, direction, since)
  LEFT JOIN entries e ON e.tenant_id = $1 AND e.account_id = w.account_id AND e.currency = w.currency
       AND e.version > entry_version_at(w.account_id, w.currency, w.since) AND e.direction = w.direction AND e.kind IN ('posted', 'held')
 GROUP BY w.key`,
};

/** Reads what has been used of the velocity limits that the batch's postings come under; most batches have none. */
export async function readVelocity(
  client: PoolClient,
  tenantId: string,
  book: Book,
  units: readonly Unit[],
): Promise<void> {
  const wanted = new Map<string, Wanted>();
  for (const { commands } of units)
    for (const { order } of commands) {
      if (order instanceof Problem || order.kind !== 'posting') continue;
      for (const entry of order.entries) {
        const account = book.knownAccount(entry.account);
        if (!account || account.limits.length === 0) continue;
        for (const [place, rule] of (limitsOf(account, entry.currency)?.velocity ?? []).entries()) {
          const key = velocityKey(account.id, entry.currency, place);
          const since = new Date(book.now.getTime() - rule.windowSeconds * 1000);
          wanted.set(key, { key, accountId: account.id, currency: entry.currency, direction: rule.direction, since });
        }
      }
    }
  if (wanted.size === 0) return;
  const list = [...wanted.values()];
  const { rows } = await client.query<{ key: string; amount: string; count: number }>({
    ...READ,
    values: [
      tenantId,
      textArray(list.map(({ key }) => key)),
      textArray(list.map(({ accountId }) => accountId)),
      textArray(list.map(({ currency }) => currency)),
      textArray(list.map(({ direction }) => direction)),
      textArray(list.map(({ since }) => since.toISOString())),
    ],
  });
  for (const { key, amount, count } of rows) book.velocity.set(key, { amount: BigInt(amount), count });
}
