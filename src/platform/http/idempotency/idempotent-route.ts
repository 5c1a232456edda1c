import { Injectable } from '@nestjs/common';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { NIL_UUID } from '../../../common/ids/uuid';
import { type ProblemDocument } from '../../../common/problems/problem';
import { PLATFORM_TENANT, TenantDatabase } from '../../database/tenant-database';
import { AuditTrail } from '../../security/audit-trail';
import { StoredProblem } from '../problem.filter';
import { recordChange } from '../record-change';
import { fingerprintOf, IdempotencyService } from './idempotency.service';

/** A route's work in one write transaction of the caller's tenant, at most once per Idempotency-Key. */
@Injectable()
export class IdempotentRoute {
  constructor(
    private readonly database: TenantDatabase,
    private readonly idempotency: IdempotencyService,
    private readonly trail: AuditTrail,
  ) {}

  /**
   * What `work` returns is stored, so it must hold no secret.
   * @throws StoredProblem when the first request was refused for good
   */
  async run(
    request: FastifyRequest,
    reply: FastifyReply,
    key: string,
    work: () => Promise<unknown>,
  ): Promise<{ readonly body: unknown; readonly replayed: boolean }> {
    const [path] = request.url.split('?');
    const outcome = await this.database.run(request.principal?.tenantId ?? PLATFORM_TENANT, 'write', () =>
      this.idempotency.run(
        {
          principalId: request.principal?.id ?? NIL_UUID,
          operation: `${request.method} ${request.routeOptions.url ?? ''}`,
          key,
          fingerprint: fingerprintOf({ path, query: request.query, body: request.body ?? null }),
        },
        async () => {
          const body = await work();
          await recordChange(this.trail, request, reply);
          return { status: reply.statusCode, headers: rememberedHeaders(reply), body };
        },
      ),
    );
    if (outcome.replayed) reply.header('idempotent-replayed', 'true');
    if (outcome.status >= 400)
      throw new StoredProblem(outcome.status, outcome.body as ProblemDocument, outcome.headers);
    reply.status(outcome.status).headers(outcome.headers);
    return { body: outcome.body ?? undefined, replayed: outcome.replayed };
  }
}

function rememberedHeaders(reply: FastifyReply): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const name of ['location', 'etag']) {
    const value = reply.getHeader(name);
    if (typeof value === 'string') headers[name] = value;
  }
  return headers;
}
