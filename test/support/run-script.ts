import { execFile, spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

const ROOT = join(__dirname, '../..');

/** Runs a command of `cli.js`, from the sources. */
export async function runCli(args: readonly string[], env: Readonly<Record<string, string>> = {}, input = '') {
  const child = spawn(process.execPath, ['-r', '@swc-node/register', 'src/cli.ts', ...args], {
    cwd: ROOT,
    env: { ...process.env, ...env },
  });
  child.stdin.end(input);
  const [stdout, stderr, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<number | null>((resolve) => child.on('exit', resolve)),
  ]);
  return { stdout, stderr, code };
}

/** Runs a script of the project to its end. @returns its standard output @throws with all that it said when it fails */
export function run(script: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { cwd: ROOT, maxBuffer: 16 * 1024 * 1024 };
    execFile(process.execPath, [script, ...args], options, (error, stdout, stderr) => {
      if (error) reject(new Error(`${script}: ${stdout}${stderr}`));
      else resolve(stdout);
    });
  });
}
