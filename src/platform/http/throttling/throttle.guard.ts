import { applyDecorators, type ExecutionContext, Inject, Injectable, SetMetadata } from '@nestjs/common';
import { ApiExtension } from '@nestjs/swagger';
import { ThrottlerGuard, type ThrottlerRequest } from '@nestjs/throttler';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { RATE_LIMITED } from '../../../common/problems/http.problems';
import { Problem } from '../../../common/problems/problem';
import { Config } from '../../../config/config';
import { type Principal } from '../../security/principal';
import { Metrics } from '../../telemetry/metrics';
import { PerRoute } from '../per-route';

export const THROTTLE_CLASS = 'daybook:throttle';

/** `sign-in`: the few attempts of a window, per address and per e-mail. `none`: health and metrics. */
export type ThrottleClass = 'sign-in' | 'none';

/** Puts a route under another limit than the default one. */
export const ThrottleAs = (name: ThrottleClass) =>
  applyDecorators(SetMetadata(THROTTLE_CLASS, name), ApiExtension('x-throttle', name));

/** Of the credential, or of the address where there is none; and of all credentials of a tenant together. */
export const CREDENTIAL_QUOTA = 'default';
export const TENANT_QUOTA = 'tenant';

/** Who is counted: the session or the key, else the address. */
export function callerOf(request: FastifyRequest): string {
  return request.principal ? `credential:${request.principal.credentialId}` : `address:${request.ip}`;
}

type Quota = Omit<ThrottlerRequest, 'context'>;

/** What a route counts. */
interface Quotas {
  readonly finding: Promise<readonly Quota[]>;
  found: readonly Quota[] | undefined;
}

/** Limits requests and says so in the `RateLimit` fields (API-09, draft-ietf-httpapi-ratelimit-headers). */
@Injectable()
export class ThrottleGuard extends ThrottlerGuard {
  @Inject(Metrics)
  private readonly metrics: Metrics;
  @Inject(Config)
  private readonly config: Config;
  private readonly quotas = new PerRoute((context) => this.quotasOf(context));

  override async canActivate(context: ExecutionContext): Promise<boolean> {
    const quotas = this.quotas.of(context);
    // all are counted at once; the first that is used up is what is answered
    const counted = await Promise.allSettled(
      (quotas.found ?? (await quotas.finding)).map((quota) => this.handleRequest({ ...quota, context })),
    );
    for (const one of counted) if (one.status === 'rejected') throw one.reason;
    return true;
  }

  /** The library reads its twenty decorators anew at each request, and none of ours says anything about a request. */
  private quotasOf(context: ExecutionContext): Quotas {
    const found: Quota[] = [];
    const handleRequest = ({ limit, ttl, throttler, blockDuration, getTracker, generateKey }: ThrottlerRequest) =>
      Promise.resolve(found.push({ limit, ttl, throttler, blockDuration, getTracker, generateKey }) > 0);
    const asked = Object.create(this, { handleRequest: { value: handleRequest } }) as ThrottleGuard;
    const quotas: Quotas = {
      finding: super.canActivate.call(asked, context).then(() => (quotas.found = found)),
      found: undefined,
    };
    return quotas;
  }

  protected override async handleRequest(props: ThrottlerRequest): Promise<boolean> {
    const { context, ttl, throttler, blockDuration, generateKey, getTracker } = props;
    const http = context.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const name = throttler.name ?? 'default';
    if (name === TENANT_QUOTA && request.principal?.tenantId === undefined) return true;
    const limit = (name === CREDENTIAL_QUOTA ? this.quotaOf(request.principal) : undefined) ?? props.limit;
    const tracker = getTracker(request, context);
    const key = generateKey(context, typeof tracker === 'string' ? tracker : await tracker, name);
    const { totalHits, timeToExpire, isBlocked } = await this.storageService.increment(
      key,
      ttl,
      limit,
      blockDuration,
      name,
    );
    const reply = http.getResponse<FastifyReply>();
    append(reply, 'ratelimit-policy', `"${name}";q=${limit};w=${Math.ceil(ttl / 1000)}`);
    append(reply, 'ratelimit', `"${name}";r=${Math.max(0, limit - totalHits)};t=${timeToExpire}`);
    if (!isBlocked) return true;
    this.metrics.throttled.inc({ policy: name });
    throw new Problem(RATE_LIMITED, `The quota of ${limit} requests in ${Math.ceil(ttl / 1000)} seconds is used up.`, {
      headers: { 'retry-after': String(timeToExpire) },
      extensions: { 'violated-policies': [name] },
    });
  }

  /** What a credential has of its own, or else its kind. */
  private quotaOf(principal: Principal | undefined): number | undefined {
    return principal?.quota ?? (principal?.kind === 'api-key' ? this.config.throttle.keyLimit : undefined);
  }

  protected override generateKey(_: ExecutionContext, tracker: string, name: string): string {
    return `${name}:${tracker}`;
  }
}

/** A request that several policies count says so of each: both fields are lists. */
function append(reply: FastifyReply, field: string, item: string): void {
  const items = reply.getHeader(field);
  reply.header(field, typeof items === 'string' ? `${items}, ${item}` : item);
}
