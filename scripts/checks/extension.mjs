import { randomBytes } from 'node:crypto';
import { chmod, cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres, stopPostgres } from '../services/postgres.mjs';
import { run } from '../services/processes.mjs';
import { startRedis, stopRedis } from '../services/redis.mjs';
import { root } from '../setup/project.mjs';

/**
 * A team that builds on Daybook: examples/extension in an empty folder, with the package as it is packed. It is tested,
 * gets another module from the generator, is upgraded over one more migration, and refuses what it is not made for.
 *
 * @returns what passed, and what the first step that did not printed
 */
export async function extension(signal) {
  const folder = await mkdtemp(join(tmpdir(), 'daybook-extension-'));
  await chmod(folder, 0o755); // as root, PostgreSQL runs as another user, who must get in
  const project = new Project(join(folder, 'project'), signal);
  let passed = 0;
  let step = '';
  try {
    await cp(join(root, 'examples/extension'), project.folder, { recursive: true, filter: isSource });
    for (const [name, work] of Object.entries(steps(folder, project))) {
      step = name;
      await work();
      passed += 1;
    }
    return { passed, failed: 0 };
  } catch (error) {
    return { passed, failed: 1, output: `${step}: ${error.message}` };
  } finally {
    await project.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

const steps = (folder, project) => ({
  'installs the package': async () => {
    const packed = await run('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: root });
    if (packed.code !== 0) throw new Error(packed.output);
    const file = (await readdir(folder)).find((name) => name.endsWith('.tgz'));
    await project.run(
      'npm',
      'install',
      '--prefer-offline',
      '--no-audit',
      '--no-fund',
      '--loglevel=error',
      join(folder, file),
    );
    const twice = await project.run(
      'npm',
      'ls',
      '--all',
      '--parseable',
      '@nestjs/common',
      'typeorm',
      'class-validator',
    );
    const copies = new Set(twice.split('\n').filter((line) => line.includes('node_modules')));
    if (copies.size !== 3)
      throw new Error(`there is more than one copy of Nest, TypeORM or class-validator:\n${twice}`);
  },
  'gets a module from the generator': () =>
    project.run('npx', 'daybook', 'new:module', 'customers', '--fields', 'name:string:unique, since:date?', '--job'),
  'compiles and passes its tests': () => project.run('npm', 'test'),
  'describes itself': async () => {
    await project.run('npm', 'run', 'openapi');
    const { paths, tags } = JSON.parse(await readFile(join(project.folder, 'openapi/v1.json'), 'utf8'));
    const told = ['/v1/invoices', '/v1/customers/{customerId}', '/v1/ledgers'].filter((path) => !(path in paths));
    if (told.length > 0) throw new Error(`the description does not have ${told.join(', ')}`);
    if (!tags.some(({ name }) => name === 'Invoices'))
      throw new Error('the description does not have the tag Invoices');
  },
  'is upgraded over one more migration': async () => {
    await project.start(folder);
    await project.cli('bootstrap');
    expectText(await project.cli('migrate'), /applied Invoices\d+/);
    await addMigration(project);
    expectText(await project.cli('migrate'), /^applied Next\d+$/m, /Invoices|Customers/);
    expectText(await project.cli('migrate'), /nothing to migrate/);
    expectText(await project.cli('audit'), /nothing found/);
    await project.run('npx', 'jest', 'paying');
  },
  'is refused by a version that it is not made for': async () => {
    await project.version('7.0.0');
    const { code, output } = await project.attempt('node', 'dist/cli.js', 'migrate');
    if (code === 0) throw new Error('it started');
    expectText(
      output,
      /Module is made for Daybook \^0\.1\.0, and this is 7\.0\.0: install a version of it that is made for/,
    );
  },
});

/** What is in the repository of the example, without what was installed or built there. */
const isSource = (path) => !/[\\/](node_modules|dist|\.data|openapi)([\\/]|$)|\.tgz$/.test(path.slice(root.length));

function expectText(text, pattern, but) {
  if (!pattern.test(text) || but?.test(text)) throw new Error(`expected ${pattern}, got:\n${text}`);
}

/** As a version of Daybook that came later, with a step of its own: older than the project's migrations. */
async function addMigration(project) {
  const file = project.installed('dist/modules/jobs/jobs.module.js');
  const text = await readFile(file, 'utf8');
  const next = `class Next1795300000999 { name = 'Next1795300000999'; async up(runner) { await runner.query('ALTER TABLE jobs ADD COLUMN next integer'); } down() {} }`;
  const changed = text.replace(/migrations: \[/, 'migrations: [Next1795300000999, ');
  if (changed === text) throw new Error('the jobs module has no migrations');
  await writeFile(file, `${next}\n${changed}`);
  await project.version('0.1.1');
}

class Project {
  env = process.env;
  services;

  constructor(folder, signal) {
    this.folder = folder;
    this.signal = signal;
  }

  installed(path) {
    return join(this.folder, 'node_modules/daybook', path);
  }

  attempt(command, ...args) {
    return run(command, args, { cwd: this.folder, signal: this.signal, env: this.env });
  }

  async run(command, ...args) {
    const { code, output } = await this.attempt(command, ...args);
    if (code !== 0) throw new Error(`${[command, ...args].join(' ')}\n${output}`);
    return output;
  }

  cli(...args) {
    return this.run('node', 'dist/cli.js', ...args);
  }

  async version(version) {
    const file = this.installed('package.json');
    await writeFile(file, JSON.stringify({ ...JSON.parse(await readFile(file, 'utf8')), version }));
  }

  async start(folder) {
    this.services = { postgres: { folder: join(folder, 'postgres') }, redis: { folder: join(folder, 'redis') } };
    const [postgres, redis] = await Promise.all([
      startPostgres({ ...this.services.postgres, durable: false, maxConnections: 50 }),
      startRedis({ ...this.services.redis, durable: false, databases: 64 }),
    ]);
    const login = (role) => {
      const url = new URL(postgres.adminUrl);
      [url.username, url.password, url.pathname] = [role, randomBytes(12).toString('hex'), '/extension'];
      return url.href;
    };
    this.env = {
      ...process.env,
      DATABASE_ADMIN_URL: postgres.adminUrl,
      DATABASE_URL: login('daybook_app'),
      DATABASE_MIGRATION_URL: login('daybook_migrator'),
      REDIS_URL: redis.url,
    };
  }

  async stop() {
    if (this.services) await Promise.all([stopPostgres(this.services.postgres), stopRedis(this.services.redis)]);
  }
}
