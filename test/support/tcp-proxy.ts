import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** `answer`: COMMIT gets through and its answer is lost. `request`: COMMIT itself is lost. */
export type LostCommit = 'answer' | 'request';

export interface TcpProxy {
  readonly port: number;
  /** The next `times` commits of transactions that have written are lost, and their connections cut. */
  loseCommits(what: LostCommit, times: number): void;
  /** Commits lost so far. */
  readonly lost: number;
  close(): Promise<void>;
}

const BEGIN = Buffer.from('BEGIN');
const COMMIT = Buffer.from('COMMIT\0');
// in a simple query or in the name of a prepared statement
const WRITES = ['INSERT INTO', 'UPDATE ', 'engine-write'].map((text) => Buffer.from(text));

/** Stands between the application and PostgreSQL and can lose what matters most. Speaks just enough of the protocol. */
export async function startTcpProxy(target: { readonly host: string; readonly port: number }): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  let armed: { what: LostCommit; times: number } = { what: 'answer', times: 0 };
  let lost = 0;

  const server = createServer((client) => {
    const upstream = connect(target);
    let wrote = false;
    let swallowing = false;
    const cut = () => {
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', cut);
      socket.on('close', () => {
        sockets.delete(socket);
        cut();
      });
    }
    client.on('data', (data) => {
      if (data.includes(BEGIN)) wrote = false;
      wrote ||= WRITES.some((text) => data.includes(text));
      if (wrote && armed.times > 0 && data.includes(COMMIT)) {
        armed.times -= 1;
        lost += 1;
        if (armed.what === 'request') {
          cut();
          return;
        }
        swallowing = true;
      }
      upstream.write(data);
    });
    upstream.on('data', (data) => {
      // the server has committed by the time it answers
      if (swallowing) cut();
      else client.write(data);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');

  return {
    port: (server.address() as AddressInfo).port,
    loseCommits: (what, times) => {
      armed = { what, times };
    },
    get lost() {
      return lost;
    },
    close: async () => {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}
