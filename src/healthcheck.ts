import { readFileSync } from 'node:fs';
import { loadConfig } from './config/config';

/**
 * Of a container: exit code 0 while its process is alive. Alive, not ready: a database that is away for a minute is no
 * reason to restart anything. One program for the API and the worker, which answer on ports of their own; which of them
 * this container runs is in the command line of its first process.
 */
async function main([pid = '1']: readonly string[]): Promise<void> {
  const { http, jobs } = loadConfig();
  const port = /worker\.[jt]s/.test(readFileSync(`/proc/${pid}/cmdline`, 'utf8')) ? jobs.workerPort : http.port;
  const { ok } = await fetch(`http://127.0.0.1:${port}/health/live`, { signal: AbortSignal.timeout(2_000) });
  if (!ok) throw new Error('not alive');
}

main(process.argv.slice(2)).then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  },
);
