import { hash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { canonicalJson } from '../../../common/crypto/canonical-json';
import { IDEMPOTENCY_KEY_IN_USE, IDEMPOTENCY_KEY_REUSED } from '../../../common/problems/http.problems';
import { Problem, type ProblemDocument, problemDocument } from '../../../common/problems/problem';
import { Config } from '../../../config/config';
import { requestContext } from '../../context/request-context';
import { currentTransaction } from '../../database/tenant-database';
import { idempotencyId, type IdempotencyScope } from './idempotency-id';
import { IdempotencyKey } from './idempotency-key.entity';

export interface IdempotentRequest extends IdempotencyScope {
  readonly fingerprint: Buffer;
}

export interface StoredAnswer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: unknown;
}

export type IdempotentOutcome = StoredAnswer & { readonly replayed: boolean };

/** Refusals that belong to the request itself; a retry gets the same one (API-08). Others are worth trying again. */
const REMEMBERED_REFUSALS = new Set([404, 410, 422]);

export const fingerprintOf = (request: unknown): Buffer => hash('sha256', canonicalJson(request), 'buffer');

/** Executes a request at most once per key: the key's row and the effect are in one transaction. */
@Injectable()
export class IdempotencyService {
  constructor(
    @InjectRepository(IdempotencyKey) private readonly keys: Repository<IdempotencyKey>,
    private readonly config: Config,
  ) {}

  /**
   * Runs inside a write transaction of `TenantDatabase`. A refusal that is to be remembered comes back as an answer
   * (its effects are rolled back to a savepoint); other errors are thrown.
   *
   * @throws Problem `idempotency-key-in-use`, `idempotency-key-reused`
   */
  async run(request: IdempotentRequest, work: () => Promise<StoredAnswer>): Promise<IdempotentOutcome> {
    const { client, manager, tenantId, now } = currentTransaction();
    const { principalId, operation, key, fingerprint } = request;
    const id = idempotencyId(request);
    const locked = await client.query<{ mine: boolean }>(
      'SELECT pg_try_advisory_xact_lock(hashtextextended($1, 4711)) AS mine',
      [`${tenantId}|${principalId}|${operation}|${key}`],
    );
    if (locked.rows[0]?.mine !== true)
      throw new Problem(IDEMPOTENCY_KEY_IN_USE, 'The first request with this Idempotency-Key is still running.', {
        headers: { 'retry-after': '1' },
      });
    const found = await this.keys.findOneBy({ id });
    if (found && (found.expiresAt === null || found.expiresAt > now)) {
      if (!found.fingerprint.equals(fingerprint)) throw keyReused();
      return { status: found.status, headers: found.headers ?? {}, body: found.body, replayed: true };
    }
    if (found) await this.keys.delete({ id });

    await client.query('SAVEPOINT effect');
    let answer: StoredAnswer;
    try {
      answer = await work();
    } catch (error) {
      if (!(error instanceof Problem) || !REMEMBERED_REFUSALS.has(error.status)) throw error;
      await client.query('ROLLBACK TO SAVEPOINT effect');
      const document = problemDocument(error, this.config.http.publicUrl, requestContext.current()?.traceId);
      answer = {
        status: error.status,
        headers: { ...error.options.headers },
        body: document satisfies ProblemDocument,
      };
    }
    const expiresAt = new Date(now.getTime() + this.config.idempotency.retentionDays * 86_400_000);
    await manager.insert(IdempotencyKey, {
      id,
      principalId,
      operation,
      key,
      fingerprint,
      status: answer.status,
      headers: answer.headers,
      body: (answer.body ?? null) as never,
      expiresAt,
    });
    return { ...answer, replayed: false };
  }
}

export function keyReused(): Problem {
  return new Problem(
    IDEMPOTENCY_KEY_REUSED,
    'This Idempotency-Key belongs to an earlier request with another content. Use a new key for a new intention.',
  );
}
