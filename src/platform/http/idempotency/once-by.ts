import { type FastifyRequest } from 'fastify';
import { parseIdempotencyKey } from '../../../common/http/idempotency-key';
import { type OnceBy } from '../../context/request-context';

/** The request's Idempotency-Key, which is its route's; undefined where there is none that could be one. */
export function onceByOf({ method, routeOptions, headers }: FastifyRequest): OnceBy | undefined {
  const parsed = parseIdempotencyKey(headers['idempotency-key']);
  return parsed.ok ? { operation: `${method} ${routeOptions.url ?? ''}`, key: parsed.key } : undefined;
}
