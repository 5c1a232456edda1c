import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { portIsFree } from '../services/ports.mjs';
import { deletePostgres, runningPostgres, startPostgres, stopPostgres } from '../services/postgres.mjs';
import { deleteRedis, runningRedis, startRedis, stopRedis } from '../services/redis.mjs';
import { build, isBuilt, sourceFingerprint } from '../setup/build.mjs';
import { dependenciesAreInstalled, installDependencies } from '../setup/dependencies.mjs';
import { asProblem, Problem } from '../setup/problem.mjs';
import { showProblem, step } from '../setup/steps.mjs';
import { runCli, startApplication, stopApplication } from './application.mjs';
import { readChoices, usage } from './arguments.mjs';
import { takeLock } from './lock.mjs';
import { forget, recall, remember } from './memory.mjs';
import { welcome } from './welcome.mjs';

/** Runs Daybook until it is told to stop. Whatever happens, what was started is stopped, in reverse order. */
export async function launch(args) {
  const interruption = new AbortController();
  stopOnSignals(interruption);
  const undo = [];
  const problems = [];
  try {
    const choices = readChoices(args, process.env);
    if (choices.help) return console.log(usage);
    const application = await start(choices, undo, interruption.signal);
    const code = await untilStopped(application.ended, interruption.signal);
    interruption.signal.throwIfAborted();
    throw new Problem(`The application stopped by itself (exit code ${code}); its log above says why.`);
  } catch (error) {
    if (!interruption.signal.aborted) problems.push(error);
  }
  for (const stop of undo.reverse()) await stop().catch((error) => problems.push(error));
  // last, where it is seen
  for (const problem of problems) showProblem(asProblem(problem));
  process.exitCode = problems.length > 0 ? 1 : 0;
}

async function start(choices, undo, signal) {
  const { dataFolder: folder, port } = choices;
  console.log('\nStarting Daybook\n');
  await mkdir(folder, { recursive: true });
  undo.push(await takeLock(folder));

  if (await stopApplication({ folder })) console.log('  ✓ Stopped the application that an earlier start left behind');
  if (choices.fresh) await step('Deleting the old data', () => deleteData(folder));
  await requireFreePort(port);
  if (!(await dependenciesAreInstalled())) await step('Installing packages', () => installDependencies({ signal }));
  if (!(await isBuilt())) await step('Building', () => build({ signal }).then(() => ''));

  const memory = await recall(folder);
  const database = choices.database ?? (await embeddedDatabase(folder, memory, undo, signal));
  const redisUrl = choices.redisUrl ?? (await privateRedis(folder, undo, signal));
  const env = {
    ...process.env,
    NODE_ENV: process.env.NODE_ENV || 'development',
    PORT: String(port),
    DATABASE_URL: database.url,
    DATABASE_MIGRATION_URL: database.migrationUrl,
    REDIS_URL: redisUrl,
  };
  const demo = await prepareDatabase(database, memory, folder, env, signal);

  let application;
  await step('Application', async () => {
    undo.push(() => step('Stopping the application', () => stopApplication({ folder })));
    application = await startApplication({ folder, port, env: { ...env, WORKER_IN_PROCESS: 'true' }, signal });
  });
  const embedded = !choices.database || !choices.redisUrl;
  console.log(welcome({ port, demo, dataFolder: folder, embedded }));
  application.showLog();
  return application;
}

async function embeddedDatabase(folder, memory, undo, signal) {
  const place = { folder: join(folder, 'postgres') };
  let database;
  await step('PostgreSQL', async () => {
    undo.push(async () => {
      if (await runningPostgres(place)) await step('Stopping PostgreSQL', () => stopPostgres(place));
    });
    const { port, adminUrl, reused } = await startPostgres({ ...place, signal });
    const login = (role, password) => `postgres://${role}:${password}@127.0.0.1:${port}/daybook`;
    database = {
      adminUrl,
      url: login('daybook_app', memory.appPassword),
      migrationUrl: login('daybook_migrator', memory.migratorPassword),
    };
    return `port ${port}${reused ? ', left running by an earlier start' : ''}`;
  });
  return database;
}

async function privateRedis(folder, undo, signal) {
  const place = { folder: join(folder, 'redis') };
  let url;
  await step('Redis', async () => {
    undo.push(async () => {
      if (await runningRedis(place)) await step('Stopping Redis', () => stopRedis(place));
    });
    const redis = await startRedis({ ...place, signal });
    url = redis.url;
    return `port ${redis.port}, ${redis.reused ? 'left running by an earlier start' : redis.origin}`;
  });
  return url;
}

/**
 * Roles, schema and demo data. All three may be run again at any time; on the embedded server they are not when this
 * very build has done it already, which makes the second start a matter of seconds.
 */
async function prepareDatabase(database, memory, folder, env, signal) {
  const fingerprint = await sourceFingerprint();
  if (database.adminUrl && memory.preparedFor === fingerprint) return memory.demo;
  if (database.adminUrl) {
    await remember(folder, memory); // before the roles get these passwords
    const admin = { ...env, DATABASE_ADMIN_URL: database.adminUrl };
    await step('Creating database and roles', () => runCli('bootstrap', admin, signal).then(() => ''));
  }
  await step('Migrating', () => runCli('migrate', env, signal).then(() => ''));
  if (env.NODE_ENV === 'production') return null; // a demo login is an open door there
  let demo;
  await step('Seeding a demo tenant', async () => {
    demo = JSON.parse((await runCli('seed', env, signal)).trimEnd().split('\n').at(-1));
  });
  if (database.adminUrl) await remember(folder, { ...memory, preparedFor: fingerprint, demo });
  return demo;
}

/** Only what we made, by name: the folder may be one that the person has other things in. */
async function deleteData(folder) {
  await deletePostgres({ folder: join(folder, 'postgres') });
  await deleteRedis({ folder: join(folder, 'redis') });
  await forget(folder);
}

async function requireFreePort(port) {
  // a server on 127.0.0.1 alone does not keep another from listening on all addresses on every system
  if ((await portIsFree(port)) && (await portIsFree(port, '127.0.0.1'))) return;
  throw new Problem(`Port ${port} is in use by another program: choose another one with PORT=${port + 1} npm start.`);
}

/** Resolves when the application ends, or when we are told to stop. */
function untilStopped(ended, signal) {
  const interrupted = new Promise((resolve) => {
    if (signal.aborted) resolve(null);
    else signal.addEventListener('abort', () => resolve(null), { once: true });
  });
  return Promise.race([ended, interrupted]);
}

/** npm passes Ctrl-C on to us although the terminal has done so already, so a second signal means nothing by itself. */
function stopOnSignals(interruption) {
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(name, () => {
      if (!interruption.signal.aborted) console.log('\nStopping\n');
      interruption.abort(new Error('interrupted'));
    });
  }
  // a closed terminal or pipe must not keep us from stopping what we started
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
}
