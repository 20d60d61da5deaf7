// Lets a cluster in again that was away for longer than Swift remembers deletions: what it holds is held against what the others hold,
// object by object, and only then its fence is taken away. Safe to break off at any point, and to begin anew.
import { allContainers } from '../converge/all-containers.js';
import { memberAt, type Member } from '../converge/object-member.js';
import { peerRealm } from '../converge/peer-records.js';
import { AutosyncError } from '../lib/errors.js';
import type { Peer } from '../peers/peer.js';
import { fencedIn, lift, REALM } from '../records/fence.js';
import type { Keeper } from '../records/keeper.js';
import { clusterLabel } from '../records/names.js';
import { isHeldBack, mergeRecords, EMPTY, type Record } from '../records/record.js';
import type { Marks } from '../records/rows.js';
import { audienceFor, type BaseSite, type ContainerName } from '../site/site.js';
import { walkContainer, type Case, type Found, type Walk } from './rejoin-walk.js';
import { placementFor } from '../site/placement.js';

export interface RejoinOptions {
  /** undefined: it is only looked. */
  readonly apply: { readonly ambiguous: 'keep' | 'drop' } | undefined;
  /** Objects named for each case; all others are only counted. */
  readonly maxNames: number;
  readonly onProgress?: (report: RejoinCount) => void;
}

export interface RejoinCount {
  containers: number;
  /** On both sides. */
  same: number;
  /** Containers whose records are not the same on all clusters: the daemons settle them. */
  differing: number;
  readonly cases: { [found in Case]?: { count: number; readonly first: Found[] } };
}

export interface RejoinReport extends RejoinCount {
  readonly cluster: string;
  readonly isFenced: boolean;
  /** Until when objects may have come to it from others, ISO 8601; later ones were written on it. */
  readonly awaySince: string | undefined;
  /** The clusters it was held against. */
  readonly comparedWith: readonly string[];
  /** Clusters whose fence was taken away. */
  readonly lifted: readonly string[];
}

/**
 * @throws AutosyncError CONFIG_INVALID for a cluster that is not known; PEER_UNREACHABLE, RECORDS_UNAVAILABLE and what Swift's client throws:
 *   nothing is lost, begin anew
 */
export async function rejoin(
  site: BaseSite,
  records: Keeper,
  name: string,
  options: RejoinOptions,
): Promise<RejoinReport> {
  const cluster = site.clusters.all().find((each) => clusterLabel(each) === clusterLabel(name));
  if (cluster === undefined) {
    const known = site.clusters.all().join(', ');
    throw new AutosyncError('CONFIG_INVALID', `There is no cluster ${name}; there are: ${known}.`);
  }
  const { peers } = audienceFor(site, site.clusters.all());
  const fenced = fencedIn((await gatherWords(records, peers, cluster)).desired);
  const untilMs = fenced.get(clusterLabel(cluster));
  const others = comparable(site, cluster, fenced);
  const count: RejoinCount = { containers: 0, same: 0, differing: 0, cases: {} };
  const base = { cluster, isFenced: untilMs !== undefined, comparedWith: others };
  if (untilMs === undefined) return { ...base, ...count, awaySince: undefined, lifted: [] };
  const membersOf = (names: readonly string[]): Member[] => names.map((each) => memberAt(site, each));
  await walkAll(site, records, {
    ...{ cluster, others, count, options, membersOf },
    untilMs: site.fence.doubtfulUntilMs(untilMs),
  });
  const awaySince = new Date(untilMs).toISOString();
  if (options.apply === undefined || count.cases.unclear !== undefined)
    return { ...base, ...count, awaySince, lifted: [] };
  // Where there are but two, each is as the other now.
  const lifted = site.clusters.all().length === 2 ? [cluster, ...others] : [cluster];
  await liftEverywhere(site, records, peers, lifted);
  return { ...base, ...count, awaySince, lifted };
}

/** Those that are not fenced; where all are, all others. */
function comparable(site: BaseSite, cluster: string, fenced: ReadonlyMap<string, number>): string[] {
  const others = site.clusters.all().filter((each) => each !== cluster);
  const open = others.filter((each) => !fenced.has(clusterLabel(each)));
  return open.length > 0 ? open : others;
}

/** All that the clusters say of each other; the one that is to be let in has to answer. */
async function gatherWords(records: Keeper, peers: readonly Peer[], cluster: string): Promise<Record> {
  const clock = await records.clock();
  let heard = EMPTY;
  for (const peer of peers) {
    try {
      const { desired } = await peerRealm(peer);
      for (const { version } of desired.values()) clock.observe(version);
      heard = mergeRecords(heard, { ...EMPTY, desired });
    } catch (error) {
      if (!(error instanceof AutosyncError) || peer.name === cluster) throw error;
    }
  }
  return mergeRecords(await records.read(REALM), heard);
}

interface Work {
  readonly cluster: string;
  readonly others: readonly string[];
  readonly count: RejoinCount;
  readonly options: RejoinOptions;
  readonly untilMs: number;
  readonly membersOf: (names: readonly string[]) => Member[];
}

async function walkAll(site: BaseSite, records: Keeper, work: Work): Promise<void> {
  const { cluster, others, count, options } = work;
  for await (const known of allContainers(site, records, { clusters: [cluster, ...others] })) {
    const { account, container } = known;
    count.containers += 1;
    if (isDifferent(known.records)) count.differing += 1;
    await walkOne(site, records, { account, container }, work);
    options.onProgress?.(count);
  }
}

function isDifferent(rows: readonly (Marks | undefined)[]): boolean {
  return new Set(rows.map((marks) => [...(marks ?? [])].sort().join())).size > 1;
}

/** Objects of containers that are not synced stay where they are written. */
async function walkOne(
  site: BaseSite,
  records: Keeper,
  name: ContainerName,
  { cluster, others, count, options, untilMs, membersOf }: Work,
): Promise<void> {
  const record = await records.read(name);
  const placed = new Set(placementFor(site, name, record).map(clusterLabel));
  const holders = others.filter((each) => placed.has(clusterLabel(each)));
  if (isHeldBack(record) || !placed.has(clusterLabel(cluster)) || holders.length === 0) return;
  const [away, ...rest] = membersOf([cluster, ...holders]) as [Member, ...Member[]];
  const walk: Walk = {
    ...{ away, others: rest, untilMs, apply: options.apply },
    onSame: () => (count.same += 1),
    onFound(found) {
      const known = (count.cases[found.case] ??= { count: 0, first: [] });
      known.count += 1;
      if (known.first.length < options.maxNames) known.first.push(found);
    },
  };
  await walkContainer(walk, name);
}

/** Here first; who cannot be told hears of it with the next audit. */
async function liftEverywhere(
  site: BaseSite,
  records: Keeper,
  peers: readonly Peer[],
  clusters: readonly string[],
): Promise<void> {
  const clock = await records.clock();
  const words = await Promise.all(peers.map((peer) => peerRealm(peer).catch(() => undefined)));
  const { desired } = await records.change(REALM, (current) => {
    const told = words.reduce(
      (sum, word) => (word === undefined ? sum : mergeRecords(sum, { ...EMPTY, desired: word.desired })),
      current,
    );
    const lifted = clusters.flatMap((each) => [...lift(told.desired, clusterLabel(each), clock)]);
    return mergeRecords({ ...EMPTY, desired: told.desired }, { ...EMPTY, desired: new Map(lifted) });
  });
  site.fence.learn(fencedIn(desired));
  for (const peer of peers) {
    try {
      await peerRealm(peer, desired);
    } catch (error) {
      if (!(error instanceof AutosyncError)) throw error;
      site.log.warn({ peer: peer.name, code: error.code }, `it hears of it later: ${error.message}`);
    }
  }
}
