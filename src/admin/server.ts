// The admin port: the gateway's status as JSON, for operators and monitoring. Knows nothing of how it comes about.
import { createServer, type Server } from 'node:http';
import { AutosyncError } from '../lib/errors.js';

export interface AdminServer {
  readonly port: number;
  close(): void;
}

/**
 * Serves `/status` and `/healthcheck`.
 *
 * @param status asked at each request
 * @throws AutosyncError LISTEN_FAILED
 */
export async function serveAdmin(
  address: { readonly bindIp: string; readonly bindPort: number },
  status: () => Promise<object>,
): Promise<AdminServer> {
  const server = createServer((request, response) => {
    const path = request.url?.split('?', 1)[0];
    if (path === '/healthcheck') {
      response.end('OK\n');
      return;
    }
    if (path !== '/status') {
      response.writeHead(404).end('Here are /status and /healthcheck.\n');
      return;
    }
    status().then(
      (data) =>
        response.setHeader('Content-Type', 'application/json').end(`${JSON.stringify(data, null, 2)}\n`),
      () => response.writeHead(503).end('The gateway processes do not answer.\n'),
    );
  });
  await listen(server, address);
  const bound = server.address();
  return {
    port: typeof bound === 'object' && bound !== null ? bound.port : 0,
    close: () => void server.close(),
  };
}

function listen(server: Server, { bindIp, bindPort }: { bindIp: string; bindPort: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) =>
      reject(
        new AutosyncError('LISTEN_FAILED', `[admin] ${bindIp}:${bindPort}: ${error.message}`, {
          cause: error,
        }),
      ),
    );
    server.listen(bindPort, bindIp, resolve);
  });
}
