import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { map, type Observable } from 'rxjs';

/** The neighbours of a page as `Link` too (RFC 8288), for clients that follow links and know nothing of cursors. */
@Injectable()
export class PageLinksInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = context.switchToHttp();
    const { method } = http.getRequest<FastifyRequest>();
    if (method !== 'GET' && method !== 'HEAD') return next.handle();
    return next.handle().pipe(
      map((body: unknown) => {
        const links = linksOf(body, http.getRequest<FastifyRequest>().url);
        if (links.length > 0) http.getResponse<FastifyReply>().header('link', links.join(', '));
        return body;
      }),
    );
  }
}

function linksOf(body: unknown, url: string): string[] {
  if (typeof body !== 'object' || body === null || !('items' in body)) return [];
  const { next, previous } = body as { next?: unknown; previous?: unknown };
  const [path = '', query] = url.split('?');
  const link = (rel: string, cursor: unknown): string[] => {
    if (typeof cursor !== 'string') return [];
    const parameters = new URLSearchParams(query);
    parameters.set('cursor', cursor);
    return [`<${path}?${parameters.toString()}>; rel="${rel}"`];
  };
  return [...link('next', next), ...link('prev', previous)];
}
