// Whether an account is whole on all clusters. Where one deleted it, Swift's reaper deletes what is in it, and that is no client's doing:
// nothing may be deleted elsewhere for it.
import type { Member } from '../converge/object-member.js';
import { peerRecord } from '../converge/peer-records.js';
import { AutosyncError } from '../lib/errors.js';
import { deletionOf, goneAtMs, isGoneAt } from '../records/account-life.js';
import type { Keeper } from '../records/keeper.js';
import { EMPTY, mergeRecords, type Record } from '../records/record.js';
import { swiftTarget } from '../swift/path.js';
import { isSuccess } from '../swift/swift-client.js';
import type { Run } from './run.js';

export interface AccountState {
  /** It is to be deleted, and every cluster does so in its own time. */
  readonly isDeleting: boolean;
  /** Clusters where it is deleted, or does not exist. */
  readonly goneAt: readonly string[];
  /** By cluster, where it was deleted once and made again: what was deleted there until then (milliseconds since 1970) counts for nothing. */
  readonly reapedUntilMs: ReadonlyMap<string, number>;
}

/** @throws AutosyncError RECORDS_UNAVAILABLE; a retry may help. Clusters that cannot be asked are noted in the run. */
export async function readAccount(run: Run, records: Keeper, account: string): Promise<AccountState> {
  const { clusters, options } = run.site;
  const members = clusters.all().flatMap((each) => run.member(each) ?? []);
  let record: Record = await records.read({ account });
  for (const { cluster } of members) {
    const peer = clusters.peer(cluster);
    if (peer === undefined) continue;
    const theirs = await peerRecord(peer, { account }).catch((error: unknown) => {
      if (!(error instanceof AutosyncError)) throw error;
      run.away(cluster, error.message);
      return EMPTY;
    });
    record = mergeRecords(record, { ...EMPTY, desired: theirs.desired });
  }
  const here = await Promise.all(members.map((member) => isHere(run, member, account)));
  const gone = members.filter(({ cluster }, i) => here[i] !== true || isGoneAt(record, cluster));
  const reaped = clusters.all().flatMap((cluster) => {
    const goneMs = goneAtMs(record, cluster);
    // Dated by other hosts' clocks as well.
    return goneMs === 0 ? [] : [[cluster, goneMs + options.maxClockSkewMs] as const];
  });
  return {
    isDeleting: deletionOf(record) !== undefined,
    goneAt: gone.map(({ cluster }) => cluster),
    reapedUntilMs: new Map(reaped),
  };
}

async function isHere(run: Run, { cluster, ask }: Member, account: string): Promise<boolean> {
  try {
    const { status, reason } = await ask('HEAD', swiftTarget(account));
    if (!isSuccess(status) && status !== 404 && status !== 410)
      run.away(cluster, `HEAD of an account: ${status} ${reason}`);
    return isSuccess(status);
  } catch (error) {
    if (!(error instanceof AutosyncError)) throw error;
    run.away(cluster, error.message);
    return false;
  }
}
