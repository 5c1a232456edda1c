import { AsyncLocalStorage } from 'node:async_hooks';
import { type Principal } from '../security/principal';
import { type Deadline } from './deadline';

/** The key of a piece of work, and where it is unique: a route, or the jobs. */
export interface OnceBy {
  readonly operation: string;
  readonly key: string;
}

/** What is known about the work in hand, for logs, problems and jobs. Follows the call through `AsyncLocalStorage`. */
export interface RequestContext {
  readonly requestId: string;
  /** W3C trace id, 32 hex digits. Never an input to a decision. */
  readonly traceId: string;
  readonly spanId: string;
  /** Set by the authentication guard, or by the worker from the job's row. */
  principal?: Principal;
  /** The address that the request came from. */
  readonly source?: string;
  /** The operation that a route is, by its name in the API description. */
  action?: string;
  /** What a service says of the change in hand, for the record of it. */
  change?: { readonly subject?: string; readonly before?: object; readonly after?: object };
  /** The tenant that the work is done in, once it is known. */
  tenantId?: string;
  /** What makes this piece of work one that is done once: a request's Idempotency-Key, a job's id. */
  readonly onceBy?: () => OnceBy | undefined;
  /** Of a request whose body is there; what is no request has none. */
  deadline?: Deadline;
}

const storage = new AsyncLocalStorage<RequestContext | undefined>();

export const requestContext = {
  run<T>(context: RequestContext, work: () => T): T {
    return storage.run(context, work);
  },
  /** For what goes on after the request that happened to start it, on behalf of others. */
  outside<T>(work: () => T): T {
    return storage.run(undefined, work);
  },
  current(): RequestContext | undefined {
    return storage.getStore();
  },
};
