import { execFile } from 'node:child_process';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type ReadableStream } from 'node:stream/web';
import { daybook } from '../../src/app';
import { startTestApp, type TestApp, type TestTenant } from '../support/app';
import { BookClient, manyTransactions } from '../support/books';
import { type RichLedger, richLedger } from '../support/evidence';
import { posting } from '../support/ledger';

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- lines have as many shapes as types
type Line = Record<string, any> & { type: string };

let app: TestApp;
let owner: TestTenant;
let ledger: RichLedger;
let lines: Line[];
let folder: string;
let jwks: string;
/** Of the first and the second checkpoint. */
let kept: string[];

beforeAll(async () => {
  app = await startTestApp(
    { JOBS_SWEEP_INTERVAL_MS: '100', REDIS_PREFIX: 'daybook-test' },
    undefined,
    daybook.workerModule,
  );
  owner = await app.createTenantWithOwner();
  ledger = await richLedger(app, owner);
  const checkpoint = async () =>
    (await app.request('POST', `${ledger.path}/checkpoints`, { token: owner.token })).body.jws as string;
  kept = [await checkpoint()];
  await app.request('POST', `${ledger.path}/transactions/${ledger.hold}/capture`, {
    token: owner.token,
    body: { amount: '20.00' },
  });
  await app.request('POST', `${ledger.path}/transactions/${ledger.original}/reverse`, { token: owner.token, body: {} });
  kept.push(await checkpoint());
  await app.request('POST', `${ledger.path}/transactions`, { token: owner.token, body: posting('9.99') });
  folder = await mkdtemp(join(tmpdir(), 'daybook-bundle-'));
  jwks = join(folder, 'jwks.json');
  await writeFile(jwks, (await app.request('GET', '/.well-known/checkpoint-keys.json')).text);
  const answer = await app.request('GET', `${ledger.path}/exports/evidence`, { token: owner.token });
  expect(answer.headers.get('content-type')).toBe('application/x-ndjson; charset=utf-8');
  expect(answer.headers.get('content-disposition')).toContain(`ledger-${ledger.id}.evidence.ndjson`);
  lines = answer.text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
  await app.close();
});

function check(file: string, ...args: string[]): Promise<{ code: number; output: string }> {
  return checkWith([], file, ...args);
}

/** As an auditor runs it: a folder of its own, no environment, nothing but Node. */
function checkWith(node: string[], file: string, ...args: string[]): Promise<{ code: number; output: string }> {
  const program = join(__dirname, '../../scripts/verify-bundle.mjs');
  return new Promise((resolve) => {
    execFile(process.execPath, [...node, program, file, ...args], { cwd: folder, env: {} }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code) : 0, output: stdout + stderr });
    });
  });
}

let count = 0;
async function bundleOf(content: readonly (Line | string)[]): Promise<string> {
  const file = join(folder, `${(count += 1)}.ndjson`);
  await writeFile(file, content.map((line) => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join(''));
  return file;
}

const copy = (): Line[] => structuredClone(lines);
const byType = (all: Line[], type: string) => all.filter((line) => line.type === type);
/** Changes the canonical text of the transaction at this place, from 0. */
function rewrite(all: Line[], place: number, change: (fields: unknown[]) => void): void {
  const line = byType(all, 'transaction')[place];
  if (!line) throw new Error('there is no such transaction');
  const fields = JSON.parse(line.canonical as string) as unknown[];
  change(fields);
  line.canonical = JSON.stringify(fields);
}
const entryOf = (fields: unknown[], place: number) => (fields[14] as unknown[][])[place] ?? [];
const placeOf = (all: Line[], id: string) =>
  byType(all, 'transaction').findIndex(
    (line) =>
      (line.canonical as string).includes(`","${id}","`) &&
      (JSON.parse(line.canonical as string) as string[])[3] === id,
  );

describe('a bundle', () => {
  it('is whole, and an auditor with nothing but Node finds nothing wrong with it', async () => {
    expect(lines.map(({ type }) => type).filter((type, n, all) => type !== all[n - 1])).toEqual([
      'header',
      'keys',
      'currency',
      'account',
      'transaction',
      'checkpoint',
      'transaction',
      'checkpoint',
      'transaction',
      'balance',
      'footer',
    ]);
    expect(lines[0]?.readme).toContain('SHA-256(hash before, its 64 digits; canonical)');
    const { code, output } = await check(await bundleOf(lines));
    expect([code, output]).toEqual([0, expect.stringContaining('nothing is wrong')]);
    expect(output).toContain('15 transactions');
    expect(output).toContain('transactions after 14 are covered by no checkpoint yet');
    expect(output).toContain('give --jwks to check who signed');
  });

  it('is checked with keys and checkpoints from elsewhere', async () => {
    const file = await bundleOf(lines);
    const pinned = join(folder, 'pinned.txt');
    await writeFile(pinned, `${kept[1] ?? ''}\n`);
    const good = await check(
      file,
      '--jwks',
      `${app.url}/.well-known/checkpoint-keys.json`,
      '--checkpoint',
      kept[0] ?? '',
      '--checkpoint',
      pinned,
    );
    expect([good.code, good.output]).toEqual([0, expect.not.stringContaining('--jwks')]);
    // keys that a forger put into the bundle are worth nothing then
    const other = await startTestApp();
    try {
      const forged = copy();
      const keys = byType(forged, 'keys')[0];
      if (keys) keys.keys = (await other.request('GET', '/.well-known/checkpoint-keys.json')).body.keys as unknown;
      expect((await check(await bundleOf(forged))).code).toBe(1);
      const foreign = join(folder, 'foreign.json');
      await writeFile(foreign, JSON.stringify({ keys: keys?.keys as unknown }));
      expect((await check(file, '--jwks', foreign)).output).toContain('not one of those that are trusted');
    } finally {
      await other.close();
    }
  });

  it('a proof of one transaction is checked by itself', async () => {
    const answer = await app.request('GET', `${ledger.path}/transactions/${ledger.first}/proof`, {
      token: owner.token,
    });
    const proof = answer.body as Line;
    expect(await check(await bundleOf([proof]), '--jwks', jwks)).toMatchObject({ code: 0 });
    const altered = { ...proof, canonical: (proof.canonical as string).replace('"2500"', '"2600"') };
    expect((await check(await bundleOf([altered]), '--jwks', jwks)).output).toContain(
      'the transaction has another hash',
    );
    const shorter = { ...proof, path: (proof.path as unknown[]).slice(1) };
    expect((await check(await bundleOf([shorter]), '--jwks', jwks)).code).toBe(1);
    expect((await check(await bundleOf([proof]))).code).toBe(1);
  });

  it('says how it is used', async () => {
    expect((await check('')).code).toBe(1);
    expect((await check(await bundleOf(lines), '--unknown')).code).toBe(2);
    expect((await check(await bundleOf(lines), 'another')).code).toBe(2);
  });
});

type Case = [what: string, change: (all: Line[]) => Line[] | undefined, finding: RegExp];
const changed = (type: string, place: number, change: (line: Line) => void) => (all: Line[]) => {
  const line = byType(all, type).at(place);
  if (!line) throw new Error(`there is no ${type}`);
  change(line);
  return undefined;
};
const rewritten = (place: number, change: (fields: unknown[]) => void) => (all: Line[]) => {
  rewrite(all, place, change);
  return undefined;
};
const without = (type: string, place: number) => (all: Line[]) => {
  const gone = byType(all, type).at(place);
  return all.filter((line) => line !== gone);
};

const TAMPERED: Case[] = [
  ['a description', rewritten(0, (fields) => (fields[8] = 'x')), /transaction \S+ \(sequence 1\): its hash is another/],
  ['metadata', rewritten(0, (fields) => (fields[13] = '{}')), /sequence 1\): its hash is another/],
  [
    'an amount',
    rewritten(0, (fields) => (entryOf(fields, 0)[5] = '2600')),
    /sequence 1\): its entries do not sum to zero/,
  ],
  ['a direction', rewritten(0, (fields) => (entryOf(fields, 0)[3] = 'credit')), /do not sum to zero/],
  ['an account code', rewritten(0, (fields) => (entryOf(fields, 0)[1] = 'bank')), /which is not in the bundle/],
  [
    'the code in the list of accounts',
    changed('account', 0, (line) => (line.code = 'other')),
    /names the account \S+ cash/,
  ],
  ['a version', rewritten(1, (fields) => (entryOf(fields, 0)[6] = '7')), /version 7 of account \S+ follows 1/],
  [
    'a balance after',
    rewritten(1, (fields) => (entryOf(fields, 0)[7] = '7')),
    /leaves 3500 in account \S+, and says 7/,
  ],
  ['a kind', rewritten(0, (fields) => (fields[4] = 'hold')), /has an entry that is posted/],
  ['an amount that is no number', rewritten(0, (fields) => (entryOf(fields, 0)[5] = '1e3')), /"1e3" is no integer/],
  ['a hash', changed('transaction', 3, (line) => (line.hash = 'ab'.repeat(32))), /sequence 4\): its hash is another/],
  ['a transaction that is gone', without('transaction', 4), /sequence 6\): follows sequence 4/],
  ['the last transaction', without('transaction', -1), /head: is 15/],
  [
    'two that changed places',
    (all) => {
      const [a, b] = [byType(all, 'transaction')[7], byType(all, 'transaction')[8]];
      return all.map((line) => (line === a ? b : line === b ? a : line) as Line);
    },
    /sequence 9\): follows sequence 7/,
  ],
  [
    'one that is there twice',
    (all) => all.flatMap((line) => (line === byType(all, 'transaction')[2] ? [line, line] : [line])),
    /sequence 3\): follows sequence 3/,
  ],
  [
    'a state of a hold',
    (all) => {
      changed('transaction', placeOf(all, ledger.hold), (line) => (line.state.status = 'voided'))(all);
    },
    /its state is voided; what became of it says pending/,
  ],
  [
    'what remains of a hold',
    (all) => {
      changed('transaction', placeOf(all, ledger.hold), (line) => (line.state.remaining = ['6000', '6000']))(all);
    },
    /of 10000, 6000 remain and 5000 are gone/,
  ],
  [
    'a hold without its state',
    (all) => {
      changed('transaction', placeOf(all, ledger.hold), (line) => delete line.state)(all);
    },
    /which does not know of it/,
  ],
  [
    'how many children a hold has',
    (all) => {
      changed('transaction', placeOf(all, ledger.hold), (line) => (line.state.children = 5))(all);
    },
    /2 of its 5 captures/,
  ],
  [
    'what remains of an original',
    (all) => {
      changed('transaction', placeOf(all, ledger.original), (line) => (line.state.remaining = ['100', '100']))(all);
    },
    /of 1000, 100 remain and 1000 are gone/,
  ],
  [
    'a parent',
    (all) => {
      rewritten(placeOf(all, ledger.reversal), (fields) => (fields[5] = ledger.first))(all);
    },
    /is a reversal of \S+, which does not know of it/,
  ],
  ['a balance', changed('balance', 0, (line) => (line.debits = '1')), /balance of account \S+ EUR: debit is 1/],
  ['a pending balance', changed('balance', 0, (line) => (line.pendingDebits = '1')), /pdebit is 1/],
  ['a balance that is gone', without('balance', 0), /is not in the bundle, and has entries/],
  ['a currency’s decimals', changed('currency', 0, (line) => (line.scale = 4)), /other decimals than were signed/],
  [
    'a checkpoint’s signature',
    changed('checkpoint', 0, (line) => (line.jws = `${(line.jws as string).slice(0, -8)}AAAAAAAA`)),
    /checkpoint 1: has a signature that is not right/,
  ],
  [
    'an access token for a checkpoint',
    changed('checkpoint', 0, (line) => (line.jws = owner.token)),
    /is ES256 at\+jwt, which is no checkpoint/,
  ],
  ['a checkpoint that is gone', without('checkpoint', 0), /checkpoint 1: does not follow the one before it/],
  ['the footer', without('footer', 0), /has no footer: it is not whole/],
  ['the counts', changed('footer', 0, (line) => (line.entries = 1)), /says 1 entries; there are 36/],
  ['the head', changed('header', 0, (line) => (line.head.hash = '00'.repeat(32))), /head: is 15/],
  ['another ledger', changed('header', 0, (line) => (line.ledger = owner.tenantId)), /is of another ledger/],
  [
    'a line of another type',
    (all) => [...all.slice(0, 4), { type: 'constructor' }, ...all.slice(4)],
    /is of the type constructor/,
  ],
];

describe('REL-13 what was altered in a bundle is found and named', () => {
  it.each(TAMPERED)('%s', async (_, change, finding) => {
    const all = copy();
    const { code, output } = await check(await bundleOf(change(all) ?? all));
    expect(output).toMatch(finding);
    expect(code).toBe(1);
  });

  it('a ledger that was cut off after a checkpoint and hashed anew: by the checkpoint that was kept', async () => {
    // what somebody who has the database, but not the auditor's copy, can make agree with itself
    const [end] = byType(lines, 'checkpoint');
    const cut = structuredClone(lines.slice(0, lines.findIndex((line) => line === end) + 1));
    const file = await bundleOf(cut);
    expect((await check(file, '--checkpoint', kept[1] ?? '')).output).toContain(
      'was kept elsewhere and is not in the ledger',
    );
  });

  it('a line that is no JSON, and a file that is no bundle', async () => {
    expect((await check(await bundleOf([...lines.slice(0, 3), '{"type":', ...lines.slice(3)]))).output).toContain(
      'line 4: is no JSON',
    );
    expect((await check(await bundleOf(['{"type":"account"}']))).code).toBe(1);
    expect((await check(await bundleOf([]))).output).toContain('file: is empty');
  });
});

it('a large ledger is exported, checked and verified without keeping it in memory', async () => {
  const books = new BookClient(app, owner.token);
  const large = await books.newLedger();
  expect((await books.import(large, manyTransactions(20_000))).result).toMatchObject({ posted: 20_000 });
  const made = await app.request('POST', `/v1/ledgers/${large}/checkpoints`, { token: owner.token });
  // one covers 16,384 at the most
  expect(made.body).toMatchObject({ after: 16_384, sequence: 20_000 });
  const file = join(folder, 'large.ndjson');
  const answer = await fetch(`${app.url}/v1/ledgers/${large}/exports/evidence`, {
    headers: { authorization: `Bearer ${owner.token}` },
  });
  await pipeline(Readable.fromWeb(answer.body as ReadableStream), createWriteStream(file));
  let bytes = 0;
  for await (const line of createInterface({ input: createReadStream(file) })) bytes += line.length;
  expect(bytes).toBeGreaterThan(13e6);
  const { code, output } = await checkWith(['--max-old-space-size=12'], file, '--jwks', jwks);
  expect([code, output]).toEqual([0, expect.stringContaining('20000 transactions')]);
}, 300_000);
