import 'reflect-metadata';
import { getRepositoryToken } from '@nestjs/typeorm';
import { Test, type TestingModule } from '@nestjs/testing';
import { Client } from 'pg';
import { DataSource, type Repository } from 'typeorm';
import { uuidv7 } from '../../src/common/ids/uuid';
import { Problem } from '../../src/common/problems/problem';
import { daybook } from '../../src/app';
import { ConfigModule } from '../../src/config/config.module';
import { loadConfig } from '../../src/config/config';
import { TransactionsModule } from '../../src/modules/transactions';
import { LedgerEntity } from '../../src/modules/transactions/entities/ledger.entity';
import { dataSourceOptions } from '../../src/platform/database/data-source-options';
import { DatabaseModule } from '../../src/platform/database/database.module';
import { assertSafeRole } from '../../src/platform/database/role-check';
import { NoTransactionError, TenantDatabase } from '../../src/platform/database/tenant-database';
import { Features } from '../../src/platform/features/features';
import { createTestDatabase, type TestDatabase } from '../../src/testing/database';

const POOL = 2;
const TENANTS = [uuidv7(), uuidv7()] as const;
const [A, B] = TENANTS;

let database: TestDatabase;
let admin: Client;
let app: TestingModule;
let tenants: TenantDatabase;
let ledgers: Repository<LedgerEntity>;

beforeAll(async () => {
  database = await createTestDatabase();
  Object.assign(process.env, {
    NODE_ENV: 'test',
    DATABASE_URL: database.databaseUrl,
    REDIS_URL: database.redisUrl,
    DATABASE_POOL_SIZE: String(POOL),
    DATABASE_POOL_TIMEOUT_MS: '300',
    DATABASE_STATEMENT_TIMEOUT_MS: '400',
    DATABASE_LOCK_TIMEOUT_MS: '200',
    DATABASE_IDLE_TRANSACTION_TIMEOUT_MS: '500',
  });
  admin = new Client({ connectionString: database.adminUrl });
  await admin.connect();
  for (const [index, tenant] of TENANTS.entries()) {
    await admin.query(`INSERT INTO tenants (id, name, slug, settings) VALUES ($1, 'T', $2, '{}')`, [
      tenant,
      `tenant-${index}`,
    ]);
    await admin.query(`INSERT INTO ledgers (tenant_id, id, name) VALUES ($1, $2, 'one'), ($1, $3, 'two')`, [
      tenant,
      uuidv7(),
      uuidv7(),
    ]);
  }
  app = await Test.createTestingModule({ imports: [daybook.module] })
    .setLogger(false as never)
    .compile();
  await app.init();
  tenants = app.get(TenantDatabase);
  // the one that services are given
  ledgers = app.select(TransactionsModule).get<Repository<LedgerEntity>>(getRepositoryToken(LedgerEntity));
});

afterAll(async () => {
  await app.close();
  await admin.end();
  await database.drop();
});

/** The problem that the work failed with; anything else that happens is reported as it is. */
async function problemOf(work: Promise<unknown>): Promise<Problem> {
  const error: unknown = await work.then(
    () => new Error('it was accepted'),
    (failure: unknown) => failure,
  );
  if (error instanceof Problem) return error;
  throw error;
}

const sqlState = (work: Promise<unknown>): Promise<string | undefined> =>
  work.then(
    () => 'accepted',
    (error: unknown) => {
      for (let cause = error; cause instanceof Error; cause = cause.cause)
        if ('code' in cause) return String(cause.code);
      throw error;
    },
  );

/** Waits for what another connection is about to see. */
async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 5_000;
  while (!(await condition())) if (Date.now() > deadline) throw new Error('it did not come about in 5 s');
}

async function killAll(): Promise<number> {
  const { rowCount } = await admin.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'daybook-app' AND datname = current_database()`,
  );
  return rowCount ?? 0;
}

describe('TEN-02 one entry', () => {
  it('a repository outside run throws, whatever is asked of it', async () => {
    const uses: (() => unknown)[] = [
      () => ledgers.find(),
      () => ledgers.findOneBy({ id: A }),
      () => ledgers.count(),
      () => ledgers.insert({ id: A, name: 'x' }),
      () => ledgers.update({ id: A }, { name: 'x' }),
      () => ledgers.delete({ id: A }),
      () => ledgers.save({ id: A, name: 'x' }),
      () => ledgers.createQueryBuilder('ledger').getMany(),
      () => ledgers.query('SELECT * FROM ledgers'),
    ];
    for (const use of uses) await expect(Promise.resolve().then(use)).rejects.toThrow(NoTransactionError);
  });

  it('inside run it sees the rows of the tenant and no others', async () => {
    for (const tenant of TENANTS) {
      const { rows } = await admin.query<{ id: string }>('SELECT id FROM ledgers WHERE tenant_id = $1 ORDER BY id', [
        tenant,
      ]);
      const seen = await tenants.run(tenant, 'read', () => ledgers.find({ order: { id: 'ASC' } }));
      expect(seen.map(({ id }) => id)).toEqual(rows.map(({ id }) => id));
      expect(seen).toHaveLength(2);
    }
  });

  it('a nested run is refused, and so is joining the transaction of another tenant', async () => {
    await expect(tenants.run(A, 'write', () => tenants.run(A, 'read', () => ledgers.count()))).rejects.toThrow(
      'TenantDatabase.run inside TenantDatabase.run',
    );
    await expect(tenants.run(A, 'write', () => tenants.join(B, 'read', () => ledgers.count()))).rejects.toThrow(
      'cannot be joined for another',
    );
    expect(await tenants.run(A, 'read', () => tenants.join(A, 'read', () => ledgers.count()))).toBe(2);
  });

  it('GET runs READ ONLY: the server itself refuses a write', async () => {
    expect(await sqlState(tenants.run(A, 'read', () => ledgers.insert({ id: uuidv7(), name: 'three' })))).toBe('25006');
    expect(await tenants.run(A, 'read', () => ledgers.count())).toBe(2);
  });

  it('a row of another tenant cannot be written, changed or removed', async () => {
    const insert = tenants.run(A, 'write', ({ client }) =>
      client.query(`INSERT INTO ledgers (tenant_id, id, name) VALUES ($1, $2, 'three')`, [B, uuidv7()]),
    );
    expect(await sqlState(insert)).toBe('42501');
    const changed = await tenants.run(A, 'write', ({ client }) =>
      client.query(`UPDATE ledgers SET name = 'mine' WHERE tenant_id = $1`, [B]),
    );
    expect(changed.rowCount).toBe(0);
    const moved = tenants.run(A, 'write', ({ client }) => client.query(`UPDATE ledgers SET tenant_id = $1`, [B]));
    expect(await sqlState(moved)).toBe('42501');
    const referring = tenants.run(A, 'write', async ({ client }) => {
      const { rows } = await admin.query<{ id: string }>('SELECT id FROM ledgers WHERE tenant_id = $1', [B]);
      await client.query(`INSERT INTO ledger_heads (ledger_id) VALUES ($1)`, [rows[0]?.id]);
    });
    expect(await sqlState(referring)).toBe('23503');
  });
});

describe('pitfalls 6 to 9 and 14: the context', () => {
  it('no context: no rows, on a fresh connection and on one that had a context', async () => {
    const client = new Client({ connectionString: database.databaseUrl });
    await client.connect();
    try {
      const count = async () =>
        (await client.query<{ count: number }>('SELECT count(*)::int AS count FROM ledgers')).rows[0]?.count;
      expect(await count()).toBe(0);
      await client.query(`BEGIN; SELECT set_config('app.tenant_id', '${A}', true)`);
      expect(await count()).toBe(2);
      await client.query('COMMIT');
      expect(await count()).toBe(0);
    } finally {
      await client.end();
    }
  });

  it('nothing of the context stays on a pooled connection, also after an error', async () => {
    const source = app.get(DataSource);
    const contexts = async () => {
      const runners = Array.from({ length: POOL }, () => source.createQueryRunner());
      try {
        return await Promise.all(
          runners.map(async (runner) => {
            const [row] = (await runner.query(
              `SELECT current_setting('app.tenant_id', true) AS tenant, current_setting('transaction_read_only') AS read_only, current_setting('statement_timeout') AS timeout`,
            )) as { tenant: string | null; read_only: string; timeout: string }[];
            return [row?.tenant ?? '', row?.read_only, row?.timeout];
          }),
        );
      } finally {
        await Promise.all(runners.map((runner) => runner.release()));
      }
    };
    await Promise.all(TENANTS.map((tenant) => tenants.run(tenant, 'read', () => ledgers.find())));
    await Promise.allSettled(
      TENANTS.map((tenant) => tenants.run(tenant, 'write', () => Promise.reject(new Error('thrown')))),
    );
    expect(await contexts()).toEqual([
      ['', 'off', '0'],
      ['', 'off', '0'],
    ]);
  });

  it.each([
    `${B}'; SELECT set_config('app.tenant_id', '${B}', true); --`,
    `${A}', true), set_config('app.tenant_id', '${B}`,
    `x' OR true --`,
    '',
    'null',
    ` ${B}`,
    `${B}\n`,
    undefined,
    null,
    [B],
    { toString: () => B },
  ])('a tenant id that is not a UUID is refused: %j', async (id) => {
    let ran = false;
    await expect(
      tenants.run(id as string, 'read', () => {
        ran = true;
        return ledgers.find();
      }),
    ).rejects.toThrow();
    expect(ran).toBe(false);
  });

  it('F7 two tenants that share two connections, with aborts at random, never see each other', async () => {
    const looks: { foreign: number; seen: number }[] = [];
    const one = async (tenant: string): Promise<void> => {
      const accident = Math.random();
      await tenants.run(tenant, accident < 0.5 ? 'read' : 'write', async ({ client, manager }) => {
        if (accident < 0.1) throw new Error('before');
        const mine = await ledgers.find();
        if (accident < 0.2) await manager.query('SELECT 1 / 0');
        const { rows } = await client.query<{ tenant_id: string }>('SELECT tenant_id FROM ledgers');
        looks.push({ foreign: rows.filter(({ tenant_id }) => tenant_id !== tenant).length, seen: mine.length });
        if (accident > 0.9) throw new Error('after');
      });
    };
    // three at a time for each tenant: more than there are connections, and none waits for long
    const client = async (tenant: string) => {
      for (let index = 0; index < 50; index += 1) await one(tenant).catch(() => undefined);
    };
    await Promise.all([...TENANTS, ...TENANTS, ...TENANTS].map(client));
    expect(looks.length).toBeGreaterThan(150);
    for (const look of looks) expect(look).toEqual({ foreign: 0, seen: 2 });
  });
});

describe('transactions that go wrong', () => {
  it('a swallowed error does not turn into a commit that says it worked', async () => {
    const id = uuidv7();
    const run = tenants.run(A, 'write', async ({ client }) => {
      await ledgers.insert({ id, name: 'swallowed' });
      await client.query('SELECT 1 / 0').catch(() => undefined);
    });
    await expect(run).rejects.toThrow('was rolled back at COMMIT');
    const { rowCount } = await admin.query('SELECT FROM ledgers WHERE id = $1', [id]);
    expect(rowCount).toBe(0);
  });

  it('an error rolls everything back', async () => {
    const id = uuidv7();
    const run = tenants.run(A, 'write', async () => {
      await ledgers.insert({ id, name: 'rolled back' });
      throw new Error('no');
    });
    await expect(run).rejects.toThrow('no');
    const { rowCount } = await admin.query('SELECT FROM ledgers WHERE id = $1', [id]);
    expect(rowCount).toBe(0);
  });

  it('save works in the transaction that is open, and fills in the tenant', async () => {
    const id = uuidv7();
    await tenants.run(A, 'write', async () => {
      await ledgers.save(ledgers.create({ id, name: 'saved' }));
    });
    const { rows } = await admin.query('SELECT tenant_id FROM ledgers WHERE id = $1', [id]);
    expect(rows).toEqual([{ tenant_id: A }]);
    // the trigger that keeps ledgers is not what this is about
    await admin.query(
      `SET session_replication_role = replica; DELETE FROM ledgers WHERE id = '${id}'; RESET session_replication_role`,
    );
  });

  it('F19 connections killed in the middle, more often than the pool is large, do not empty the pool', async () => {
    for (let round = 0; round < 4 * POOL; round += 1) {
      const problem = await problemOf(
        tenants.run(A, 'write', async ({ client }) => {
          await ledgers.insert({ id: uuidv7(), name: `killed ${round}` });
          expect(await killAll()).toBeGreaterThan(0);
          await client.query('SELECT 1');
        }),
      );
      expect([problem.status, problem.type.code]).toEqual([503, 'unavailable']);
    }
    const counts = await Promise.all(TENANTS.map((tenant) => tenants.run(tenant, 'read', () => ledgers.count())));
    expect(counts).toEqual([2, 2]);
  });

  it('F19 idle connections that the server has closed are replaced without a request noticing', async () => {
    for (let round = 0; round < 4; round += 1) {
      await Promise.all(TENANTS.map((tenant) => tenants.run(tenant, 'read', () => ledgers.count())));
      await killAll();
      await until(async () => {
        const { rowCount } = await admin.query(
          `SELECT FROM pg_stat_activity WHERE application_name = 'daybook-app' AND datname = current_database()`,
        );
        return rowCount === 0;
      });
      const outcome = await tenants.run(A, 'read', () => ledgers.count()).catch((error: unknown) => error);
      // the news of the closed socket may still be on its way to this process: then 503, never a hang
      if (outcome !== 2) expect(outcome).toMatchObject({ type: { code: 'unavailable' } });
    }
    expect(await tenants.run(A, 'read', () => ledgers.count())).toBe(2);
  });

  it('a pool that is used up answers 503 soon, and serves again when a connection is free', async () => {
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    const holders = Array.from({ length: POOL }, () => tenants.run(A, 'read', () => gate));
    const begun = performance.now();
    const problem = await problemOf(tenants.run(A, 'read', () => ledgers.count()));
    expect([problem.status, problem.type.code, problem.options.headers]).toEqual([
      503,
      'unavailable',
      { 'retry-after': '1' },
    ]);
    expect(performance.now() - begun).toBeLessThan(2_000);
    release();
    await Promise.all(holders);
    expect(await tenants.run(A, 'read', () => ledgers.count())).toBe(2);
  });

  it('a deadlock is run again, and both get through', async () => {
    const [first, second] = await tenants.run(A, 'read', () => ledgers.find({ order: { id: 'ASC' } }));
    let attempts = 0;
    let waiting = 0;
    let meet: () => void = () => undefined;
    const met = new Promise<void>((resolve) => (meet = resolve));
    const crossing = (one: LedgerEntity | undefined, other: LedgerEntity | undefined) =>
      tenants.run(A, 'write', async ({ client }) => {
        attempts += 1;
        // above the server's deadlock_timeout of a second, as in production
        await client.query('SET LOCAL lock_timeout = 5000; SET LOCAL statement_timeout = 5000');
        await client.query('UPDATE ledgers SET version = version + 1 WHERE id = $1', [one?.id]);
        waiting += 1;
        if (waiting === 2) meet();
        await met;
        await client.query('UPDATE ledgers SET version = version + 1 WHERE id = $1', [other?.id]);
      });
    await Promise.all([crossing(first, second), crossing(second, first)]);
    expect(attempts).toBe(3);
    const after = await tenants.run(A, 'read', () => ledgers.find({ order: { id: 'ASC' } }));
    expect(after.map(({ version }) => version)).toEqual([(first?.version ?? 0) + 2, (second?.version ?? 0) + 2]);
  });

  it('a serialization failure is run again, not without end, and 503 is the last word', async () => {
    let attempts = 0;
    const problem = await problemOf(
      tenants.run(A, 'write', async ({ client }) => {
        attempts += 1;
        await client.query(`DO $$ BEGIN RAISE EXCEPTION 'made up' USING ERRCODE = '40001'; END $$`);
      }),
    );
    expect([problem.status, problem.type.code, attempts]).toEqual([503, 'unavailable', 4]);
    attempts = 0;
    const value = await tenants.run(A, 'write', async ({ client }) => {
      attempts += 1;
      if (attempts < 3) await client.query(`DO $$ BEGIN RAISE EXCEPTION 'made up' USING ERRCODE = '40P01'; END $$`);
      return attempts;
    });
    expect(value).toBe(3);
  });

  it('a statement that takes too long, and a lock that is not given, are 503', async () => {
    const slow = await problemOf(tenants.run(A, 'read', ({ client }) => client.query('SELECT pg_sleep(5)')));
    expect([slow.status, slow.type.code]).toEqual([503, 'unavailable']);
    await admin.query('BEGIN');
    try {
      await admin.query(`UPDATE ledgers SET version = version WHERE tenant_id = $1`, [A]);
      const waiting = await problemOf(
        tenants.run(A, 'write', ({ client }) => client.query('UPDATE ledgers SET version = version + 1')),
      );
      expect([waiting.status, waiting.type.code]).toEqual([503, 'unavailable']);
      await admin.query('SELECT pg_advisory_xact_lock(1, 2)');
      const locked = await problemOf(tenants.run(A, 'write', () => ledgers.count(), { lock: [1, 2] }));
      expect([locked.status, locked.type.code]).toEqual([503, 'unavailable']);
    } finally {
      await admin.query('ROLLBACK');
    }
    expect(await tenants.run(A, 'read', () => ledgers.count())).toBe(2);
  });

  it('a transaction that is left idle is ended by the server, and its connection replaced', async () => {
    const problem = await problemOf(
      tenants.run(A, 'write', async ({ client }) => {
        await ledgers.insert({ id: uuidv7(), name: 'forgotten' });
        await until(async () => {
          const { rowCount } = await admin.query(
            `SELECT FROM pg_stat_activity WHERE application_name = 'daybook-app' AND datname = current_database() AND state = 'idle in transaction'`,
          );
          return rowCount === 0;
        });
        await client.query('SELECT 1');
      }),
    );
    expect([problem.status, problem.type.code]).toEqual([503, 'unavailable']);
    expect(await tenants.run(A, 'read', () => ledgers.count())).toBe(2);
  });

  it('a connection that breaks at COMMIT is an outcome that is not known', async () => {
    const id = uuidv7();
    const problem = await problemOf(
      tenants.run(A, 'write', async () => {
        await ledgers.insert({ id, name: 'unknown' });
        await killAll();
      }),
    );
    expect([problem.status, problem.type.code]).toEqual([503, 'outcome-unknown']);
    const { rowCount } = await admin.query('SELECT FROM ledgers WHERE id = $1', [id]);
    expect(rowCount).toBe(0);
  });
});

describe('TEN-01 the application refuses to start in a role that could see other tenants', () => {
  const check = async (prepare: string, undo: string, url = database.databaseUrl): Promise<string> => {
    if (prepare) await admin.query(prepare);
    const config = loadConfig({ ...process.env, DATABASE_URL: url });
    const source = await new DataSource(dataSourceOptions(config, new Features([]))).initialize();
    try {
      return await assertSafeRole(source).then(
        () => 'accepted',
        (error: unknown) => String(error),
      );
    } finally {
      await source.destroy();
      if (undo) await admin.query(undo);
    }
  };
  const role = `probe_${process.pid}`;
  const asProbe = () => {
    const url = new URL(database.databaseUrl);
    [url.username, url.password] = [role, 'probe'];
    return url.href;
  };

  beforeAll(() =>
    admin.query(
      `CREATE ROLE ${role} LOGIN PASSWORD 'probe'; DO $$ BEGIN EXECUTE format('GRANT CONNECT ON DATABASE %I TO ${role}', current_database()); END $$`,
    ),
  );
  afterAll(() => admin.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`));

  it('accepts the role of the application', async () => {
    expect(await check('', '')).toBe('accepted');
  });
  it('refuses a superuser', async () => {
    expect(await check('', '', database.adminUrl)).toMatch(/is a superuser/);
  });
  it('refuses the role that migrates', async () => {
    expect(await check('', '', database.migrationUrl)).toMatch(
      /sees the rows of all tenants; role daybook_migrator owns tables/,
    );
  });
  it('refuses BYPASSRLS', async () => {
    expect(await check(`ALTER ROLE ${role} BYPASSRLS`, `ALTER ROLE ${role} NOBYPASSRLS`, asProbe())).toMatch(
      /sees the rows of all tenants/,
    );
  });
  it('refuses a member of the owner, also when it does not inherit from it', async () => {
    for (const inherit of ['INHERIT', 'NOINHERIT'])
      expect(
        await check(
          `ALTER ROLE ${role} ${inherit}; GRANT daybook_owner TO ${role}`,
          `REVOKE daybook_owner FROM ${role}`,
          asProbe(),
        ),
      ).toMatch(/member of their owner/);
  });
  it('refuses a role that may become one that bypasses', async () => {
    expect(await check(`GRANT daybook_system TO ${role}`, `REVOKE daybook_system FROM ${role}`, asProbe())).toMatch(
      /may become daybook_system/,
    );
  });
  it('refuses the owner of a table', async () => {
    expect(
      await check(
        `CREATE TABLE probe_table (id uuid); ALTER TABLE probe_table OWNER TO ${role}`,
        'DROP TABLE probe_table',
        asProbe(),
      ),
    ).toMatch(/owns tables/);
  });

  it('refuses at boot, before it listens', async () => {
    process.env.DATABASE_URL = database.migrationUrl;
    try {
      const module = await Test.createTestingModule({
        imports: [ConfigModule, DatabaseModule.forRoot(new Features([]))],
      })
        .setLogger(false as never)
        .compile();
      await expect(module.init()).rejects.toThrow('Refusing to start');
      await module.close();
    } finally {
      process.env.DATABASE_URL = database.databaseUrl;
    }
  });
});
