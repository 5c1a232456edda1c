import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { commandLine, endProcess, run, within } from '../services/processes.mjs';
import { Problem } from '../setup/problem.mjs';
import { built, NODE_FLAGS, root } from '../setup/project.mjs';

const pidFile = (folder) => join(folder, 'app.pid');

/** Runs an operator command of the built application and returns what it printed. */
export async function runCli(command, env, signal) {
  const { code, stdout, output } = await run(process.execPath, [built('cli'), command], { cwd: root, env, signal });
  if (code !== 0) throw new Problem(`"${command}" failed; what it said is above.`, { output });
  return stdout;
}

/**
 * Starts the application and waits until it is ready to serve. What it prints is held back until then, so that the
 * log does not bury the steps; if it fails, all of it is shown.
 *
 * @returns {Promise<{ended: Promise<number | null>, showLog: () => void}>}
 */
export async function startApplication({ folder, port, env, signal }) {
  // in a process group of its own: Ctrl-C in the terminal must not stop it behind our back
  const child = spawn(process.execPath, [...NODE_FLAGS, built('main')], {
    cwd: root,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  writeFileSync(pidFile(folder), String(child.pid)); // at once: after a kill -9 of us only this file leads to it
  let log = '';
  let print = (data) => (log += data);
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (data) => print(data));
  let running = true;
  const ended = new Promise((resolve) => {
    child.on('close', (code) => {
      running = false;
      resolve(code);
    });
  });

  const isReady = () =>
    fetch(`http://127.0.0.1:${port}/health/ready`, { signal: AbortSignal.timeout(2_000) }).then(
      (response) => response.ok,
      () => false,
    );
  const ready = await within(90_000, async () => !running || signal.aborted || (await isReady()), 100);
  signal.throwIfAborted();
  if (!running) throw new Problem('The application stopped while starting; what it said is above.', { output: log });
  if (!ready)
    throw new Problem('The application did not become ready in 90 seconds; its log is above.', { output: log });
  return {
    ended,
    showLog: () => {
      print = (data) => process.stdout.write(data);
      print(log);
    },
  };
}

/**
 * Ends the application of this data folder, whoever started it: it gets 30 seconds to finish its requests and jobs.
 * One that outlived its launcher would still hold the port and run jobs.
 */
export async function stopApplication({ folder }) {
  const pid = Number(await readFile(pidFile(folder), 'utf8').catch(() => ''));
  const ours = (await commandLine(pid))?.includes(built('main')) ?? false;
  if (ours) await endProcess(pid, { grace: 30_000 });
  await rm(pidFile(folder), { force: true });
  return ours;
}
