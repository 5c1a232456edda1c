import { Injectable } from '@nestjs/common';
import { type FastifyInstance } from 'fastify';

interface Route {
  readonly pattern: RegExp;
  readonly methods: Set<string>;
}

/** Which methods each address takes. Asked only when the router has found nothing. */
@Injectable()
export class RouteTable {
  private readonly routes = new Map<string, Route>();

  /** Before the first route is added. */
  watch(instance: FastifyInstance): void {
    instance.addHook('onRoute', (route) => {
      // the preflight handler answers everywhere, so it says nothing about an address
      if (route.url === '*') return;
      const known = this.routes.get(route.url) ?? { pattern: patternOf(route.url), methods: new Set<string>() };
      for (const method of [route.method].flat()) known.methods.add(method);
      this.routes.set(route.url, known);
    });
  }

  methodsAt(url: string): string[] {
    const path = url.split('?')[0] ?? '';
    const methods = new Set<string>();
    for (const { pattern, methods: own } of this.routes.values())
      if (pattern.test(path)) for (const method of own) methods.add(method);
    return [...methods].sort();
  }

  /** All routes, as `METHOD /pattern`. */
  all(): { method: string; url: string }[] {
    return [...this.routes].flatMap(([url, { methods }]) => [...methods].map((method) => ({ method, url })));
  }
}

function patternOf(url: string): RegExp {
  const source = url
    .split('/')
    .map((part) => (part.startsWith(':') ? '[^/]+' : part.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replace(/\*/g, '.*')))
    .join('/');
  return new RegExp(`^${source}$`);
}
