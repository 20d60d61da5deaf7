// One start per folder at a time. The kernel keeps the lock, so that it cannot outlive its holder.
import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { createServer, connect, type Server } from 'node:net';
import { LocalError } from './local-error.js';

/** A held lock; ends with the process at the latest. */
export interface FolderLock {
  release(): Promise<void>;
}

/**
 * Takes the lock of a folder: a socket in Linux' abstract namespace, named by the folder's real path, that tells
 * whoever asks who holds it.
 *
 * @throws LocalError naming the process that holds it
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
  const path = `\0swift-autosync-${createHash('sha256').update(realpathSync(folder)).digest('hex').slice(0, 40)}`;
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.end(String(process.pid));
  });
  if (!(await hasListened(server, path))) {
    const holder = await askHolder(path);
    throw new LocalError(
      `Clusters already run in ${folder} (process ${holder}).`,
      'Stop them first, or choose another --folder.',
    );
  }
  server.unref();
  return { release: () => new Promise((resolve) => server.close(() => resolve())) };
}

async function hasListened(server: Server, path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(false);
      else reject(error);
    });
    server.listen({ path }, () => resolve(true));
  });
}

async function askHolder(path: string): Promise<string> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect({ path, timeout: 1000 });
    socket.setEncoding('utf8').on('data', (text: string) => (answer += text));
    socket.on('timeout', () => socket.destroy());
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(answer || 'unknown'));
  });
}
