// How a connection to a server fails, and what the rest of the program is told of it.
import type net from 'node:net';
import { AutosyncError } from '../lib/errors.js';
import type { Endpoint } from './client-connection.js';

/**
 * A server that answers early and closes makes our next write fail, and Node then drops the socket, answer and all. Until
 * what had arrived has been read, which takes one turn of the event loop at most, it stays.
 */
export function readBeforeFailing(socket: net.Socket): void {
  const destroy = socket.destroy.bind(socket);
  socket.destroy = (error?: Error) => {
    if (error === undefined || socket.connecting) return destroy(error);
    setImmediate(() => setImmediate(() => destroy(error)));
    return socket;
  };
}

/** What the rest of the program is told: wrong framing, found by the same code as a client's, is the server's fault here. */
export function toTrouble(error: Error): AutosyncError {
  if (!(error instanceof AutosyncError))
    return new AutosyncError('UPSTREAM_BROKEN', error.message, { cause: error });
  if (error.code === 'BAD_REQUEST') return new AutosyncError('BAD_ANSWER', error.detail, { cause: error });
  return error;
}

/** Of a failure to connect. */
export function describe({ host, port }: Endpoint, error: Error): string {
  // Node tries every address of a name and then throws an error whose own message is empty.
  const errors = error instanceof AggregateError ? (error.errors as Error[]) : [];
  return `${host}:${port}: ${errors[0]?.message ?? error.message}`;
}
