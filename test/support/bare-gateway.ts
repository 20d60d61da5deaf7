// The HTTP layer and the proxy filter in this process, without configuration: what stands between a raw client and a raw server.
import { composePipeline } from '../../src/gateway/pipeline.js';
import { catchErrors } from '../../src/gateway/filters/catch-errors.js';
import { proxy } from '../../src/gateway/filters/proxy.js';
import type { Filter, Logger } from '../../src/gateway/station.js';
import { Balancer, type BalancerOptions } from '../../src/http/balancer.js';
import { Deadlines } from '../../src/http/deadline.js';
import type { ServerLimits } from '../../src/http/server-connection.js';
import { HttpServer } from '../../src/http/server.js';
import { RawServer, RawSocket } from './raw-sockets.js';

export const SILENT: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

export const LIMITS: ServerLimits = {
  maxHeaderSize: 32_768,
  headerTimeoutMs: 60_000,
  keepaliveTimeoutMs: 60_000,
  clientTimeoutMs: 60_000,
};

export const BALANCER: BalancerOptions = {
  connectTimeoutMs: 2_000,
  silenceMs: 60_000,
  idleMs: 60_000,
  maxIdle: 16,
  ejectAfter: 3,
  ejectMs: 60_000,
};

export interface BareOptions {
  readonly limits?: Partial<ServerLimits>;
  readonly balancer?: Partial<BalancerOptions>;
  readonly filters?: readonly Filter[];
  /** More servers than the raw one, or others instead. */
  readonly origins?: (raw: RawServer) => string[];
}

/** A gateway in front of one raw server. */
export class BareGateway {
  readonly upstream: RawServer;
  readonly port: number;
  readonly server: HttpServer;
  readonly balancer: Balancer;
  readonly #deadlines: Deadlines;
  readonly #clients: RawSocket[] = [];

  private constructor(parts: {
    upstream: RawServer;
    port: number;
    server: HttpServer;
    balancer: Balancer;
    deadlines: Deadlines;
  }) {
    this.upstream = parts.upstream;
    this.port = parts.port;
    this.server = parts.server;
    this.balancer = parts.balancer;
    this.#deadlines = parts.deadlines;
  }

  static async start(options: BareOptions = {}): Promise<BareGateway> {
    const upstream = await RawServer.listen();
    const deadlines = new Deadlines();
    const origins = options.origins?.(upstream) ?? [upstream.origin];
    const balancer = new Balancer(origins, { ...BALANCER, ...options.balancer }, deadlines);
    const server = new HttpServer({
      handler: composePipeline(
        [catchErrors(SILENT), ...(options.filters ?? [])],
        proxy(balancer, 'bare-gateway'),
      ),
      limits: { ...LIMITS, ...options.limits },
      maxConnections: 1_000,
    });
    const port = await server.listen(0, '127.0.0.1');
    return new BareGateway({ upstream, port, server, balancer, deadlines });
  }

  async client(): Promise<RawSocket> {
    const client = await RawSocket.connect(this.port);
    this.#clients.push(client);
    return client;
  }

  /** Sends a request, and hands out both ends with its head taken at the server. */
  async exchange(request: string): Promise<{ client: RawSocket; upstream: RawSocket; head: string }> {
    const client = (await this.client()).send(request);
    const upstream = await this.upstream.accept();
    return { client, upstream, head: await upstream.until('\r\n\r\n') };
  }

  async close(): Promise<void> {
    for (const client of this.#clients) client.destroy();
    this.server.destroy();
    await this.server.close(0);
    this.balancer.close();
    this.#deadlines.close();
    await this.upstream.close();
  }
}
