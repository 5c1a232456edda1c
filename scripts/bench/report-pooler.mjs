import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pgBouncer, startPgBouncer, stopPgBouncer } from '../services/pgbouncer.mjs';
import { traffic } from './book.mjs';
import { measureHttp, prepareBook, startApplication } from './http.mjs';
import { median, ratio, show } from './report.mjs';

const ACCOUNTS = 200;

/** What a pooler that shares connections costs: the same postings, with it in between and without, by turns. */
export async function reportPooler({ servers, seconds, rounds }) {
  if (!(await pgBouncer())) {
    console.log('\nPgBouncer is not installed: what it costs is left out.');
    return;
  }
  const folder = await mkdtemp(join(tmpdir(), 'daybook-bench-pooler-'));
  const { DATABASE_URL } = servers.env;
  const applications = [];
  try {
    const { url } = await startPgBouncer({ folder, url: DATABASE_URL, mode: 'transaction', poolSize: 20 });
    for (const env of [{}, { DATABASE_URL: url, DATABASE_DIRECT_URL: DATABASE_URL }])
      applications.push(await startApplication({ ...servers.env, ...env }));
    const choose = traffic.uniform(ACCOUNTS);
    const books = await Promise.all(applications.map((each) => prepareBook(each.url, servers.login, ACCOUNTS)));
    console.log('\nHTTP, one posting a request: through PgBouncer (transaction mode), against without');
    for (const connections of [1, 64]) {
      const results = applications.map(() => []);
      for (let round = -1; round < rounds; round += 1)
        for (const [n, each] of applications.entries()) {
          const measured = await measureHttp(each.url, books[n], choose, {
            connections,
            seconds: round < 0 ? 3 : seconds,
          });
          if (round >= 0) results[n].push(measured);
        }
      const [without, through] = results.map((list) => median(list.map(({ rate }) => rate)));
      show(`${connections} connections`, through, `${ratio(through, without)} of without (${Math.round(without)} /s)`);
    }
  } finally {
    for (const each of applications) await each.stop();
    await stopPgBouncer({ folder });
    await rm(folder, { recursive: true, force: true });
  }
}
