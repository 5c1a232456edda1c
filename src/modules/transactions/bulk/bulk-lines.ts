import { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { linesOf } from '../../../common/http/lines';
import { parseStrictJsonBytes } from '../../../common/http/strict-json';
import { PAYLOAD_TOO_LARGE, UNAVAILABLE } from '../../../common/problems/http.problems';
import { Problem, problemDocument } from '../../../common/problems/problem';
import { Config } from '../../../config/config';
import { toProblem } from '../../../platform/http/problem.filter';
import { LINES } from '../../../platform/http/upload/bulk-body';
import { bodyOf } from '../../../platform/http/upload/upload';
import { Lifecycle } from '../../../platform/lifecycle/lifecycle';
import { Authenticator } from '../../auth';
import { type BulkAsked, BulkService } from './bulk.service';
import { type ItemResult } from './bulk-result';
import { type Given } from './inbox';

/** A stream ends this long after its credential expired or was revoked. */
const RECHECK_MS = 2_000;
/** What a client still sends after the end of the answer is thrown away for so long. Then it is cut off. */
const LAST_WORDS_MS = 5_000;

type Results = AsyncGenerator<ItemResult[], Problem | undefined>;

/** Bulk requests that are lines of JSON: each line is answered by a line as soon as it is committed. */
@Injectable()
export class BulkLines {
  constructor(
    private readonly bulk: BulkService,
    private readonly config: Config,
    private readonly lifecycle: Lifecycle,
    private readonly authenticator: Authenticator,
  ) {}

  /** @throws Problem `ledger-not-found`: before the first line of the answer */
  async answer(asked: BulkAsked, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const end = this.endOf(request, reply);
    const results = this.bulk.oneByOne(asked, itemsOf(request, this.config.http.bodyLimit), end);
    const first = await results.next();
    reply.raw.once('finish', () => {
      if (!request.raw.complete) setTimeout(() => request.raw.destroy(), LAST_WORDS_MS).unref();
    });
    void reply
      .status(200)
      .type(LINES)
      .send(Readable.from(this.linesOf(first, results)));
  }

  private async *linesOf(first: Awaited<ReturnType<Results['next']>>, results: Results): AsyncGenerator<string> {
    let next = first;
    for (; !next.done; next = await results.next())
      yield next.value.map((result) => `${JSON.stringify(result)}\n`).join('');
    const stopped = next.value;
    if (!stopped) return;
    const problem = problemDocument(stopped, this.config.http.publicUrl);
    yield `${JSON.stringify({ status: stopped.status, problem })}\n`;
  }

  /** Aborts with why the stream may not go on: its caller may no longer post, or the process shuts down. */
  private endOf(request: FastifyRequest, reply: FastifyReply): AbortSignal {
    const end = new AbortController();
    const checks = setInterval(() => {
      this.authenticator.require(request, reply, 'transactions:write').catch((error: unknown) => {
        end.abort(toProblem(error));
      });
    }, RECHECK_MS);
    const drain = () => {
      end.abort(new Problem(UNAVAILABLE, 'The process is shutting down. Send the lines that have no result again.'));
    };
    this.lifecycle.signal.addEventListener('abort', drain, { once: true });
    reply.raw.once('close', () => {
      clearInterval(checks);
      this.lifecycle.signal.removeEventListener('abort', drain);
    });
    return end.signal;
  }
}

async function* itemsOf({ raw }: FastifyRequest, lineLimit: number): AsyncGenerator<Given[]> {
  for await (const lines of linesOf(bodyOf(raw), lineLimit)) yield lines.map((line) => givenOf(line, lineLimit));
}

function givenOf(line: Buffer | undefined, limit: number): Given {
  if (line === undefined) return { problem: new Problem(PAYLOAD_TOO_LARGE, `A line has at most ${limit} bytes.`) };
  try {
    return { value: parseStrictJsonBytes(line) };
  } catch (error) {
    return { problem: toProblem(error) };
  }
}
