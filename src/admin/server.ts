// The admin port: status as JSON, and metrics, for operators and monitoring. Knows nothing of how they come about.
import { createServer, type Server } from 'node:http';
import { AutosyncError } from '../lib/errors.js';

export interface AdminServer {
  readonly port: number;
  close(): void;
}

/** What is shown at one path, made anew for each request; where it rejects, the answer is 503. */
export interface AdminPage {
  readonly contentType: string;
  readonly render: () => Promise<string>;
}

/**
 * Serves the pages, and `/healthcheck`.
 *
 * @param pages by path
 * @throws AutosyncError LISTEN_FAILED; no retry helps while the address is taken
 */
export async function serveAdmin(
  address: { readonly bindIp: string; readonly bindPort: number },
  pages: Readonly<Record<string, AdminPage>>,
): Promise<AdminServer> {
  const server = createServer((request, response) => {
    const path = request.url?.split('?', 1)[0] ?? '';
    if (path === '/healthcheck') {
      response.end('OK\n');
      return;
    }
    const page = Object.hasOwn(pages, path) ? pages[path] : undefined;
    if (page === undefined) {
      response.writeHead(404).end(`Here are ${[...Object.keys(pages), '/healthcheck'].join(', ')}.\n`);
      return;
    }
    page.render().then(
      (text) => response.setHeader('Content-Type', page.contentType).end(text),
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
