import { InjectQueue } from '@nestjs/bull';
import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { type Queue } from 'bull';
import { type Dispatch, JobQueue, type JobTicket } from './job-queue';

export const JOB_QUEUE = 'daybook-jobs';

/** How long handing over may take before it counts as failed; it may still succeed, which is harmless. */
const PATIENCE_MS = 1_000;

/** Bull: Redis holds tickets that wait or are in hand, nothing else. */
@Injectable()
export class BullJobQueue extends JobQueue implements OnApplicationBootstrap {
  private readonly logger = new Logger(BullJobQueue.name);
  private down = false;

  constructor(@InjectQueue(JOB_QUEUE) private readonly queue: Queue<JobTicket>) {
    super();
    // said once per outage: the client tries again several times a second
    queue.on('error', (error: Error) => {
      if (!this.down) this.logger.warn({ msg: 'the job queue does not answer', err: error });
      this.down = true;
    });
  }

  onApplicationBootstrap(): void {
    void this.checkEviction();
  }

  async dispatch(tickets: readonly Dispatch[]): Promise<number> {
    // Bull would hold what it cannot send, without a limit of time or number
    if (tickets.length === 0 || !this.ready()) return 0;
    // one by one, not addBulk, which sends a transaction: when Redis refuses the first one on a connection (out of
    // memory, read-only), ioredis takes Bull's script for loaded, and all that follow fail with NOSCRIPT
    const added = await Promise.all(
      tickets.map(({ urgency, ...ticket }) =>
        withinPatience(
          this.queue.add(ticket, {
            // Bull ignores a second job of the same id while the first is there
            jobId: `${ticket.jobId}:${ticket.attempt}`,
            priority: urgency,
            attempts: 1,
            removeOnComplete: true,
            removeOnFail: true,
          }),
        ),
      ),
    );
    return added.filter((job) => job !== undefined).length;
  }

  consume(concurrency: number, handler: (ticket: unknown) => Promise<void>): void {
    this.letNameFail();
    const process = this.queue.process(concurrency, async ({ data }) => {
      try {
        await handler(data);
      } catch (error) {
        // the row keeps its lease or its state: the sweeper will come by
        this.logger.error({ msg: 'a ticket could not be handled', jobId: data.jobId, err: error });
      }
    });
    process.catch((error: unknown) => {
      this.logger.error({ msg: 'the job queue stopped', err: error });
    });
  }

  /** Bull names its connection and waits for nobody: a Redis that refuses even that would end the process. */
  private letNameFail(): void {
    const named = this.queue as unknown as { setWorkerName: () => Promise<void> };
    const setWorkerName = named.setWorkerName.bind(this.queue);
    named.setWorkerName = () => setWorkerName().catch(() => undefined);
  }

  async stop(): Promise<void> {
    if (this.ready()) await withinPatience(this.queue.pause(true, true));
  }

  async depth(): Promise<number | undefined> {
    if (!this.ready()) return undefined;
    return (await withinPatience(this.queue.getJobCounts()))?.waiting;
  }

  private ready(): boolean {
    const ready = this.queue.client.status === 'ready';
    if (ready && this.down) {
      this.logger.log('the job queue answers again');
      this.down = false;
    }
    return ready;
  }

  /** F18: a Redis that may evict keys can lose tickets at any time. The sweeper mends that, but slowly. */
  private async checkEviction(): Promise<void> {
    // some hosted servers do not answer CONFIG; then there is nothing to say
    const answer = await withinPatience(this.queue.client.config('GET', 'maxmemory-policy'));
    const policy = (answer as string[] | undefined)?.[1];
    if (policy !== undefined && policy !== 'noeviction')
      this.logger.warn(
        `Redis has maxmemory-policy ${policy}: under memory pressure it drops queued work. Use noeviction.`,
      );
  }
}

/** Undefined when `work` fails or takes longer. */
async function withinPatience<T>(work: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, PATIENCE_MS, undefined);
  });
  try {
    return await Promise.race([work.catch(() => undefined), late]);
  } finally {
    clearTimeout(timer);
  }
}
