import { execFile, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

/**
 * Runs a program to its end and collects what it prints. Never rejects because of an exit code: the caller knows what
 * a failure means. Rejects when the program cannot be started, or when `signal` aborts it.
 *
 * The program gets a process group of its own: Ctrl-C in a terminal then reaches only us, and we decide what to stop
 * and in which order.
 *
 * @param output called with each piece of output, for those who want to show it while it comes
 */
export function run(command, args, { signal, output: onOutput, ...options } = {}) {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true, ...options });
    let patience;
    const abort = () => {
      endGroup(child.pid, 'SIGTERM');
      // npm goes on installing for as long as it likes
      patience = setTimeout(() => endGroup(child.pid, 'SIGKILL'), 3_000);
    };
    signal?.addEventListener('abort', abort, { once: true });
    let stdout = '';
    let output = '';
    child.stdout?.on('data', (data) => {
      stdout += data;
      output += data;
      onOutput?.(data);
    });
    child.stderr?.on('data', (data) => {
      output += data;
      onOutput?.(data);
    });
    child.on('error', reject);
    child.on('close', (code) => {
      signal?.removeEventListener('abort', abort);
      clearTimeout(patience);
      if (signal?.aborted) reject(signal.reason);
      else resolve({ code, stdout, output });
    });
  });
}

/** Signals a process group that `detached` made; one that has already gone is no error. */
function endGroup(pid, signal) {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

/**
 * The command line of a process, or null when there is none. A pid read from a file may by now be somebody else's
 * (after a reboot, in a container where numbers are small), so nothing is ever signalled before its command line was
 * looked at. A zombie has none: it counts as gone, also where nobody reaps it.
 */
export async function commandLine(pid) {
  if (!Number.isInteger(pid) || pid <= 1) return null;
  if (process.platform === 'linux') {
    const raw = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    return raw.replaceAll('\0', ' ').trim() || null;
  }
  const found = await promisify(execFile)('ps', ['-ww', '-o', 'command=', '-p', String(pid)]).catch(() => null);
  return found?.stdout.trim() || null;
}

/** Waits until a condition holds; false when it did not within the time. */
export async function within(milliseconds, condition, every = 25) {
  const end = performance.now() + milliseconds;
  for (;;) {
    if (await condition()) return true;
    if (performance.now() > end) return false;
    await sleep(every);
  }
}

/** Ends a process that has been recognised as ours: politely, then not. */
export async function endProcess(pid, { grace }) {
  const gone = async () => (await commandLine(pid)) === null;
  for (const [signal, patience] of [
    ['SIGTERM', grace],
    ['SIGKILL', 5_000],
  ]) {
    try {
      process.kill(pid, signal);
    } catch (error) {
      if (error.code !== 'ESRCH') throw error;
    }
    if (await within(patience, gone)) return;
  }
}
