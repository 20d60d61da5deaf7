// The clusters of the realm as this gateway sees them: which is mine, where the peers' gateways are, who syncs to whom.
import type { Deadlines } from '../http/deadline.js';
import type { Throttle } from '../http/request-sender.js';
import type { RealmsFile } from '../sync/realms.js';
import { endpointOrigin } from '../sync/realms.js';
import { nextInRing } from '../sync/ring.js';
import type { SecretsFile } from '../sync/secrets.js';
import { isOwnSyncTo, realmSyncTo, urlSyncTo } from '../sync/sync-to.js';
import { Peer } from './peer.js';

/** How clusters are named: by name in a realm of container-sync-realms.conf, or (as the original did) by URL. */
export type Naming =
  | { readonly kind: 'realm'; readonly realm: string; readonly realms: RealmsFile }
  | { readonly kind: 'url'; readonly clusters: readonly string[] };

export interface ClustersOptions {
  readonly naming: Naming;
  /** My cluster's name, or its URL. */
  readonly mine: string;
  /** Gateways that the realms file does not name: cluster name (any case) to URL. */
  readonly gateways: ReadonlyMap<string, string>;
  readonly secrets: Pick<SecretsFile, 'get'>;
  readonly peerTimeoutMs: number;
  readonly probeIntervalMs: number;
  readonly deadlines: Deadlines;
  /** One for each peer. */
  readonly throttle?: () => Throttle;
  readonly onPeerChange: (name: string, isUp: boolean, detail: string) => void;
}

export class Clusters {
  readonly mine: string;
  readonly #options: ClustersOptions;
  readonly #peers = new Map<string, { readonly peer: Peer; readonly gateway: string }>();

  constructor(options: ClustersOptions) {
    this.#options = options;
    this.mine = options.mine;
  }

  isMine(name: string): boolean {
    return isSameCluster(name, this.mine);
  }

  /** My cluster in signatures, and in X-Orig-Cluster. */
  get signatureName(): string {
    return this.#signatureName(this.mine);
  }

  /** '' where clusters are named by URL. */
  get realmName(): string {
    const { naming } = this.#options;
    return naming.kind === 'realm' ? naming.realm : '';
  }

  /** Every cluster known, mine included. */
  all(): readonly string[] {
    const { naming } = this.#options;
    if (naming.kind === 'url') return naming.clusters;
    const clusters = naming.realms.get().realm(naming.realm)?.clusters;
    return clusters === undefined ? [] : [...clusters.keys()].map((name) => name.toLowerCase()).sort();
  }

  /** Key and key2 of the realm, current first; none where clusters are named by URL. */
  realmKeys(): readonly string[] {
    const { naming } = this.#options;
    if (naming.kind === 'url') return [];
    const realm = naming.realms.get().realm(naming.realm);
    return [realm?.key, realm?.key2].filter((key) => key !== undefined && key !== '') as string[];
  }

  /** The peer of that name; undefined for my own cluster and for names that nothing is known of. */
  peer(name: string): Peer | undefined {
    return this.isMine(name) ? undefined : this.gateway(name);
  }

  /** The gateway of a cluster, my own among them, as peers ask it; undefined where nothing is known of it. */
  gateway(name: string): Peer | undefined {
    const gateway = this.#gatewayOf(name);
    const key = keyOf(name);
    const known = this.#peers.get(key);
    if (known !== undefined && known.gateway === gateway) return known.peer;
    known?.peer.close();
    this.#peers.delete(key);
    if (gateway === undefined) return undefined;
    const peer = new Peer({
      name,
      signatureName: this.#signatureName(name),
      mySignatureName: this.signatureName,
      realm: this.realmName,
      secrets: this.#options.secrets,
      gateway: gatewayOf(gateway),
      timeoutMs: this.#options.peerTimeoutMs,
      probeIntervalMs: this.#options.probeIntervalMs,
      deadlines: this.#options.deadlines,
      ...(this.#options.throttle === undefined ? {} : { throttle: this.#options.throttle() }),
      onChange: this.#options.onPeerChange,
    });
    this.#peers.set(key, { peer, gateway });
    return peer;
  }

  /** Where container sync finds that cluster; undefined where clusters are named by URL, and for names that nothing is known of. */
  syncEndpoint(name: string): { readonly origin: string; readonly basePath: string } | undefined {
    const { naming } = this.#options;
    if (naming.kind === 'url') return undefined;
    const endpoint = naming.realms.get().realm(naming.realm)?.clusters.get(name.toUpperCase())?.endpoint;
    return endpoint === undefined ? undefined : gatewayOf(endpoint);
  }

  /** My own gateway, at the address that peers have of it; undefined where the realms file does not have my cluster. */
  myGateway(): { readonly origin: string; readonly basePath: string } | undefined {
    const gateway = this.#gatewayOf(this.mine);
    return gateway === undefined ? undefined : gatewayOf(gateway);
  }

  /** Where my cluster's container syncs to by the ring; undefined where there is nothing to sync with. */
  syncTo(placement: readonly string[], account: string, container: string): string | undefined {
    const mine = placement.find((name) => this.isMine(name));
    const next = mine === undefined ? undefined : nextInRing(placement, mine);
    if (next === undefined) return undefined;
    const { naming } = this.#options;
    if (naming.kind === 'url') return urlSyncTo(next, account, container);
    return realmSyncTo(naming.realm.toLowerCase(), next.toLowerCase(), account, container);
  }

  isOwnSyncTo(syncTo: string, account: string, container: string): boolean {
    const { naming } = this.#options;
    const own =
      naming.kind === 'url' ? { clusters: naming.clusters } : { realm: naming.realm, clusters: this.all() };
    return isOwnSyncTo(syncTo, own, account, container);
  }

  /** The peers asked so far: whether they are up, and if not why and since when. */
  peerStates(): { readonly name: string; readonly down: Peer['downtime'] }[] {
    return [...this.#peers.values()].map(({ peer }) => ({ name: peer.name, down: peer.downtime }));
  }

  close(): void {
    for (const { peer } of this.#peers.values()) peer.close();
  }

  #signatureName(name: string): string {
    const { naming } = this.#options;
    return naming.kind === 'url' ? name : `//${naming.realm}/${name}`.toLowerCase();
  }

  #gatewayOf(name: string): string | undefined {
    const { naming, gateways } = this.#options;
    for (const [cluster, gateway] of gateways) if (keyOf(cluster) === keyOf(name)) return gateway;
    if (naming.kind === 'url') return naming.clusters.includes(name) ? `${name}/v1/` : undefined;
    return naming.realms.get().realm(naming.realm)?.clusters.get(name.toUpperCase())?.endpoint;
  }
}

/** A realm's endpoint ends with Swift's API version; what stands before it belongs to the gateway's address. */
function gatewayOf(endpoint: string): { origin: string; basePath: string } {
  const { origin, basePath } = endpointOrigin(endpoint);
  return { origin, basePath: basePath.replace(/\/v1(?:\.0)?$/, '') };
}

function keyOf(name: string): string {
  return name.includes('://') ? name : name.toUpperCase();
}

/** Names of a realm compare without case, URLs as they are. */
export function isSameCluster(a: string, b: string): boolean {
  return keyOf(a) === keyOf(b);
}
