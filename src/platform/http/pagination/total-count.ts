import { type FastifyReply } from 'fastify';
import { currentTransaction } from '../../database/tenant-database';

/** Further than this nobody counts: the answer would come late and mean little. */
export const COUNT_MAX = 10_000;

/**
 * How many rows a query has: exact up to {@link COUNT_MAX}, then `10000+`.
 * @param rowsOf the query that returns at most so many rows, and its values
 */
export async function countUpTo(rowsOf: (limit: number) => [sql: string, values: unknown[]]): Promise<string> {
  const [sql, values] = rowsOf(COUNT_MAX + 1);
  const { rows } = await currentTransaction().client.query<{ n: number }>(
    `SELECT count(*)::int AS n FROM (SELECT FROM (${sql}) every LIMIT ${COUNT_MAX + 1}) counted`,
    values,
  );
  const count = rows[0]?.n ?? 0;
  return count > COUNT_MAX ? `${COUNT_MAX}+` : count.toString();
}

/** What HEAD of a list tells. */
export function setTotalCount(reply: FastifyReply, count: string): void {
  reply.header('x-total-count', count);
}
