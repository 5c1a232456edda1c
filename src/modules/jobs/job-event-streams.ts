import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { formatServerSentEvent } from '../../common/http/server-sent-event';
import { Problem } from '../../common/problems/problem';
import { formatInstant } from '../../common/time/instant';
import { TenantDatabase } from '../../platform/database/tenant-database';
import { Lifecycle } from '../../platform/lifecycle/lifecycle';
import { Authenticator } from '../auth';
import { type JobEvent } from './entities/job-event.entity';
import { FINAL_STATES } from './entities/job.entity';
import { TOO_MANY_STREAMS } from './jobs.errors';
import { JobsService } from './jobs.service';

/** Open streams of one tenant in one process. */
export const STREAMS_PER_TENANT = 20;
const POLL_MS = 500;
const HEARTBEAT_MS = 10_000;
/** A stream ends this long after its credential expired or was revoked, or its tenant was suspended. */
const RECHECK_MS = 2_000;
const BATCH = 200;
/** A reader that has not taken the end of its stream by then is cut off. */
const LAST_WORDS_MS = 2_000;

/** Streams of jobs' events (API-19). They read the table: any process can serve any job, and a stream can be resumed. */
@Injectable()
export class JobEventStreams {
  private readonly open_ = new Map<string, number>();

  constructor(
    private readonly database: TenantDatabase,
    private readonly jobs: JobsService,
    private readonly lifecycle: Lifecycle,
    private readonly authenticator: Authenticator,
  ) {}

  /** @throws Problem `not-found`, `too-many-streams` */
  async open(jobId: string, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const tenantId = request.principal?.tenantId as string;
    const after = lastEventId(request);
    const { last, state } = await this.read(tenantId, jobId, after);
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
    const finish = () => {
      end.abort();
    };
    this.lifecycle.signal.addEventListener('abort', finish, { once: true });
    const checks = setInterval(() => {
      this.authenticator.require(request, reply, 'jobs:read').catch(finish);
    }, RECHECK_MS);
    const stream = Readable.from(this.follow(tenantId, jobId, after, end.signal), { objectMode: false });
    const cutOff = () => {
      setTimeout(() => stream.destroy(), LAST_WORDS_MS).unref();
    };
    end.signal.addEventListener('abort', cutOff, { once: true });
    stream.once('close', () => {
      end.signal.removeEventListener('abort', cutOff);
      this.lifecycle.signal.removeEventListener('abort', finish);
      clearInterval(checks);
      release();
    });
    await reply.send(stream);
  }

  private async *follow(tenantId: string, jobId: string, after: bigint, end: AbortSignal): AsyncGenerator<string> {
    let sequence = after;
    let spokeAt = Date.now();
    yield 'retry: 2000\n\n';
    while (!end.aborted) {
      const { events, state } = await this.read(tenantId, jobId, sequence);
      for (const event of events) {
        yield format(event);
        sequence = event.sequence;
        spokeAt = Date.now();
      }
      if (events.length === BATCH) continue;
      if (FINAL_STATES.includes(state)) return;
      if (Date.now() - spokeAt >= HEARTBEAT_MS) {
        yield ': still here\n\n';
        spokeAt = Date.now();
      }
      await delay(POLL_MS, undefined, { signal: end }).catch(() => undefined);
    }
  }

  private read(tenantId: string, jobId: string, after: bigint) {
    return this.database.run(tenantId, 'read', () => this.jobs.eventsAfter(jobId, after, BATCH));
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

function format({ sequence, type, at, data }: JobEvent): string {
  return formatServerSentEvent({ id: sequence.toString(), event: type, data: { at: formatInstant(at), ...data } });
}

/** What is not a sequence of ours was never sent by us: the stream begins at the beginning. */
function lastEventId(request: FastifyRequest): bigint {
  const header = request.headers['last-event-id'];
  return typeof header === 'string' && /^\d{1,15}$/.test(header) ? BigInt(header) : 0n;
}
