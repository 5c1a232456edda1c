import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor, SetMetadata } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { from, lastValueFrom, type Observable } from 'rxjs';
import { parseIdempotencyKey } from '../../common/http/idempotency-key';
import { IDEMPOTENCY_KEY_INVALID, IDEMPOTENCY_KEY_REQUIRED } from '../../common/problems/http.problems';
import { Problem } from '../../common/problems/problem';
import { type Mode, PLATFORM_TENANT, TenantDatabase } from '../database/tenant-database';
import { IDEMPOTENCY, type IdempotencyPolicy } from './idempotency/idempotency.decorators';
import { AuditTrail } from '../security/audit-trail';
import { IdempotentRoute } from './idempotency/idempotent-route';
import { recordChange } from './record-change';

const TRANSACTION = 'daybook:transaction';

/** The route opens its own transactions, or needs none: streams, postings, health. */
export const WithoutTransaction = () => SetMetadata(TRANSACTION, 'none');
/** A POST that changes nothing, or a GET that must write. */
export const InTransaction = (mode: Mode) => SetMetadata(TRANSACTION, mode);

/** Whether the interceptor has anything to do there. */
export const runsInTransaction = (handler: object, controller: object): boolean =>
  (Reflect.getMetadata(TRANSACTION, handler) ?? Reflect.getMetadata(TRANSACTION, controller)) !== 'none';

interface Policy {
  readonly mode: Mode | 'none';
  readonly idempotency: IdempotencyPolicy;
}

/**
 * One request, one transaction: everything that a handler does through repositories is committed before the answer is
 * sent, or not at all. GET and HEAD run read-only. A POST runs at most once per `Idempotency-Key`.
 */
@Injectable()
export class UnitOfWorkInterceptor implements NestInterceptor {
  private readonly policies = new WeakMap<object, Policy>();

  constructor(
    private readonly reflector: Reflector,
    private readonly database: TenantDatabase,
    private readonly idempotent: IdempotentRoute,
    private readonly trail: AuditTrail,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const policy = this.policyOf(context, request.method);
    if (policy.mode === 'none') return next.handle();
    const handle = () => lastValueFrom(next.handle(), { defaultValue: undefined }) as Promise<unknown>;
    const key = policy.idempotency === 'none' ? undefined : idempotencyKeyOf(request, policy.idempotency);
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    if (key === undefined) {
      const work = async () => {
        const body = await handle();
        if (policy.mode === 'write') await recordChange(this.trail, request, reply);
        return body;
      };
      return from(this.database.run(request.principal?.tenantId ?? PLATFORM_TENANT, policy.mode, work));
    }
    return from(this.idempotent.run(request, reply, key, handle).then(({ body }) => body));
  }

  private policyOf(context: ExecutionContext, method: string): Policy {
    const handler = context.getHandler();
    let policy = this.policies.get(handler);
    if (!policy) {
      const targets = [handler, context.getClass()];
      const reading = method === 'GET' || method === 'HEAD';
      const mode =
        this.reflector.getAllAndOverride<Mode | 'none' | undefined>(TRANSACTION, targets) ??
        (reading ? 'read' : 'write');
      const idempotency =
        this.reflector.getAllAndOverride<IdempotencyPolicy | undefined>(IDEMPOTENCY, targets) ??
        (method === 'POST' && mode === 'write' ? 'required' : 'none');
      policy = { mode, idempotency };
      this.policies.set(handler, policy);
    }
    return policy;
  }
}

/** @throws Problem `idempotency-key-required`, `idempotency-key-invalid` */
export function idempotencyKeyOf(request: FastifyRequest, policy: 'required'): string;
export function idempotencyKeyOf(request: FastifyRequest, policy: 'required' | 'optional'): string | undefined;
export function idempotencyKeyOf(request: FastifyRequest, policy: 'required' | 'optional'): string | undefined {
  const parsed = parseIdempotencyKey(request.headers['idempotency-key']);
  if (parsed.ok) return parsed.key;
  if (parsed.reason === 'malformed')
    throw new Problem(
      IDEMPOTENCY_KEY_INVALID,
      'Idempotency-Key must be 1 to 255 printable ASCII characters, sent once.',
    );
  if (policy === 'optional') return undefined;
  throw new Problem(
    IDEMPOTENCY_KEY_REQUIRED,
    'Send an Idempotency-Key header: a new value per intention, the same one when you retry.',
  );
}
