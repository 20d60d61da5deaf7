// Whether all clusters agree, as far as this one knows: peers, what is pending for them, and the last audit. Says OK only of
// what was looked at, and when.
import type { Keeper } from '../records/keeper.js';
import type { Peer } from '../peers/peer.js';
import { pendingFor, type PendingSum } from '../records/pending.js';
import type { RecordName } from '../records/record.js';
import { encodeName } from '../swift/path.js';
import type { BaseSite } from '../site/site.js';
import { audienceFor } from '../site/site.js';
import { auditState, runningState, type AuditState, type RunningState } from './pass-state.js';
import { readFence, type FenceState } from './fencing.js';
import { readPasses } from './passes.js';
import { readPause, type Pause } from './pause.js';

export interface PeerState {
  readonly name: string;
  readonly isUp: boolean;
  readonly detail: string;
  /** Changes that it did not take. */
  readonly pending: number;
  /** Since the oldest of them was made; 0 for none. */
  readonly oldestPendingSeconds: number;
  /** Changes that it has for this cluster; undefined where it does not say. */
  readonly owed: number | undefined;
}

export interface Status {
  readonly cluster: string;
  readonly isOk: boolean;
  /** The daemon is told to change nothing. */
  readonly paused: Pause | undefined;
  readonly peers: readonly PeerState[];
  /** Clusters that were away for too long, or nearly. */
  readonly fence: readonly FenceState[];
  /** A pass under way. */
  readonly running: RunningState | undefined;
  /** The last pass; undefined where there was none yet. */
  readonly audit: AuditState | undefined;
}

/** @throws AutosyncError RECORDS_UNAVAILABLE; a retry may help */
export async function readStatus(
  site: BaseSite,
  records: Keeper,
  { auditIntervalMs, reclaimAgeMs }: { readonly auditIntervalMs: number; readonly reclaimAgeMs: number },
): Promise<Status> {
  const [states, passes, paused, fence] = await Promise.all([
    readPeers(site, records),
    readPasses(records, site.clusters.mine),
    readPause(records),
    readFence(site, records, reclaimAgeMs),
  ]);
  const audit = auditState(passes, auditIntervalMs, site.now());
  const isAgreed = states.every(({ isUp, pending, owed }) => isUp && pending === 0 && owed === 0);
  const isOk = paused === undefined && fence.length === 0 && isAgreed && isClean(audit);
  const running = runningState(passes, site.now());
  return { cluster: site.clusters.mine, isOk, paused, peers: states, fence, running, audit };
}

function isClean(audit: AuditState | undefined): boolean {
  if (audit === undefined || audit.isStale || audit.brokenOff !== undefined) return false;
  return audit.unmended === 0 && audit.unreachable.length === 0 && audit.missing.length === 0;
}

/**
 * Of all peers.
 *
 * @param name what waits of that account or container alone; unsaid, of all
 * @throws AutosyncError RECORDS_UNAVAILABLE; a retry may help
 */
export async function readPeers(site: BaseSite, records: Keeper, name?: RecordName): Promise<PeerState[]> {
  const { peers } = audienceFor(site, site.clusters.all());
  return Promise.all(peers.map((peer) => stateOf(site, records, peer, name)));
}

async function stateOf(
  site: BaseSite,
  records: Keeper,
  peer: Peer,
  name: RecordName | undefined,
): Promise<PeerState> {
  const { account, container } = name ?? {};
  const query = Object.entries({ cluster: site.clusters.mine, account, container }).flatMap(
    ([field, value]) => (value === undefined ? [] : [`${field}=${encodeName(value)}`]),
  );
  const [asked, { pending, oldestMs }] = await Promise.all([
    peer.send({ method: 'GET', target: `/autosync/pending?${query.join('&')}` }),
    pendingFor(records, peer.name, name),
  ]);
  const isUp = asked.kind === 'answer' && asked.answer.status < 500 && asked.answer.status !== 401;
  const isTold = asked.kind === 'answer' && asked.answer.status === 200;
  const why = asked.kind === 'answer' ? `${asked.answer.status} ${asked.answer.reason}` : asked.detail;
  return {
    name: peer.name,
    isUp,
    detail: isUp ? '' : why,
    pending,
    oldestPendingSeconds: oldestMs === undefined ? 0 : Math.max(0, (site.now() - oldestMs) / 1000),
    owed: isTold ? (JSON.parse(asked.answer.body.toString('utf8')) as PendingSum).pending : undefined,
  };
}
