// Every container that any of several clusters lists, or has a record of. From listings, so only a hint.
import { AutosyncError } from '../lib/errors.js';
import { mergeJoin, type Sorted } from '../lib/merge-join.js';
import type { Keeper } from '../records/keeper.js';
import { recordedAccounts, recordRows, type Marks } from '../records/rows.js';
import type { BaseSite, ContainerName } from '../site/site.js';
import { listContainers } from './cluster-listing.js';
import { memberAt } from './object-member.js';
import { peerAccounts, peerRows } from './peer-records.js';

/** What each cluster has of it, in the order of the clusters. */
export interface KnownContainer extends ContainerName {
  readonly isListed: readonly boolean[];
  readonly records: readonly (Marks | undefined)[];
}

export interface AllContainersOptions {
  readonly clusters: readonly string[];
  /** Only that account. */
  readonly account?: string | undefined;
  /** Goes on without a cluster that cannot be asked; if not given, that ends it all. */
  readonly onAway?: ((cluster: string, error: AutosyncError) => void) | undefined;
}

/** @throws AutosyncError RECORDS_UNAVAILABLE; without `onAway` PEER_UNREACHABLE, SWIFT_REFUSED. A retry may help. */
export async function* allContainers(
  site: BaseSite,
  records: Keeper,
  { clusters, account: only, onAway }: AllContainersOptions,
): AsyncGenerator<KnownContainer> {
  const guard = <T>(cluster: string, stream: Sorted<T>): Sorted<T> =>
    onAway === undefined ? stream : untilAway(stream, (error) => onAway(cluster, error));
  const own = await site.ownAccount();
  const accounts = only === undefined ? await accountsOf(site, records, { clusters, onAway }) : [only];
  for (const account of accounts) {
    if (account === own || !site.options.isAccountOurs(account)) continue;
    const listings = clusters.map((each) => guard(each, listContainers(memberAt(site, each), account)));
    const recorded = clusters.map((each) => guard(each, rowsOf(site, records, each, account)));
    for await (const { key: container, values } of mergeJoin<Marks>([...listings, ...recorded])) {
      const isListed = values.slice(0, clusters.length).map((row) => row !== undefined);
      yield { account, container, isListed, records: values.slice(clusters.length) };
    }
  }
}

async function accountsOf(
  site: BaseSite,
  records: Keeper,
  { clusters, onAway }: Pick<AllContainersOptions, 'clusters' | 'onAway'>,
): Promise<string[]> {
  const accounts = new Set(await recordedAccounts(records));
  for (const cluster of clusters) {
    const peer = site.clusters.peer(cluster);
    if (peer === undefined) continue;
    try {
      for (const account of await peerAccounts(peer)) accounts.add(account);
    } catch (error) {
      if (!(error instanceof AutosyncError) || onAway === undefined) throw error;
      onAway(cluster, error);
    }
  }
  return [...accounts].sort();
}

function rowsOf(site: BaseSite, records: Keeper, cluster: string, account: string): Sorted<Marks> {
  const peer = site.clusters.peer(cluster);
  return peer === undefined ? recordRows(records, account) : peerRows(peer, account);
}

async function* untilAway<T>(stream: Sorted<T>, onAway: (error: AutosyncError) => void): Sorted<T> {
  try {
    yield* stream;
  } catch (error) {
    if (!(error instanceof AutosyncError)) throw error;
    onAway(error);
  }
}
