import { execFile } from 'node:child_process';
import { join } from 'node:path';

/** Runs a script of the project to its end, whatever its exit code is. */
export function run(script: string, args: readonly string[]): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    const options = { cwd: join(__dirname, '../..'), maxBuffer: 16 * 1024 * 1024 };
    execFile(process.execPath, [script, ...args], options, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code ?? 1) : 0, output: stdout.trim() === '' ? stderr : stdout });
    });
  });
}
