import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../services/ports.mjs';
import { within } from '../services/processes.mjs';
import { root } from '../setup/project.mjs';

/** Seconds from `npm start` to the first answer: of a first start with no data, and of a second one. */
export async function measureStartUp() {
  const folder = await mkdtemp(join(tmpdir(), 'daybook-bench-start-'));
  try {
    return { first: await start(folder), second: await start(folder) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function start(folder) {
  const port = await freePort();
  const began = performance.now();
  // the engine's part of the report has left its servers' addresses here
  const env = { ...process.env, DAYBOOK_DATA_DIR: folder, PORT: String(port) };
  for (const name of ['DATABASE_URL', 'DATABASE_MIGRATION_URL', 'REDIS_URL']) delete env[name];
  const child = spawn(process.execPath, [join(root, 'scripts/start.mjs')], {
    env,
    stdio: 'ignore',
  });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  try {
    const answered = () =>
      fetch(`http://127.0.0.1:${port}/health/ready`).then(
        (answer) => answer.ok,
        () => false,
      );
    if (!(await within(120_000, answered))) throw new Error('npm start gave no answer in two minutes');
    return (performance.now() - began) / 1000;
  } finally {
    child.kill('SIGINT');
    await exited;
  }
}
