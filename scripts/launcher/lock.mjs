import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { commandLine } from '../services/processes.mjs';
import { Problem } from '../setup/problem.mjs';

/**
 * One launcher per data folder. The lock is a file with our pid; one left by a launcher that was killed names a process
 * that is gone, or that is something else by now, and is taken over.
 *
 * @returns a function that gives the lock back
 */
export async function takeLock(folder) {
  const file = join(folder, 'launcher.pid');
  for (;;) {
    try {
      await writeFile(file, String(process.pid), { flag: 'wx' });
      return () => rm(file, { force: true });
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    const holder = Number(await readFile(file, 'utf8').catch(() => ''));
    if (holder !== process.pid && (await commandLine(holder))?.includes('start.mjs')) {
      throw new Problem(
        `Daybook already runs on ${folder} (process ${holder}): stop it with Ctrl-C where it was started or with "kill ${holder}", or start a second one with DAYBOOK_DATA_DIR=.data/second PORT=3001 npm start.`,
      );
    }
    await rm(file, { force: true });
  }
}
