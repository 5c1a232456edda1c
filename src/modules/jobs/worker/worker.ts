import { type BeforeApplicationShutdown, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { Config } from '../../../config/config';
import { JobQueue } from '../../../platform/queue/job-queue';
import { JobRunner } from './job-runner';
import { Sweeper } from './sweeper';

/** Of the time that a shutdown may take, what is left for handing jobs back, open requests and closing connections. */
const marginMs = (shutdownTimeoutMs: number) => Math.min(8_000, shutdownTimeoutMs / 2);

/** Runs jobs. A process that only serves HTTP does without it. */
@Injectable()
export class Worker implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(Worker.name);

  constructor(
    private readonly config: Config,
    private readonly queue: JobQueue,
    private readonly runner: JobRunner,
    private readonly sweeper: Sweeper,
  ) {}

  onApplicationBootstrap(): void {
    this.queue.consume(this.config.jobs.concurrency, (ticket) => this.runner.handle(ticket));
    this.sweeper.start();
  }

  /** Before anything is closed: jobs need the database and Redis to end well. */
  async beforeApplicationShutdown(): Promise<void> {
    const { shutdownTimeoutMs } = this.config.http;
    await Promise.all([this.queue.stop(), this.sweeper.stop()]);
    await this.runner.drain(shutdownTimeoutMs - marginMs(shutdownTimeoutMs));
    this.logger.log('the worker is drained');
  }
}
