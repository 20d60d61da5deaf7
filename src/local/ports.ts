// Loopback ports: which are free, and when something answers on one. Knows nothing of what listens there.
import { request } from 'node:http';
import { connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { LOOPBACK } from './plan.js';

const POLL_MS = 25;
const LOWEST_PORT = 10_000;
const HIGHEST_PORT = 32_000;
const ATTEMPT_MS = 2000;

/** Whether a server could listen on that loopback port now. */
export async function isPortFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: LOOPBACK, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** Whether something accepts connections on that loopback port now. */
export async function isPortOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: LOOPBACK, timeout: ATTEMPT_MS });
    const end = (isOpen: boolean) => {
      socket.destroy();
      resolve(isOpen);
    };
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
    socket.once('timeout', () => end(false));
  });
}

/** Whether `GET path` on that loopback port is answered with 200 now. */
export async function isAnswering(port: number, path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const req = request({ port, host: LOOPBACK, path, agent: false, timeout: ATTEMPT_MS }, (res) => {
      res.resume();
      resolve(res.statusCode === 200);
    });
    req.once('error', () => resolve(false));
    req.once('timeout', () => req.destroy(new Error('timeout')));
    req.end();
  });
}

/**
 * The first free port from `first` upwards that is not in `taken`, which it joins. Ports stay below the range from
 * which the kernel picks the local ports of outgoing connections, so that a stopped server finds its port free again.
 */
export async function findFreePort(first: number, taken: Set<number>): Promise<number> {
  let port = Math.min(first, HIGHEST_PORT);
  while (taken.has(port) || !(await isPortFree(port))) port = port < HIGHEST_PORT ? port + 1 : LOWEST_PORT;
  taken.add(port);
  return port;
}

/** Polls until the check holds. Says false when `isGivenUp` holds or the time is over. */
export async function poll(
  check: () => Promise<boolean>,
  timeoutMs: number,
  isGivenUp: () => boolean = () => false,
): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  while (!(await check())) {
    if (isGivenUp() || Date.now() > deadline) return false;
    await sleep(POLL_MS);
  }
  return true;
}
