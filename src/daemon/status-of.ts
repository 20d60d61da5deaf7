// Whether all clusters agree on one account, or one container: looked at now, and not as of the last audit.
import type { Keeper } from '../records/keeper.js';
import type { RecordName } from '../records/record.js';
import { requireOurs, type BaseSite } from '../site/site.js';
import { Daemon, type DaemonOptions } from './daemon.js';
import { explainContainer, type ClusterState } from './explain.js';
import { provenEqualAt } from './proven.js';
import type { PassReport } from './report.js';
import { readPeers, type PeerState } from './status.js';

export interface StatusOf extends RecordName {
  readonly isOk: boolean;
  /** Up or not, and what of the account or container waits for them. */
  readonly peers: readonly PeerState[];
  /** When the container, or the one of the account whose proof is the oldest, was last proven equal on all its clusters; ISO 8601. Missing: not yet. */
  readonly provenEqualAt?: string;
  readonly provenEqualSeconds?: number;
  /** Of a container: what each cluster holds. */
  readonly clusters?: readonly ClusterState[];
  /** Of an account: what an audit of it would do here. */
  readonly audit?: PassReport;
}

/** @throws AutosyncError CONFIG_INVALID for an account that is not ours; NOT_RECORDED; RECORDS_UNAVAILABLE and what Swift's client throws; a retry may help */
export async function statusOf(
  site: BaseSite,
  records: Keeper,
  name: RecordName,
  options: DaemonOptions,
): Promise<StatusOf> {
  const { account, container } = name;
  requireOurs(site, account);
  const peers = await readPeers(site, records, { of: name });
  const proven = provenState(await provenEqualAt(site, records, name), site.now());
  const isTold = peers.every(({ isUp, pending, owed }) => isUp && pending === 0 && owed === 0);
  if (container === undefined) {
    const audit = await new Daemon(site, options).once({ isDryRun: true, account });
    const { mended, unmended, unreachable, brokenOff } = audit;
    const isOk = mended + unmended + unreachable.length === 0 && brokenOff === undefined;
    return { ...name, isOk: isTold && isOk, ...proven, peers, audit };
  }
  const { clusters } = await explainContainer(site, records, { account, container });
  return {
    ...name,
    isOk: isTold && clusters.every(({ findings }) => findings.length === 0),
    ...proven,
    peers,
    clusters,
  };
}

function provenState(
  at: string | undefined,
  nowMs: number,
): Pick<StatusOf, 'provenEqualAt' | 'provenEqualSeconds'> {
  if (at === undefined) return {};
  return { provenEqualAt: at, provenEqualSeconds: Math.max(0, (nowMs - Date.parse(at)) / 1000) };
}
