import { type FastifyInstance, type FastifyRequest } from 'fastify';
import { type Caller, Deadline } from '../context/deadline';
import { type ProblemFilter } from './problem.filter';
import { sendsLines, takesBulk } from './upload/bulk-body';
import { takesFile } from './upload/file-body';

/** Milliseconds. */
export interface RequestTimes {
  readonly deadlineMs: number;
  /** Of a request that sends a file, or many postings. */
  readonly uploadTimeoutMs: number;
}

/**
 * Answers every request by its deadline, whatever hangs. The time runs from when the body is there (until then
 * `limitBodyTime` holds) to when the answer begins: a stream lasts as long as it has something to say.
 */
export function limitRequestTime(fastify: FastifyInstance, problems: ProblemFilter, times: RequestTimes): void {
  fastify.addHook('preValidation', (request, reply, done) => {
    const deadline = new Deadline();
    request.context.deadline = deadline;
    const long = takesFile(request) || sendsLines(request) || takesBulk(request.routeOptions.config);
    const timer = setTimeout(
      () => {
        // `sent` of a stream is true only at its end
        if (!reply.sent && !reply.raw.headersSent) problems.send(deadline.pass(), request, reply);
      },
      long ? times.uploadTimeoutMs : times.deadlineMs,
    );
    reply.raw.once('close', () => {
      clearTimeout(timer);
      if (!reply.raw.writableFinished) deadline.leave();
    });
    done();
  });
}

/** Who waits for what a handler does. */
export function deadlineOf({ context }: FastifyRequest): Caller {
  if (!context.deadline) throw new Error('a handler ran before the request had a deadline');
  return context.deadline;
}
