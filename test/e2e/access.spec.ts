import { Controller, Get, Module, RequestMethod, type Type } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA, VERSION_METADATA } from '@nestjs/common/constants';
import { ModulesContainer } from '@nestjs/core';
import { daybook } from '../../src/app';
import { RouteTable } from '../../src/platform/http/route-table';
import { ACCESS, type Access, RequirePermission } from '../../src/platform/security/access.decorators';
import { startTestApp, type TestApp, type TestPerson } from '../support/app';

interface Route {
  readonly method: string;
  readonly url: string;
  readonly handler: string;
  readonly access: Access | undefined;
}

/** Every route of every controller, with what it says about access. */
function routesOf(app: TestApp): Route[] {
  const controllers = [...app.app.get(ModulesContainer).values()].flatMap((module) => [...module.controllers.values()]);
  return controllers.flatMap(({ metatype }) => {
    const controller = metatype as Type;
    const prototype = controller.prototype as Record<string, object>;
    const own = (key: string, target: object) => Reflect.getMetadata(key, target) as unknown;
    return Object.getOwnPropertyNames(prototype)
      .filter((name) => name !== 'constructor' && own(PATH_METADATA, prototype[name] as object) !== undefined)
      .flatMap((name) => {
        const handler = prototype[name] as object;
        const version = own(VERSION_METADATA, handler) ?? own(VERSION_METADATA, controller) ?? '1';
        const prefix = typeof version === 'string' ? `/v${version}` : '';
        const paths = [own(PATH_METADATA, controller)]
          .flat()
          .flatMap((base) =>
            [own(PATH_METADATA, handler)]
              .flat()
              .map((path) => `${prefix}/${String(base)}/${String(path)}`.replace(/\/+/g, '/').replace(/(.)\/$/, '$1')),
          );
        return paths.map((url) => ({
          method: RequestMethod[own(METHOD_METADATA, handler) as number] as string,
          url,
          handler: `${controller.name}.${name}`,
          access: (own(ACCESS, handler) ?? own(ACCESS, controller)) as Access | undefined,
        }));
      });
  });
}

@Controller('undeclared')
class UndeclaredController {
  @Get()
  @RequirePermission('nothing:read')
  read(): void {
    // nobody gets here
  }
}

@Module({ imports: [daybook.module], controllers: [UndeclaredController] })
class UndeclaredModule {}

it('AUTH-29 a permission that no feature declares is found at start, with a sentence', async () => {
  await expect(startTestApp({}, undefined, UndeclaredModule)).rejects.toThrow(
    'UndeclaredController.read asks for the permission nothing:read, which no feature declares',
  );
});

describe('access', () => {
  let app: TestApp;
  let routes: Route[];
  let person: TestPerson;
  beforeAll(async () => {
    app = await startTestApp();
    routes = routesOf(app);
    person = await app.signIn('owner');
  });
  afterAll(() => app.close());

  const nameOf = ({ method, url }: { method: string; url: string }) => `${method} ${url}`;

  it('AUTH-29 every route says who may call it', () => {
    expect(routes.length).toBeGreaterThan(10);
    expect(routes.filter(({ access }) => access === undefined).map(nameOf)).toEqual([]);
  });

  it('AUTH-29 these routes are public, and no others', () => {
    const open = routes.filter(({ access }) => access?.kind === 'public').map(nameOf);
    expect(open.sort()).toMatchSnapshot();
  });

  it('API2 every route that is no controller’s refuses a caller without a token, and one who is no administrator', async () => {
    const known = new Set(routes.map(nameOf));
    const others = app.app
      .get(RouteTable)
      .all()
      .filter((route) => !['HEAD', 'OPTIONS'].includes(route.method) && !known.has(nameOf(route)));
    // the routes of packages: only where they are expected
    const pages = /^\/(openapi\.json|docs|reference)(\/|$)/;
    expect(others.filter(({ url }) => !url.startsWith('/admin/queues') && !pages.test(url)).map(nameOf)).toEqual([]);
    // the description of the API is public, and only to be read
    expect(others.filter(({ url, method }) => pages.test(url) && method !== 'GET')).toEqual([]);
    for (const route of others.filter(({ url }) => !pages.test(url))) {
      const path = filled(route.url, 'x').replace('*', 'x');
      const anonymous = await app.request(route.method, path, { body: bodyFor(route.method) });
      expect([nameOf(route), anonymous.status]).toEqual([nameOf(route), 401]);
      const owner = await app.request(route.method, path, { token: person.token, body: bodyFor(route.method) });
      expect([nameOf(route), owner.status]).toEqual([nameOf(route), 403]);
    }
  });

  it('API2 every other route refuses a caller without a token, and says so before anything else', async () => {
    const closed = routes.filter(({ access }) => access?.kind !== 'public');
    expect(closed.length).toBeGreaterThan(5);
    for (const route of closed) {
      const answer = await app.request(route.method, filled(route.url, person.userId), { body: bodyFor(route.method) });
      expect([nameOf(route), answer.status]).toEqual([nameOf(route), 401]);
    }
  });

  it('TEN-04 every route with an id answers another tenant’s ids as it answers ids that do not exist', async () => {
    const other = await app.createTenantWithOwner();
    const nobody = '01980c2e-5f7a-7c3e-9d11-5b7f2f9f6d00';
    const ledger = await app.request('POST', '/v1/ledgers', { token: other.token, body: { name: 'Theirs' } });
    expect(ledger.status).toBe(201);
    const foreign = [other.userId, other.tenantId, ledger.body.id as string];
    const withId = routes.filter(
      ({ url, access }) =>
        url.includes(':') && access?.kind === 'permission' && !access.permission.startsWith('platform:'),
    );
    expect(withId.length).toBeGreaterThan(0);
    for (const route of withId) {
      const ask = async (id: string) => {
        const { status, body } = await app.request(route.method, filled(route.url, id), {
          token: person.token,
          body: bodyFor(route.method),
          headers: { 'if-match': '*' },
        });
        return { route: nameOf(route), status, body: { ...(body as object), traceId: undefined } };
      };
      const unknown = await ask(nobody);
      for (const id of foreign) expect(await ask(id)).toEqual(unknown);
      // where the body is not the right one for the route, the refusal is about the body
      expect(['GET', 'HEAD', 'DELETE'].includes(route.method) ? [404] : [400, 404, 422]).toContain(unknown.status);
    }
  });
});

const filled = (url: string, id: string) => url.replace(/:[^/]+/g, id);
const bodyFor = (method: string) => (['GET', 'HEAD', 'DELETE'].includes(method) ? undefined : {});
