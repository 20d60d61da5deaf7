// Several servers that do the same (a cluster's Swift proxies): the least busy takes the next request, a failing one is
// left out for a while and brought back when it answers again.
import { AutosyncError } from '../lib/errors.js';
import type { IncomingResponse } from './client-connection.js';
import type { Deadlines } from './deadline.js';
import { formatHead } from './head.js';
import { HeaderList } from './headers.js';
import type { Transport } from './http-client.js';
import { OriginPool, type OriginOptions, type PooledRequest } from './origin-pool.js';

export interface BalancerOptions extends OriginOptions {
  /** Failures in a row that eject a server. */
  readonly ejectAfter: number;
  /** The first time out; doubles while the server stays away, up to `MAX_EJECT_MS`. */
  readonly ejectMs: number;
}

interface Server {
  readonly pool: OriginPool;
  failures: number;
  /** Until when it is left out; 0 = it takes part. */
  ejectedUntil: number;
  ejectMs: number;
  isOnTrial: boolean;
}

const MAX_EJECT_MS = 60_000;

export class Balancer implements Transport {
  readonly #servers: Server[];
  readonly #options: BalancerOptions;
  readonly #onChange: (origin: string, isUp: boolean) => void;
  #turn = 0;
  readonly #timers = new Set<NodeJS.Timeout>();

  /** `onChange` hears of ejections and returns. */
  constructor(
    origins: readonly string[],
    options: BalancerOptions,
    deadlines: Deadlines,
    onChange: (origin: string, isUp: boolean) => void = () => undefined,
  ) {
    this.#options = options;
    this.#onChange = onChange;
    this.#servers = origins.map((origin) => ({
      pool: new OriginPool(origin, options, deadlines),
      failures: 0,
      ejectedUntil: 0,
      ejectMs: options.ejectMs,
      isOnTrial: false,
    }));
  }

  get authority(): string {
    return (this.#servers[0] as Server).pool.authority;
  }

  /** Each server, and whether it takes part. */
  get servers(): { readonly origin: string; readonly isUp: boolean }[] {
    return this.#servers.map(({ pool, ejectedUntil }) => ({ origin: pool.origin, isUp: ejectedUntil === 0 }));
  }

  /** Sends to the least busy server, and on to the next where nothing could be sent. Rejects with UPSTREAM_DOWN when none is left, else as `OriginPool.send`. */
  async send(request: PooledRequest): Promise<IncomingResponse> {
    let cause: unknown;
    const tried = new Set<Server>();
    for (;;) {
      const server = this.#choose(tried);
      if (server === undefined) break;
      tried.add(server);
      try {
        const response = await server.pool.send(request);
        this.#succeeded(server);
        return response;
      } catch (error) {
        cause = error;
        const code = error instanceof AutosyncError ? error.code : undefined;
        if (code === 'CONNECTION_FAILED') this.#failed(server);
        else {
          if (code === 'UPSTREAM_TIMEOUT') this.#failed(server);
          server.isOnTrial = false;
          throw error;
        }
      }
    }
    throw new AutosyncError('UPSTREAM_DOWN', '', { cause });
  }

  close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    for (const server of this.#servers) server.pool.close();
  }

  #choose(tried: ReadonlySet<Server>): Server | undefined {
    let best: Server | undefined;
    const count = this.#servers.length;
    this.#turn = (this.#turn + 1) % count;
    for (let i = 0; i < count; i += 1) {
      const server = this.#servers[(this.#turn + i) % count] as Server;
      if (server.ejectedUntil > 0 || tried.has(server)) continue;
      if (best === undefined || server.pool.activeCount < best.pool.activeCount) best = server;
    }
    if (best !== undefined) return best;
    // None takes part: one request at a time tries the one that is due again, the others fail at once.
    const due = this.#servers.find(
      (server) => !tried.has(server) && !server.isOnTrial && server.ejectedUntil <= performance.now(),
    );
    if (due !== undefined) due.isOnTrial = true;
    return due;
  }

  #succeeded(server: Server): void {
    server.failures = 0;
    server.isOnTrial = false;
    if (server.ejectedUntil === 0) return;
    server.ejectedUntil = 0;
    server.ejectMs = this.#options.ejectMs;
    this.#onChange(server.pool.origin, true);
  }

  #failed(server: Server): void {
    server.failures += 1;
    server.isOnTrial = false;
    if (server.ejectedUntil > 0) {
      server.ejectMs = Math.min(server.ejectMs * 2, MAX_EJECT_MS);
    } else if (server.failures < this.#options.ejectAfter) {
      return;
    } else {
      this.#onChange(server.pool.origin, false);
      this.#watch(server);
    }
    server.ejectedUntil = performance.now() + server.ejectMs;
  }

  /** Asks an ejected server, without a client waiting, whether it is back. */
  #watch(server: Server): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      if (server.ejectedUntil === 0) return;
      const headers = HeaderList.from([['Host', server.pool.authority]]);
      server.pool
        .send({
          method: 'GET',
          head: formatHead('GET /healthcheck HTTP/1.1', headers),
          body: undefined,
          isIdempotent: true,
        })
        .then(
          (response) => {
            response.body.abandon();
            this.#succeeded(server);
          },
          () => {
            this.#failed(server);
            this.#watch(server);
          },
        );
    }, this.#options.ejectMs);
    timer.unref();
    this.#timers.add(timer);
  }
}
