import { traffic } from './book.mjs';
import { cpuOf, cpuOfChildren, serverOf } from './cpu.mjs';
import { measureBulk, measureHttp, prepareBook, residentMegabytes, startApplication } from './http.mjs';
import { median, ratio, show } from './report.mjs';

const ACCOUNTS = 200;
const MEMORY_MINUTES = Number(process.env.BENCH_MEMORY_MINUTES ?? 10);

/** The application as a process of its own, by HTTP. `engine`: what it is compared with, if that was measured. */
export async function reportHttp({ servers, admin, seconds, rounds }, engine, { http, bulk, memory }) {
  const application = await startApplication(servers.env);
  try {
    const server = await serverOf(admin);
    const target = await prepareBook(application.url, servers.login, ACCOUNTS);
    const choose = traffic.uniform(ACCOUNTS);
    const measure = (connections, duration = seconds) =>
      measureHttp(application.url, target, choose, { connections, seconds: duration });
    await measure(64, 5);
    const against = (rate) => (engine ? `${ratio(rate, engine.rate)} of the engine` : '');

    if (http) {
      console.log('\nHTTP, one posting a request: bearer token, idempotency key, validation, RLS, chain, logs at info');
      for (const connections of [64, 256]) {
        const before = [await cpuOf(application.pid), await cpuOfChildren(server), cpuOfSelf()];
        const results = [];
        for (let round = 0; round < rounds; round += 1) results.push(await measure(connections));
        const after = [await cpuOf(application.pid), await cpuOfChildren(server), cpuOfSelf()];
        const posted = results.reduce((sum, { rate, duration }) => sum + rate * duration, 0);
        const [app, postgres, generator] = after.map((value, part) => ((value - before[part]) / posted) * 1e6);
        const of = (name) => median(results.map((result) => result[name]));
        show(
          `${connections} connections`,
          of('rate'),
          `p50 ${of('p50')} ms, p99 ${of('p99')} ms; ${against(of('rate'))}`,
        );
        console.log(
          `    processor per posting: application ${Math.round(app)} µs, PostgreSQL ${Math.round(postgres)} µs, load generator ${Math.round(generator)} µs` +
            (engine
              ? `; without the generator ${ratio(engine.cpu * 1e6, app + postgres)} of the engine's rate per processor (engine ${Math.round(engine.cpu * 1e6)} µs)`
              : ''),
        );
      }
    }
    if (http) {
      const secret = await target.key();
      const withKey = { ...target, signIn: () => Promise.resolve(secret) };
      const seen = [];
      for (let pair = 0; pair < 4 * rounds; pair += 1) {
        const rates = {};
        for (const [name, of] of pair % 2
          ? [
              ['key', withKey],
              ['token', target],
            ]
          : [
              ['token', target],
              ['key', withKey],
            ])
          rates[name] = (
            await measureHttp(application.url, of, choose, { connections: 64, seconds: seconds / 4 })
          ).rate;
        seen.push(rates.key / rates.token);
      }
      console.log(`  an API key instead of a token: ${median(seen).toFixed(2)}× (median of ${seen.length} pairs)`);
    }
    if (bulk) {
      console.log('\nHTTP, bulk');
      for (const items of [1_000, 10_000]) {
        await measureBulk(application.url, target, choose, { items, seconds: 2 });
        const results = [];
        for (let round = 0; round < rounds; round += 1)
          results.push(await measureBulk(application.url, target, choose, { items, seconds }));
        show(`${items.toLocaleString('en')} postings a request`, median(results), against(median(results)));
      }
    }
    if (memory) {
      console.log(`\nResident memory of the application under load, ${MEMORY_MINUTES} minutes`);
      for (let minute = 0; minute <= MEMORY_MINUTES; minute += 1) {
        console.log(
          `  after ${String(minute).padStart(2)} min  ${Math.round(await residentMegabytes(application.pid))} MB`,
        );
        if (minute < MEMORY_MINUTES) await measure(64, 60);
      }
    }
  } finally {
    await application.stop();
  }
}

function cpuOfSelf() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
