// Starts the backend that throws bodies away, and asks it how many bytes came.
import { fileURLToPath } from 'node:url';
import { send } from '../../test/support/swift-client.js';
import { freePort, Server } from './server.js';

const PROGRAM = fileURLToPath(new URL('sink-server.mjs', import.meta.url));

export async function startSink(folder: string, cores?: string): Promise<Server> {
  const port = await freePort();
  const command = [process.execPath, PROGRAM, String(port)];
  return Server.start({ title: `sink ${port}`, folder, port, command, cores });
}

/** Body bytes it has thrown away so far. */
export async function bytesReceived(sink: Server): Promise<number> {
  return Number((await send(sink.url, 'GET', '/received')).text);
}
