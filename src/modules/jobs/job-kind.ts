import { ApiSchema } from '@nestjs/swagger';
import { applyDecorators, Injectable, SetMetadata, type Type } from '@nestjs/common';

export const JOB_KIND = 'daybook:job-kind';

export interface JobKindOptions<Payload extends object = object> {
  /** Lower case with dots, such as `maintenance.purge`. Part of the contract, never renamed: rows carry it. */
  readonly name: string;
  /** For admins, in the list of kinds. */
  readonly description: string;
  /** Checked when the job is made and again before it runs. */
  readonly payload: Type<Payload>;
  /** Runs before the job is dead; default 3. 1: never retried. */
  readonly maxAttempts?: number;
  /** Pause before the second attempt, in milliseconds; each further one is twice as long. Default 5,000. */
  readonly backoffMs?: number;
  /** Longest run, in milliseconds; default 10 minutes. Then the signal is aborted and the attempt has failed. */
  readonly timeoutMs?: number;
  /** Part of a worker's slots that jobs of this kind may hold at once: above 0, up to 1, the default. */
  readonly concurrencyShare?: number;
}

/** A worker's hands on the job that it runs. */
export interface JobContext {
  readonly jobId: string;
  readonly tenantId: string;
  /** Who asked for the job; undefined for schedules without one. */
  readonly actorId: string | undefined;
  /** 1 on the first run. A job may run again after it had all its effects: make them idempotent by `jobId`. */
  readonly attempt: number;
  /**
   * Aborted when the job was cancelled, took too long, lost its lease, or has to be handed back because the process
   * ends. Pass it on, or call `throwIfAborted()` between steps.
   */
  readonly signal: AbortSignal;
  /** Where the job stands, 0 to 100. Call it as often as you like: it is written at most four times a second. */
  progress(percent: number, message?: string): Promise<void>;
  /** A line for whoever watches the job. Never put secrets in it. */
  log(message: string, data?: Readonly<Record<string, unknown>>): Promise<void>;
  /** A sign of life. The worker gives one by itself while the event loop is free; call it within long synchronous work. */
  heartbeat(): Promise<void>;
}

/**
 * What a class with `@JobKind` has. `run` is outside any transaction: open them with `TenantDatabase.run`, in steps.
 * Throw a `Problem` for what a retry cannot mend: the job is `failed` with it. Anything else is tried again.
 */
export interface JobHandler<Payload extends object = object> {
  run(context: JobContext, payload: Payload): Promise<unknown>;
}

/** The payload of a kind that takes nothing: `{}`. */
@ApiSchema({ name: 'NoPayload' })
export class NoPayload {}

const declared: JobKindOptions[] = [];

/** Makes a provider the handler of a kind of job. Importing its module is all that registering takes. */
export function JobKind<Payload extends object>(options: JobKindOptions<Payload>) {
  declared.push(options);
  return applyDecorators(Injectable(), SetMetadata(JOB_KIND, options));
}

/** All kinds that were declared, by name, for the API description. */
export function declaredJobKinds(): readonly JobKindOptions[] {
  return [...declared].sort((a, b) => (a.name < b.name ? -1 : 1));
}
