import { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { formatServerSentEvent } from '../../common/http/server-sent-event';
import { Problem } from '../../common/problems/problem';
import { formatInstant } from '../../common/time/instant';
import { TenantDatabase } from '../../platform/database/tenant-database';
import { Lifecycle } from '../../platform/lifecycle/lifecycle';
import { BoundedPool } from '../../platform/security/bounded-pool';
import { Authenticator } from '../auth';
import { type JobEvent } from './entities/job-event.entity';
import { FINAL_STATES } from './entities/job.entity';
import { JobWatch } from './job-watch';
import { TOO_MANY_STREAMS } from './jobs.errors';
import { JobsService } from './jobs.service';

/** Open streams of one tenant in one process. */
const STREAMS_PER_TENANT = 20;
const HEARTBEAT_MS = 10_000;
/** A stream ends this long after its credential expired or was revoked, or its tenant was suspended. */
const RECHECK_MS = 2_000;
const BATCH = 200;
/** Of the process's connections, as many as streams take at once: all of them come back when another process ends. */
const READS_AT_ONCE = 3;
/** A reader that has left events waiting for this long is cut off; it can come back with `Last-Event-ID`. */
const SLOW_READER_MS = 10_000;
/** A reader that has not taken the end of its stream by then is cut off. */
const LAST_WORDS_MS = 2_000;
/** Checks of a credential in a row that say nothing, because the database does not answer. */
const SILENT_CHECKS = 5;

/** Why a stream ends that could have gone on. */
type ClosingReason = 'shutting-down' | 'credential-ended' | 'slow-reader' | 'unavailable';

/** Streams of jobs' events (API-19). They read the table: any process can serve any job, and a stream can be resumed. */
@Injectable()
export class JobEventStreams {
  private readonly open_ = new Map<string, number>();
  /** They wait here, not for a connection, which would give up on them. Their number is that of the streams. */
  private readonly reads = new BoundedPool(READS_AT_ONCE, Infinity);

  constructor(
    private readonly database: TenantDatabase,
    private readonly jobs: JobsService,
    private readonly watch: JobWatch,
    private readonly lifecycle: Lifecycle,
    private readonly authenticator: Authenticator,
  ) {}

  /** @throws Problem `not-found`, `too-many-streams` */
  async open(jobId: string, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const tenantId = request.principal?.tenantId as string;
    const after = lastEventId(request);
    const { last, state } = await this.read(tenantId, jobId, after);
    // the request's deadline has answered in the meantime
    if (reply.sent) return;
    if (FINAL_STATES.includes(state) && last <= after) {
      await reply.status(204).send();
      return;
    }
    reply.header('content-type', 'text/event-stream; charset=utf-8');
    // proxies would hold the events back until the answer is complete
    reply.header('x-accel-buffering', 'no');
    if (request.method === 'HEAD') {
      await reply.send('');
      return;
    }
    const release = this.admit(tenantId);
    const end = new AbortController();
    const finish = (reason: ClosingReason) => {
      end.abort(reason);
    };
    const leave = () => {
      finish('shutting-down');
    };
    this.lifecycle.signal.addEventListener('abort', leave, { once: true });
    if (this.lifecycle.draining) leave();
    const stream = Readable.from(this.follow(tenantId, jobId, after, end.signal), { objectMode: false });
    // while its buffer is full nothing is read from the table, so a slow reader costs its place and little memory
    let tookAt = performance.now();
    let silent = 0;
    const checks = setInterval(() => {
      this.authenticator.require(request, reply, 'jobs:read').then(
        () => (silent = 0),
        (error: unknown) => {
          // a database that is away hands out no events either: that the credential holds is asked again
          if (!(error instanceof Problem) || error.status < 500) finish('credential-ended');
          else if ((silent += 1) >= SILENT_CHECKS) finish('unavailable');
        },
      );
      if (stream.readableLength < stream.readableHighWaterMark) tookAt = performance.now();
      else if (performance.now() - tookAt > SLOW_READER_MS - LAST_WORDS_MS) finish('slow-reader');
    }, RECHECK_MS);
    const cutOff = () => {
      setTimeout(() => stream.destroy(), LAST_WORDS_MS).unref();
    };
    end.signal.addEventListener('abort', cutOff, { once: true });
    stream.once('close', () => {
      end.signal.removeEventListener('abort', cutOff);
      this.lifecycle.signal.removeEventListener('abort', leave);
      clearInterval(checks);
      release();
    });
    // a stream is closed when what it waits for has come: without its reader that is nothing
    reply.raw.once('close', () => {
      end.abort();
    });
    await reply.send(stream);
  }

  private async *follow(tenantId: string, jobId: string, after: bigint, end: AbortSignal): AsyncGenerator<string> {
    const ended = () => end.aborted;
    const stopped = new Promise<undefined>((resolve) => {
      end.addEventListener('abort', () => {
        resolve(undefined);
      });
    });
    let sequence = after;
    let spokeAt = performance.now();
    // not all at the same moment when a process with many of them ends
    yield `retry: ${1_000 + Math.floor(Math.random() * 2_000)}\n\n`;
    while (!ended()) {
      // its turn to read may come after the time that is left for saying why it ends
      const read = await Promise.race([this.read(tenantId, jobId, sequence).catch(unlessUnavailable), stopped]);
      for (const event of read?.events ?? []) {
        if (ended()) break;
        yield format(event);
        sequence = event.sequence;
        spokeAt = performance.now();
      }
      if (ended()) break;
      if (read?.events.length === BATCH) continue;
      if (read && FINAL_STATES.includes(read.state)) return;
      await this.watch.moved(tenantId, jobId, sequence, Math.max(0, spokeAt + HEARTBEAT_MS - performance.now()), end);
      while (!ended() && performance.now() - spokeAt >= HEARTBEAT_MS) {
        yield ': still here\n\n';
        spokeAt = performance.now();
        await this.watch.moved(tenantId, jobId, sequence, HEARTBEAT_MS, end);
      }
    }
    // without an id: a reader comes back after the last event that it had
    yield formatServerSentEvent({ event: 'closing', data: { reason: String(end.reason) } });
  }

  private read(tenantId: string, jobId: string, after: bigint) {
    return this.reads.run(() => this.database.run(tenantId, 'read', () => this.jobs.eventsAfter(jobId, after, BATCH)));
  }

  private admit(tenantId: string): () => void {
    const count = (this.open_.get(tenantId) ?? 0) + 1;
    if (count > STREAMS_PER_TENANT)
      throw new Problem(TOO_MANY_STREAMS, `A tenant may follow ${STREAMS_PER_TENANT} jobs at once.`, {
        headers: { 'retry-after': '5' },
      });
    this.open_.set(tenantId, count);
    return () => {
      const left = (this.open_.get(tenantId) ?? 1) - 1;
      if (left === 0) this.open_.delete(tenantId);
      else this.open_.set(tenantId, left);
    };
  }
}

/** A database that is away for a moment is no end of a stream: the next look at the job tries again. */
function unlessUnavailable(error: unknown): undefined {
  if (!(error instanceof Problem) || error.status !== 503) throw error;
}

function format({ sequence, type, at, data }: JobEvent): string {
  return formatServerSentEvent({ id: sequence.toString(), event: type, data: { at: formatInstant(at), ...data } });
}

/** What is not a sequence of ours was never sent by us: the stream begins at the beginning. */
function lastEventId(request: FastifyRequest): bigint {
  const header = request.headers['last-event-id'];
  return typeof header === 'string' && /^\d{1,15}$/.test(header) ? BigInt(header) : 0n;
}
