// What one gateway process knows of itself and its peers, and how several processes' knowledge is put together. Pure.

export interface PeerStatus {
  readonly name: string;
  readonly isUp: boolean;
  /** When it was found to be down (ISO 8601), and why. */
  readonly downSince?: string;
  readonly because?: string;
}

/** As shown on the admin port. */
export interface GatewayStatus {
  readonly version: string;
  readonly cluster: string | undefined;
  readonly processes: number;
  readonly clientConnections: number;
  /** Up as long as one process can use it. */
  readonly swiftProxies: readonly { readonly origin: string; readonly isUp: boolean }[];
  /** Peers that were asked so far. Down as soon as one process finds it down. */
  readonly peers: readonly PeerStatus[];
  /** Since the processes started. */
  readonly counters: Readonly<Record<string, number>>;
  /** What is wrong with the files that are read again while running. */
  readonly problems: readonly string[];
}

/**
 * The whole gateway's status from that of its processes; at least one.
 *
 * @param ended counters of processes that are no more: what they counted happened all the same
 */
export function mergeStatus(
  parts: readonly GatewayStatus[],
  ended: Readonly<Record<string, number>> = {},
): GatewayStatus {
  const [first] = parts as [GatewayStatus, ...GatewayStatus[]];
  return {
    version: first.version,
    cluster: first.cluster,
    processes: parts.length,
    clientConnections: parts.reduce((sum, part) => sum + part.clientConnections, 0),
    swiftProxies: first.swiftProxies.map(({ origin }, i) => ({
      origin,
      isUp: parts.some((part) => part.swiftProxies[i]?.isUp === true),
    })),
    peers: mergePeers(parts),
    counters: sumCounters([ended, ...parts.map(({ counters }) => counters)]),
    problems: [...new Set(parts.flatMap((part) => part.problems))],
  };
}

function mergePeers(parts: readonly GatewayStatus[]): PeerStatus[] {
  const peers = new Map<string, PeerStatus>();
  for (const peer of parts.flatMap((part) => part.peers)) {
    const known = peers.get(peer.name);
    if (known === undefined || (known.isUp && !peer.isUp)) peers.set(peer.name, peer);
  }
  return [...peers.values()];
}

export function sumCounters(parts: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const part of parts) {
    for (const [name, count] of Object.entries(part)) sums[name] = (sums[name] ?? 0) + count;
  }
  return sums;
}
