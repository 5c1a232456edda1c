import { startTestApp, type TestApp, type TestTenant } from '../support/app';
import { createLedger, faultsInBooks, fingerprintOfTables, posting, type TestLedger } from '../support/ledger';
import { LineStream } from '../support/line-stream';
import { until } from '../../src/testing/until';

interface Line {
  readonly index?: number;
  readonly status: number;
  readonly replayed?: boolean;
  readonly transaction?: { id: string; sequence: number };
  readonly problem?: { code: string; errors?: { pointer: string }[] };
}

const LINE_LIMIT = 4_096;
let app: TestApp;
let owner: TestTenant;
let ledger: TestLedger;
const open: LineStream[] = [];

beforeAll(async () => {
  // lines have no limit on their number: not that of one JSON body either
  app = await startTestApp({
    BULK_LIMIT_BYTES: '1024',
    BODY_LIMIT_BYTES: String(LINE_LIMIT),
    ENGINE_BATCH_COMMANDS: '200',
  });
  owner = await app.createTenantWithOwner();
});
beforeEach(async () => {
  ledger = await createLedger(app, owner.token);
});
afterAll(async () => {
  for (const stream of open) stream.cut();
  expect(await faultsInBooks(app)).toEqual([]);
  await app.close();
});

function stream({
  key,
  token = owner.token,
  query = '',
  reading = true,
  type,
}: Partial<Record<'key' | 'token' | 'query' | 'type', string>> & { reading?: boolean } = {}) {
  const options = { token, ...(key ? { key } : {}), ...(type ? { type } : {}) };
  const opened = new LineStream(`${app.url}${ledger.path}/transactions/bulk${query}`, options, reading);
  open.push(opened);
  return opened;
}

/** Sends all, reads all. */
async function through(lines: unknown[], options: Parameters<typeof stream>[0] = {}): Promise<Line[]> {
  const opened = stream(options);
  await opened.send(...lines);
  opened.end();
  return (await opened.whole(30_000)).lines as Line[];
}

const recorded = async () =>
  Number(
    (await app.sql<{ n: string }>('SELECT count(*) AS n FROM transactions WHERE ledger_id = $1', [ledger.id]))[0]?.n,
  );
/** How much is recorded once nothing is added to it any more. */
async function settled(forMs: number): Promise<number> {
  let last = { n: -1, at: 0 };
  return until(
    'nothing more is recorded',
    async () => {
      const n = await recorded();
      if (n !== last.n) last = { n, at: Date.now() };
      return Date.now() - last.at > forMs && n;
    },
    60_000,
  );
}
const codes = (lines: Line[]) => lines.map(({ status, problem }) => problem?.code ?? status);

describe('bulk as lines', () => {
  it('API-14 each line is answered by a line, in order; one that cannot be read is refused and the rest goes on', async () => {
    const lines = await through([
      posting('1.00'),
      '',
      '{"entries": [',
      posting('2.00', { debit: 'nowhere' }),
      `{"description": "${'x'.repeat(LINE_LIMIT)}"}`,
      '   \r',
      '[1]',
      '{"kind":"void","kind":"void"}',
      `${JSON.stringify(posting('3.00'))}\r`,
    ]);
    expect(codes(lines)).toEqual([
      201,
      'invalid-json',
      'unknown-account',
      'payload-too-large',
      'validation-failed',
      'invalid-json',
      201,
    ]);
    expect(lines.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(await recorded()).toBe(2);
  });

  it('answers a line before the next one is sent', async () => {
    const opened = stream();
    for (let n = 0; n < 5; n += 1) {
      await opened.send(posting('1.00'));
      const lines = (await opened.linesUpTo(n + 1)) as Line[];
      expect(lines[n]).toMatchObject({ index: n, status: 201, transaction: { sequence: n + 1 } });
    }
    opened.end();
    await opened.whole();
  });

  it('takes more than any body may have, and JSON of the same items replays them', async () => {
    const items = Array.from({ length: 12_000 }, (_, n) => posting('1.00', { reference: `order-${n}` }));
    const lines = await through(items, { key: 'many' });
    expect(lines).toHaveLength(12_000);
    expect(new Set(codes(lines))).toEqual(new Set([201]));
    expect(lines.map(({ transaction }) => transaction?.sequence)).toEqual(items.map((_, n) => n + 1));
    const replay = await app.request('POST', `${ledger.path}/transactions/bulk`, {
      token: owner.token,
      body: { items: items.slice(0, 2) },
      headers: { 'idempotency-key': 'many' },
    });
    expect((replay.body as { results: Line[] }).results.map(({ replayed }) => replayed)).toEqual([true, true]);
    expect(await recorded()).toBe(12_000);
  }, 60_000);

  it('REL-05 REL-09 cut in the middle: what was committed stays, and a retry replays it and does the rest', async () => {
    const items = Array.from({ length: 3_000 }, (_, n) => posting('1.00', { reference: `order-${n}` }));
    const first = stream({ key: 'cut' });
    const sending = first.send(...items).catch(() => undefined);
    const seen = (await first.linesUpTo(300)) as Line[];
    first.cut();
    await sending;
    // batches that had begun are committed, those that had not are withdrawn
    const left = await settled(300);
    expect(left).toBeGreaterThanOrEqual(seen.length);
    expect(left).toBeLessThan(items.length);
    const again = await through(items, { key: 'cut' });
    expect(new Set(codes(again))).toEqual(new Set([201]));
    expect(again.filter(({ replayed }) => replayed)).toHaveLength(left);
    for (const { index, transaction } of seen) expect(again[index ?? -1]?.transaction).toEqual(transaction);
    expect(await recorded()).toBe(items.length);
  }, 60_000);

  it('a client that does not read is not read from: memory stays flat on both sides', async () => {
    const note = 'x'.repeat(900);
    const items = Array.from({ length: 20_000 }, (_, n) =>
      posting('1.00', { reference: `order-${n}`, description: note }),
    );
    const slow = stream({ reading: false });
    let sent = 0;
    const sending = (async () => {
      for (; sent < items.length; sent += 100) await slow.send(...items.slice(sent, sent + 100));
    })();
    const stuck = await settled(1_000);
    expect(stuck).toBeLessThan(items.length);
    expect(sent).toBeLessThan(items.length);
    slow.read();
    await sending;
    slow.end();
    expect(await slow.whole(60_000)).toMatchObject({ status: 200 });
    expect(slow.lines).toHaveLength(items.length);
  }, 120_000);

  it('AUTH-16 ends with its credential, and says so: what has no result was not carried out', async () => {
    const person = await app.signIn('accountant', owner.tenantId);
    const opened = stream({ token: person.token });
    await opened.send(posting('1.00'));
    await opened.linesUpTo(1);
    expect((await app.request('POST', '/v1/auth/sign-out', { token: person.token })).status).toBe(204);
    await opened.whole();
    const [, last] = opened.lines as Line[];
    expect([last?.index, last?.status, last?.problem?.code]).toEqual([undefined, 401, 'unauthenticated']);
    // what is sent after that is thrown away
    void opened.send(posting('1.00'));
    opened.end();
    expect(await settled(300)).toBe(1);
  });

  it('ends when the process shuts down, and says so', async () => {
    const second = await startTestApp({}, app);
    const opened = new LineStream(`${second.url}${ledger.path}/transactions/bulk`, { token: owner.token });
    await opened.send(posting('1.00'));
    await opened.linesUpTo(1);
    const closing = second.app.close();
    await opened.whole();
    expect((opened.lines as Line[]).at(-1)).toMatchObject({ status: 503, problem: { code: 'unavailable' } });
    opened.end();
    await closing;
  });

  it('is refused as a whole before its first line: unknown ledger, dry run, key, role, route', async () => {
    const before = await fingerprintOfTables(app);
    const refused = async (options: Parameters<typeof stream>[0]) => {
      const opened = stream(options);
      await opened.send(posting('1.00'));
      opened.end();
      await opened.whole();
      return [opened.status, (opened.body as { code: string }).code];
    };
    const viewer = await app.signIn('viewer', owner.tenantId);
    const stranger = await app.createTenantWithOwner();
    expect(await refused({ query: '?dryRun=true' })).toEqual([400, 'validation-failed']);
    expect(await refused({ token: viewer.token })).toEqual([403, 'forbidden']);
    expect(await refused({ token: stranger.token })).toEqual([404, 'ledger-not-found']);
    expect(await refused({ key: 'ä' })).toEqual([400, 'idempotency-key-invalid']);
    const elsewhere = await app.request('POST', `${ledger.path}/transactions`, {
      token: owner.token,
      body: posting('1.00'),
      headers: { 'content-type': 'application/x-ndjson' },
    });
    expect([elsewhere.status, elsewhere.body.code]).toEqual([415, 'unsupported-media-type']);
    expect(await fingerprintOfTables(app)).toEqual(before);
  });
});
