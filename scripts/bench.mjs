#!/usr/bin/env node
import { cpus, totalmem } from 'node:os';
import { build, isBuilt } from './setup/build.mjs';

/*
 * `npm run bench`: what the engine and the path around it can do, as ratios within one run. A report, not a test: the
 * raw figures say more about the machine than about Daybook. `npm run bench -- engine http` runs parts of it, `npm run
 * bench -- against FOLDER` compares with another checkout; docs/performance.md says what they mean.
 */
const SECONDS = Number(process.env.BENCH_SECONDS ?? 8);
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 3);
const PARTS = ['engine', 'http', 'bulk', 'growth', 'memory', 'pooler', 'start'];
const [first, other] = process.argv.slice(2);
if (first === 'against') {
  if (!(await isBuilt())) await build();
  const { reportAgainst } = await import('./bench/report-against.mjs');
  await reportAgainst(other ?? '');
  process.exit();
}
const wanted = process.argv.slice(2);
const unknown = wanted.filter((part) => !PARTS.includes(part));
if (unknown.length > 0) {
  console.error(`There is no part ${unknown.join(', ')}. Parts: ${PARTS.join(', ')}.`);
  process.exit(2);
}
const runs = (part) => wanted.length === 0 || wanted.includes(part);

if (!(await isBuilt())) await build();
const { default: pg } = await import('pg');
const { startServers } = await import('./bench/servers.mjs');

console.log(
  `\nDaybook bench: Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? 'CPU'}, ${Math.round(totalmem() / 2 ** 30)} GiB, ` +
    `PostgreSQL with fsync on, ${ROUNDS} rounds of ${SECONDS} s, interleaved, medians.\n`,
);
const options = { seconds: SECONDS, rounds: ROUNDS };
if (PARTS.slice(0, -1).some(runs)) {
  const servers = await startServers();
  const admin = new pg.Client({ connectionString: servers.adminUrl });
  try {
    await admin.connect();
    const context = { servers, admin, ...options };
    let engine;
    if (['engine', 'http', 'bulk', 'growth'].some(runs)) {
      const { reportEngine } = await import('./bench/report-engine.mjs');
      engine = await reportEngine(context, { all: runs('engine'), growth: runs('growth') });
    }
    if (['http', 'bulk', 'memory'].some(runs)) {
      const { reportHttp } = await import('./bench/report-http.mjs');
      await reportHttp(context, engine, { http: runs('http'), bulk: runs('bulk'), memory: runs('memory') });
    }
    if (runs('pooler')) {
      const { reportPooler } = await import('./bench/report-pooler.mjs');
      await reportPooler(context);
    }
  } finally {
    await admin.end();
    await servers.stop();
  }
}
if (runs('start')) {
  const { measureStartUp } = await import('./bench/start-up.mjs');
  const { first, second } = await measureStartUp();
  console.log(
    `\nFrom npm start to the first answer, built and installed: ${first.toFixed(1)} s with no data, ${second.toFixed(1)} s the next time\n`,
  );
}
