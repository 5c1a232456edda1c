import { Client } from 'pg';
import { takeBaseBackup } from './base-backup';
import { until } from '../../src/testing/until';

export interface Standby {
  readonly port: number;
  /** From now on nothing is acknowledged by the primary that is not on the standby's disk. */
  replicateSynchronously(): Promise<void>;
  /** Makes it a primary. */
  promote(): Promise<void>;
  remove(): Promise<void>;
}

const NAME = 'standby';

/** A streaming standby of the server, which answers reads. */
export async function startStandby(primaryUrl: string): Promise<Standby> {
  const { hostname, port, username, password } = new URL(primaryUrl);
  // keeps the WAL that the copy will ask for
  await query(primaryUrl, `SELECT pg_create_physical_replication_slot('${NAME}', true)`);
  const backup = await takeBaseBackup(primaryUrl);
  await backup.configure({
    primary_conninfo: `host=${hostname} port=${port} user=${username} password=${password} application_name=${NAME}`,
    primary_slot_name: NAME,
  });
  await backup.signal('standby.signal');
  const { adminUrl, port: ownPort } = await backup.start();
  const streams = async (state: string) =>
    (await query(primaryUrl, `SELECT FROM pg_stat_replication WHERE application_name = '${NAME}' AND ${state}`)) > 0;
  await until('the standby follows', () => streams(`state = 'streaming'`), 30_000);
  return {
    port: ownPort,
    replicateSynchronously: async () => {
      await query(primaryUrl, `ALTER SYSTEM SET synchronous_standby_names = '${NAME}'`);
      await query(primaryUrl, 'SELECT pg_reload_conf()');
      await until('commits wait for the standby', () => streams(`sync_state = 'sync'`));
    },
    promote: async () => {
      // the copy may have been made when commits waited for a standby: it has none
      await query(adminUrl, 'SELECT pg_promote()');
      await query(adminUrl, 'ALTER SYSTEM RESET synchronous_standby_names');
      await query(adminUrl, 'SELECT pg_reload_conf()');
    },
    remove: () => backup.remove(),
  };
}

/** @returns how many rows there were */
async function query(url: string, text: string): Promise<number> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text)).rowCount ?? 0;
  } finally {
    await client.end();
  }
}
