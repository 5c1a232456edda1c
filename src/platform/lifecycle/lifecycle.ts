import { setMaxListeners } from 'node:events';
import { Global, Injectable, Module, type OnModuleDestroy } from '@nestjs/common';

/** Whether the process still wants work. Shutting down starts here, before anything is closed. */
@Injectable()
export class Lifecycle implements OnModuleDestroy {
  private readonly controller = new AbortController();

  constructor() {
    // each open stream listens
    setMaxListeners(0, this.controller.signal);
  }

  /** Aborted when the process begins to shut down: streams end, connections are not kept. */
  get signal(): AbortSignal {
    return this.controller.signal;
  }

  get draining(): boolean {
    return this.signal.aborted;
  }

  onModuleDestroy(): void {
    this.controller.abort();
  }
}

@Global()
@Module({ providers: [Lifecycle], exports: [Lifecycle] })
export class LifecycleModule {}
