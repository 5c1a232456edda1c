import { randomInt } from 'node:crypto';
import { Client } from 'pg';
import { type AppProcess, startAppProcess } from '../support/app-process';
import { startTestApp, type TestApp, type TestTenant } from '../support/app';
import { createLedger, faultsInBooks, posting, type TestLedger } from '../support/ledger';
import { faultsInChains } from '../support/ledger-chain';
import { type OwnPostgres, startOwnPostgres } from '../support/own-servers';
import { type Random, randomFrom } from '../support/random';
import { until } from '../../src/testing/until';

const CLIENTS = 8;
/** What fails in each round: one of the two processes, or the database under both. */
const ROUNDS = Array.from({ length: 20 }, (_, round) => (round % 4 === 0 ? 'process' : 'PostgreSQL'));

/** A request that is repeated with its key until it has an answer. */
interface Asked {
  readonly key: string;
  readonly path: string;
  readonly body: unknown;
}
/** What a key came to. */
interface Resolved extends Asked {
  readonly status: number;
  /** Of what it recorded. */
  readonly ids: readonly string[];
}

describe('processes and PostgreSQL are killed in the middle of postings, holds, captures, voids, reversals and bulk', () => {
  const seed = randomInt(2 ** 31);
  let postgres: OwnPostgres;
  let arranger: TestApp;
  let owner: TestTenant;
  let ledger: TestLedger;
  const processes: AppProcess[] = [];
  const resolved = new Map<string, Resolved>();
  const known: { holds: string[]; posted: string[] } = { holds: [], posted: [] };
  let lastAnswer = 0;
  let failures = 0;
  let over = false;
  let clients: Promise<unknown>;

  beforeAll(async () => {
    postgres = await startOwnPostgres();
    arranger = await startTestApp();
    owner = await arranger.createTenantWithOwner();
    ledger = await createLedger(arranger, owner.token);
    processes.push(await start(), await start());
    clients = Promise.all(Array.from({ length: CLIENTS }, (_, index) => client(randomFrom(seed + index), index)));
  }, 90_000);

  afterAll(async () => {
    over = true;
    await clients;
    await Promise.all(processes.map((one) => one.kill()));
    await arranger.close();
    await postgres.remove();
  }, 30_000);

  // small batches: blows fall between, before and within them
  const start = () =>
    startAppProcess({
      DATABASE_URL: arranger.database.databaseUrl,
      REDIS_URL: arranger.database.redisUrl,
      ENGINE_BATCH_COMMANDS: '8',
    });

  /** By a connection of its own: others were cut. */
  async function sql<Row>(text: string, values: unknown[] = []): Promise<Row[]> {
    const admin = new Client({ connectionString: arranger.database.adminUrl });
    await admin.connect();
    try {
      return (await admin.query(text, values)).rows as Row[];
    } finally {
      await admin.end();
    }
  }

  async function client(random: Random, index: number): Promise<void> {
    for (let n = 0; !over; n += 1) await ask(randomRequest(random, `${index}-${n}`), random(2));
  }

  function randomRequest(random: Random, key: string): Asked {
    const recent = (ids: readonly string[]) => ids[Math.max(0, ids.length - 1 - random(15))] as string;
    const reference = { reference: key };
    const part = random(2) ? { amount: `0.${1 + random(9)}0` } : {};
    const pick = random(12);
    if (pick < 2 && known.holds.length > 0)
      return { key, path: `/${recent(known.holds)}/capture`, body: { ...part, ...reference } };
    if (pick === 2 && known.holds.length > 0) return { key, path: `/${recent(known.holds)}/void`, body: reference };
    if (pick < 5 && known.posted.length > 0)
      return { key, path: `/${recent(known.posted)}/reverse`, body: { ...part, ...reference } };
    if (pick < 7) {
      const items = Array.from({ length: 12 }, (_, n) => ({
        ...posting('1.00', { reference: `${key}-${n}` }),
        ...(n % 3 ? {} : { status: 'pending' }),
      }));
      return { key, path: '/bulk', body: { atomic: pick === 5, items } };
    }
    return { key, path: '', body: { ...posting('1.00', reference), ...(random(3) ? {} : { status: 'pending' }) } };
  }

  /** As the documentation says: 503 and lost connections are repeated with the same key, here at the other process. */
  async function ask(request: Asked, through: number): Promise<Resolved> {
    for (let attempt = through; ; attempt += 1) {
      const url = processes[attempt % 2]?.url ?? '';
      const answer = await send(url, request).catch(() => undefined);
      if (answer) {
        lastAnswer = performance.now();
        if (!resolved.has(request.key)) resolved.set(request.key, answer);
        return answer;
      }
      failures += 1;
      await new Promise((resolve) => setTimeout(resolve, 15));
    }
  }

  /** @returns undefined when it is to be repeated */
  async function send(url: string, request: Asked): Promise<Resolved | undefined> {
    const answer = await fetch(`${url}${ledger.path}/transactions${request.path}`, {
      method: 'POST',
      headers: {
        ...{ 'content-type': 'application/json', authorization: `Bearer ${owner.token}` },
        'idempotency-key': request.key,
      },
      body: JSON.stringify(request.body),
      signal: AbortSignal.timeout(15_000),
    });
    const body = (await answer.json()) as Recorded & {
      code?: string;
      results?: { status: number; transaction?: Recorded }[];
    };
    if (answer.status >= 500) {
      expect([answer.status, body.code]).toEqual([
        503,
        expect.stringMatching(/^(unavailable|outcome-unknown|ledger-busy)$/),
      ]);
      return undefined;
    }
    const made = body.results
      ? body.results.map(({ transaction }) => transaction)
      : [answer.status === 201 ? body : undefined];
    if (body.results?.some(({ status }) => status >= 500)) return undefined;
    for (const one of made) {
      if (one?.kind === 'hold') known.holds.push(one.id);
      if (one?.kind === 'posting' || one?.kind === 'capture') known.posted.push(one.id);
    }
    return { ...request, status: answer.status, ids: made.flatMap((one) => one?.id ?? []) };
  }
  interface Recorded {
    readonly id: string;
    readonly kind: string;
  }

  it(`REL-09 twenty times: nothing that was acknowledged is lost, and answers come again within 5 s (seed ${seed})`, async () => {
    for (const [round, what] of ROUNDS.entries()) {
      const enough = resolved.size + 10;
      await until(`round ${round}: there are answers`, () => resolved.size > enough, 15_000);
      const acknowledged = [...resolved.values()].flatMap(({ ids }) => ids);
      if (what === 'process') {
        const victim = (round / 4) % 2;
        await processes[victim]?.kill();
        const fallen = performance.now();
        await until('the other process answers', () => lastAnswer > fallen, 5_000);
        processes[victim] = await start();
      } else {
        await postgres.crash();
        await postgres.start();
        const back = performance.now();
        await until('there are answers again', () => lastAnswer > back, 5_000);
      }
      const [found] = await sql<{ n: number }>(
        'SELECT count(*)::int AS n FROM transactions WHERE id = ANY ($1::uuid[])',
        [acknowledged],
      );
      expect([round, found?.n]).toEqual([round, acknowledged.length]);
    }
    expect(failures).toBeGreaterThan(ROUNDS.length);
  }, 150_000);

  it('REL-05 REL-09 every key came to one effect, nothing else happened, and a retry tells it again', async () => {
    over = true;
    await clients;
    const answers = [...resolved.values()];
    const effects = answers.flatMap(({ ids }) => ids);
    const rows = await sql<{ id: string }>('SELECT id FROM transactions ORDER BY sequence');
    expect(new Set(effects).size).toBe(effects.length);
    expect(rows.map(({ id }) => id).sort()).toEqual([...effects].sort());
    for (const path of ['capture', 'void', 'reverse', 'bulk'])
      expect([path, answers.some((one) => one.path.endsWith(path) && one.ids.length > 0)]).toEqual([path, true]);
    for (const one of answers.filter((_, index) => index % Math.ceil(answers.length / 60) === 0)) {
      const again = await ask(one, 0);
      expect([one.key, again.status, again.ids]).toEqual([one.key, one.status, one.ids]);
    }
    expect(await sql('SELECT id FROM transactions')).toHaveLength(rows.length);
  }, 60_000);

  it('REL-01 REL-02 REL-06 REL-07 REL-12 the books add up', async () => {
    expect(await faultsInBooks({ sql })).toEqual([]);
  });

  it('REL-13 the chain follows, from the first transaction to the last', async () => {
    expect(await faultsInChains({ sql })).toEqual([]);
  });
});
