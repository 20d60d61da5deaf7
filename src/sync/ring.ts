// Who syncs to whom. Pure; knows nothing of requests, addresses or time.

/**
 * The cluster that this cluster's container syncs to: the next of the placement, the last one to the first. A container has
 * only one sync-to in Swift, so more than two clusters can but form a ring.
 *
 * @param placement clusters in their order; a name given twice counts once
 * @returns undefined where nothing is to be synced: fewer than two clusters, or this one is not among them
 */
export function nextInRing(placement: readonly string[], cluster: string): string | undefined {
  const ring = [...new Set(placement)];
  const index = ring.indexOf(cluster);
  if (index < 0 || ring.length < 2) return undefined;
  return ring[(index + 1) % ring.length];
}
