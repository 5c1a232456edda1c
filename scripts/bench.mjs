#!/usr/bin/env node
import { cpus, totalmem } from 'node:os';
import { build, isBuilt } from './setup/build.mjs';

/*
 * `npm run bench`: what the engine and the path around it can do, as ratios within one run. A report, not a test: the
 * raw figures say more about the machine than about Daybook.
 */
const SECONDS = Number(process.env.BENCH_SECONDS ?? 8);
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 3);
const ACCOUNTS = 10_000;
const CALLERS = 256;

if (!(await isBuilt())) await build();
const { default: pg } = await import('pg');
const { createBook, traffic } = await import('./bench/book.mjs');
const { createBaseline, measureOneByOne } = await import('./bench/one-by-one.mjs');
const { measureHttp, prepareBook, residentMegabytes, startApplication } = await import('./bench/http.mjs');
const { measureStartUp } = await import('./bench/start-up.mjs');
const { startServers } = await import('./bench/servers.mjs');

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const show = (title, rate, note = '') =>
  console.log(`  ${title.padEnd(44)}${Math.round(rate).toString().padStart(8)} /s  ${note}`);
const ratio = (a, b) => `${(a / b).toFixed(2)}×`;

console.log(
  `\nDaybook bench: Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? 'CPU'}, ${Math.round(totalmem() / 2 ** 30)} GiB, ` +
    `PostgreSQL with fsync on, median of ${ROUNDS} rounds of ${SECONDS} s, interleaved.\n`,
);
const servers = await startServers();
try {
  const admin = new pg.Client({ connectionString: servers.adminUrl });
  await admin.connect();
  await createBaseline(admin);
  const { openEngine, measureEngine } = await import('./bench/engine.mjs');
  const { engine, close } = await openEngine(servers.env);
  const book = await createBook(admin, ACCOUNTS);
  const plain = await createBook(admin, ACCOUNTS);
  const uniform = traffic.uniform(ACCOUNTS);
  const hot = traffic.hot(ACCOUNTS);

  const ledgerTables = [
    'ledgers',
    'ledger_heads',
    'currencies',
    'accounts',
    'balances',
    'transactions',
    'entries',
    'idempotency_keys',
  ];
  const rowLevelSecurity = async (on) => {
    for (const table of ledgerTables)
      await admin.query(`ALTER TABLE ${table} ${on ? 'ENABLE' : 'DISABLE'} ROW LEVEL SECURITY`);
  };
  const runEngine = (choose, seconds = SECONDS) => measureEngine(engine, [book], choose, { callers: CALLERS, seconds });
  const runPlain = (choose) =>
    measureOneByOne(servers.env.DATABASE_URL, plain, choose, { connections: 64, seconds: SECONDS });
  const cases = {
    engineUniform: () => runEngine(uniform),
    engineHot: () => runEngine(hot),
    plainUniform: () => runPlain(uniform),
    plainHot: () => runPlain(hot),
    engineNoRls: async () => {
      await rowLevelSecurity(false);
      try {
        return await runEngine(uniform);
      } finally {
        await rowLevelSecurity(true);
      }
    },
  };
  const figures = Object.fromEntries(Object.keys(cases).map((name) => [name, []]));
  console.log('Warming up …');
  await runEngine(uniform, 3);
  for (let round = 1; round <= ROUNDS; round += 1) {
    for (const [name, measure] of Object.entries(cases)) figures[name].push(await measure());
    console.log(`  round ${round} of ${ROUNDS} done`);
  }
  const f = Object.fromEntries(Object.entries(figures).map(([name, values]) => [name, median(values)]));
  const engineMemory = await residentMegabytes(process.pid);
  await close();

  console.log(`\nEngine without HTTP, two-entry postings, ${ACCOUNTS} accounts, ${CALLERS} callers`);
  show('uniform', f.engineUniform);
  show('one hot account', f.engineHot, `${ratio(f.engineHot, f.engineUniform)} of uniform`);
  show('one by one in SQL, uniform', f.plainUniform, `engine ${ratio(f.engineUniform, f.plainUniform)}`);
  show('one by one in SQL, one hot account', f.plainHot, `engine ${ratio(f.engineHot, f.plainHot)}`);
  show('engine without row-level security', f.engineNoRls, `with it ${ratio(f.engineUniform, f.engineNoRls)}`);

  const application = await startApplication(servers.env);
  try {
    const idle = await residentMegabytes(application.pid);
    const target = await prepareBook(application.url, servers.login, 200);
    const choose = traffic.uniform(200);
    await measureHttp(application.url, target, choose, { connections: 64, seconds: 3 });
    console.log('\nHTTP, one posting a request: bearer token, idempotency key, validation, RLS, logs at info');
    for (const connections of [64, 256]) {
      const { rate, p50, p99 } = await measureHttp(application.url, target, choose, { connections, seconds: SECONDS });
      show(
        `${connections} connections`,
        rate,
        `p50 ${p50} ms, p99 ${p99} ms; ${ratio(rate, f.engineUniform)} of the engine`,
      );
    }
    const loaded = await residentMegabytes(application.pid);
    if (idle !== undefined)
      console.log(
        `\nResident memory: ${Math.round(idle)} MB idle, ${Math.round(loaded)} MB after the load; engine alone ${Math.round(engineMemory)} MB`,
      );
  } finally {
    await application.stop();
  }
  await admin.end();
} finally {
  await servers.stop();
}
const { first, second } = await measureStartUp();
console.log(
  `\nFrom npm start to the first answer, built and installed: ${first.toFixed(1)} s with no data, ${second.toFixed(1)} s the next time\n`,
);
