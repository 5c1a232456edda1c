import { Injectable, type OnModuleInit, type Type } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { getMetadataStorage } from 'class-validator';
import { Problem } from '../../common/problems/problem';
import { ProblemValidationPipe } from '../../platform/http/validation.pipe';
import { JOB_KIND, type JobHandler, type JobKindOptions } from './job-kind';
import { UNKNOWN_JOB_KIND } from './jobs.errors';

export type RegisteredKind = Required<JobKindOptions> & { readonly handler: JobHandler };

/** All kinds of job in the application, found by their decorator. */
@Injectable()
export class KindRegistry implements OnModuleInit {
  private readonly kinds = new Map<string, RegisteredKind>();
  private readonly pipe = new ProblemValidationPipe();

  constructor(private readonly discovery: DiscoveryService) {}

  onModuleInit(): void {
    for (const { instance, metatype } of this.discovery.getProviders()) {
      const options = metatype && (Reflect.getMetadata(JOB_KIND, metatype) as JobKindOptions | undefined);
      if (!options) continue;
      if (this.kinds.has(options.name)) throw new Error(`two classes handle the job kind ${options.name}`);
      this.kinds.set(options.name, {
        maxAttempts: 3,
        backoffMs: 5_000,
        timeoutMs: 600_000,
        concurrencyShare: 1,
        ...options,
        handler: instance as JobHandler,
      });
    }
  }

  all(): RegisteredKind[] {
    return [...this.kinds.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  names(): string[] {
    return [...this.kinds.keys()];
  }

  /** @throws Problem `unknown-job-kind` */
  get(name: string): RegisteredKind {
    const kind = this.kinds.get(name);
    if (!kind)
      throw new Problem(UNKNOWN_JOB_KIND, 'This kind of job is not known here.', {
        errors: [{ pointer: '/kind', detail: 'must be a name from GET /v1/jobs/kinds' }],
      });
    return kind;
  }

  /** @throws Problem `validation-failed` with pointers below `/payload` */
  async check<Payload extends object>(kind: RegisteredKind, payload: unknown): Promise<Payload> {
    // class-validator refuses whatever is of a class without rules; a kind may well take nothing
    if (hasNoRules(kind.payload) && isEmpty(payload)) return new kind.payload() as Payload;
    try {
      return (await this.pipe.transform(payload, { type: 'body', metatype: kind.payload as Type<Payload> })) as Payload;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      const errors = error.options.errors?.map(({ pointer, detail }) => ({ pointer: `/payload${pointer}`, detail }));
      throw new Problem(error.type, error.detail, { ...error.options, ...(errors ? { errors } : {}) });
    }
  }
}

const hasNoRules = (model: Type<object>) =>
  getMetadataStorage().getTargetValidationMetadatas(model, '', false, false).length === 0;
const isEmpty = (payload: unknown) =>
  typeof payload === 'object' && payload !== null && Object.keys(payload).length === 0;
