import { Controller, Get, Module, RequestMethod, type Type } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA, VERSION_METADATA } from '@nestjs/common/constants';
import { ModulesContainer } from '@nestjs/core';
import { daybook } from '../../src/app';
import { RouteTable } from '../../src/platform/http/route-table';
import { ACCESS, type Access, RequirePermission } from '../../src/platform/security/access.decorators';
import { startTestApp, type TestApp, type TestPerson } from '../support/app';
import { posting } from '../support/ledger';

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

  it('TEN-04 every id parameter of every route: another tenant’s value is answered as one that does not exist', async () => {
    const other = await app.createTenantWithOwner();
    const theirs = new Things(app, other.token);
    await theirs.make();
    const withId = routes.filter(
      ({ url, access }) =>
        url.includes(':') && access?.kind === 'permission' && !access.permission.startsWith('platform:'),
    );
    expect(withId.length).toBeGreaterThan(40);
    const unknown: string[] = [];
    for (const route of withId) {
      const foreign = await theirs.path(route.url);
      // a new module whose things cannot be made here: give an example to each property of its request, or add to SEEDS
      if (foreign === undefined) unknown.push(nameOf(route));
      else {
        const ask = async (path: string) => {
          const { status, body } = await app.request(route.method, path, {
            token: person.token,
            body: bodyFor(route.method),
            headers: { 'if-match': '*' },
          });
          return { route: nameOf(route), status, body: { ...(body as object), traceId: undefined } };
        };
        const nothing = await ask(filled(route.url, NOBODY));
        expect(await ask(foreign)).toEqual(nothing);
        // where the body is not the right one for the route, the refusal is about the body
        expect(['GET', 'HEAD', 'DELETE'].includes(route.method) ? [404] : [400, 404, 415, 422]).toContain(
          nothing.status,
        );
      }
    }
    expect(unknown).toEqual([]);
    // and it is still theirs, and there
    for (const { url, method } of withId) {
      const path = await theirs.path(url);
      if (method === 'GET' && path !== undefined && !/\/(events|proof|exports\/.*)$/.test(path))
        expect([path, (await app.request('GET', path, { token: other.token })).status]).toEqual([path, 200]);
    }
  }, 60_000);
});

const NOBODY = '01980c2e-5f7a-7c3e-9d11-5b7f2f9f6d00';

/** Requests for what the examples of the API description do not make by themselves; null: it is there anyway. */
const SEEDS: Readonly<Record<string, object | null>> = {
  '/v1/jobs': { kind: 'maintenance.purge', payload: {} },
  '/v1/job-schedules': { kind: 'maintenance.purge', payload: {}, cron: '0 3 * * *', timeZone: 'UTC' },
  '/v1/members': null,
  '/v1/ledgers/:ledgerId/transactions': posting('25.00', { debit: 'assets:bank:main', credit: 'assets:cash' }),
  '/v1/ledgers/:ledgerId/scheduled-transactions': {
    postAt: '2099-01-01T00:00:00Z',
    transaction: posting('25.00', { debit: 'assets:bank:main', credit: 'assets:cash' }),
  },
};

type Schema = { $ref?: string; required?: string[]; properties?: Record<string, Schema>; example?: unknown };
type Document = {
  paths: Record<string, Record<string, { requestBody?: { content: Record<string, { schema: Schema }> } }>>;
  components: { schemas: Record<string, Schema> };
};

/** One of each thing that a tenant can have, made over HTTP by its owner with the examples of the API description. */
class Things {
  private readonly values = new Map<string, string | undefined>();

  constructor(
    private readonly app: TestApp,
    private readonly token: string,
  ) {}

  async make(): Promise<void> {
    const document = (await this.app.request('GET', '/openapi.json')).body as Document;
    // outer collections first
    const collections = Object.entries(document.paths)
      .filter(([path, operations]) => operations.post && operations.get && !path.endsWith('}'))
      .map(([path, operations]) => ({ url: path.replace(/\{(\w+)\}/g, ':$1'), post: operations.post }))
      .sort((one, other) => one.url.split(':').length - other.url.split(':').length);
    // twice: what is made of other things finds them the second time
    for (const { url, post } of [...collections, ...collections]) {
      if (SEEDS[url] === null || url.startsWith('/v1/tenants')) continue;
      const path = await this.path(url);
      if (path === undefined) continue;
      const body = SEEDS[url] ?? exampleOf(post?.requestBody?.content['application/json']?.schema, document);
      if (url.endsWith('/imports')) await this.import(path);
      else await this.app.request('POST', path, { token: this.token, body });
      if (url.endsWith('/accounts'))
        await this.app.request('POST', path, { token: this.token, body: { code: 'assets:cash', type: 'asset' } });
    }
  }

  private import(path: string) {
    const headers = { 'content-type': 'text/csv' };
    return this.app.request('POST', path, { token: this.token, headers, body: 'transaction,date' });
  }

  /** A path of a route with values of this tenant; undefined where it has none. */
  async path(url: string): Promise<string | undefined> {
    let path = '';
    for (const segment of url.split('/').slice(1)) {
      const value = segment.startsWith(':') ? await this.valueIn(path, segment.slice(1)) : segment;
      if (value === undefined) return undefined;
      path += `/${value}`;
    }
    return path;
  }

  /** What is in a collection, by the name that its own route knows it by. */
  private async valueIn(collection: string, name: string): Promise<string | undefined> {
    const known = this.values.get(collection);
    if (known !== undefined) return known;
    const list = await this.app.request('GET', collection, { token: this.token });
    const items = (list.body?.items ?? list.body?.versions ?? []) as Record<string, unknown>[];
    const [item = {}] = items;
    for (const candidate of [item[name], ...Object.values(item)]) {
      if (typeof candidate !== 'string' && typeof candidate !== 'number') continue;
      const value = encodeURIComponent(candidate);
      if ((await this.app.request('GET', `${collection}/${value}`, { token: this.token })).status !== 200) continue;
      this.values.set(collection, value);
      return value;
    }
    return undefined;
  }
}

function exampleOf(schema: Schema | undefined, document: Document): unknown {
  if (!schema) return {};
  if (schema.example !== undefined) return schema.example;
  if (schema.$ref) return exampleOf(document.components.schemas[schema.$ref.split('/').at(-1) ?? ''], document);
  const required = (schema.required ?? []).map((name) => [name, exampleOf(schema.properties?.[name], document)]);
  return Object.fromEntries(required) as unknown;
}

const filled = (url: string, id: string) => url.replace(/:[^/]+/g, id);
const bodyFor = (method: string) => (['GET', 'HEAD', 'DELETE'].includes(method) ? undefined : {});
