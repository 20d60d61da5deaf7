// What a local cluster is made of: names, folders, ports, options. Pure data; nothing here starts or writes anything.
import { join } from 'node:path';
import type { SectionOverrides } from './ini-text.js';
import type { LocalUser } from './users.js';

export const LOOPBACK = '127.0.0.1';

/** The realm's name in every file and URL. */
export const REALM_NAME = 'local';

/** Cluster names in their order. */
export const CLUSTER_NAMES = ['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight'] as const;

/** What listens on a port, and so is known to be up when it answers. */
export const LISTENERS = ['memcached', 'account', 'container', 'object', 'proxy', 'gateway'] as const;
/** Background processes: Swift's, and our own. Any may run all the time, or once, on demand. */
export const DAEMONS = [
  'autosync-daemon',
  'container-sync',
  'container-updater',
  'container-sharder',
  'object-updater',
  'account-reaper',
] as const;

export type Listener = (typeof LISTENERS)[number];
export type Daemon = (typeof DAEMONS)[number];
/** A process of a cluster. */
export type Role = Listener | Daemon;

export type Ports = Readonly<Record<Listener | 'admin', number>>;

/** A storage policy; the first is the default. All are replication policies with one replica. */
export interface Policy {
  readonly name: string;
  readonly isDeprecated?: boolean;
}

/** What can be chosen for a cluster. Everything has a default. */
export interface ClusterSettings {
  /** TempAuth users, besides the gateway's own. */
  readonly users: readonly LocalUser[];
  readonly policies: readonly Policy[];
  /** Stations of the Swift proxy, without `proxy-server` at the end. */
  readonly pipeline: string;
  /** Seconds between two passes of container sync. */
  readonly syncInterval: number;
  /** Seconds between two passes of the updaters (they bring counts up to date). */
  readonly updaterInterval: number;
  /** Background processes that run all the time. */
  readonly daemons: readonly Daemon[];
  /** Accounts the gateway takes care of. */
  readonly accounts: string;
  readonly logLevel: string;
  /** Where the gateway listens, besides being reached at 127.0.0.1. */
  readonly gatewayBindIp: string;
  /** Users are Keystone's instead of TempAuth's. Set by the realm. */
  readonly keystone?: KeystoneAccess | undefined;
  /** What a process of it, but memcached, has in its environment. */
  readonly environment?: ((role: Role) => Readonly<Record<string, string>>) | undefined;
  /** The system user that Swift runs as: the current one. */
  readonly user: string;
  readonly proxyConf?: SectionOverrides | undefined;
  readonly accountConf?: SectionOverrides | undefined;
  readonly containerConf?: SectionOverrides | undefined;
  readonly objectConf?: SectionOverrides | undefined;
  readonly swiftConf?: SectionOverrides | undefined;
  readonly gatewayConf?: SectionOverrides | undefined;
  /** Has the last word on the text of autosync.conf. */
  readonly rewriteGatewayConf?: ((text: string, cluster: ClusterPlan) => string) | undefined;
}

/** How clusters and gateways reach a Keystone. */
export interface KeystoneAccess {
  /** Ends in `/v3`. */
  readonly url: string;
  /** Of the user `swift`, who validates tokens. */
  readonly swiftPassword: string;
  /** Of the user `autosync`, the gateway's, a reseller admin in the project `service`. */
  readonly servicePassword: string;
}

/** One cluster's names and places, all fixed before anything starts. */
export interface ClusterPlan {
  readonly name: string;
  /** Everything of the cluster lies below it. */
  readonly folder: string;
  readonly ports: Ports;
  /** The key of `autosync:service`. */
  readonly serviceKey: string;
  /** `swift_hash_path_suffix`: data are lost with it. */
  readonly hashSuffix: string;
}

/** The realm as one cluster sees it: peers may be behind links of its own. */
export interface RealmView {
  readonly key: string;
  /** Endpoint URLs, ending in `/v1/`, by cluster name. */
  readonly endpoints: Readonly<Record<string, string>>;
}

/** The folders of a cluster. */
export function foldersOf(plan: ClusterPlan) {
  return {
    swiftDir: join(plan.folder, 'etc'),
    devices: join(plan.folder, 'devices'),
    device: join(plan.folder, 'devices', DEVICE),
    logs: join(plan.folder, 'log'),
    cache: join(plan.folder, 'cache'),
  } as const;
}

/** The one device of a cluster. */
export const DEVICE = 'sdb1';

/** The file that configures a role, in the cluster's swift_dir. */
export function confFileOf(role: Exclude<Role, 'memcached'>): string {
  if (role === 'gateway' || role === 'autosync-daemon') return 'autosync.conf';
  return `${role.split('-')[0] ?? role}-server.conf`;
}
