// What can be chosen when local clusters are started, and what happens by default. Pure.
import { userInfo } from 'node:os';
import { LOOPBACK, type ClusterSettings, type KeystoneAccess } from './plan.js';
import { SWIFT_PIPELINE } from './swift-conf.js';
import { TEST_USERS } from './users.js';

/** What to start. */
export interface RealmOptions extends Partial<Omit<ClusterSettings, 'user' | 'keystone'>> {
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
  /** One real Keystone for all clusters in place of TempAuth; accounts are `AUTH_<project id>`. Default false. */
  readonly keystone?: boolean;
  /** Ports are looked for from here upwards, the next cluster's a hundred above. Default 18000. */
  readonly firstPort?: number;
  /** The first gateway's port, the next cluster's one above. */
  readonly gatewayPort?: number;
  /** The first gateway's admin port, the next cluster's one above. */
  readonly adminPort?: number;
  /** Settings of single clusters, over the common ones. */
  readonly perCluster?: Readonly<Record<string, Partial<ClusterSettings>>>;
  /** Told what is being done. */
  readonly onProgress?: (message: string) => void;
}

const DEFAULTS: Omit<ClusterSettings, 'user'> = {
  users: TEST_USERS,
  policies: [{ name: 'Policy-0' }],
  pipeline: SWIFT_PIPELINE,
  syncInterval: 5,
  updaterInterval: 300,
  daemons: ['container-sync', 'container-updater'],
  accounts: 'AUTH_test*',
  logLevel: 'INFO',
  gatewayBindIp: LOOPBACK,
};

/** The settings of one cluster: its own over the common ones over the defaults. */
export function settingsFor(
  options: RealmOptions,
  cluster: string,
  keystone: KeystoneAccess | undefined,
): ClusterSettings {
  const common = Object.entries(options).filter(([, value]) => value !== undefined);
  const own = options.perCluster?.[cluster];
  const accounts = keystone === undefined ? DEFAULTS.accounts : 'AUTH_*';
  const chosen = { ...DEFAULTS, accounts, ...Object.fromEntries(common), ...own };
  return { ...chosen, user: userInfo().username, keystone };
}
