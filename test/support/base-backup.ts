import { execFile } from 'node:child_process';
import { appendFile, chown, cp, mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { newFolder, service } from './own-servers';

const execute = promisify(execFile);

/** A copy of a cluster that has not been started yet. */
export interface BaseBackup {
  /** Its data. */
  readonly cluster: string;
  /** Adds lines to its settings; they win over those that were copied. */
  configure(settings: Readonly<Record<string, string>>): Promise<void>;
  /** An empty file that tells PostgreSQL what the copy is for: `standby.signal`, `recovery.signal`. */
  signal(name: string): Promise<void>;
  /** Starts a server on the copy, on a port of its own. */
  start(): Promise<{ readonly adminUrl: string; readonly port: number }>;
  /** Stops the server and forgets the copy. */
  remove(): Promise<void>;
}

/**
 * A base backup of a running server by its own functions, the way that needs no program besides the server: what
 * comes with npm has neither pg_basebackup nor psql. Where WAL is archived it waits for what the copy needs.
 */
export async function takeBaseBackup(adminUrl: string): Promise<BaseBackup> {
  const parent = await newFolder();
  const folder = join(parent, 'postgres');
  const cluster = join(folder, 'cluster');
  await mkdir(folder);
  const admin = new Client({ connectionString: adminUrl });
  await admin.connect();
  try {
    const source = (await admin.query<{ data_directory: string }>('SHOW data_directory')).rows[0]?.data_directory ?? '';
    await admin.query(`SELECT pg_backup_start('test', fast => true)`);
    await copyWhileItRuns(source, cluster);
    const { rows } = await admin.query<{ labelfile: string }>('SELECT labelfile FROM pg_backup_stop()');
    // what belongs to the running server, and WAL that the copy gets from elsewhere
    await rm(join(cluster, 'postmaster.pid'), { force: true });
    for (const name of ['pg_wal', 'pg_replslot'])
      for (const entry of await readdir(join(cluster, name)))
        await rm(join(cluster, name, entry), { recursive: true, force: true });
    await cp(join(dirname(source), 'password'), join(folder, 'password'));
    await write(cluster, 'backup_label', rows[0]?.labelfile ?? '');
  } finally {
    await admin.end();
  }
  return {
    cluster,
    configure: (settings) =>
      appendFile(
        join(cluster, 'postgresql.auto.conf'),
        Object.entries(settings)
          .map(([name, value]) => `${name} = '${value.replaceAll("'", "''")}'\n`)
          .join(''),
      ),
    signal: (name) => write(cluster, name, ''),
    start: async () => {
      const { adminUrl: url = '' } = await service('start-postgres', folder);
      return { adminUrl: url, port: Number(new URL(url).port) };
    },
    remove: async () => {
      await service('stop-postgres', folder);
      await rm(parent, { recursive: true, force: true });
    },
  };
}

/** Files may go while they are copied: WAL brings back what matters of them. */
async function copyWhileItRuns(source: string, target: string): Promise<void> {
  await execute('cp', ['-a', source, target], { env: { ...process.env, LC_ALL: 'C' } }).catch((error: unknown) => {
    const complaints = (error as { stderr?: string }).stderr?.trim().split('\n') ?? [];
    if (complaints.length === 0 || complaints.some((line) => !line.endsWith('No such file or directory'))) throw error;
  });
}

/** As root, the server is another user, who owns what is in its folder. */
async function write(cluster: string, name: string, text: string): Promise<void> {
  const { uid, gid } = await stat(cluster);
  await writeFile(join(cluster, name), text, { mode: 0o600 });
  await chown(join(cluster, name), uid, gid);
}
