import { createServer } from 'node:net';

/** A port that nobody listens on, chosen by the operating system. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** Whether a server could listen on this port of this host (all addresses when none is given). */
export function portIsFree(port, host) {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', (error) => (error.code === 'EADDRINUSE' ? resolve(false) : reject(error)));
    server.listen({ port, host }, () => server.close(() => resolve(true)));
  });
}

/** The port used last time where it is still free, so that an open `psql` or a saved connection stays good. */
export async function keepOrChoosePort(remembered) {
  return remembered && (await portIsFree(remembered, '127.0.0.1')) ? remembered : freePort();
}
