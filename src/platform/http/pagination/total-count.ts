import { ApiOkResponse } from '@nestjs/swagger';
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

/** Of the HEAD of a list, whose method stands before that of its GET: that one would answer HEAD, too. */
export const ApiTotalCount = () =>
  ApiOkResponse({
    description: 'The answer has no body.',
    headers: {
      'X-Total-Count': {
        description: `How many the whole list has: exact up to ${COUNT_MAX}, \`${COUNT_MAX}+\` beyond. Where too many rows had to be looked at before that, as many as were found, with a \`+\`.`,
        schema: { type: 'string', pattern: '^[0-9]+\\+?$', example: '4711' },
      },
    },
  });

/** With the headers that the GET has. @param count what was counted, or more than {@link COUNT_MAX} */
export function setTotalCount(reply: FastifyReply, count: string | number): void {
  const text = typeof count === 'number' && count > COUNT_MAX ? `${COUNT_MAX}+` : String(count);
  reply.header('x-total-count', text).type('application/json; charset=utf-8');
}
