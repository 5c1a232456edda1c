// One side of `npm run bench -- against FOLDER`: a checkout with servers of its own. Measures whenever it is told what,
// and ends when its input does.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const [root, seconds] = [process.argv[2], Number(process.argv[3])];
const pg = createRequire(join(root, 'package.json'))('pg');
const [servers, engines, books, cpu, http] = await Promise.all(
  ['servers', 'engine', 'book', 'cpu', 'http'].map(
    (name) => import(pathToFileURL(join(root, 'scripts/bench', `${name}.mjs`)).href),
  ),
);

const running = await servers.startServers();
const admin = new pg.Client({ connectionString: running.adminUrl });
await admin.connect();
const { engine, close } = await engines.openEngine(running.env);
const application = await http.startApplication(running.env);
const ownCpu = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};
try {
  const server = await cpu.serverOf(admin);
  const [many, few] = [10_000, 200];
  const book = [await books.createBook(admin, many)];
  const target = await http.prepareBook(application.url, running.login, few);
  const parts = {
    engine: {
      cpu: async () => ownCpu(),
      run: () => engines.measureEngine(engine, book, books.traffic.uniform(many), { callers: 256, seconds }),
    },
    http: {
      cpu: () => cpu.cpuOf(application.pid),
      run: async () => {
        const choose = books.traffic.uniform(few);
        return (await http.measureHttp(application.url, target, choose, { connections: 64, seconds })).rate;
      },
    },
  };
  const measure = async (part) => {
    const spent = async () => (await cpu.cpuOfChildren(server)) + (await parts[part].cpu());
    const before = await spent();
    const rate = await parts[part].run();
    const each = ((await spent()) - before) / (rate * seconds);
    process.stdout.write(`${JSON.stringify({ rate, cpu: each * 1e6 })}\n`);
  };
  for await (const part of createInterface({ input: process.stdin })) await measure(part);
} finally {
  await application.stop();
  await close();
  await admin.end();
  await running.stop();
}
