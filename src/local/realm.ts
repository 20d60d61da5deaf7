// Several real Swift clusters on this machine, run as one realm: folder, rings, links, start and stop.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { AUTOSYNC, LocalCluster } from './cluster.js';
import { lockFolder, type FolderLock } from './folder-lock.js';
import { SECRETS_FILE } from './gateway-conf.js';
import { Link } from './link.js';
import { LocalError } from './local-error.js';
import { CLUSTER_NAMES, LOOPBACK, type ClusterSettings, type RealmView, type Role } from './plan.js';
import { findFreePorts } from './ports.js';
import { planRealm, type RealmPlan } from './realm-file.js';
import { checkExtendedAttributes, checkPrograms } from './requirements.js';
import { buildRings } from './rings.js';
import { SWIFT_PIPELINE } from './swift-conf.js';
import { TEST_USERS } from './users.js';

/** What to start. */
export interface RealmOptions extends Partial<Omit<ClusterSettings, 'user'>> {
  /** Where everything is kept. */
  readonly folder: string;
  /** How many clusters, 1 to 8. Default 2. */
  readonly clusters?: number;
  /** Throw away what the folder has. */
  readonly fresh?: boolean;
  /** A relay that can fail between every two clusters, each way. */
  readonly links?: boolean;
  /** Start the gateways; without them the realm's endpoints are the Swift proxies. Default true. */
  readonly gateways?: boolean;
  /** Ports are looked for from here upwards, the next cluster's a hundred above. Default 18000. */
  readonly firstPort?: number;
  /** Settings of single clusters, over the common ones. */
  readonly perCluster?: Readonly<Record<string, Partial<ClusterSettings>>>;
  /** Told what is being done. */
  readonly onProgress?: (message: string) => void;
}

const DEFAULTS: ClusterSettings = {
  users: TEST_USERS,
  policies: [{ name: 'Policy-0' }],
  pipeline: SWIFT_PIPELINE,
  syncInterval: 5,
  updaterInterval: 300,
  daemons: ['container-sync', 'container-updater'],
  accounts: 'AUTH_test*',
  logLevel: 'INFO',
  user: userInfo().username,
};

const SWIFT_SERVERS: readonly Role[] = ['memcached', 'account', 'container', 'object', 'proxy'];

/** A running realm. */
export class LocalRealm {
  readonly folder: string;
  readonly clusters: readonly LocalCluster[];
  /** The realm key of container-sync-realms.conf. */
  readonly key: string;
  /** Milliseconds the start took. */
  readonly startMs: number;
  private readonly links: readonly Link[];
  private readonly lock: FolderLock;

  private constructor(
    parts: Pick<LocalRealm, 'folder' | 'clusters' | 'key' | 'startMs'>,
    links: Link[],
    lock: FolderLock,
  ) {
    this.folder = parts.folder;
    this.clusters = parts.clusters;
    this.key = parts.key;
    this.startMs = parts.startMs;
    this.links = links;
    this.lock = lock;
  }

  /**
   * Starts the clusters and comes back when everything answers. They end with this process, however it ends.
   *
   * @throws LocalError with a hint, after having stopped what was started
   */
  static async start(options: RealmOptions): Promise<LocalRealm> {
    const began = performance.now();
    const { plan, lock, folder } = await prepareFolder(options);
    const links: Link[] = [];
    const clusters = plan.clusters.map(
      (cluster) => new LocalCluster(cluster, settingsFor(options, cluster.name)),
    );
    try {
      if (options.links === true) links.push(...(await openLinks(clusters, options)));
      for (const cluster of clusters)
        cluster.writeFiles(viewOf(cluster, clusters, links, plan.realmKey, options));
      await startAll(clusters, folder, options);
    } catch (error) {
      await stopAll(clusters, links, lock);
      throw error;
    }
    const startMs = Math.round(performance.now() - began);
    return new LocalRealm({ folder, clusters, key: plan.realmKey, startMs }, links, lock);
  }

  cluster(name: string): LocalCluster {
    const found = this.clusters.find((cluster) => cluster.name === name);
    if (found === undefined) throw new LocalError(`There is no cluster ${name}.`);
    return found;
  }

  /** The way of requests that `from` sends to `to`. */
  link(from: string, to: string): Link {
    const found = this.links.find((link) => link.from === from && link.to === to);
    if (found === undefined) throw new LocalError(`There is no link from ${from} to ${to}.`);
    return found;
  }

  /** Everything between the clusters works again. */
  async restoreLinks(): Promise<void> {
    await Promise.all(this.links.map((link) => link.restore()));
  }

  /** Stops everything; the data stay. */
  async stop(): Promise<void> {
    await stopAll(this.clusters, this.links, this.lock);
  }
}

async function prepareFolder(options: RealmOptions) {
  const count = options.clusters ?? 2;
  if (!Number.isInteger(count) || count < 1 || count > CLUSTER_NAMES.length) {
    throw new LocalError(`There can be 1 to ${CLUSTER_NAMES.length} clusters, not ${count}.`);
  }
  checkPrograms();
  const folder = resolve(options.folder);
  mkdirSync(folder, { recursive: true });
  const lock = await lockFolder(folder);
  try {
    if (options.fresh === true) {
      for (const name of [...CLUSTER_NAMES, 'realm.json', SECRETS_FILE]) {
        rmSync(join(folder, name), { recursive: true, force: true });
      }
    }
    checkExtendedAttributes(folder);
    const plan: RealmPlan = await planRealm(folder, count, options.firstPort ?? 18_000);
    return { plan, lock, folder };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

function settingsFor(options: RealmOptions, name: string): ClusterSettings {
  const chosen = { ...DEFAULTS, ...withoutUndefined(options), ...options.perCluster?.[name] };
  return { ...chosen, user: DEFAULTS.user };
}

function withoutUndefined(options: RealmOptions): Partial<ClusterSettings> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

async function openLinks(clusters: readonly LocalCluster[], options: RealmOptions): Promise<Link[]> {
  const taken = new Set(clusters.flatMap(({ plan }) => Object.values(plan.ports)));
  const links: Link[] = [];
  for (const from of clusters) {
    for (const to of clusters) {
      if (from === to) continue;
      const link = new Link(from.name, to.name, endpointPort(to, options));
      const [port] = await findFreePorts(from.plan.ports.memcached + 50, 1, taken);
      await link.open(port as number);
      links.push(link);
    }
  }
  return links;
}

function endpointPort(cluster: LocalCluster, options: RealmOptions): number {
  return options.gateways === false ? cluster.plan.ports.proxy : cluster.plan.ports.gateway;
}

function viewOf(
  viewer: LocalCluster,
  clusters: readonly LocalCluster[],
  links: readonly Link[],
  key: string,
  options: RealmOptions,
): RealmView {
  const endpoints = clusters.map((cluster) => {
    const link = links.find(({ from, to }) => from === viewer.name && to === cluster.name);
    return [cluster.name, `http://${LOOPBACK}:${link?.port ?? endpointPort(cluster, options)}/v1/`] as const;
  });
  return { key, endpoints: Object.fromEntries(endpoints) };
}

async function startAll(
  clusters: readonly LocalCluster[],
  folder: string,
  options: RealmOptions,
): Promise<void> {
  const hasGateways = options.gateways !== false;
  const say = options.onProgress ?? (() => undefined);
  say('Building rings');
  await Promise.all([
    buildRings(clusters.flatMap((cluster) => cluster.rings())),
    hasGateways && makeSecrets(folder),
  ]);
  say(`Starting ${clusters.length} Swift clusters`);
  await Promise.all(
    clusters.map(async (cluster) => {
      if (hasGateways) cluster.copySecrets(join(folder, SECRETS_FILE));
      await cluster.startServers(SWIFT_SERVERS);
      await cluster.startServers(hasGateways ? ['gateway'] : []);
    }),
  );
  await Promise.all(clusters.map((cluster) => cluster.startServers(cluster.settings.daemons)));
}

async function makeSecrets(folder: string): Promise<void> {
  const file = join(folder, SECRETS_FILE);
  if (existsSync(file)) return;
  const child = spawn(process.execPath, [AUTOSYNC, 'secrets', 'new', '--file', file], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const code = await new Promise<number | null>((done) => child.once('close', done));
  if (code !== 0) throw new LocalError('The secrets file could not be made.', errors.trim());
}

async function stopAll(
  clusters: readonly LocalCluster[],
  links: readonly Link[],
  lock: FolderLock,
): Promise<void> {
  await Promise.all(clusters.map((cluster) => cluster.stop()));
  await Promise.all(links.map((link) => link.close()));
  await lock.release();
}
