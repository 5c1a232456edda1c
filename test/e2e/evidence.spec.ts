import { createPublicKey } from 'node:crypto';
import { jwsIsSignedBy, readJws } from '../../src/common/crypto/jws';
import { KeyRing } from '../../src/modules/auth';
import { rootOfPath } from '../../src/modules/evidence/core/merkle';
import { CHECKPOINT_TYPE, type CheckpointStatement, digestOf } from '../../src/modules/evidence/core/statement';
import { daybook } from '../../src/app';
import { startTestApp, type TestApp, type TestTenant } from '../support/app';
import { findingsOf, type RichLedger, richLedger, tamper } from '../support/evidence';
import { posting } from '../support/ledger';
import { until } from '../../src/testing/until';

interface Checkpoint {
  readonly id: string;
  readonly after: number;
  readonly sequence: number;
  readonly hash: string;
  readonly root: string;
  readonly keyId: string;
  readonly jws: string;
}

let app: TestApp;
let owner: TestTenant;
let ledger: RichLedger;

beforeAll(async () => {
  app = await startTestApp(
    { JOBS_SWEEP_INTERVAL_MS: '100', REDIS_PREFIX: 'daybook-test', DATABASE_POOL_SIZE: '10' },
    undefined,
    daybook.workerModule,
  );
  owner = await app.createTenantWithOwner();
  ledger = await richLedger(app, owner);
});
afterAll(() => app.close());

const get = (path: string, token = owner.token) => app.request('GET', path, { token });
const make = async (of = ledger, token = owner.token) => {
  const { status, body } = await app.request('POST', `${of.path}/checkpoints`, { token });
  return { status, checkpoint: body as Checkpoint };
};
const post = async () => {
  const answer = await app.request('POST', `${ledger.path}/transactions`, {
    token: owner.token,
    body: posting('1.00'),
  });
  return answer.body as { id: string; sequence: number; hash: string };
};
const keySet = async (name: string) =>
  (await app.request('GET', `/.well-known/${name}.json`)).body.keys as { kid: string }[];

/** What a checkpoint says, if a key of this set signed it. */
async function statementIn(jws: string, set: string): Promise<CheckpointStatement | undefined> {
  const read = readJws(jws, CHECKPOINT_TYPE);
  const key = (await keySet(set)).find(({ kid }) => kid === read?.kid);
  if (!read || !key) return undefined;
  const signed = jwsIsSignedBy(createPublicKey({ key: { ...key } as never, format: 'jwk' }), read);
  return signed ? (read.payload as CheckpointStatement) : undefined;
}

describe('a checkpoint', () => {
  it('is signed by a published key, says where the ledger stands, and follows the one before', async () => {
    const head = (await get(`${ledger.path}/truth`)).body.head as { sequence: number; hash: string };
    const first = await make();
    expect([first.status, first.checkpoint.after, first.checkpoint.sequence]).toEqual([201, 0, head.sequence]);
    const said = await statementIn(first.checkpoint.jws, 'jwks');
    expect(said).toEqual({
      form: 'daybook.checkpoint.1',
      iss: 'http://localhost:3000',
      tenant: owner.tenantId,
      ledger: ledger.id,
      after: '0',
      sequence: String(head.sequence),
      hash: head.hash,
      root: first.checkpoint.root,
      previous: null,
      currencies: { EUR: 2, JPY: 0 },
      time: expect.stringMatching(/^\d{4}-.*Z$/),
    });

    const again = await make();
    expect([again.status, again.checkpoint]).toEqual([200, first.checkpoint]);

    const { sequence, hash } = await post();
    const second = await make();
    expect([second.status, second.checkpoint.after, second.checkpoint.hash]).toEqual([201, head.sequence, hash]);
    expect(await statementIn(second.checkpoint.jws, 'checkpoint-keys')).toMatchObject({
      after: String(head.sequence),
      sequence: String(sequence),
      previous: digestOf(first.checkpoint.jws),
      currencies: { EUR: 2 },
    });

    const list = await get(`${ledger.path}/checkpoints`);
    expect((list.body.items as Checkpoint[]).map(({ id }) => id)).toEqual([second.checkpoint.id, first.checkpoint.id]);
    const one = await get(`${ledger.path}/checkpoints/${first.checkpoint.id}`);
    expect(one.body).toEqual(first.checkpoint);
    const page = await get(`${ledger.path}/checkpoints?limit=1`);
    const next = await get(`${ledger.path}/checkpoints?limit=1&cursor=${page.body.next as string}`);
    expect((next.body.items as Checkpoint[]).map(({ id }) => id)).toEqual([first.checkpoint.id]);
  });

  it('is made once, however many ask for it at once, while postings go on', async () => {
    await post();
    const answers = await Promise.all(
      Array.from({ length: 12 }, async (_, n) => (n % 3 === 0 ? (await post(), make()) : make())),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 201]));
    const rows = await app.sql<{ after_sequence: string; sequence: string }>(
      'SELECT after_sequence, sequence FROM checkpoints WHERE ledger_id = $1 ORDER BY sequence',
      [ledger.id],
    );
    rows.forEach((row, n) => {
      expect(row.after_sequence).toBe(rows[n - 1]?.sequence ?? '0');
    });
    expect(await findingsOf(app, owner.tenantId, ledger.id)).toEqual([]);
  });

  it('of a ledger without transactions is none', async () => {
    const empty = await app.request('POST', '/v1/ledgers', { token: owner.token, body: { name: 'Empty' } });
    const answer = await app.request('POST', `/v1/ledgers/${empty.body.id as string}/checkpoints`, {
      token: owner.token,
    });
    expect([answer.status, answer.text]).toEqual([204, '']);
  });

  it('AUTH-14 is no access token, and an access token is no checkpoint', async () => {
    await post();
    const { checkpoint } = await make();
    expect((await get('/v1/me', checkpoint.jws)).status).toBe(401);
    expect(readJws(owner.token, CHECKPOINT_TYPE)).toBeUndefined();
    expect(await statementIn(owner.token, 'jwks')).toBeUndefined();
  });

  it('REL-03 is never changed or removed by the application', async () => {
    for (const sql of [
      'UPDATE checkpoints SET sequence = sequence + 1',
      'DELETE FROM checkpoints',
      'DELETE FROM verifications',
    ])
      await expect(app.sql(sql)).rejects.toThrow('never changed or removed');
    const [grants] = await app.sql<{ n: number }>(
      `SELECT count(*)::int AS n FROM information_schema.role_table_grants
        WHERE grantee = 'daybook_app' AND table_name IN ('checkpoints', 'verifications') AND privilege_type NOT IN ('SELECT', 'INSERT')`,
    );
    expect(grants?.n).toBe(0);
  });

  it('AUTH-19 is verified for ever: the public halves of old keys stay, for checkpoints only', async () => {
    await post();
    const { checkpoint } = await make();
    const ring = app.app.get(KeyRing);
    await ring.rotate(true);
    // its last token has long expired
    await app.sql(`UPDATE signing_keys SET retired_at = retired_at - interval '1 day' WHERE kid = $1`, [
      checkpoint.keyId,
    ]);
    await ring.rotate(true);
    expect((await keySet('jwks')).map(({ kid }) => kid)).not.toContain(checkpoint.keyId);
    expect(await ring.publicKey(checkpoint.keyId)).toBeUndefined();
    expect(await statementIn(checkpoint.jws, 'checkpoint-keys')).toMatchObject({ ledger: ledger.id });
    const [row] = await app.sql(`SELECT sealed_private FROM signing_keys WHERE kid = $1`, [checkpoint.keyId]);
    expect(row).toEqual({ sealed_private: '' });
    // the key of the token that was used so far is gone
    owner = { ...owner, ...(await app.signIn('owner', owner.tenantId)) };
    await post();
    expect((await make()).checkpoint.keyId).not.toBe(checkpoint.keyId);
    expect(await findingsOf(app, owner.tenantId, ledger.id)).toEqual([]);
  });

  it('is for members who may write, and the tenant’s own', async () => {
    const viewer = await app.signIn('viewer', owner.tenantId);
    expect((await make(ledger, viewer.token)).status).toBe(403);
    const stranger = await app.createTenantWithOwner();
    expect((await make(ledger, stranger.token)).status).toBe(404);
    const { checkpoint } = await make();
    expect((await get(`${ledger.path}/checkpoints/${checkpoint.id}`, viewer.token)).status).toBe(200);
    expect((await get(`${ledger.path}/checkpoints/${checkpoint.id}`, stranger.token)).status).toBe(404);
  });
});

describe('a proof', () => {
  const sha256 = async (...parts: Uint8Array[]) =>
    Buffer.from(await crypto.subtle.digest('SHA-256', Buffer.concat(parts)));

  it('leads from each transaction to a signed root', async () => {
    await make();
    const transactions = (await get(`${ledger.path}/transactions?limit=200`)).body.items as {
      id: string;
      hash: string;
      sequence: number;
    }[];
    expect(transactions.length).toBeGreaterThan(15);
    for (const { id, hash, sequence } of transactions) {
      const { status, body } = await get(`${ledger.path}/transactions/${id}/proof`);
      expect([status, body.hash]).toEqual([200, hash]);
      const computed = await sha256(Buffer.from(body.previousHash as string), Buffer.from(body.canonical as string));
      expect(computed.toString('hex')).toBe(hash);
      const path = (body.path as { side: 'left' | 'right'; hash: string }[]).map((step) => ({
        side: step.side,
        hash: Buffer.from(step.hash, 'hex'),
      }));
      const said = await statementIn(body.checkpoint.jws as string, 'checkpoint-keys');
      expect(rootOfPath(computed, path).toString('hex')).toBe(said?.root);
      expect(Number(said?.after)).toBeLessThan(sequence);
      expect(Number(said?.sequence)).toBeGreaterThanOrEqual(sequence);
    }
  });

  it('waits for a checkpoint', async () => {
    await make();
    const { id } = await post();
    const early = await get(`${ledger.path}/transactions/${id}/proof`);
    expect([early.status, early.body.code]).toEqual([409, 'checkpoint-needed']);
    await make();
    expect((await get(`${ledger.path}/transactions/${id}/proof`)).status).toBe(200);
  });
});

describe('the truth of a ledger', () => {
  it('REL-12 says what it compared, and what stands', async () => {
    const own = await richLedger(app, owner);
    const { status, body } = await get(`${own.path}/truth`);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      ledgerId: own.id,
      balanced: true,
      currencies: [
        { currency: 'EUR', difference: '0.00', held: '70.00' },
        { currency: 'JPY', difference: '0', held: '0' },
      ],
      compared: { with: 'entries', balances: 6, differing: 0 },
      openHolds: 1,
      lastCheckpoint: null,
      lastVerification: null,
    });
    expect(body.currencies[0].debits).toBe(body.currencies[0].credits);
    const { checkpoint } = await make(own);
    await findingsOf(app, owner.tenantId, own.id);
    const after = (await get(`${own.path}/truth`)).body;
    expect(after.lastCheckpoint.id).toBe(checkpoint.id);
    expect(after.lastVerification).toMatchObject({ sequence: body.head.sequence, findingCount: 0 });
  });

  it('REL-12 a balance that is not what its entries say is told, in a small ledger and in a large one', async () => {
    const own = await richLedger(app, owner);
    const cash = own.accounts.get('cash') ?? '';
    await tamper(
      app,
      `UPDATE balances SET posted_debits = posted_debits + 1 WHERE account_id = '${cash}' AND currency = 'EUR'`,
    );
    const small = (await get(`${own.path}/truth`)).body;
    expect([small.balanced, small.compared.differing, small.currencies[0].difference]).toEqual([false, 1, '0.01']);
    // too many entries for a request to read them all
    await tamper(app, `UPDATE balances SET version = 1000000 WHERE account_id = '${cash}' AND currency = 'EUR'`);
    const large = (await get(`${own.path}/truth`)).body;
    expect([large.balanced, large.compared]).toEqual([false, { with: 'last-entries', balances: 6, differing: 1 }]);
  });

  it('a hold that has expired is no open one, recorded or not', async () => {
    const own = await richLedger(app, owner);
    await tamper(app, `UPDATE holds SET expires_at = now() - interval '1 hour' WHERE transaction_id = '${own.hold}'`);
    const { body } = await get(`${own.path}/truth`);
    expect([body.openHolds, body.currencies[0].held]).toEqual([0, '0.00']);
  });

  it('REL-12 a mismatch raises the metrics', async () => {
    const metric = async (name: string) => {
      // a process of its own: each looks once a minute
      const beside = await startTestApp({}, app);
      try {
        const { text } = await beside.request('GET', '/metrics');
        return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
      } finally {
        await beside.close();
      }
    };
    const own = await richLedger(app, await app.createTenantWithOwner());
    const unbalanced = await metric('ledger_unbalanced');
    await tamper(
      app,
      `UPDATE balances SET posted_debits = posted_debits + 1 WHERE account_id = '${own.accounts.get('cash') ?? ''}' AND currency = 'EUR'`,
    );
    expect(await metric('ledger_unbalanced')).toBe(unbalanced + 1);
    const [tenant] = await app.sql<{ tenant_id: string }>('SELECT tenant_id FROM ledgers WHERE id = $1', [own.id]);
    const before = await metric('ledger_verification_findings');
    const findings = await findingsOf(app, tenant?.tenant_id ?? '', own.id);
    expect(findings).toHaveLength(1);
    expect(await metric('ledger_verification_findings')).toBe(before + 1);
    expect(await metric('ledger_heads')).toBeGreaterThan(1);
    expect(await metric('ledger_open_holds')).toBeGreaterThan(0);
    expect(await metric('ledger_without_checkpoint')).toBeGreaterThan(0);
    expect(await metric('ledger_verification_age_seconds')).toBeGreaterThan(0);
  });
});

describe('a verification', () => {
  it('is a job that the ledger is asked for, and stays on its list', async () => {
    const own = await richLedger(app, owner);
    const headers = { 'idempotency-key': 'verify-once' };
    const asked = await app.request('POST', `${own.path}/verifications`, { token: owner.token, headers });
    expect([asked.status, asked.body.kind, asked.headers.get('location')]).toEqual([
      202,
      'ledger.verify',
      `/v1/jobs/${asked.body.id as string}`,
    ]);
    const retried = await app.request('POST', `${own.path}/verifications`, { token: owner.token, headers });
    expect(retried.body.id).toBe(asked.body.id);
    const job = await until('the job is over', async () => {
      const { body } = await get(`/v1/jobs/${asked.body.id as string}`);
      return body.state === 'succeeded' && body;
    });
    expect(job).toMatchObject({ progress: 100, result: { ledgers: 1, transactions: 12, findings: 0 } });
    const list = await get(`${own.path}/verifications`);
    expect(list.body.items).toMatchObject([
      { jobId: asked.body.id, sequence: 12, entries: 28, balances: 6, findings: [] },
    ]);

    await tamper(app, `UPDATE transactions SET description = 'x' WHERE id = '${own.first}'`);
    await app.request('POST', '/v1/jobs', {
      token: owner.token,
      body: { kind: 'ledger.verify', payload: { ledgerId: own.id } },
    });
    await until('it was verified again', async () => {
      const { body } = await get(`${own.path}/verifications`);
      const [newest] = body.items as { findingCount: number; findings: { rule: string; object: string }[] }[];
      return newest?.findingCount === 1 && newest.findings[0]?.object === `transaction ${own.first}`;
    });
  });
});

describe('without anybody asking', () => {
  it('ledgers that move get checkpoints, and all are verified', async () => {
    const other = await app.createTenantWithOwner();
    const own = await richLedger(app, other);
    await app.sql(`UPDATE ledgers SET created_at = now() - interval '2 days' WHERE id = $1`, [own.id]);
    const beside = await startTestApp(
      { LEDGER_CHECKPOINT_SECONDS: '1', LEDGER_VERIFY_SECONDS: '86400' },
      app,
      daybook.workerModule,
    );
    try {
      const sequences = async () =>
        (
          await app.sql<{ sequence: string }>(
            'SELECT sequence FROM checkpoints WHERE ledger_id = $1 ORDER BY sequence',
            [own.id],
          )
        ).map((row) => Number(row.sequence));
      await until('there is a checkpoint', async () => (await sequences()).length === 1, 20_000);
      await until(
        'it was verified',
        async () => {
          const rows = await app.sql('SELECT 1 FROM verifications WHERE ledger_id = $1 AND finding_count = 0', [
            own.id,
          ]);
          return rows.length === 1;
        },
        20_000,
      );
      await app.request('POST', `${own.path}/transactions`, { token: other.token, body: posting('1.00') });
      await until('there is another one', async () => (await sequences()).length === 2, 20_000);
      const [jobs] = await app.sql<{ n: number }>(
        `SELECT count(*)::int AS n FROM jobs WHERE tenant_id = $1 AND kind = 'ledger.verify'`,
        [other.tenantId],
      );
      expect(jobs?.n).toBe(1);
    } finally {
      await beside.close();
      delete process.env.LEDGER_CHECKPOINT_SECONDS;
    }
  }, 60_000);
});
