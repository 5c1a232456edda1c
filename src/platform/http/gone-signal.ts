import { type FastifyReply } from 'fastify';
import { REQUEST_TIMEOUT } from '../../common/problems/http.problems';
import { Problem } from '../../common/problems/problem';

/** Aborts when the client hangs up: a posting whose batch has not begun is then withdrawn. */
export function goneSignal(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished)
      controller.abort(new Problem(REQUEST_TIMEOUT, 'The client has gone; the posting was withdrawn.'));
  });
  return controller.signal;
}
