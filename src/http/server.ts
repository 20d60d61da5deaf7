// Listens, and gives each client a ServerConnection. Knows how to stop without cutting anyone off.
import net from 'node:net';
import tls from 'node:tls';
import { Deadlines } from './deadline.js';
import { ServerConnection, type RequestHandler, type ServerLimits } from './server-connection.js';

export interface ServerOptions {
  readonly handler: RequestHandler;
  readonly limits: ServerLimits;
  readonly maxConnections: number;
  /** PEM texts; TLS when given. */
  readonly tls?: { readonly cert: Buffer; readonly key: Buffer };
}

export class HttpServer {
  readonly #server: net.Server;
  readonly #connections = new Set<ServerConnection>();
  readonly #deadlines = new Deadlines();

  constructor(options: ServerOptions) {
    const accept = (socket: net.Socket): void => {
      const connection = new ServerConnection(socket, {
        handler: options.handler,
        limits: options.limits,
        deadlines: this.#deadlines,
        onClosed: (closed) => this.#connections.delete(closed),
      });
      this.#connections.add(connection);
    };
    const socketOptions = { allowHalfOpen: true, noDelay: true };
    this.#server =
      options.tls === undefined
        ? net.createServer({ ...socketOptions, pauseOnConnect: true }, accept)
        : tls.createServer(
            {
              ...socketOptions,
              ...options.tls,
              ALPNProtocols: ['http/1.1'],
              handshakeTimeout: options.limits.headerTimeoutMs,
            },
            accept,
          );
    this.#server.maxConnections = options.maxConnections;
    this.#server.on('tlsClientError', (_error: Error, socket: net.Socket) => socket.destroy());
  }

  /** Resolves with the port (0 asks for a free one). */
  listen(port: number, host: string): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ port, host, backlog: 1024 }, () => {
        this.#server.removeListener('error', reject);
        // One connection that cannot be accepted (no file descriptors left, say) is no reason to end.
        this.#server.on('error', () => undefined);
        resolve((this.#server.address() as net.AddressInfo).port);
      });
    });
  }

  get connectionCount(): number {
    return this.#connections.size;
  }

  /** Takes no more connections and waits for requests under way, `graceMs` at most. */
  async close(graceMs: number): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    for (const connection of this.#connections) connection.drain();
    const timer = setTimeout(() => this.destroy(), graceMs);
    await closed;
    clearTimeout(timer);
    this.#deadlines.close();
  }

  destroy(): void {
    for (const connection of this.#connections) connection.destroy();
  }
}
