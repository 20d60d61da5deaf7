// Lends each test file a realm of its own, for as long as the process lives that runs it. (Vitest's own numbers of workers are given twice where one
// group of tests follows another.)
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';

export interface Leases {
  readonly port: number;
  close(): void;
}

/** One is lent at a time to each who connects; who comes when none is left waits. */
export async function serveLeases(count: number): Promise<Leases> {
  const free = Array.from({ length: count }, (_, index) => index);
  const waiting: Socket[] = [];
  const lend = (): void => {
    while (free.length > 0 && waiting.length > 0) {
      const [index, socket] = [free.shift()!, waiting.shift()!];
      if (socket.destroyed) {
        free.unshift(index);
        continue;
      }
      socket.once('close', () => {
        free.push(index);
        lend();
      });
      socket.write(`${index}\n`);
    }
  };
  const server = createServer((socket) => {
    socket.on('error', () => undefined).resume();
    waiting.push(socket);
    lend();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close: () => void server.close(),
  };
}

/** The number of the one that is this process's until it ends. */
export async function leaseRealm(port: number): Promise<number> {
  const socket = connect(port, '127.0.0.1');
  const [said] = (await once(socket, 'data')) as [Buffer];
  socket.on('error', () => undefined).unref();
  return Number(said.toString());
}
