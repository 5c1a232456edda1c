import { type RequestOptions, startTestApp, type TestAnswer, type TestApp, type TestTenant } from '../support/app';
import { createLedger, fingerprintOfTables, type TestLedger } from '../support/ledger';
import { until } from '../../src/testing/until';

let app: TestApp;
let owner: TestTenant;
let ledger: TestLedger;

beforeAll(async () => {
  app = await startTestApp();
  owner = await app.createTenantWithOwner();
  ledger = await createLedger(app, owner.token);
});

afterAll(() => app.close());

const BODY = {
  parameters: [
    { name: 'amount', type: 'amount', currency: 'EUR' },
    { name: 'seller', type: 'string' },
    { name: 'order', type: 'string' },
  ],
  reference: 'order-{order}',
  description: null,
  metadata: { order: '{order}' },
  entries: [
    { direction: 'debit', account: 'cash', amount: '{amount}' },
    {
      direction: 'credit',
      split: 'amount',
      into: [
        { account: 'sales', percent: '2.9', plus: '0.30' },
        { account: 'sellers:{seller}:payable', amount: 'remainder' },
      ],
    },
  ],
};
const PARAMETERS = { amount: '100.00', seller: '7', order: '4711' };
const CARD_PAYMENT = { name: 'card-payment', ...BODY };

const ask = (method: string, path: string, body?: unknown, options: RequestOptions = {}): Promise<TestAnswer> =>
  app.request(method, `${ledger.path}/transaction-templates${path}`, { token: owner.token, body, ...options });

async function created(name: string, change: object = {}): Promise<string> {
  const { status, text } = await ask('POST', '', { ...CARD_PAYMENT, ...change, name });
  if (status !== 201) throw new Error(text);
  return name;
}

const state = () =>
  fingerprintOfTables(app, ['transaction_templates', 'transaction_template_versions', 'transactions', 'currencies']);

/** Refused with this code and these pointers, and nothing changed. */
async function refused(
  request: () => Promise<TestAnswer>,
  status: number,
  code: string,
  ...pointers: string[]
): Promise<void> {
  const before = await state();
  const answer = await request();
  const body = answer.body as { code: string; errors?: { pointer: string }[] };
  expect([answer.status, body.code, ...(body.errors ?? []).map(({ pointer }) => pointer)]).toEqual([
    status,
    code,
    ...pointers,
  ]);
  expect(await state()).toEqual(before);
}

describe('a transaction template', () => {
  it('is written, read and tried out', async () => {
    const written = await ask('POST', '', CARD_PAYMENT);
    expect([written.status, written.headers.get('location'), written.headers.get('etag')]).toEqual([
      201,
      `${ledger.path}/transaction-templates/card-payment`,
      '"1"',
    ]);
    expect(written.body).toEqual({
      ...CARD_PAYMENT,
      id: expect.any(String),
      ledgerId: ledger.id,
      version: 1,
      latestVersion: 1,
      createdAt: expect.any(String),
      createdBy: owner.userId,
      retiredAt: null,
    });
    const read = await ask('GET', '/card-payment');
    expect([read.status, read.headers.get('etag'), read.body]).toEqual([200, '"1"', written.body]);

    const expanded = await ask(
      'POST',
      '/card-payment/expand',
      { parameters: PARAMETERS },
      { headers: { 'idempotency-key': '' } },
    );
    expect([expanded.status, expanded.body]).toEqual([
      200,
      {
        template: { id: written.body.id, name: 'card-payment', version: 1 },
        entries: [
          { account: 'cash', direction: 'debit', amount: '100.00', currency: 'EUR' },
          { account: 'sales', direction: 'credit', amount: '3.20', currency: 'EUR' },
          { account: 'sellers:7:payable', direction: 'credit', amount: '96.80', currency: 'EUR' },
        ],
        reference: 'order-4711',
        description: null,
        metadata: { order: '4711' },
      },
    ]);
  });

  it('has versions that never change, and the latest is used where none is named', async () => {
    const path = `/${await created('versions')}`;
    const dearer = {
      ...BODY,
      entries: [
        BODY.entries[0],
        {
          ...BODY.entries[1],
          into: [
            { account: 'sales', percent: '5' },
            { account: 'cash', amount: 'remainder' },
          ],
        },
      ],
    };
    const second = await ask('PUT', path, dearer, { headers: { 'if-match': '"1"' } });
    expect([second.status, second.body.version, second.headers.get('etag')]).toEqual([200, 2, '"2"']);

    const fee = async (body: object) => {
      const { status, body: answer } = await ask('POST', `${path}/expand`, body);
      return [status, answer.template?.version, answer.entries?.[1].amount];
    };
    expect(await fee({ parameters: PARAMETERS })).toEqual([200, 2, '5.00']);
    expect(await fee({ parameters: PARAMETERS, version: 1 })).toEqual([200, 1, '3.20']);
    expect((await ask('GET', path)).body).toMatchObject({ version: 2, entries: dearer.entries });
    const first = (await ask('GET', `${path}/versions/1`)).body;
    expect(first).toMatchObject({ version: 1, latestVersion: 2, entries: CARD_PAYMENT.entries });
    expect((await ask('GET', `/${first.id}`)).body).toEqual(first);
    expect((await ask('GET', path)).body.id).toBe(second.body.id);
    const { items } = (await ask('GET', `${path}/versions`)).body as { items: { version: number }[] };
    expect(items.map(({ version }) => version)).toEqual([2, 1]);
    const page = (await ask('GET', `${path}/versions?limit=1`)).body;
    expect((await ask('GET', `${path}/versions?cursor=${page.next}`)).body.items).toEqual([first]);
  });

  it('API-10 takes the next version from one who saw the last one', async () => {
    const path = `/${await created('races')}`;
    await refused(() => ask('PUT', path, BODY), 428, 'precondition-required');
    await refused(() => ask('PUT', path, BODY, { headers: { 'if-match': '"2"' } }), 412, 'precondition-failed');
    // all have read version 1 before any may write the next
    await app.sql('BEGIN');
    await app.sql(`SELECT FROM transaction_templates WHERE name = 'races' FOR UPDATE`);
    const asked = Array.from({ length: 4 }, () => ask('PUT', path, BODY, { headers: { 'if-match': '"1"' } }));
    await until('all wait for the row', async () => {
      const waiting = await app.sql(
        `SELECT pid FROM pg_locks WHERE NOT granted AND (transactionid = pg_current_xact_id()::xid
            OR (locktype = 'tuple' AND relation = 'transaction_templates'::regclass))`,
      );
      return waiting.length === asked.length;
    });
    await app.sql('COMMIT');
    const answers = await Promise.all(asked);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 412, 412, 412]);
    expect((await ask('PUT', path, BODY, { headers: { 'if-match': '*' } })).body.version).toBe(3);
  });

  it('can be retired, and comes back with its next version', async () => {
    const path = `/${await created('retired')}`;
    const retired = await ask('POST', `${path}/retire`);
    expect([retired.status, retired.headers.get('etag')]).toEqual([200, '"2"']);
    expect(retired.body.retiredAt).toMatch(/^\d{4}-/);
    expect((await ask('POST', `${path}/retire`)).body).toEqual(retired.body);
    expect((await ask('GET', path)).body).toEqual(retired.body);
    const expand = () => ask('POST', `${path}/expand`, { parameters: PARAMETERS, version: 1 });
    await refused(expand, 422, 'transaction-template-retired');
    await refused(() => ask('POST', '', { ...CARD_PAYMENT, name: 'retired' }), 409, 'conflict', '/name');

    const back = await ask('PUT', path, BODY, { headers: { 'if-match': '"2"' } });
    expect([back.status, back.body.version, back.body.retiredAt]).toEqual([200, 2, null]);
    expect((await expand()).status).toBe(200);
  });

  it('API-11 is listed by name, both ways', async () => {
    const other = await createLedger(app, owner.token);
    const path = `${other.path}/transaction-templates`;
    for (const name of ['b', 'a', 'C', 'd'])
      await app.request('POST', path, { token: owner.token, body: { ...CARD_PAYMENT, name } });
    const page = async (query: string) => {
      const { body } = await app.request('GET', `${path}${query}`, { token: owner.token });
      return body as { items: { name: string; entries: unknown }[]; next: string | null; previous: string | null };
    };
    const names = ({ items }: { items: { name: string }[] }) => items.map(({ name }) => name);
    const first = await page('?limit=3');
    expect(names(first)).toEqual(['C', 'a', 'b']);
    expect(first.items[0]?.entries).toEqual(CARD_PAYMENT.entries);
    const second = await page(`?limit=3&cursor=${first.next}`);
    expect([names(second), second.next]).toEqual([['d'], null]);
    expect(names(await page(`?limit=3&cursor=${second.previous}`))).toEqual(['C', 'a', 'b']);
  });

  it('REL-03 cannot be changed in the database either', async () => {
    await created('immutable');
    for (const statement of [
      'UPDATE transaction_template_versions SET version = 9',
      'DELETE FROM transaction_template_versions',
    ])
      await expect(app.sql(statement)).rejects.toThrow('never changed');
  });

  it('takes a currency of the tenant, and one of ISO 4217 without adopting it', async () => {
    const body = { code: 'POINTS', scale: 0, name: 'Points' };
    expect((await app.request('POST', `${ledger.path}/currencies`, { token: owner.token, body })).status).toBe(201);
    await created('points', {
      parameters: [{ name: 'amount', type: 'amount', currency: 'POINTS' }, ...BODY.parameters.slice(1)],
      entries: [BODY.entries[0], { direction: 'credit', account: 'sales', amount: '{amount}' }],
    });
    const { body: answer } = await ask('POST', '/points/expand', { parameters: { ...PARAMETERS, amount: '5' } });
    expect(answer.entries[0]).toEqual({ account: 'cash', direction: 'debit', amount: '5', currency: 'POINTS' });
    expect(await app.sql(`SELECT code FROM currencies WHERE tenant_id = $1`, [owner.tenantId])).toEqual([
      { code: 'POINTS' },
    ]);
  });
});

describe('a transaction template is refused', () => {
  const entry = (change: object) => ({
    ...CARD_PAYMENT,
    name: 'x',
    entries: [BODY.entries[0], { ...BODY.entries[1], ...change }],
  });
  it.each<[string, object, number, string, ...string[]]>([
    ['no name', { ...BODY }, 400, 'validation-failed', '/name'],
    ['a name that is none', { ...BODY, name: 'a/b' }, 400, 'validation-failed', '/name'],
    ['an unknown field', { ...CARD_PAYMENT, name: 'x', effectiveAt: '' }, 400, 'validation-failed', '/effectiveAt'],
    ['no parameters', { ...CARD_PAYMENT, name: 'x', parameters: undefined }, 400, 'validation-failed', '/parameters'],
    [
      'parameters by name',
      { ...CARD_PAYMENT, name: 'x', parameters: { amount: {} } },
      400,
      'validation-failed',
      '/parameters',
    ],
    ['no entries', { ...CARD_PAYMENT, name: 'x', entries: [] }, 400, 'validation-failed', '/entries'],
    ['a direction that is none', entry({ direction: 'both' }), 400, 'validation-failed', '/entries/1/direction'],
    ['a number for an amount', entry({ amount: 5 }), 400, 'validation-failed', '/entries/1/amount'],
    ['null for a percentage', entry({ percent: null }), 400, 'validation-failed', '/entries/1/percent'],
    [
      'a weight of zero',
      entry({ into: [{ account: 'a', weight: 0 }] }),
      400,
      'validation-failed',
      '/entries/1/into/0/weight',
    ],
    [
      'an unknown field of a share',
      entry({ into: [{ account: 'a', share: 1 }] }),
      400,
      'validation-failed',
      '/entries/1/into/0/share',
    ],
    ['a share that is none', entry({ into: [5] }), 400, 'validation-failed', '/entries/1/into/0'],
    [
      'too much metadata',
      { ...CARD_PAYMENT, name: 'x', metadata: { a: 'x'.repeat(17_000) } },
      400,
      'validation-failed',
      '/metadata',
    ],
    ['an unknown parameter', entry({ split: 'amonut' }), 422, 'template-invalid', '/entries/1/split'],
    [
      'shares that are not the whole',
      entry({
        into: [
          { account: 'a', percent: '50' },
          { account: 'b', percent: '49' },
        ],
      }),
      422,
      'template-invalid',
      '/entries/1/into',
    ],
    ['entries that cannot balance', entry({ direction: 'debit' }), 422, 'template-invalid', '/entries'],
    [
      'an unknown currency',
      {
        ...CARD_PAYMENT,
        name: 'x',
        parameters: [{ name: 'amount', type: 'amount', currency: 'XYZ' }, ...BODY.parameters.slice(1)],
      },
      422,
      'template-invalid',
      '/parameters/0/currency',
    ],
  ])('for %s', (_what, body, status, code, ...pointers) =>
    refused(() => ask('POST', '', body), status, code, ...pointers),
  );

  it('for a name that is there', async () => {
    await created('twice');
    await refused(() => ask('POST', '', { ...CARD_PAYMENT, name: 'twice' }), 409, 'conflict', '/name');
  });

  it('for parameters that do not fit', async () => {
    const path = `/${await created('parameters')}/expand`;
    const expand = (parameters: unknown) => () => ask('POST', path, { parameters });
    await refused(expand(undefined), 400, 'validation-failed', '/parameters');
    await refused(expand([PARAMETERS]), 400, 'validation-failed', '/parameters');
    const invalid = [422, 'template-parameters-invalid'] as const;
    await refused(expand({}), ...invalid, '/parameters/amount', '/parameters/seller', '/parameters/order');
    await refused(expand({ ...PARAMETERS, amount: 100 }), ...invalid, '/parameters/amount');
    await refused(expand({ ...PARAMETERS, amount: '0.20' }), ...invalid, '/parameters/amount');
    await refused(expand({ ...PARAMETERS, seller: '7:8' }), ...invalid, '/parameters/seller');
    await refused(expand({ ...PARAMETERS, tip: '1.00' }), ...invalid, '/parameters/tip');
  });

  it('when it is not there', async () => {
    const path = `/${await created('there')}`;
    const missing = [404, 'transaction-template-not-found'] as const;
    for (const version of ['2', '0', '01', '1e0', '-1', '99999999999999999999', 'x'])
      await refused(() => ask('GET', `${path}/versions/${version}`), ...missing);
    await refused(() => ask('POST', `${path}/expand`, { parameters: PARAMETERS, version: 2 }), ...missing);
    for (const [method, rest, body] of [
      ['GET', ''],
      ['PUT', '', BODY],
      ['POST', '/retire'],
      ['POST', '/expand', { parameters: PARAMETERS }],
      ['GET', '/versions'],
      ['GET', '/versions/1'],
    ] as const)
      await refused(() => ask(method, `/nowhere${rest}`, body, { headers: { 'if-match': '*' } }), ...missing);
  });

  it('TEN-04 to another tenant, as one that is not there; AUTH-29 to a viewer', async () => {
    const path = `/${await created('theirs')}`;
    const other = await app.createTenantWithOwner();
    const theirs = await createLedger(app, other.token);
    const second = await createLedger(app, owner.token);
    const { id } = (await ask('GET', path)).body as { id: string };
    for (const each of [path, `/${id}`])
      await refused(
        () => app.request('GET', `${second.path}/transaction-templates${each}`, { token: owner.token }),
        404,
        'transaction-template-not-found',
      );
    await refused(() => ask('GET', `/${id}`, undefined, { token: other.token }), 404, 'transaction-template-not-found');
    const viewer = await app.signIn('viewer', owner.tenantId);
    for (const [method, rest, body, forViewer] of [
      ['GET', '', undefined, 200],
      ['PUT', '', BODY, 403],
      ['POST', '/retire', undefined, 403],
      ['POST', '/expand', { parameters: PARAMETERS }, 200],
      ['GET', '/versions', undefined, 200],
      ['GET', '/versions/1', undefined, 200],
    ] as const) {
      const with_ = (token: string) => ({ token, headers: { 'if-match': '*' } });
      await refused(() => ask(method, path + rest, body, with_(other.token)), 404, 'transaction-template-not-found');
      // nor through a ledger of their own
      const own = () =>
        app.request(method, `${theirs.path}/transaction-templates${path}${rest}`, { body, ...with_(other.token) });
      await refused(own, 404, 'transaction-template-not-found');
      expect([method, rest, (await ask(method, path + rest, body, with_(viewer.token))).status]).toEqual([
        method,
        rest,
        forViewer,
      ]);
    }
    await refused(
      () => ask('POST', '', { ...CARD_PAYMENT, name: 'new' }, { token: other.token }),
      404,
      'ledger-not-found',
    );
    await refused(() => ask('GET', '', undefined, { token: other.token }), 404, 'ledger-not-found');
    await refused(() => ask('POST', '', { ...CARD_PAYMENT, name: 'new' }, { token: viewer.token }), 403, 'forbidden');
    // a name is one ledger's, and one tenant's
    const same = await app.request('POST', `${theirs.path}/transaction-templates`, {
      token: other.token,
      body: { ...CARD_PAYMENT, name: 'theirs' },
    });
    expect(same.status).toBe(201);
  });
});
