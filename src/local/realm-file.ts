// realm.json: what has to stay the same from one start to the next: keys, hash suffixes, ports. Starts nothing.
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LocalError } from './local-error.js';
import { CLUSTER_NAMES, LISTENERS, type ClusterPlan, type Ports } from './plan.js';
import { findFreePort, isPortFree } from './ports.js';

interface ClusterRecord {
  readonly serviceKey: string;
  readonly hashSuffix: string;
  readonly ports: Readonly<Record<string, number>>;
}

interface RealmRecord {
  readonly version: 1;
  readonly realmKey: string;
  readonly clusters: Record<string, ClusterRecord>;
}

/** The realm as planned for this start. */
export interface RealmPlan {
  readonly realmKey: string;
  readonly clusters: readonly ClusterPlan[];
}

/** Where ports are looked for, upwards. */
export interface PortWishes {
  /** Of the first cluster; the next cluster's are a hundred above. */
  readonly firstPort: number;
  /** The first cluster's gateway; the next cluster's is one above. */
  readonly gatewayPort?: number | undefined;
  /** Likewise its admin port. */
  readonly adminPort?: number | undefined;
}

const PORT_NAMES = [...LISTENERS, 'admin'] as const;

/**
 * Plans clusters in a folder: what realm.json remembers, new values where it knows none, and new ports where
 * others took the old ones. Writes realm.json.
 */
export async function planRealm(folder: string, count: number, wishes: PortWishes): Promise<RealmPlan> {
  const known = readRealmFile(folder);
  const taken = new Set(Object.values(known?.clusters ?? {}).flatMap(({ ports }) => Object.values(ports)));
  const clusters: ClusterPlan[] = [];
  for (const [index, name] of CLUSTER_NAMES.slice(0, count).entries()) {
    const old = known?.clusters[name];
    clusters.push({
      name,
      folder: join(folder, name),
      serviceKey: old?.serviceKey ?? randomBytes(24).toString('hex'),
      hashSuffix: old?.hashSuffix ?? randomBytes(16).toString('hex'),
      ports: await planPorts(old?.ports ?? {}, index, wishes, taken),
    });
  }
  const realmKey = known?.realmKey ?? randomBytes(32).toString('hex');
  writeRealmFile(folder, known, { realmKey, clusters });
  return { realmKey, clusters };
}

async function planPorts(
  old: Readonly<Record<string, number>>,
  cluster: number,
  wishes: PortWishes,
  taken: Set<number>,
): Promise<Ports> {
  const ports: Record<string, number> = {};
  for (const [index, name] of PORT_NAMES.entries()) {
    const before = old[name];
    if (before !== undefined && (await isPortFree(before))) ports[name] = before;
    else ports[name] = await findFreePort(wishedPort(cluster, index, name, wishes), taken);
  }
  return ports as Ports;
}

function wishedPort(cluster: number, index: number, name: string, wishes: PortWishes): number {
  if (name === 'gateway' && wishes.gatewayPort !== undefined) return wishes.gatewayPort + cluster;
  if (name === 'admin' && wishes.adminPort !== undefined) return wishes.adminPort + cluster;
  return wishes.firstPort + 100 * cluster + index;
}

function fileOf(folder: string): string {
  return join(folder, 'realm.json');
}

function readRealmFile(folder: string): RealmRecord | undefined {
  const file = fileOf(folder);
  if (!existsSync(file)) return undefined;
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as RealmRecord;
  } catch (cause) {
    throw new LocalError(`${file} cannot be read.`, 'Start with --fresh to begin anew.', { cause });
  }
}

function writeRealmFile(folder: string, known: RealmRecord | undefined, plan: RealmPlan): void {
  const clusters: Record<string, ClusterRecord> = { ...known?.clusters };
  for (const { name, serviceKey, hashSuffix, ports } of plan.clusters) {
    clusters[name] = { serviceKey, hashSuffix, ports };
  }
  const record: RealmRecord = { version: 1, realmKey: plan.realmKey, clusters };
  writeFileSync(fileOf(folder), JSON.stringify(record, null, 2) + '\n', { mode: 0o600 });
}
