import { Injectable } from '@nestjs/common';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { IdempotentRoute } from '../../platform/http/idempotency/idempotent-route';
import { idempotencyKeyOf } from '../../platform/http/unit-of-work.interceptor';
import { PasswordHasher } from '../../platform/security/password-hasher';
import { randomPassword } from './password-policy';

/**
 * For routes that may make a person. Daybook sends no e-mail, so whoever adds somebody gets a random first password to
 * hand over; nobody can choose another's (AUTH-02). It is hashed before the transaction, and given in the first answer
 * only: what is remembered for replays has none.
 */
@Injectable()
export class InitialPassword {
  constructor(
    private readonly hasher: PasswordHasher,
    private readonly route: IdempotentRoute,
  ) {}

  async forRoute<T extends object>(
    request: FastifyRequest,
    reply: FastifyReply,
    work: (passwordHash: string) => Promise<{ readonly body: T; readonly created: boolean }>,
  ): Promise<T & { readonly initialPassword: string | null }> {
    const key = idempotencyKeyOf(request, 'required');
    const password = randomPassword();
    const hash = await this.hasher.hash(password);
    const given: { password: string | null } = { password: null };
    const { body } = await this.route.run(request, reply, key, async () => {
      const { body, created } = await work(hash);
      if (created) given.password = password;
      return body;
    });
    return { ...(body as T), initialPassword: given.password };
  }
}
