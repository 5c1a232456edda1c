import { createBook, traffic } from './book.mjs';
import { measureBulkLimit } from './bulk-limit.mjs';
import { cpuOfChildren, serverOf } from './cpu.mjs';
import { measureEngine, openEngine, withoutChain } from './engine.mjs';
import { fillTo } from './growth.mjs';
import { createBaseline, measureOneByOne } from './one-by-one.mjs';
import { interleaved, ratio, show } from './report.mjs';

const ACCOUNTS = 10_000;
const CALLERS = 256;
const TABLES = [
  ...['ledgers', 'ledger_heads', 'currencies', 'accounts', 'balances', 'transactions', 'entries', 'holds'],
  ...['reversals', 'idempotency_keys'],
];

/**
 * The engine without HTTP.
 * @returns the uniform figure and what it cost, for what is compared with it: postings a second, seconds of processor
 *   per posting
 */
export async function reportEngine({ servers, admin, seconds, rounds }, { all, growth }) {
  const { engine, close } = await openEngine(servers.env);
  try {
    const book = await createBook(admin, ACCOUNTS);
    const books = [book];
    const uniform = traffic.uniform(ACCOUNTS);
    const run = (choose = uniform, more = {}) =>
      measureEngine(engine, more.books ?? books, choose, { callers: CALLERS, seconds, ...more });
    console.log('Engine: warming up …');
    await run(uniform, { seconds: 3 });
    const server = await serverOf(admin);
    const cost = { cpu: 0, posted: 0 };
    const counted = async () => {
      const before = (await cpuOfChildren(server)) + cpuOfSelf();
      const began = performance.now();
      const rate = await run();
      cost.cpu += (await cpuOfChildren(server)) + cpuOfSelf() - before;
      cost.posted += (rate * (performance.now() - began)) / 1000;
      return rate;
    };
    if (!all && !growth) {
      const { uniform: rate } = await interleaved({ uniform: counted }, rounds);
      return { rate, cpu: cost.cpu / cost.posted };
    }
    const figures = all ? await reportCases(counted) : await interleaved({ uniform: counted }, rounds);
    if (growth) await reportGrowth(figures.uniform);
    return { rate: figures.uniform, cpu: cost.cpu / cost.posted };

    async function reportCases(measureUniform) {
      await createBaseline(admin);
      const plain = await createBook(admin, ACCOUNTS);
      const many = [];
      for (let n = 0; n < 100; n += 1) many.push(await createBook(admin, 100));
      const runPlain = (choose) =>
        measureOneByOne(servers.env.DATABASE_URL, plain, choose, { connections: 64, seconds });
      const without = async (work) => {
        await rowLevelSecurity(admin, false);
        try {
          return await work();
        } finally {
          await rowLevelSecurity(admin, true);
        }
      };
      const f = await interleaved(
        {
          uniform: measureUniform,
          zipf: () => run(traffic.zipf(ACCOUNTS)),
          hot: () => run(traffic.hot(ACCOUNTS)),
          tenants: () => run(traffic.uniform(100), { books: many }),
          plainUniform: () => runPlain(uniform),
          plainHot: () => runPlain(traffic.hot(ACCOUNTS)),
          limit: async () =>
            measureBulkLimit(admin, servers.env.DATABASE_URL, await createBook(admin, ACCOUNTS), uniform, {
              postings: 30_000,
            }),
          noChain: () => withoutChain(() => run()),
          noKeys: () => run(uniform, { keys: false }),
          noRls: () => without(() => run()),
          nothing: () => without(() => withoutChain(() => run(uniform, { keys: false }))),
          uniformAgain: measureUniform,
        },
        rounds,
      );
      console.log(`\nEngine without HTTP, two-entry postings, ${ACCOUNTS} accounts, ${CALLERS} callers`);
      show('uniform', f.uniform);
      show('Zipf', f.zipf, `${ratio(f.zipf, f.uniform)} of uniform`);
      show('one hot account', f.hot, `${ratio(f.hot, f.uniform)} of uniform`);
      show('100 tenants of 100 accounts', f.tenants, `${ratio(f.tenants, f.uniform)} of uniform`);
      show('one by one in SQL, uniform', f.plainUniform, `engine ${ratio(f.uniform, f.plainUniform)}`);
      show('one by one in SQL, one hot account', f.plainHot, `engine ${ratio(f.hot, f.plainHot)}`);
      show('the same rows, batches of 500, nothing decided', f.limit, `engine ${ratio(f.uniform, f.limit)} of it`);
      console.log('\nWhat it costs to have them, against the same without');
      const both = (f.uniform + f.uniformAgain) / 2;
      const costs = (rate) => `with it ${ratio(both, rate)}`;
      show('without hash chain', f.noChain, costs(f.noChain));
      show('without idempotency keys', f.noKeys, costs(f.noKeys));
      show('without row-level security', f.noRls, costs(f.noRls));
      show('without all three', f.nothing, `with all ${ratio(both, f.nothing)}`);
      show('(uniform, measured twice a round)', both);
      return f;
    }

    async function reportGrowth(empty) {
      console.log('\nGrowth: uniform postings to a ledger that has so many entries already');
      const grown = await createBook(admin, ACCOUNTS);
      const cases = [0, 1_000_000, 10_000_000];
      let first = empty;
      for (const entries of cases) {
        await fillTo(admin, grown, ACCOUNTS, entries, (part) => {
          if (process.stdout.isTTY) process.stdout.write(`  filling: ${Math.round(part * 100)} %\r`);
        });
        await run(uniform, { books: [grown], seconds: 3 });
        const { rate } = await interleaved({ rate: () => run(uniform, { books: [grown] }) }, rounds);
        if (entries === 0) first = rate;
        show(
          `${entries.toLocaleString('en')} entries`,
          rate,
          entries === 0 ? '' : `${ratio(rate, first)} of the empty one`,
        );
      }
    }
  } finally {
    await close();
  }
}

async function rowLevelSecurity(admin, on) {
  for (const table of TABLES) await admin.query(`ALTER TABLE ${table} ${on ? 'ENABLE' : 'DISABLE'} ROW LEVEL SECURITY`);
}

function cpuOfSelf() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
