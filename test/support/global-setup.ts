// Starts a realm of real clusters for each worker of a whole test run and tells the tests where they are. Tests nothing.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';
import type { SectionOverrides } from '../../src/local/ini-text.js';
import type { ClusterPlan, Policy } from '../../src/local/plan.js';
import { LocalRealm } from '../../src/local/realm.js';
import { numberedUsers, TEST_USERS } from '../../src/local/users.js';
import { serveControl } from './control.js';
import { serveLeases } from './realm-lease.js';
import { S3_PIPELINE } from './s3.js';

/** What tests know of the realm. */
export interface RealmDescription {
  readonly controlUrl: string;
  /** Whether gateways run; without them `gatewayUrl` is the Swift proxy. */
  readonly hasGateways: boolean;
  readonly realmKey: string;
  readonly clusters: readonly {
    readonly name: string;
    readonly gatewayUrl: string;
    readonly proxyUrl: string;
    readonly adminUrl: string;
    readonly swiftDir: string;
    readonly plan: ClusterPlan;
  }[];
}

declare module 'vitest' {
  export interface ProvidedContext {
    realms: readonly RealmDescription[];
    leasePort: number;
  }
}

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const LOCAL = join(ROOT, '.local');
const ACCOUNTS = 1000;
/** From 10,000 on, for the servers of all realms. */
const PORTS = 9_500;

/** AUTOSYNC_TEST_CLUSTERS: how many (3). AUTOSYNC_TEST_GATEWAYS=0: without. AUTOSYNC_TEST_KEEP=1: keep the folders. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  // Node 20 may spin for ever in its own cleaning up after all is done (node::Environment::CleanupHandles): seen once.
  process.once('exit', (code) => process.exit(code));
  const built = spawnSync(process.execPath, [join(ROOT, 'scripts/build-if-stale.mjs')], { stdio: 'inherit' });
  if (built.status !== 0) throw new Error('The build failed.');
  removeLeftFolders();
  const { maxWorkers } = project.config;
  const share = 100 * Math.floor(PORTS / 100 / maxWorkers);
  const firstPort = 10_000 + 100 * Math.floor(Math.random() * (share / 100 - 5));
  const starts = Array.from({ length: maxWorkers }, (_, index) =>
    startRealm(index, firstPort + share * index),
  );
  const realms = await Promise.all(starts);
  const leases = await serveLeases(maxWorkers);
  project.provide(
    'realms',
    realms.map(({ description }) => description),
  );
  project.provide('leasePort', leases.port);
  return async () => {
    leases.close();
    await Promise.all(realms.map(({ stop }) => stop()));
  };
}

interface StartedRealm {
  readonly description: RealmDescription;
  readonly stop: () => Promise<void>;
}

async function startRealm(index: number, firstPort: number): Promise<StartedRealm> {
  const { env } = process;
  const hasGateways = env['AUTOSYNC_TEST_GATEWAYS'] !== '0';
  const folder = join(LOCAL, `test-${process.pid}-${index + 1}`);
  const realm = await LocalRealm.start({
    folder,
    clusters: Number(env['AUTOSYNC_TEST_CLUSTERS'] ?? 3),
    links: true,
    gateways: hasGateways,
    pipeline: S3_PIPELINE,
    syncInterval: 1,
    // Container sync runs where a file asks for it (container-sync.ts).
    daemons: ['container-updater'],
    gatewayConf: filterConf({}),
    accounts: 'AUTH_t*',
    // Clusters one and two know each other's policies; three knows neither.
    perCluster: {
      one: { policies: policies('gold'), gatewayConf: filterConf({ policy_map: 'silver: gold' }) },
      two: { policies: policies('silver'), gatewayConf: filterConf({ policy_map: 'gold: silver' }) },
    },
    users: [...TEST_USERS, ...numberedUsers(ACCOUNTS)],
    firstPort,
  });
  console.log(`${realm.clusters.length} clusters in ${folder} after ${(realm.startMs / 1000).toFixed(1)} s`);
  const control = await serveControl(objectsOf(realm));
  return {
    description: describe(realm, control.url, hasGateways),
    stop: async () => {
      control.close();
      await realm.stop();
      if (env['AUTOSYNC_TEST_KEEP'] !== '1') rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** One that every cluster has, and one that only this one has. */
function policies(own: string): readonly Policy[] {
  return [{ name: 'Policy-0' }, { name: own }];
}

/** Objects stay where they are written until a test has them moved; the tests of copy jobs have gateways of their own. */
function filterConf(more: Record<string, string>): SectionOverrides {
  return { 'filter:autosync': { copy_jobs: 'false', ...more } };
}

/** Of processes that were killed before. */
function removeLeftFolders(): void {
  mkdirSync(LOCAL, { recursive: true });
  for (const name of readdirSync(LOCAL)) {
    const pid = /^test-(\d+)-/.exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid)))
      rmSync(join(LOCAL, name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** The objects tests may steer, by the names of `control.ts`. */
function objectsOf(realm: LocalRealm): (target: string) => object {
  let accounts = 0;
  const run = {
    restoreLinks: () => realm.restoreLinks(),
    connections: (from: string, to: string) => realm.link(from, to).connections,
    nextAccount: () => {
      accounts += 1;
      if (accounts > ACCOUNTS) throw new Error(`More than ${ACCOUNTS} accounts are needed: raise ACCOUNTS.`);
      return accounts;
    },
  };
  return (target) => {
    const [kind, first = '', second = ''] = target.split(':');
    if (kind === 'cluster') return realm.cluster(first);
    return kind === 'link' ? realm.link(first, second) : run;
  };
}

function describe(realm: LocalRealm, controlUrl: string, hasGateways: boolean): RealmDescription {
  const clusters = realm.clusters.map((cluster) => ({
    name: cluster.name,
    gatewayUrl: hasGateways ? cluster.gatewayUrl : cluster.proxyUrl,
    proxyUrl: cluster.proxyUrl,
    adminUrl: cluster.adminUrl,
    swiftDir: cluster.swiftDir,
    plan: cluster.plan,
  }));
  return { controlUrl, hasGateways, realmKey: realm.key, clusters };
}
