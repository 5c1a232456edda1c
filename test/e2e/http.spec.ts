import { problemCatalogue } from '../../src/common/problems/problem';
import { startTestApp, type TestAnswer, type TestApp, type TestPerson } from '../support/app';
import { type RawAnswer, sendLines, sendRaw } from '../support/raw-http';

const ORIGIN = 'https://app.example';
const BODY_LIMIT = 4096;

/** What HTTP itself may be sent, and what it is answered, whatever the route. */
describe('HTTP', () => {
  let app: TestApp;
  let owner: TestPerson;

  beforeAll(async () => {
    app = await startTestApp({
      CORS_ORIGINS: ORIGIN,
      BODY_LIMIT_BYTES: String(BODY_LIMIT),
      REQUEST_TIMEOUT_MS: '1000',
    });
    owner = await app.signIn('owner');
  });
  afterAll(() => app.close());

  function expectProblem(answer: TestAnswer | RawAnswer, status: number, code: string) {
    const headers = answer.headers instanceof Headers ? Object.fromEntries(answer.headers) : answer.headers;
    const document = 'json' in answer ? answer.json : answer.body;
    expect({ status: answer.status, code: document?.code }).toEqual({ status, code });
    expect(headers['content-type']).toBe('application/problem+json; charset=utf-8');
    expect(document).toMatchObject({ status, title: expect.any(String), detail: expect.any(String) });
    expect(document.type).toMatch(/^https?:\/\//);
    const text = 'text' in answer ? answer.text : answer.body;
    expect(text).not.toMatch(/FST_|node_modules|\.ts:|\.js:|at \w+ \(|SELECT|INSERT|ledgers_/);
    return { headers, document };
  }

  const newLedger = (body: unknown, headers: Record<string, string> = {}) =>
    app.request('POST', '/v1/ledgers', { token: owner.token, body, headers });
  const ledgerCount = async () => Number((await app.sql<{ count: string }>('SELECT count(*) FROM ledgers'))[0]?.count);

  describe('API-01: every refusal is a problem document', () => {
    it('404 for an address that nothing is at, without repeating it', async () => {
      const answer = await app.request('GET', '/v1/no-such-thing-4711', { token: owner.token });
      const { document } = expectProblem(answer, 404, 'not-found');
      expect(JSON.stringify(document)).not.toContain('4711');
      expect(document.traceId).toMatch(/^[0-9a-f]{32}$/);
    });

    it.each([
      ['DELETE', '/v1/ledgers', 'GET, HEAD, POST'],
      ['PUT', '/v1/ledgers/01980c2e-5f7a-7c3e-9d11-5b7f2f9f6d00', 'GET, HEAD, PATCH'],
      ['GET', '/v1/auth/sign-in', 'POST'],
      ['POST', '/health/live', 'GET, HEAD'],
    ])('405 with Allow for %s %s', async (method, path, allow) => {
      const { headers } = expectProblem(await app.request(method, path), 405, 'method-not-allowed');
      expect(headers.allow).toBe(allow);
    });

    it('405 for a wrong method with a body, before the body is looked at', async () => {
      expectProblem(await app.request('PUT', '/v1/ledgers', { body: '{"no' }), 405, 'method-not-allowed');
    });

    it.each(['/v1/%zz', '/v1/ledgers/%E0%A4%A', '/%'])('400 for the undecodable address %s', async (path) => {
      const { document, headers } = expectProblem(
        await sendLines(app.url, [`GET ${path} HTTP/1.1`]),
        400,
        'bad-request',
      );
      expect(document.traceId).toMatch(/^[0-9a-f]{32}$/);
      expect(headers['x-content-type-options']).toBe('nosniff');
    });

    it.each([
      ['what is not HTTP', 'hello\r\n\r\n'],
      ['a malformed request line', 'GET /health/live HTTX/1.1\r\n\r\n'],
      ['an unknown method', 'FROBNICATE /health/live HTTP/1.1\r\nHost: x\r\n\r\n'],
      ['a malformed header', 'GET /health/live HTTP/1.1\r\nHost: x\r\nbad header\r\n\r\n'],
      ['a request without Host', 'GET /health/live HTTP/1.1\r\nConnection: close\r\n\r\n'],
      [
        'Transfer-Encoding beside Content-Length',
        'POST /v1/auth/sign-in HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      ],
      ['two lengths', 'POST /v1/auth/sign-in HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}'],
    ])('400 for %s, and the connection is closed', async (_, bytes) => {
      const { headers } = expectProblem(await sendRaw(app.url, bytes), 400, 'bad-request');
      expect(headers.connection).toBe('close');
      expect(headers['x-content-type-options']).toBe('nosniff');
    });

    it('431 for 20 kB of headers', async () => {
      const answer = await sendLines(app.url, ['GET /health/live HTTP/1.1', `X-Long: ${'a'.repeat(20_000)}`]);
      expectProblem(answer, 431, 'headers-too-large');
    });

    it('408 for a request that does not come to its end', async () => {
      const answer = await sendRaw(app.url, 'GET /health/live HTTP/1.1\r\nHost: x\r\nX-Slow: ');
      expectProblem(answer, 408, 'request-timeout');
    });

    it('408 for a body that does not come to its end', async () => {
      const answer = await sendLines(
        app.url,
        ['POST /v1/auth/sign-in HTTP/1.1', 'Content-Type: application/json', 'Content-Length: 100'],
        '{"email":',
      );
      const { headers } = expectProblem(answer, 408, 'request-timeout');
      expect(headers.connection).toBe('close');
    });

    it('413 for a body beyond the limit, also one that does not say how long it is', async () => {
      const long = JSON.stringify({ name: 'x'.repeat(BODY_LIMIT) });
      expectProblem(await newLedger(long), 413, 'payload-too-large');
      const chunked = await sendLines(
        app.url,
        [
          'POST /v1/ledgers HTTP/1.1',
          'Content-Type: application/json',
          `Authorization: Bearer ${owner.token}`,
          'Transfer-Encoding: chunked',
        ],
        `${long.length.toString(16)}\r\n${long}\r\n0\r\n\r\n`,
      );
      expectProblem(chunked, 413, 'payload-too-large');
    });

    it('414 for a part of the path that is too long', async () => {
      const answer = await app.request('GET', `/v1/ledgers/${'a'.repeat(600)}`, { token: owner.token });
      expectProblem(answer, 414, 'uri-too-long');
    });

    it('415 for a body of another type; a PATCH is told what it takes', async () => {
      const xml = { headers: { 'content-type': 'application/xml' }, body: '<a/>', token: owner.token };
      expectProblem(await app.request('POST', '/v1/ledgers', xml), 415, 'unsupported-media-type');
      const patch = await app.request('PATCH', '/v1/tenant', {
        ...xml,
        headers: { ...xml.headers, 'if-match': '"1"' },
      });
      const { headers } = expectProblem(patch, 415, 'unsupported-media-type');
      expect(headers['accept-patch']).toBe('application/merge-patch+json, application/json');
    });

    it('401 names the scheme', async () => {
      const { headers } = expectProblem(await app.request('GET', '/v1/ledgers'), 401, 'unauthenticated');
      expect(headers['www-authenticate']).toBe('Bearer');
    });

    it('406 where the answer has several forms and none is accepted', async () => {
      const answer = await app.request('GET', '/problems', { headers: { accept: 'image/png' } });
      expectProblem(answer, 406, 'not-acceptable');
    });

    it('409 for a unique name that is taken, without the name of table, column or constraint', async () => {
      expect((await newLedger({ name: 'Taken' })).status).toBe(201);
      const { document } = expectProblem(await newLedger({ name: 'Taken' }), 409, 'conflict');
      expect(JSON.stringify(document)).not.toMatch(/tenant_id|ledgers|constraint|key_|_key|Taken/);
    });

    it('500 with a trace id that the log has, and nothing internal', async () => {
      await app.sql('ALTER TABLE ledgers RENAME TO ledgers_away');
      let answer: TestAnswer;
      try {
        answer = await app.request('GET', '/v1/ledgers', { token: owner.token });
      } finally {
        await app.sql('ALTER TABLE ledgers_away RENAME TO ledgers');
      }
      const { document } = expectProblem(answer, 500, 'internal-error');
      expect(JSON.stringify(document)).not.toMatch(/relation|ledgers|42P01|Query/);
      expect(Object.keys(document).sort()).toEqual(['code', 'detail', 'status', 'title', 'traceId', 'type']);
      const logged = app.logs.lines.filter((line) => line.includes(document.traceId));
      expect(logged.some((line) => line.includes('ledgers'))).toBe(true);
    });

    it('each type is the address of a page that explains it, for people and for programs', async () => {
      const types = problemCatalogue();
      expect(types.length).toBeGreaterThan(30);
      for (const { code, status, typeUri } of types) {
        const answer = await app.request('GET', `/problems/${code}`);
        expect(answer.status).toBe(200);
        expect(answer.body).toMatchObject({ code, status, example: { code, status, type: answer.body.type } });
        if (!typeUri) expect(answer.body.type).toBe(`http://localhost:3000/problems/${code}`);
        const page = await app.request('GET', `/problems/${code}`, { headers: { accept: 'text/html' } });
        expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
        expect(page.text).toContain(`<code>${code}</code>`);
      }
      const list = await app.request('GET', '/problems');
      expect((list.body.items as { code: string }[]).map(({ code }) => code)).toEqual(types.map(({ code }) => code));
      expectProblem(await app.request('GET', '/problems/no-such-code'), 404, 'not-found');
    });
  });

  it('the address alone says what this is and where to go on, to people and to programs', async () => {
    const answer = await app.request('GET', '/');
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/json; charset=utf-8']);
    const { name, links } = answer.body as { name: string; links: Record<string, string> };
    expect([name, Object.keys(links).sort()]).toEqual([
      'Daybook',
      ['docs', 'openapi', 'problems', 'ready', 'reference', 'signIn'],
    ]);
    for (const [link, address] of Object.entries(links)) {
      const { status } = await app.request('GET', new URL(address).pathname);
      expect([link, status]).toEqual([link, link === 'signIn' ? 405 : 200]);
    }
    const page = await app.request('GET', '/', { headers: { accept: 'text/html,*/*;q=0.8' } });
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    for (const address of Object.values(links)) expect(page.text).toContain(address);
    // no version, no names, no addresses but these
    expect(page.text + answer.text).not.toMatch(/\d+\.\d+\.\d+(?!\d*rem)|PostgreSQL|Redis|Nest|daybook_/);
    expect((await app.request('GET', '/', { headers: { accept: 'image/png' } })).status).toBe(406);
    expect((await app.request('POST', '/')).status).toBe(405);
  });

  describe('API-22: JSON that could mean two things is refused', () => {
    const nested = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;
    it.each([
      ['malformed JSON', '{"name": "a"', undefined],
      ['a trailing comma', '{"name": "a",}', undefined],
      ['the same key twice', '{"name": "a", "name": "b"}', '/name'],
      ['the same key twice, once escaped', '{"name": "a", "n\\u0061me": "b"}', '/name'],
      ['__proto__', '{"name": "a", "__proto__": {"admin": true}}', '/__proto__'],
      ['constructor.prototype', '{"name": "a", "constructor": {"prototype": {}}}', '/constructor'],
      ['33 levels', `{"name": "a", "metadata": ${nested(32)}}`, undefined],
      ['2^53', '{"name": "a", "metadata": {"n": 9007199254740992}}', '/metadata/n'],
      ['1e999', '{"name": "a", "metadata": {"n": 1e999}}', '/metadata/n'],
      ['NUL', '{"name": "a\\u0000"}', '/name'],
      ['a lone surrogate', '{"name": "a\\ud800"}', '/name'],
    ])('400 for %s', async (_, body, pointer) => {
      const before = await ledgerCount();
      const { document } = expectProblem(await newLedger(body), 400, 'invalid-json');
      if (pointer !== undefined) expect(document.errors).toEqual([{ pointer, detail: expect.any(String) }]);
      expect(await ledgerCount()).toBe(before);
    });

    it('400 for bytes that are not UTF-8', async () => {
      const body = Buffer.concat([Buffer.from('{"name": "a'), Buffer.from([0xc3, 0x28]), Buffer.from('"}')]);
      const answer = await sendLines(
        app.url,
        [
          'POST /v1/ledgers HTTP/1.1',
          'Content-Type: application/json',
          'Idempotency-Key: utf-8',
          `Authorization: Bearer ${owner.token}`,
          `Content-Length: ${body.length}`,
        ],
        body,
      );
      expectProblem(answer, 400, 'invalid-json');
    });

    it('400 for a body that is JSON but no object, and for one that is missing', async () => {
      for (const body of ['[]', '"text"', '4711', 'null', 'true'])
        expectProblem(await newLedger(body), 400, 'validation-failed');
      expectProblem(await app.request('POST', '/v1/ledgers', { token: owner.token }), 400, 'validation-failed');
    });
  });

  describe('F1: no spelling of a guarded address gets past the guard', () => {
    const spellings = (path: string) => [
      `${path}/`,
      `${path}//`,
      `/${path}`,
      path.replace('/v1/', '/v1//'),
      path.replace('/v1/', '/v1/./'),
      path.replace('/v1/', '/v1/x/../'),
      path.replace('/v1/', '/v1%2F'),
      path.replace('/v1/', '/%76%31/'),
      path.replace(/.$/, (last) => `%${last.charCodeAt(0).toString(16)}`),
      path.replace('/v1/', '/v1\\'),
      path.toUpperCase(),
      `${path};x=1`,
      `${path}%00`,
      `${path}%20`,
      `${path}.json`,
      `${path}%3F`,
      `${path}#top`,
      `http://elsewhere.example${path}`,
    ];
    it.each(['/v1/ledgers', '/v1/members', '/v1/me', '/v1/jobs', '/v1/tenants'])('%s', async (path) => {
      for (const spelling of spellings(path)) {
        const { status, json } = await sendLines(app.url, [`GET ${spelling} HTTP/1.1`]);
        expect([spelling, [400, 401, 404].includes(status)]).toEqual([spelling, true]);
        expect(json?.code).toMatch(/^(unauthenticated|not-found|bad-request)$/);
      }
    });

    it('nor does one of an address that changes something', async () => {
      const before = await ledgerCount();
      const body = JSON.stringify({ name: 'Nobody’s' });
      for (const spelling of spellings('/v1/ledgers')) {
        const { status } = await sendLines(
          app.url,
          [
            `POST ${spelling} HTTP/1.1`,
            'Content-Type: application/json',
            'Idempotency-Key: nobody',
            `Content-Length: ${Buffer.byteLength(body)}`,
          ],
          body,
        );
        expect([spelling, [400, 401, 404].includes(status)]).toEqual([spelling, true]);
      }
      expect(await ledgerCount()).toBe(before);
    });

    it('nor one of the dashboard', async () => {
      const paths = ['/admin/queues', '/admin/queues/', '/admin/queues/api/queues', '/admin/queues/queue/jobs'];
      for (const path of paths.flatMap((path) => [path, `/${path}`, path.replace('q', '%71'), `${path}?x`])) {
        const { status } = await sendLines(app.url, [`GET ${path} HTTP/1.1`]);
        expect([path, [400, 401, 404].includes(status)]).toEqual([path, true]);
      }
    });
  });

  describe('F2: no spelling of a content type gets past the validation', () => {
    const invalid = JSON.stringify({ name: 5, surprise: true });
    const send = (contentType: string[], body: string) =>
      sendLines(
        app.url,
        [
          'POST /v1/ledgers HTTP/1.1',
          ...contentType.map((value) => `Content-Type:${value}`),
          'Idempotency-Key: tricks',
          `Authorization: Bearer ${owner.token}`,
          `Content-Length: ${Buffer.byteLength(body)}`,
        ],
        body,
      );

    it.each([
      ['a leading space', [' application/json']],
      ['a leading tab', ['\tapplication/json']],
      ['a tab after it', ['application/json\t']],
      ['a tab before its parameters', ['application/json\t; charset=utf-8']],
      ['capitals', ['Application/JSON']],
      ['a parameter', ['application/json; charset=utf-8; x="a;b"']],
      ['another charset', ['application/json; charset=utf-16']],
      ['a longer name', ['application/jsonx']],
      ['text/json', ['text/json']],
      ['text/plain', ['text/plain']],
      ['two types', ['application/json, text/plain']],
      ['two headers', ['application/json', 'text/plain']],
      ['a form', ['application/x-www-form-urlencoded']],
      ['multipart', ['multipart/form-data; boundary=x']],
      ['nothing but a slash', ['/']],
      ['an empty one', ['']],
      ['none', []],
    ])('%s', async (_, contentType) => {
      const before = await ledgerCount();
      const { status, json } = await send(contentType, invalid);
      expect([400, 415]).toContain(status);
      expect(json?.code).toMatch(/^(validation-failed|unsupported-media-type|bad-request)$/);
      expect(await ledgerCount()).toBe(before);
    });

    it('a merge patch is taken as JSON is, by its own rules', async () => {
      const answer = await send([' application/merge-patch+json'], invalid);
      expectProblem(answer, 400, 'validation-failed');
    });
  });

  describe('API-12: versions', () => {
    it('the version is part of the address', async () => {
      for (const path of ['/ledgers', '/v2/ledgers', '/v1/v1/ledgers', '/V1/ledgers'])
        expectProblem(await app.request('GET', path, { token: owner.token }), 404, 'not-found');
      expect((await app.request('GET', '/v1/ledgers', { token: owner.token })).status).toBe(200);
    });

    it('what is not part of the API has none', async () => {
      for (const path of [
        '/health/live',
        '/metrics',
        '/.well-known/jwks.json',
        '/openapi.json',
        '/docs',
        '/problems',
      ]) {
        expect([path, (await app.request('GET', path)).status]).toEqual([path, 200]);
        expect([path, (await app.request('GET', `/v1${path}`)).status]).toEqual([path, 404]);
      }
    });

    it('API-15: the description that is served is the one that is committed, for this server', async () => {
      const { body } = await app.request('GET', '/openapi.json');
      expect(body.openapi).toBe('3.1.0');
      const described = Object.entries(body.paths as Record<string, object>).flatMap(([path, operations]) =>
        Object.keys(operations).map((method) => `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`),
      );
      expect(described).toContain('POST /v1/ledgers/:ledgerId/transactions');
      expect(body.info.description).toContain('| body | 4 KiB');
    });
  });

  describe('API-21: headers', () => {
    it.each(['/health/live', '/v1/ledgers', '/no-such-thing', '/problems'])('on %s', async (path) => {
      const { headers } = await app.request('GET', path, { token: owner.token });
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('x-frame-options')).toBe('DENY');
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      expect(headers.get('content-security-policy')).toContain("default-src 'none'");
      expect(headers.get('content-type')).toMatch(/; charset=utf-8$/);
      expect(headers.get('server')).toBeNull();
      expect(headers.get('x-powered-by')).toBeNull();
      // what one person may see is nobody else's to keep
      if (path.startsWith('/v1')) expect(headers.get('cache-control')).toBe('no-store');
    });

    it('Strict-Transport-Security where the public address is https', async () => {
      expect((await app.request('GET', '/health/live')).headers.get('strict-transport-security')).toBeNull();
      const secure = await startTestApp({ PUBLIC_URL: 'https://api.example' }, app);
      const { headers } = await secure.request('GET', '/health/live');
      expect(headers.get('strict-transport-security')).toMatch(/^max-age=\d{8}/);
      await secure.close();
    });

    it('the pages of the reference have what they need, and nothing from elsewhere', async () => {
      for (const path of ['/docs', '/reference']) {
        const { headers, text } = await app.request('GET', path);
        expect(headers.get('content-security-policy')).toContain("script-src 'self';");
        for (const [, file] of text.matchAll(/(?:src|href)="([^"]+)"/g)) {
          expect(file).not.toMatch(/^(https?:)?\/\//);
          const target = new URL(file as string, `http://x${path}`).pathname;
          expect([target, (await app.request('GET', target)).status]).toEqual([target, 200]);
        }
      }
    });

    it('problem pages allow their own style and no script', async () => {
      const { headers, text } = await app.request('GET', '/problems/unbalanced', { headers: { accept: 'text/html' } });
      const [, style = ''] = /<style>([^]*?)<\/style>/.exec(text) ?? [];
      const { createHash } = await import('node:crypto');
      const hash = createHash('sha256').update(style).digest('base64');
      expect(headers.get('content-security-policy')).toContain(`style-src 'sha256-${hash}'`);
      expect(headers.get('content-security-policy')).not.toContain('script-src');
      expect(text).not.toMatch(/<script|\sstyle=|\son\w+=/);
      expect(headers.get('vary')?.toLowerCase().split(', ').sort()).toEqual(['accept', 'origin']);
    });

    it('a browser of an allowed origin may call, another may not', async () => {
      const preflight = (origin: string) =>
        app.request('OPTIONS', '/v1/ledgers', {
          headers: {
            origin,
            'access-control-request-method': 'PATCH',
            'access-control-request-headers': 'authorization,idempotency-key,if-match',
          },
        });
      const allowed = await preflight(ORIGIN);
      expect(allowed.status).toBe(204);
      expect(allowed.headers.get('access-control-allow-origin')).toBe(ORIGIN);
      expect(allowed.headers.get('access-control-allow-methods')).toContain('PATCH');
      expect(allowed.headers.get('access-control-allow-headers')).toContain('idempotency-key');
      for (const origin of ['https://evil.example', `${ORIGIN}.evil.example`, 'null', 'http://app.example'])
        expect((await preflight(origin)).headers.get('access-control-allow-origin')).toBeNull();
      const answer = await app.request('GET', '/v1/ledgers', { token: owner.token, headers: { origin: ORIGIN } });
      expect(answer.headers.get('access-control-allow-origin')).toBe(ORIGIN);
      expect(answer.headers.get('access-control-expose-headers')).toContain('idempotent-replayed');
      expect(answer.headers.get('vary')).toMatch(/origin/i);
    });

    it('HEAD is GET without a body; OPTIONS says what there is; TRACE is off', async () => {
      const head = await app.request('HEAD', '/v1/ledgers', { token: owner.token });
      expect([head.status, head.text]).toEqual([200, '']);
      expect((await app.request('HEAD', '/v1/ledgers')).status).toBe(401);
      const options = await app.request('OPTIONS', '/v1/ledgers');
      expect(options.status).toBe(204);
      expect(options.headers.get('allow')).toBe('GET, HEAD, POST, OPTIONS');
      expectProblem(await app.request('OPTIONS', '/v1/no-such-thing'), 404, 'not-found');
      const trace = await sendLines(app.url, ['TRACE /v1/ledgers HTTP/1.1', 'X-Secret: 4711']);
      expectProblem(trace, 405, 'method-not-allowed');
      expect(trace.body).not.toContain('4711');
    });
  });

  describe('API-18: traces', () => {
    const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
    it('the caller’s trace is taken up', async () => {
      const traceparent = `00-${TRACE}-00f067aa0ba902b7-01`;
      const answer = await app.request('GET', '/v1/ledgers', { headers: { traceparent } });
      expect(answer.headers.get('traceparent')).toMatch(
        new RegExp(`^00-${TRACE}-(?!00f067aa0ba902b7)[0-9a-f]{16}-01$`),
      );
      expect(answer.body.traceId).toBe(TRACE);
    });

    it.each([
      'nonsense',
      `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
      `ff-${TRACE}-00f067aa0ba902b7-01`,
      `00-${TRACE.toUpperCase()}-00f067aa0ba902b7-01`,
      'x'.repeat(5000),
    ])('a malformed one begins a new trace: %.40s', async (traceparent) => {
      const answer = await app.request('GET', '/v1/ledgers', { token: owner.token, headers: { traceparent } });
      expect(answer.status).toBe(200);
      expect(answer.headers.get('traceparent')).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$/);
      expect(answer.headers.get('traceparent')).not.toContain(TRACE);
    });
  });
});
