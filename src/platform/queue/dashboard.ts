import { createBullBoard } from '@bull-board/api';
import { BullAdapter } from '@bull-board/api/bullAdapter';
import { FastifyAdapter } from '@bull-board/fastify';
import { getQueueToken } from '@nestjs/bull';
import { type NestFastifyApplication } from '@nestjs/platform-fastify';
import { type Queue } from 'bull';
import { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { ProblemFilter } from '../http/problem.filter';
import { JOB_QUEUE } from './bull-job-queue';

const PATH = '/admin/queues';
/** The page would ask Google for its fonts. It does without them, as it does without any other host. */
const FOREIGN_LINKS = /<link\b[^>]*\bhref="(?:https?:)?\/\/[^>]*>/gi;

/** Decides who sees the dashboard. @throws Problem */
export abstract class DashboardAccess {
  abstract admit(request: FastifyRequest, reply: FastifyReply): Promise<void>;
}

/**
 * Bull's own dashboard, for looking: it changes nothing. It shows tickets only, of all tenants; what belongs to a tenant
 * is in `/v1/jobs`.
 *
 * A plugin with a hook, not Nest's middleware: on Fastify that guards the exact address and leaves all below it open.
 */
export function addDashboard(app: NestFastifyApplication): void {
  const access = app.get(DashboardAccess, { strict: false });
  const problems = app.get(ProblemFilter);
  const adapter = new FastifyAdapter().setBasePath(PATH);
  const queue = app.get<Queue>(getQueueToken(JOB_QUEUE), { strict: false });
  createBullBoard({
    queues: [new BullAdapter(queue, { readOnlyMode: true })],
    serverAdapter: adapter,
    options: { uiConfig: { boardTitle: 'Daybook jobs' } },
  });
  const plugin = async (instance: FastifyInstance) => {
    instance.addHook('onRequest', async (request: FastifyRequest, reply: FastifyReply) => {
      try {
        await access.admit(request, reply);
      } catch (error) {
        // said here: the dashboard has an error handler of its own, which would show more
        problems.send(error, request, reply);
        return reply;
      }
      // its own files, its inline styles, and nothing from elsewhere
      reply.header(
        'content-security-policy',
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; base-uri 'self'; form-action 'none'; frame-ancestors 'none'",
      );
      return undefined;
    });
    instance.addHook('onSend', (_request, reply, payload, done) => {
      const page = String(reply.getHeader('content-type')).startsWith('text/html') && typeof payload === 'string';
      done(null, page ? payload.replace(FOREIGN_LINKS, '') : payload);
    });
    await instance.register(adapter.registerPlugin() as never, { prefix: PATH });
  };
  void app
    .getHttpAdapter()
    .getInstance()
    .register(plugin as never);
}
