import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { freePort } from './free-port';
import { until } from '../../src/testing/until';

export interface AppProcess {
  readonly url: string;
  readonly pid: number;
  /** What it has printed so far. */
  output(): string;
  /** SIGKILL: no farewell. */
  kill(): Promise<void>;
}

/**
 * The application as a process of its own, from the sources, so that it can be killed; or a worker.
 *
 * @param root of another checkout
 */
export async function startAppProcess(
  environment: Readonly<Record<string, string>>,
  entry: 'main' | 'worker' = 'main',
  root = join(__dirname, '../..'),
): Promise<AppProcess> {
  const port = await freePort();
  const ports = { PORT: String(port), WORKER_PORT: String(port) };
  const child: ChildProcess = spawn(process.execPath, ['-r', '@swc-node/register', `src/${entry}.ts`], {
    cwd: root,
    env: { ...process.env, LOG_LEVEL: 'warn', HOST: '127.0.0.1', ...environment, ...ports },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (data: Buffer) => (output += data.toString()));
  const url = `http://127.0.0.1:${port}`;
  await until(
    'the application answers',
    async () => {
      if (child.exitCode !== null) throw new Error(output);
      return fetch(`${url}/health/live`).then(
        ({ ok }) => ok,
        () => false,
      );
    },
    30_000,
  );
  return {
    url,
    pid: child.pid ?? 0,
    output: () => output,
    kill: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}
