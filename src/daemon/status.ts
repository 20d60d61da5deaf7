// Whether all clusters agree, as far as this one knows: peers, what is pending for them, and the last audit. Says OK only of
// what was looked at, and when.
import type { ReasonCode } from '../lib/reasons.js';
import type { Keeper } from '../records/keeper.js';
import type { Peer } from '../peers/peer.js';
import { pendingFor, type PendingSum } from '../records/pending.js';
import { encodeName } from '../swift/path.js';
import type { BaseSite } from '../site/site.js';
import { audienceFor } from '../site/site.js';
import { reportObject } from './daemon.js';
import type { Outcome, PassReport } from './report.js';

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

interface CodeCount {
  readonly code: ReasonCode;
  readonly count: number;
}

export interface Status {
  readonly cluster: string;
  readonly isOk: boolean;
  readonly peers: readonly PeerState[];
  /** Undefined where there was none yet. */
  readonly audit:
    | (Pick<
        PassReport,
        'containers' | 'mended' | 'unmended' | 'unreachable' | 'notAdopted' | 'finishedAt'
      > & {
        readonly brokenOff?: string | undefined;
        readonly ageSeconds: number;
        /** Older than two intervals and a minute. */
        readonly isStale: boolean;
        /** Of what is not mended. */
        readonly reasons: readonly CodeCount[];
        /** Of what is kept apart: nothing is to be mended, and yet clusters differ in it. */
        readonly apart: readonly CodeCount[];
      })
    | undefined;
}

/** @throws AutosyncError RECORDS_UNAVAILABLE; a retry may help */
export async function readStatus(site: BaseSite, records: Keeper, auditIntervalMs: number): Promise<Status> {
  const { peers } = audienceFor(site, site.clusters.all());
  const states = await Promise.all(peers.map((peer) => stateOf(site, records, peer)));
  const audit = await lastAudit(site, records, auditIntervalMs);
  const isAgreed = states.every(({ isUp, pending, owed }) => isUp && pending === 0 && owed === 0);
  const isAudited =
    audit?.isStale === false &&
    audit.unmended === 0 &&
    audit.unreachable.length === 0 &&
    audit.brokenOff === undefined;
  return { cluster: site.clusters.mine, isOk: isAgreed && isAudited, peers: states, audit };
}

async function stateOf(site: BaseSite, records: Keeper, peer: Peer): Promise<PeerState> {
  const target = `/autosync/pending?cluster=${encodeName(site.clusters.mine)}`;
  const [asked, { pending, oldestMs }] = await Promise.all([
    peer.send({ method: 'GET', target }),
    pendingFor(records, peer.name),
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

async function lastAudit(site: BaseSite, records: Keeper, auditIntervalMs: number): Promise<Status['audit']> {
  const bytes = await records.store.get(reportObject(site.clusters.mine));
  if (bytes === undefined) return undefined;
  const report = JSON.parse(bytes.toString('utf8')) as PassReport;
  const ageSeconds = Math.max(0, (site.now() - Date.parse(report.finishedAt)) / 1000);
  const { containers, mended, unmended, unreachable, notAdopted, finishedAt, brokenOff } = report;
  return {
    containers,
    mended,
    unmended,
    unreachable,
    notAdopted,
    finishedAt,
    brokenOff,
    ageSeconds,
    isStale: ageSeconds > (2 * auditIntervalMs) / 1000 + 60,
    reasons: codesOf(report, 'unmended'),
    apart: codesOf(report, 'apart'),
  };
}

function codesOf({ tally }: PassReport, outcome: Outcome): readonly CodeCount[] {
  return tally.filter((each) => each.outcome === outcome).map(({ code, count }) => ({ code, count }));
}
