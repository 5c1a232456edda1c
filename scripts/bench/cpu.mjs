import { readdir, readFile } from 'node:fs/promises';

const TICKS = 100;

/** Fields of /proc/<pid>/stat after the name: state, ppid, …; undefined where /proc is not there. */
async function statOf(pid) {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  return text?.slice(text.lastIndexOf(')') + 2).split(' ');
}

const seconds = (stat) => (Number(stat[11]) + Number(stat[12])) / TICKS;

/** Seconds of processor that a process has used so far. */
export async function cpuOf(pid) {
  const stat = await statOf(pid);
  return stat ? seconds(stat) : Number.NaN;
}

/** Of a process's children: of the PostgreSQL server, whose backends are. */
export async function cpuOfChildren(pid) {
  let sum = 0;
  for (const name of await readdir('/proc').catch(() => []))
    if (/^[0-9]+$/.test(name)) {
      const stat = await statOf(name);
      if (stat?.[1] === String(pid)) sum += seconds(stat);
    }
  return sum;
}

/** The PostgreSQL server that a connection leads to. */
export async function serverOf(client) {
  const { rows } = await client.query('SELECT pg_backend_pid() AS pid');
  return Number((await statOf(rows[0].pid))?.[1]);
}
