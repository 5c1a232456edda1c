import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** The line between the application and a server: it can be slow, and it can lead elsewhere. */
export interface Line {
  readonly port: number;
  /** Holds back every packet from now on, in both directions, in its order. */
  delay(milliseconds: number): void;
  /** Breaks what is connected; from now on connections reach another server, as after a change of its address. */
  leadTo(port: number): void;
  close(): Promise<void>;
}

/** @param target port of the server, on this machine */
export async function startLine(target: number): Promise<Line> {
  const sockets = new Set<Socket>();
  let port = target;
  let held = 0;

  /** Timers of one duration fire in the order they were made; after a shorter one the packets queue behind the earlier. */
  function carry(from: Socket, to: Socket): void {
    let due = 0;
    from.on('data', (data) => {
      due = Math.max(due, performance.now() + held);
      const wait = due - performance.now();
      if (wait <= 0) to.write(data);
      else setTimeout(() => to.write(data), wait);
    });
  }

  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    carry(near, far);
    carry(far, near);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');

  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    delay: (milliseconds) => {
      held = milliseconds;
    },
    leadTo: (other) => {
      port = other;
      cut();
    },
    close: async () => {
      server.close();
      cut();
      await once(server, 'close');
    },
  };
}

/** The same address, by another port. */
export function throughPort(url: string, port: number): string {
  const changed = new URL(url);
  changed.port = String(port);
  return changed.href;
}
