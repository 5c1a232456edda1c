import { type NestInterceptor, type Type, UseInterceptors } from '@nestjs/common';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import { type NestFastifyApplication } from '@nestjs/platform-fastify';
import { type FastifyRequest } from 'fastify';
import { PageLinksInterceptor } from './pagination/page-links.interceptor';
import { runsInTransaction, UnitOfWorkInterceptor } from './unit-of-work.interceptor';

// handlers belong to their class, and so to every application of the process: the request tells whose unit of work it is
const byServer = new WeakMap<object, UnitOfWorkInterceptor>();
const unitOfWork: NestInterceptor = {
  intercept: (context, next) => {
    const { server } = context.switchToHttp().getRequest<FastifyRequest>().server;
    return (byServer.get(server) as UnitOfWorkInterceptor).intercept(context, next);
  },
};
const pageLinks = new PageLinksInterceptor();

const given = new WeakSet<object>();

/**
 * Gives a transaction to all handlers that do not say `@WithoutTransaction()`. Before `app.init()`.
 *
 * As `APP_INTERCEPTOR`s they would stand around every handler, at some 30 microseconds a request for those that they
 * only let pass: Nest makes observables for each.
 */
export function interceptHandlers(app: NestFastifyApplication): void {
  byServer.set(app.getHttpServer(), app.get(UnitOfWorkInterceptor));
  const scanner = new MetadataScanner();
  for (const controller of app.get(DiscoveryService).getControllers()) {
    const metatype = controller.metatype as Type<object>;
    const prototype = metatype.prototype as Record<string, object>;
    for (const name of scanner.getAllMethodNames(prototype)) {
      const handler = prototype[name] as object;
      if (!runsInTransaction(handler, metatype) || given.has(handler)) continue;
      given.add(handler);
      UseInterceptors(unitOfWork, pageLinks)(prototype, name, { value: handler });
    }
  }
}
