import { AsyncLocalStorage } from 'node:async_hooks';
import { type Principal } from '../security/principal';

/** What is known about the work in hand, for logs, problems and jobs. Follows the call through `AsyncLocalStorage`. */
export interface RequestContext {
  readonly requestId: string;
  /** W3C trace id, 32 hex digits. Never an input to a decision. */
  readonly traceId: string;
  readonly spanId: string;
  /** Set by the authentication guard, or by the worker from the job's row. */
  principal?: Principal;
  /** The tenant that the work is done in, once it is known. */
  tenantId?: string;
}

const storage = new AsyncLocalStorage<RequestContext>();

export const requestContext = {
  run<T>(context: RequestContext, work: () => T): T {
    return storage.run(context, work);
  },
  current(): RequestContext | undefined {
    return storage.getStore();
  },
};
