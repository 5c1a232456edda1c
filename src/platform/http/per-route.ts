import { type ExecutionContext } from '@nestjs/common';

/** What the decorators of a route say: the same for every request, so it is worked out at the first one. */
export class PerRoute<T> {
  /** By class, too: a handler that controllers inherit is a route of each. */
  private readonly known = new WeakMap<object, WeakMap<object, T>>();

  constructor(private readonly find: (context: ExecutionContext) => T) {}

  of(context: ExecutionContext): T {
    let handlers = this.known.get(context.getClass());
    if (!handlers) this.known.set(context.getClass(), (handlers = new WeakMap()));
    const handler = context.getHandler();
    let value = handlers.get(handler);
    if (value === undefined) handlers.set(handler, (value = this.find(context)));
    return value;
  }
}
