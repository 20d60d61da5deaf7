// Several real Swift clusters on this machine, run as one realm: folder, rings, links, start and stop.
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { newSecrets } from '../sync/secrets.js';
import { LocalCluster } from './cluster.js';
import { lockFolder, type FolderLock } from './folder-lock.js';
import { SECRETS_FILE } from './gateway-conf.js';
import { LocalKeystone } from './keystone.js';
import type { Link } from './link.js';
import { LocalError } from './local-error.js';
import { CLUSTER_NAMES, LOOPBACK, type Role } from './plan.js';
import { planRealm, type RealmPlan } from './realm-file.js';
import { openLinks, realmAsSeenBy } from './realm-links.js';
import { settingsFor, type RealmOptions } from './realm-options.js';
import { checkExtendedAttributes, checkPrograms } from './requirements.js';
import { buildRings } from './rings.js';
import { TEST_USERS } from './users.js';

export type { RealmOptions } from './realm-options.js';

/** Remembers for which ports the rings were built. */
const RINGS_STAMP = 'rings.json';

const KEYSTONE_FOLDER = 'keystone';

const SWIFT_SERVERS: readonly Role[] = ['memcached', 'account', 'container', 'object', 'proxy'];

/** All that runs, and what has to be given back. */
interface Running {
  readonly folder: string;
  readonly plan: RealmPlan;
  readonly clusters: readonly LocalCluster[];
  readonly links: Link[];
  readonly lock: FolderLock;
  readonly keystone: LocalKeystone | undefined;
}

/** A running realm. */
export class LocalRealm {
  /** Milliseconds the start took. */
  readonly startMs: number;
  private readonly running: Running;

  private constructor(running: Running, startMs: number) {
    this.running = running;
    this.startMs = startMs;
  }

  /**
   * Starts the clusters and comes back when everything answers. They end with this process, however it ends.
   *
   * @throws LocalError with a hint, after having stopped what was started
   */
  static async start(options: RealmOptions): Promise<LocalRealm> {
    const began = performance.now();
    const running = await prepare(options);
    try {
      await startAll(running, options);
    } catch (error) {
      await stopAll(running);
      throw error;
    }
    return new LocalRealm(running, Math.round(performance.now() - began));
  }

  get folder(): string {
    return this.running.folder;
  }
  get clusters(): readonly LocalCluster[] {
    return this.running.clusters;
  }
  /** The realm key of container-sync-realms.conf. */
  get key(): string {
    return this.running.plan.realmKey;
  }

  /** The identity service of all clusters, when `keystone` was asked for. */
  get keystone(): LocalKeystone | undefined {
    return this.running.keystone;
  }

  cluster(name: string): LocalCluster {
    const found = this.clusters.find((cluster) => cluster.name === name);
    if (found === undefined) throw new LocalError(`There is no cluster ${name}.`);
    return found;
  }

  /** The way of requests that `from` sends to `to`. */
  link(from: string, to: string): Link {
    const found = this.running.links.find((link) => link.from === from && link.to === to);
    if (found === undefined) throw new LocalError(`There is no link from ${from} to ${to}.`);
    return found;
  }

  /** Everything between the clusters works again. */
  async restoreLinks(): Promise<void> {
    await Promise.all(this.running.links.map((link) => link.restore()));
  }

  /** Stops everything; the data stay. */
  async stop(): Promise<void> {
    await stopAll(this.running);
  }
}

async function prepare(options: RealmOptions): Promise<Running> {
  const count = options.clusters ?? 2;
  if (!Number.isInteger(count) || count < 1 || count > CLUSTER_NAMES.length) {
    throw new LocalError(`There can be 1 to ${CLUSTER_NAMES.length} clusters, not ${count}.`);
  }
  checkPrograms();
  const folder = resolve(options.folder);
  mkdirSync(folder, { recursive: true });
  const lock = await lockFolder(folder);
  try {
    if (options.fresh === true) clear(folder);
    checkExtendedAttributes(folder);
    const plan = await planRealm(folder, count, { ...options, firstPort: options.firstPort ?? 18_000 });
    const keystone = options.keystone === true ? await startKeystone(folder, plan, options) : undefined;
    const clusters = plan.clusters.map(
      (cluster) => new LocalCluster(cluster, settingsFor(options, cluster.name, keystone?.access)),
    );
    return { folder, plan, clusters, links: [], lock, keystone };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

async function startKeystone(folder: string, plan: RealmPlan, options: RealmOptions): Promise<LocalKeystone> {
  options.onProgress?.('Starting Keystone');
  const keystone = await LocalKeystone.start(join(folder, KEYSTONE_FOLDER), options.users ?? TEST_USERS);
  const role = options.gateways === false ? 'proxy' : 'gateway';
  const urls = plan.clusters.map(({ name, ports }) => {
    return [name, `http://${LOOPBACK}:${ports[role]}/v1/AUTH_%(tenant_id)s`] as const;
  });
  await (await keystone.admin()).setEndpoints(Object.fromEntries(urls));
  return keystone;
}

function clear(folder: string): void {
  for (const name of [...CLUSTER_NAMES, KEYSTONE_FOLDER, 'realm.json', RINGS_STAMP, SECRETS_FILE]) {
    rmSync(join(folder, name), { recursive: true, force: true });
  }
}

async function startAll(running: Running, options: RealmOptions): Promise<void> {
  const { clusters, links, folder, plan } = running;
  const hasGateways = options.gateways !== false;
  const role = hasGateways ? 'gateway' : 'proxy';
  const say = options.onProgress ?? (() => undefined);
  if (options.links === true) links.push(...(await openLinks(clusters, role)));
  for (const cluster of clusters) {
    cluster.writeFiles(realmAsSeenBy(cluster, clusters, links, { key: plan.realmKey, role }));
  }
  if (hasGateways) shareSecrets(join(folder, SECRETS_FILE), clusters);
  say('Building rings');
  const rings = clusters.flatMap((cluster) => cluster.rings());
  await buildRings(rings, join(folder, RINGS_STAMP));
  say(`Starting ${clusters.length} Swift clusters`);
  await Promise.all(clusters.map((cluster) => cluster.startServers(SWIFT_SERVERS)));
  const gateway: Role[] = hasGateways ? ['gateway'] : [];
  await Promise.all(
    clusters.map((cluster) => cluster.startServers([...gateway, ...cluster.settings.daemons])),
  );
}

function shareSecrets(file: string, clusters: readonly LocalCluster[]): void {
  if (!existsSync(file)) newSecrets(file);
  for (const cluster of clusters) cluster.copySecrets(file);
}

async function stopAll({ clusters, links, lock, keystone }: Running): Promise<void> {
  await Promise.all([keystone?.stop(), ...clusters.map((cluster) => cluster.stop())]);
  await Promise.all(links.map((link) => link.close()));
  await lock.release();
}
