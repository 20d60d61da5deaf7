// Before a pass, and before anything is changed: who answers, and who was away for longer than Swift remembers deletions.
// A cluster that comes back finds out about itself from its own notes.
import { AutosyncError } from '../lib/errors.js';
import type { Peer } from '../peers/peer.js';
import { callRoll, fenceAfterMs, fencedIn, REALM, silenceMs, type Word } from '../records/fence.js';
import type { Keeper } from '../records/keeper.js';
import { clusterLabel } from '../records/names.js';
import { mergeRecords, EMPTY, type Record } from '../records/record.js';
import type { VersionClock } from '../records/version.js';
import { audienceFor, type BaseSite } from '../site/site.js';
import { peerRealm } from '../converge/peer-records.js';
import type { Finding } from './report.js';

/**
 * Notes the contact, and fences whoever was away for too long. A dry run changes nothing, and says the same.
 *
 * @throws AutosyncError RECORDS_UNAVAILABLE; a retry helps
 */
export async function checkFence(
  site: BaseSite,
  records: Keeper,
  { reclaimAgeMs, isDryRun }: { readonly reclaimAgeMs: number; readonly isDryRun: boolean },
): Promise<Finding[]> {
  const { peers } = audienceFor(site, site.clusters.all());
  const clock = await records.clock();
  const words = await wordsOf(site, peers, clock);
  const call = (current: Record): Record => {
    const told = [...words.values()].reduce(
      (sum, { desired }) => mergeRecords(sum, { ...EMPTY, desired }),
      current,
    );
    const roll = {
      mine: clusterLabel(site.clusters.mine),
      others: peers.map((peer) => clusterLabel(peer.name)),
      words,
      nowMs: site.now(),
      limitMs: fenceAfterMs(reclaimAgeMs),
    };
    return mergeRecords(told, callRoll(told, roll, clock));
  };
  const record = isDryRun ? call(await records.read(REALM)) : await records.change(REALM, call);
  const fenced = fencedIn(record.desired);
  site.fence.learn(fenced);
  return [...fenced].sort().map(([cluster, untilMs]) => ({
    account: '',
    cluster,
    code: 'FENCED',
    detail: `away since ${new Date(untilMs).toISOString()}`,
    outcome: 'unmended',
  }));
}

/** Of all that answer, and whose clocks are not too wrong. */
async function wordsOf(
  site: BaseSite,
  peers: readonly Peer[],
  clock: VersionClock,
): Promise<Map<string, Word>> {
  const words = new Map<string, Word>();
  const ask = async (peer: Peer): Promise<void> => {
    try {
      const word = await peerRealm(peer);
      for (const { version } of word.desired.values()) clock.observe(version);
      words.set(clusterLabel(peer.name), word);
    } catch (error) {
      if (!(error instanceof AutosyncError)) throw error;
      site.log.warn({ peer: peer.name, code: error.code }, `no contact: ${error.message}`);
    }
  };
  await Promise.all(peers.map(ask));
  return words;
}

/** Of one cluster, for `autosync status`. */
export interface FenceState {
  readonly cluster: string;
  readonly code: 'FENCED' | 'RECLAIM_RISK';
  /** Since when it is away, ISO 8601. */
  readonly since: string;
  /** Until it will be fenced, where nobody hears of it before; 0 for one that is. */
  readonly secondsLeft: number;
}

/** Who is fenced, and of whom this cluster has not heard for more than half of the time until then. @throws AutosyncError RECORDS_UNAVAILABLE */
export async function readFence(
  site: BaseSite,
  records: Keeper,
  reclaimAgeMs: number,
): Promise<FenceState[]> {
  const record = await records.read(REALM);
  const fenced = fencedIn(record.desired);
  const limitMs = fenceAfterMs(reclaimAgeMs);
  const mine = clusterLabel(site.clusters.mine);
  return site.clusters.all().flatMap((name): FenceState[] => {
    const untilMs = fenced.get(clusterLabel(name));
    if (untilMs !== undefined)
      return [{ cluster: name, code: 'FENCED', since: new Date(untilMs).toISOString(), secondsLeft: 0 }];
    const silence = silenceMs(record, clusterLabel(name), mine, site.now()) ?? 0;
    if (silence <= limitMs / 2) return [];
    const since = new Date(site.now() - silence).toISOString();
    const secondsLeft = Math.max(0, (limitMs - silence) / 1000);
    return [{ cluster: name, code: 'RECLAIM_RISK', since, secondsLeft }];
  });
}
