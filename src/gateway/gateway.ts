// One gateway process: the configured pipeline behind a listening server. Knows nothing of other processes.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CopyJobs } from '../copy/job.js';
import type { Config, ModuleStation, Station } from '../config/config.js';
import type { Balancer } from '../http/balancer.js';
import { Deadlines } from '../http/deadline.js';
import { HttpServer } from '../http/server.js';
import { AutosyncError } from '../lib/errors.js';
import { NonceMemory } from '../peers/nonce-memory.js';
import type { RecordWriter } from '../records/keeper.js';
import { buildSite } from '../site/build-site.js';
import { balanceSwift } from '../site/local-swift.js';
import { Afterwards } from './afterwards.js';
import { Counters } from './counters.js';
import { countRequests } from './request-counts.js';
import { autosync } from './filters/autosync.js';
import { catchErrors } from './filters/catch-errors.js';
import { healthcheck } from './filters/healthcheck.js';
import { placement } from './filters/placement.js';
import { proxy } from './filters/proxy.js';
import { composePipeline, guardFilter } from './pipeline.js';
import type { Site } from './site.js';
import type { GatewayStatus } from './status.js';
import type { App, Filter, Logger } from './station.js';
import { SyncHosts } from './sync-hosts.js';
import { loadApp, loadFilter, makeTools, type ModuleContext } from './user-module.js';

export interface GatewayParts {
  readonly log: Logger;
  readonly version: string;
  /** Who copies objects to the peers at once. */
  readonly copies: CopyJobs;
  /** Who writes records in place of this process. */
  readonly recordWriter?: RecordWriter;
}

export class Gateway {
  readonly #config: Config;
  readonly #parts: GatewayParts;
  readonly #counters = new Counters();
  readonly #deadlines = new Deadlines();
  readonly #balancer: Balancer;
  readonly #syncHosts: SyncHosts;
  readonly site: Site | undefined;
  #server: HttpServer | undefined;

  /** @throws AutosyncError SECRETS_… */
  constructor(config: Config, parts: GatewayParts) {
    const { log } = parts;
    this.#config = config;
    this.#parts = parts;
    this.#balancer = balanceSwift(config.proxy, this.#deadlines, log);
    this.#syncHosts = new SyncHosts(config.server.allowedSyncHosts);
    this.site =
      config.autosync === undefined
        ? undefined
        : {
            ...buildSite(config, config.autosync, {
              transport: this.#balancer,
              deadlines: this.#deadlines,
              isSyncHost: (address) => this.#syncHosts.has(address),
              recordWriter: parts.recordWriter,
              log,
            }),
            nonces: new NonceMemory(),
            copies: parts.copies,
            counters: this.#counters,
            afterwards: new Afterwards(log),
          };
  }

  /** Starts to take requests; resolves with the port. @throws AutosyncError LISTEN_FAILED, MODULE_FAILED */
  async listen(): Promise<number> {
    const { server } = this.#config;
    await this.#syncHosts.start();
    const [filters, app] = await this.#buildStations();
    this.#server = new HttpServer({
      handler: countRequests(composePipeline(filters, app), this.#counters),
      limits: {
        maxHeaderSize: server.maxHeaderSizeBytes,
        headerTimeoutMs: server.headerTimeoutMs,
        keepaliveTimeoutMs: server.keepaliveTimeoutMs,
        clientTimeoutMs: server.clientTimeoutMs,
      },
      maxConnections: server.maxConnections,
      ...(server.certFile === undefined || server.keyFile === undefined
        ? {}
        : { tls: { cert: readFileSync(server.certFile), key: readFileSync(server.keyFile) } }),
    });
    // Where Swift is not there yet, the first change does it.
    this.site?.records?.register().catch(() => undefined);
    try {
      return await this.#server.listen(server.bindPort, server.bindIp);
    } catch (error) {
      const where = `${server.bindIp}:${server.bindPort}`;
      throw new AutosyncError('LISTEN_FAILED', `${where}: ${(error as Error).message}`, { cause: error });
    }
  }

  /** Takes no more requests, and lets those under way finish, and what follows on them. */
  async close(graceMs: number): Promise<void> {
    await this.#server?.close(graceMs);
    await Promise.race([this.site?.afterwards.settled(), sleep(graceMs, undefined, { ref: false })]);
    this.site?.close();
    this.#balancer.close();
    this.#deadlines.close();
  }

  /** What this process knows now. */
  status(): GatewayStatus {
    const { site } = this;
    return {
      version: this.#parts.version,
      cluster: site?.clusters.mine,
      processes: 1,
      clientConnections: this.#server?.connectionCount ?? 0,
      swiftProxies: this.#balancer.servers,
      peers: (site?.clusters.peerStates() ?? []).map(({ name, down }) =>
        down === undefined
          ? { name, isUp: true }
          : { name, isUp: false, downSince: new Date(down.sinceMs).toISOString(), because: down.because },
      ),
      counters: this.#counters.snapshot(),
      problems: site?.secrets.problem === undefined ? [] : [site.secrets.problem.message],
    };
  }

  async #buildStations(): Promise<[Filter[], App]> {
    const stations = this.#config.stations;
    const filters: Filter[] = [];
    for (const station of stations.slice(0, -1)) filters.push(await this.#filter(station));
    return [filters, await this.#app(stations.at(-1) as Station)];
  }

  async #filter(station: Station): Promise<Filter> {
    const { log, version } = this.#parts;
    if (station.kind === 'module') {
      const { placementTimeoutMs, placementFailure } = this.#config.placement;
      const guard = { name: station.name, timeoutMs: placementTimeoutMs, failure: placementFailure };
      return guardFilter(await loadFilter(this.#contextOf(station)), guard, log);
    }
    switch (station.use) {
      case 'catch_errors':
        return catchErrors(log);
      case 'healthcheck':
        return healthcheck();
      case 'placement':
        return placement(station.options);
      case 'autosync':
        return autosync(this.site as Site, version);
      case 'proxy':
        throw new AutosyncError('CONFIG_INVALID', 'proxy must stand last in the pipeline.');
    }
  }

  async #app(station: Station): Promise<App> {
    if (station.kind === 'module') return loadApp(this.#contextOf(station));
    return proxy(this.#balancer, this.site?.clusters.signatureName.replace(/[^\w.-]+/g, '-') ?? 'autosync');
  }

  #contextOf({ path, options }: ModuleStation): ModuleContext {
    const clusters = this.site?.clusters;
    const tools = makeTools(() => clusters?.all() ?? [], clusters?.mine);
    return { path, options, log: this.#parts.log, tools };
  }
}
