import { execFile } from 'node:child_process';
import { join } from 'node:path';

/** Runs a script of the project to its end. @returns its standard output @throws with all that it said when it fails */
export function run(script: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { cwd: join(__dirname, '../..'), maxBuffer: 16 * 1024 * 1024 };
    execFile(process.execPath, [script, ...args], options, (error, stdout, stderr) => {
      if (error) reject(new Error(`${script}: ${stdout}${stderr}`));
      else resolve(stdout);
    });
  });
}
