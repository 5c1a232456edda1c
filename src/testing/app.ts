import 'reflect-metadata';
import { randomBytes } from 'node:crypto';
import { type AddressInfo } from 'node:net';
import { type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type NestFastifyApplication } from '@nestjs/platform-fastify';
import { hash } from '@node-rs/argon2';
import { Client } from 'pg';
import { createAdapter, setUpApp } from '../app.setup';
import { uuidv7 } from '../common/ids/uuid';
import { loadConfig } from '../config/config';
import { createLogger, NestLogger } from '../platform/telemetry/logger';
import { createTestDatabase, databaseEnvironment, type TestDatabase } from './database';

export type TestRole = 'owner' | 'admin' | 'accountant' | 'viewer';

export interface TestAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** Parsed when it is JSON; undefined without a body. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests look into answers of every shape
  readonly body: any;
  readonly text: string;
}

export interface RequestOptions {
  readonly token?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface TestPerson {
  readonly userId: string;
  readonly email: string;
  readonly password: string;
  readonly tenantId: string;
  readonly role: TestRole;
  readonly token: string;
  readonly refreshToken: string;
}

export interface TestTenant extends TestPerson {
  readonly slug: string;
}

/** Everything that the app logged, whatever its level. */
export interface TestLogs {
  readonly lines: string[];
  text(): string;
}

export interface TestApp {
  readonly url: string;
  readonly app: NestFastifyApplication;
  readonly database: TestDatabase;
  readonly logs: TestLogs;
  /** Real HTTP. A POST without an `Idempotency-Key` gets a random one; give `'idempotency-key': ''` to send none. */
  request(method: string, path: string, options?: RequestOptions): Promise<TestAnswer>;
  /** A new person in the app's first tenant, or in `tenantId`, signed in. */
  signIn(role?: TestRole, tenantId?: string): Promise<TestPerson>;
  /** A new tenant and its owner, signed in. */
  createTenantWithOwner(): Promise<TestTenant>;
  /** A new person who administers the platform, and belongs to a tenant of their own. */
  signInPlatformAdmin(): Promise<TestPerson>;
  /** As the migrator, who sees all tenants: for arranging and looking, never for what is tested. */
  sql<Row = Record<string, unknown>>(text: string, values?: unknown[]): Promise<Row[]>;
  close(): Promise<void>;
}

/** Long enough for the policy, and made of no word that it refuses. */
export const TEST_PASSWORD = 'violet marmot juggling teacups';

export interface TestAppOptions {
  /** Of the application: `daybook.module`, `daybook.workerModule`, or a module of the test around one of them. */
  readonly module: Type<object>;
  /** Environment variables. Throttles are out of the way unless they are given here. */
  readonly env?: Readonly<Record<string, string>>;
  /** Another app, whose database it shares, as a second process does. */
  readonly beside?: TestApp | undefined;
}

/** The whole application on a database of its own, behind a real port, built as the server builds it. */
export async function startTestApp({ module, env = {}, beside }: TestAppOptions): Promise<TestApp> {
  const database = beside?.database ?? (await createTestDatabase());
  Object.assign(process.env, {
    NODE_ENV: 'test',
    LOG_LEVEL: 'trace',
    PORT: '0',
    PUBLIC_URL: 'http://localhost:3000',
    DATABASE_POOL_SIZE: '5',
    THROTTLE_LIMIT: '1000000',
    THROTTLE_KEY_LIMIT: '1000000',
    THROTTLE_TENANT_LIMIT: '1000000',
    THROTTLE_SIGN_IN_LIMIT: '1000000',
    PASSWORD_HASH_QUEUE: '200',
    ...databaseEnvironment(database),
    ...env,
    ...(process.env.TEST_POOL_SIZE ? { DATABASE_POOL_SIZE: process.env.TEST_POOL_SIZE } : {}),
  });
  const config = loadConfig();
  // Nest has one logger per process: the app that started last has it
  const lines: string[] = beside?.logs.lines ?? [];
  const logger = createLogger(config.logs.level, {
    write: (line: string) => {
      lines.push(line);
    },
  });
  const app = await NestFactory.create<NestFastifyApplication>(module, createAdapter(config), {
    logger: new NestLogger(logger),
    bodyParser: false,
    abortOnError: false,
  });
  try {
    setUpApp(app, config, logger);
    await app.listen({ port: 0, host: '127.0.0.1' });
  } catch (error) {
    // a process would end with it; here its timers would go on
    await app.close();
    if (!beside) await database.drop();
    throw error;
  }
  const { port } = app.getHttpServer().address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;

  const admin = new Client({ connectionString: database.migrationUrl });
  // a test may take the server away
  admin.on('error', () => undefined);
  await admin.connect();
  // one after the other: a connection does one thing at a time
  let last: Promise<unknown> = Promise.resolve();
  const sql = <Row>(text: string, values?: unknown[]): Promise<Row[]> => {
    const rows = last.catch(() => undefined).then(async () => (await admin.query(text, values)).rows as Row[]);
    last = rows;
    return rows;
  };
  const passwordHash = hash(TEST_PASSWORD, { memoryCost: 65_536, timeCost: 3, parallelism: 4 });

  async function request(method: string, path: string, options: RequestOptions = {}): Promise<TestAnswer> {
    const { token, body, headers: given = {} } = options;
    const headers: Record<string, string> = {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(method === 'POST' ? { 'idempotency-key': randomBytes(12).toString('hex') } : {}),
      ...given,
    };
    if (headers['idempotency-key'] === '') delete headers['idempotency-key'];
    const answer = await fetch(url + path, {
      method,
      headers,
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await answer.text();
    const json = /[/+]json/.test(answer.headers.get('content-type') ?? '') && text !== '';
    return {
      status: answer.status,
      headers: answer.headers,
      body: json ? (JSON.parse(text) as unknown) : undefined,
      text,
    };
  }

  async function newPerson(email: string, platformAdmin = false): Promise<string> {
    const id = uuidv7();
    await sql('INSERT INTO users (id, email, name, password_hash, platform_admin) VALUES ($1, $2, $3, $4, $5)', [
      id,
      email,
      'Test Person',
      await passwordHash,
      platformAdmin,
    ]);
    return id;
  }

  async function join(tenantId: string, role: TestRole, platformAdmin = false): Promise<TestPerson> {
    const email = `${role}-${randomBytes(6).toString('hex')}@test.example`;
    const userId = await newPerson(email, platformAdmin);
    await sql('INSERT INTO members (tenant_id, user_id, role) VALUES ($1, $2, $3)', [tenantId, userId, role]);
    const answer = await request('POST', '/v1/auth/sign-in', {
      body: { email, password: TEST_PASSWORD, tenantId },
    });
    if (answer.status !== 200) throw new Error(`sign-in of ${email}: ${answer.status} ${answer.text}`);
    const { accessToken: token, refreshToken } = answer.body as { accessToken: string; refreshToken: string };
    return { userId, email, password: TEST_PASSWORD, tenantId, role, token, refreshToken };
  }

  async function newTenant(): Promise<{ id: string; slug: string }> {
    const id = uuidv7();
    const slug = `t-${randomBytes(6).toString('hex')}`;
    await sql(`INSERT INTO tenants (id, name, slug, settings) VALUES ($1, $2, $3, '{}')`, [id, `Tenant ${slug}`, slug]);
    return { id, slug };
  }

  let first: Promise<{ id: string }> | undefined;
  return {
    url,
    app,
    database,
    logs: { lines, text: () => lines.join('') },
    request,
    sql,
    signIn: async (role = 'owner', tenantId) => join(tenantId ?? (await (first ??= newTenant())).id, role),
    signInPlatformAdmin: async () => join((await newTenant()).id, 'owner', true),
    createTenantWithOwner: async () => {
      const { id, slug } = await newTenant();
      return { ...(await join(id, 'owner')), slug };
    },
    close: async () => {
      await app.close();
      await admin.end();
      if (!beside) await database.drop();
    },
  };
}
