// What gateway and daemon both work with: this cluster, its peers, its rights, its rules. Put together once per process.
import { isSameCluster, type Clusters } from '../peers/clusters.js';
import { AutosyncError } from '../lib/errors.js';
import type { Peer } from '../peers/peer.js';
import type { Logger } from '../lib/logger.js';
import type { Keeper } from '../records/keeper.js';
import type { Transport } from '../http/http-client.js';
import { containerSyncKey } from '../sync/key.js';
import type { Fence } from './fence.js';
import type { SecretsFile } from '../sync/secrets.js';
import type { SyncWish } from '../sync/sync-plan.js';
import type { ContainerKeys } from './container-keys.js';
import type { PolicyMap } from '../swift/policies.js';
import type { SwiftClient } from '../swift/swift-client.js';

/** A change of an object is answered when it is done here, or when all clusters that can be reached have it. */
export type ObjectAck = 'local' | 'all';

/** How objects are read that this cluster does not have. */
export interface ReadOptions {
  /** These first. */
  readonly order: readonly string[];
  readonly hedgeDelayMs: number;
  /** 0: no other cluster is asked. */
  readonly timeoutMs: number;
  readonly negativeTtlMs: number;
}

export interface SiteOptions {
  readonly isAccountOurs: (account: string) => boolean;
  /** The patterns behind it. */
  readonly accounts: readonly string[];
  readonly consistency: 'eventual' | 'quorum' | 'strict';
  readonly peerAuth: 'service' | 'token';
  readonly userSync: 'deny' | 'allow';
  readonly peerTimeoutMs: number;
  readonly maxClockSkewMs: number;
  readonly deleteProbeLimit: number;
  readonly policyMap: PolicyMap;
  readonly accountDeleteDelayMs: number;
  /** When a change of an object in the container is a success, unless the container says otherwise. */
  readonly objectAck: (name: ContainerName) => ObjectAck;
  /** Whether containers exist on all clusters, or only where their objects are placed. */
  readonly namespace: 'everywhere' | 'placed';
  readonly reads: ReadOptions;
  /** What other clusters answer while the local Swift is down. */
  readonly failover: 'none' | 'reads' | 'all';
  /** Only where clusters are named by URL: who may send X-Container-Sync-Key and X-Timestamp. */
  readonly isSyncHost: (address: string) => boolean;
  /** Where the rules of the configuration place a container; without a name, where what no rule fits goes. */
  readonly defaultPlacement: (name?: ContainerName) => readonly string[];
}

export interface BaseSite {
  readonly options: SiteOptions;
  readonly clusters: Clusters;
  readonly swift: SwiftClient;
  /** The same Swift, for requests that SwiftClient's whole answers do not fit. */
  readonly transport: Transport;
  readonly secrets: SecretsFile;
  readonly containerKeys: ContainerKeys;
  /** A token of the service user; undefined where the clients' own tokens are used. */
  readonly serviceToken: (() => Promise<string>) | undefined;
  readonly dropServiceToken: (token: string) => void;
  /** The service user's own account, which is never touched; undefined while the identity service does not say. */
  readonly ownAccount: () => Promise<string | undefined>;
  /** Undefined without a service user: then nothing can be kept. */
  readonly records: Keeper | undefined;
  readonly fence: Fence;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly log: Logger;
  /** Ends the connections to peers and to the identity service. */
  close(): void;
}

export interface ContainerName {
  readonly account: string;
  readonly container: string;
}

/** Where a change of this request belongs, and whom to tell. */
export interface Audience {
  /** The clusters that hold the objects, in order. */
  readonly placement: readonly string[];
  /** That are to have the container, be it without objects. */
  readonly peers: readonly Peer[];
  /** Names of the placement that nothing is known of. */
  readonly unknown: readonly string[];
}

/** @throws AutosyncError CONFIG_INVALID for an account that is not among `accounts` */
export function requireOurs({ options }: BaseSite, account: string): void {
  if (!options.isAccountOurs(account))
    throw new AutosyncError('CONFIG_INVALID', `${account} is not among [filter:autosync] accounts.`);
}

export function audienceFor(site: BaseSite, placement: readonly string[]): Audience {
  const peers = new Set<Peer>();
  const unknown = new Set<string>();
  for (const name of placement) {
    if (site.clusters.isMine(name)) continue;
    const peer = site.clusters.peer(name);
    if (peer === undefined) unknown.add(name);
    else peers.add(peer);
  }
  return { placement, peers: [...peers], unknown: [...unknown] };
}

/** The same, for a change of a container: also clusters that have it without objects are told. */
export function audienceForContainer(site: BaseSite, placement: readonly string[]): Audience {
  const others = site.options.namespace === 'everywhere' ? site.clusters.all() : [];
  return { ...audienceFor(site, [...placement, ...others]), placement };
}

/** What the ring and the secret want of this cluster's copy of a container. The ring goes around clusters that are fenced (`fence.load` first). */
export function syncWish(site: BaseSite, placement: readonly string[], name: ContainerName): SyncWish {
  const { account, container } = name;
  const secrets = site.secrets.get();
  // Each cluster once, whatever its spelling; a ring over a name that nothing is known of would lead nowhere.
  const known = placement.filter(
    (each, index) =>
      !site.fence.isFenced(each) &&
      (site.clusters.isMine(each) || site.clusters.peer(each) !== undefined) &&
      placement.findIndex((other) => isSameCluster(other, each)) === index,
  );
  const wish: SyncWish = {
    syncTo: site.clusters.syncTo(known, account, container),
    key: containerSyncKey(secrets.current, account, container),
    isOurs: (syncTo) => site.clusters.isOwnSyncTo(syncTo, account, container),
    // Also where its objects do not belong, or nowhere else: what is written there all the same comes home by it.
    keepsKey: site.clusters.all().length > 1,
  };
  if (site.options.userSync === 'deny') return wish;
  const ours = derivedKeys(site, name);
  return { ...wish, isOurKey: (key) => ours.has(key) };
}

/** The keys that we would give the container, or would have given it before the last rotation. */
export function derivedKeys(site: BaseSite, { account, container }: ContainerName): ReadonlySet<string> {
  const { current, previous } = site.secrets.get();
  const generations = previous === undefined ? [current] : [current, previous];
  return new Set(generations.map((generation) => containerSyncKey(generation, account, container)));
}
