// Whether all clusters agree, as far as this one knows: peers, what is pending for them, and the last audit. Says OK only of
// what was looked at, and when.
import type { Keeper } from '../records/keeper.js';
import { reasonOfPeer } from '../converge/reasons.js';
import { readLag, type CopierState } from '../copy/lag-report.js';
import type { ReasonCode } from '../lib/reasons.js';
import type { Peer } from '../peers/peer.js';
import { pendingFor, type PendingSum } from '../records/pending.js';
import type { RecordName } from '../records/record.js';
import { encodeName } from '../swift/path.js';
import type { BaseSite } from '../site/site.js';
import { audienceFor } from '../site/site.js';
import { copiesState, type CopiesState } from './copies-state.js';
import {
  auditState,
  objectState,
  runningState,
  type AuditState,
  type ObjectState,
  type RunningState,
} from './pass-state.js';
import { readFence, type FenceState } from './fencing.js';
import { readPasses } from './passes.js';
import { readPause, type Pause } from './pause.js';

export interface PeerState {
  readonly name: string;
  readonly isUp: boolean;
  /** Why it is not up, and its own words. */
  readonly code?: ReasonCode;
  readonly detail: string;
  /** Changes that it did not take. */
  readonly pending: number;
  /** Since the oldest of them was made; 0 for none. */
  readonly oldestPendingSeconds: number;
  /** Changes that it has for this cluster; undefined where it does not say. */
  readonly owed: number | undefined;
  /** How far objects are behind there; undefined where no copier has said so. */
  readonly copies: CopiesState | undefined;
}

export interface SilentCopier {
  readonly copier: string;
  readonly code: ReasonCode;
  readonly silentSeconds: number;
}

export interface Status {
  readonly cluster: string;
  readonly isOk: boolean;
  /** The daemon is told to change nothing. */
  readonly paused: Pause | undefined;
  readonly peers: readonly PeerState[];
  /** Gateways (HOST-PORT) whose copiers are not heard of any more. */
  readonly silentCopiers: readonly SilentCopier[];
  /** Clusters that were away for too long, or nearly. */
  readonly fence: readonly FenceState[];
  /** A pass under way. */
  readonly running: RunningState | undefined;
  /** The last pass; undefined where there was none yet. */
  readonly audit: AuditState | undefined;
  /** The last object audit; undefined where there was none yet, `off` where there is to be none. */
  readonly objects: ObjectState | 'off' | undefined;
}

export interface StatusOptions {
  readonly auditIntervalMs: number;
  readonly objectAuditIntervalMs: number;
  readonly reclaimAgeMs: number;
}

/** @throws AutosyncError RECORDS_UNAVAILABLE; a retry may help */
export async function readStatus(
  site: BaseSite,
  records: Keeper,
  { auditIntervalMs, objectAuditIntervalMs, reclaimAgeMs }: StatusOptions,
): Promise<Status> {
  const lag = readLag(records, site.clusters.mine, site.now());
  const [copiers, states, passes, paused, fence] = await Promise.all([
    lag,
    readPeers(site, records, { copiers: lag }),
    readPasses(records, site.clusters.mine),
    readPause(records),
    readFence(site, records, reclaimAgeMs),
  ]);
  const audit = auditState(passes, auditIntervalMs, site.now());
  const isAgreed = states.every(({ isUp, pending, owed }) => isUp && pending === 0 && owed === 0);
  const silentCopiers = copiers
    .filter(({ isSilent }) => isSilent)
    .map(({ copier, atMs }) => ({
      ...({ copier, code: 'COPIER_SILENT', silentSeconds: (site.now() - atMs) / 1000 } as const),
    }));
  const isCopied = silentCopiers.length === 0 && states.every(({ copies }) => !copies?.codes.length);
  const objects: Status['objects'] =
    objectAuditIntervalMs === 0 ? 'off' : objectState(passes, objectAuditIntervalMs, site.now());
  const areClean = isClean(audit) && (objects === 'off' || isClean(objects));
  const isOk = paused === undefined && fence.length === 0 && isAgreed && isCopied && areClean;
  const running = runningState(passes, site.now());
  const state = { isOk, paused, peers: states, silentCopiers, fence, running, audit, objects };
  return { cluster: site.clusters.mine, ...state };
}

function isClean(audit: AuditState | undefined): boolean {
  if (audit === undefined || audit.isStale || audit.brokenOff !== undefined) return false;
  return audit.unmended === 0 && audit.unreachable.length === 0 && audit.missing.length === 0;
}

/** What of the peers' state is wanted. */
interface PeersAsked {
  /** What waits of that account or container alone; unsaid, of all. */
  readonly of?: RecordName;
  /** How far objects are behind; unsaid, it is not told. */
  readonly copiers?: Promise<readonly CopierState[]>;
}

/** Of all peers. @throws AutosyncError RECORDS_UNAVAILABLE; a retry may help */
export async function readPeers(site: BaseSite, records: Keeper, asked: PeersAsked): Promise<PeerState[]> {
  const { peers } = audienceFor(site, site.clusters.all());
  return Promise.all(peers.map((peer) => stateOf(site, records, peer, asked)));
}

async function stateOf(
  site: BaseSite,
  records: Keeper,
  peer: Peer,
  { of, copiers = Promise.resolve([]) }: PeersAsked,
): Promise<PeerState> {
  const { account, container } = of ?? {};
  const query = Object.entries({ cluster: site.clusters.mine, account, container }).flatMap(
    ([field, value]) => (value === undefined ? [] : [`${field}=${encodeName(value)}`]),
  );
  const [asked, { pending, oldestMs }] = await Promise.all([
    peer.send({ method: 'GET', target: `/autosync/pending?${query.join('&')}` }),
    pendingFor(records, peer.name, of),
  ]);
  const isRefused = asked.kind === 'answer' && asked.answer.status === 401;
  const isUp = asked.kind === 'answer' && asked.answer.status < 500 && !isRefused;
  const isTold = asked.kind === 'answer' && asked.answer.status === 200;
  const why = asked.kind === 'answer' ? `${asked.answer.status} ${asked.answer.reason}` : asked.detail;
  return {
    name: peer.name,
    isUp,
    ...(isUp ? {} : { code: isRefused ? reasonOfPeer(asked) : 'PEER_DOWN' }),
    detail: isUp ? '' : why,
    pending,
    oldestPendingSeconds: oldestMs === undefined ? 0 : Math.max(0, (site.now() - oldestMs) / 1000),
    owed: isTold ? (JSON.parse(asked.answer.body.toString('utf8')) as PendingSum).pending : undefined,
    copies: copiesState(await copiers, peer.name, site.now()),
  };
}
