// Several servers that do the same (a cluster's Swift proxies): the least busy takes the next request, a failing one is
// left out for a while and brought back when it answers again.
import { AutosyncError } from '../lib/errors.js';
import type { IncomingResponse } from './client-connection.js';
import type { Deadlines } from './deadline.js';
import { formatRequestHead } from './head.js';
import { HeaderList } from './headers.js';
import type { Transport } from './http-client.js';
import { OriginPool, type OriginOptions, type PooledRequest } from './origin-pool.js';

export interface BalancerOptions extends OriginOptions {
  /** Failures in a row that eject a server. */
  readonly ejectAfter: number;
  /** When an ejected server is first asked whether it is back; doubles while it is not, up to `MAX_EJECT_MS`. */
  readonly ejectMs: number;
}

interface Server {
  readonly pool: OriginPool;
  isEjected: boolean;
  /** A request is trying the ejected server, as none other takes part. */
  isOnTrial: boolean;
}

const MAX_EJECT_MS = 60_000;

export class Balancer implements Transport {
  readonly #servers: readonly Server[];
  readonly #options: BalancerOptions;
  readonly #onChange: (origin: string, isUp: boolean) => void;
  readonly #timers = new Set<NodeJS.Timeout>();
  #turn = 0;
  #isClosed = false;

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
      isEjected: false,
      isOnTrial: false,
    }));
  }

  get authority(): string {
    return (this.#servers[0] as Server).pool.authority;
  }

  /** Each server, and whether it takes part. */
  get servers(): { readonly origin: string; readonly isUp: boolean }[] {
    return this.#servers.map(({ pool, isEjected }) => ({ origin: pool.origin, isUp: !isEjected }));
  }

  /** Sends to the least busy server, and on to the next where nothing could be sent. Rejects with UPSTREAM_DOWN when none is left, else as `OriginPool.send`. */
  async send(request: PooledRequest): Promise<IncomingResponse> {
    const tried: Server[] = [];
    let cause: unknown;
    for (;;) {
      const server = this.#choose(tried);
      if (server === undefined) throw new AutosyncError('UPSTREAM_DOWN', '', { cause });
      try {
        const response = await server.pool.send(request);
        if (server.isEjected) this.#bringBack(server);
        return response;
      } catch (error) {
        if (server.pool.failureCount >= this.#options.ejectAfter) this.#eject(server);
        if (!(error instanceof AutosyncError && error.code === 'CONNECTION_FAILED')) throw error;
        cause = error;
        tried.push(server);
      } finally {
        server.isOnTrial = false;
      }
    }
  }

  close(): void {
    this.#isClosed = true;
    for (const timer of this.#timers) clearTimeout(timer);
    for (const server of this.#servers) server.pool.close();
  }

  #choose(tried: readonly Server[]): Server | undefined {
    let best: Server | undefined;
    const count = this.#servers.length;
    this.#turn = (this.#turn + 1) % count;
    for (let i = 0; i < count; i += 1) {
      const server = this.#servers[(this.#turn + i) % count] as Server;
      if (server.isEjected || tried.includes(server)) continue;
      if (best === undefined || server.pool.activeCount < best.pool.activeCount) best = server;
    }
    if (best !== undefined) return best;
    // None takes part: one request at a time tries each that is out, the others fail at once.
    const trial = this.#servers.find(
      (server) => server.isEjected && !server.isOnTrial && !tried.includes(server),
    );
    if (trial !== undefined) trial.isOnTrial = true;
    return trial;
  }

  #eject(server: Server): void {
    if (server.isEjected || this.#isClosed) return;
    server.isEjected = true;
    this.#onChange(server.pool.origin, false);
    this.#watch(server, this.#options.ejectMs);
  }

  #bringBack(server: Server): void {
    server.isEjected = false;
    this.#onChange(server.pool.origin, true);
  }

  /** Asks an ejected server, without a client waiting, whether it is back. */
  #watch(server: Server, delayMs: number): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      if (!server.isEjected || this.#isClosed) return;
      isAnswering(server.pool).then(
        (isBack) => {
          if (!server.isEjected) return;
          if (isBack) this.#bringBack(server);
          else this.#watch(server, Math.min(delayMs * 2, MAX_EJECT_MS));
        },
        () => undefined,
      );
    }, delayMs);
    timer.unref();
    this.#timers.add(timer);
  }
}

/** Any answer to Swift's /healthcheck will do. */
async function isAnswering(pool: OriginPool): Promise<boolean> {
  try {
    const headers = HeaderList.from([['Host', pool.authority]]);
    const head = formatRequestHead('GET', '/healthcheck', headers);
    const response = await pool.send({ method: 'GET', head, body: undefined, isIdempotent: true });
    response.body.abandon();
    return true;
  } catch {
    return false;
  }
}
