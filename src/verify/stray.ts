// Objects on clusters where their container is not placed: they go home. By date the newest wins, and what was deleted at home since stays deleted.
// Nothing is deleted before a cluster of the placement is seen to have something newer, nor while one of them cannot be asked; and what may have
// been deleted there so long ago that Swift has forgotten it is not taken there.
import { listObjects, type Member, type ObjectName } from '../converge/object-member.js';
import { eachOf } from '../lib/each-of.js';
import { AutosyncError } from '../lib/errors.js';
import { fenceAfterMs } from '../records/fence.js';
import { leftPlacement, type Left } from '../records/placement-history.js';
import type { Record } from '../records/record.js';
import type { ContainerName } from '../site/site.js';
import { timestampMs } from '../swift/timestamp.js';
import { compareCopies, expiresMs, isYoung, type Copy } from './compare.js';
import type { Kind, Outcome } from './finding.js';
import { look } from './look.js';
import { deletedAfter, findingOf, reportOrphan, type Case } from './object.js';
import { copyTo } from './repair.js';
import type { Run } from './run.js';

/** Objects asked for at once. */
const CONCURRENCY = 8;
/**
 * A copy is dated two ticks later at home, and the deletion here one tick: should this cluster hold the container again one day, container
 * sync and every probe find that deletion older than the copy.
 */
const HOME_LATER_TICKS = 2;
const FORGOTTEN =
  'not at home, and so old that Swift would have forgotten its deletion there: --force takes it home, if nobody deleted it; else delete it here';

export interface Homes {
  /** Where the container is placed. */
  readonly holders: readonly Member[];
  /** That are to hold it as well, and cannot be asked. */
  readonly absent: readonly string[];
  /** Of the container. */
  readonly record: Pick<Record, 'desired'>;
  /** Whether it is placed as that record says still. @throws AutosyncError RECORDS_UNAVAILABLE */
  readonly isStillSo: () => Promise<boolean>;
}

interface Place extends Homes {
  readonly at: Member;
  /** Who else is not to hold its objects, and can be asked. */
  readonly others: readonly Member[];
  /** When it was last to hold them; undefined where nobody can tell. */
  readonly left: Left | undefined;
}

interface Stray extends Case, Place {
  readonly copy: Copy;
}

/** Never rejects for a cluster's trouble: that is a finding. */
export async function findStrays(
  run: Run,
  name: ContainerName,
  { others, ...homes }: Homes & { readonly others: readonly Member[] },
): Promise<void> {
  for (const at of others) {
    const { page } = run.options;
    try {
      const listed = listObjects(at, name, page === undefined ? {} : { page });
      const left = leftPlacement(homes.record, at.cluster, run.site.clusters.all());
      const place = { ...homes, at, left, others: others.filter((each) => each !== at) };
      await eachOf(namesIn(run, listed), CONCURRENCY, (object) =>
        settleStray(run, { ...name, object }, place),
      );
    } catch (error) {
      if (!(error instanceof AutosyncError)) throw error;
      run.unclear(name, [at.cluster], `not all of it was looked at: ${error.message}`);
    }
  }
}

async function* namesIn(run: Run, rows: ReturnType<typeof listObjects>): AsyncGenerator<string> {
  for await (const [object] of rows) {
    if (!run.mayGoOn) return;
    run.count.objects += 1;
    yield object;
  }
}

async function settleStray(run: Run, name: ObjectName, place: Place): Promise<void> {
  run.count.asked += 1;
  const { at, holders } = place;
  const members = [at, ...holders];
  const looks = await Promise.all(members.map((member) => look(member, name)));
  const said = new Map(members.map(({ cluster }, i) => [cluster, looks[i]?.said ?? 'unclear']));
  const unclear = members.filter((_, i) => looks[i]?.said === 'unclear').map(({ cluster }) => cluster);
  const copy = said.get(at.cluster);
  const compared = compareCopies(said);
  if (unclear.length > 0) {
    const detail = looks.flatMap(({ detail: why }) => (why === '' ? [] : [why])).join('; ');
    run.found({ kind: 'unclear', ...name, clusters: unclear, detail, outcome: 'found' });
    return;
  }
  // Gone since it was listed.
  if (compared === undefined || copy === undefined || typeof copy === 'string') return;
  const { nowMs, options } = run;
  if (
    isYoung(timestampMs(copy.ticks), nowMs, options.graceMs) ||
    expiresMs(copy) <= nowMs + options.graceMs
  ) {
    run.onItsWay(name);
    return;
  }
  await goHome({ ...place, run, name, members, said, compared, copy });
}

async function goHome(stray: Stray): Promise<void> {
  const { run, copy, holders, others, said } = stray;
  const atHome = holders.flatMap(({ cluster }) => {
    const what = said.get(cluster);
    return what === undefined || typeof what === 'string' ? [] : [what];
  });
  // What has the same bytes may have no more than newer metadata (a POST): its bytes are to be dated anew as well.
  const isReplaced = atHome.some(
    (each) => each.ticks > copy.ticks + 1n && (each.etag !== copy.etag || each.length !== copy.length),
  );
  const isOtherOfThatDate = ({ ticks, etag, length }: Copy): boolean =>
    ticks === copy.ticks && (etag !== copy.etag || length !== copy.length);
  if (atHome.some(isOtherOfThatDate)) {
    const detail = 'dated as at home, with other bytes: nobody can say which is right; upload it again';
    keep(stray, detail, 'different-bytes');
    return;
  }
  if (isReplaced) return move(stray, true);
  // While the placement changed again and again it may have been deleted where it is not placed any more, either.
  const isNowhere = atHome.length === 0;
  const deletion = await deletedAfter(stray, isNowhere ? others : []);
  if (deletion === 'young') run.onItsWay(stray.name);
  // However old it is: what a cluster has just said of that deletion it will have forgotten soon.
  else if (deletion === 'deleted') reportOrphan(stray, { mayBeOld: true });
  else if (deletion === 'unknown') keep(stray, 'not all clusters said whether it was deleted at home');
  else if (isNowhere && !(await isRemembered(stray))) keep(stray, FORGOTTEN);
  else await move(stray, false);
}

/**
 * Whether its deletion at home would be known. Swift remembers deletions for reclaim_age; this cluster has heard of those from before
 * it left the placement, but for such as those that held the object together with it have kept to themselves.
 */
async function isRemembered({ run, name, copy, left }: Stray): Promise<boolean> {
  const { repair, reclaimAgeMs } = run.options;
  const sinceMs = run.nowMs - fenceAfterMs(reclaimAgeMs);
  if (timestampMs(copy.ticks) > sinceMs || repair?.isForced === true) return true;
  if (left === undefined || left.sinceMs <= sinceMs) return false;
  const looks = left.together.map(async (cluster) => {
    const member = run.member(cluster);
    return member !== undefined && typeof (await look(member, name)).said !== 'string';
  });
  return !(await Promise.all(looks)).includes(false);
}

/** Home, where a newer one is not there already; then it goes from where it does not belong. */
async function move(stray: Stray, isReplaced: boolean): Promise<void> {
  const { run, at, copy, holders, absent } = stray;
  const { repair } = run.options;
  if (repair === undefined || repair.isDryRun) {
    const outcome = repair === undefined ? 'found' : 'planned';
    report(stray, outcome, isReplaced ? 'a newer one is at home' : 'it is to go home');
    return;
  }
  if (absent.length > 0 || holders.length === 0) {
    report(stray, 'kept', `nothing is deleted while ${absent.join(', ')} cannot be asked`);
    return;
  }
  if (!(await stray.isStillSo())) {
    run.onItsWay(stray.name);
    return;
  }
  const why = isReplaced ? '' : await copyHome(stray);
  if (why !== '') {
    report(stray, 'failed', why);
    return;
  }
  try {
    // Whatever is written here meanwhile is newer, and stays.
    await at.deleteAsOf(stray.name, copy.ticks + 1n);
    report(stray, 'repaired', isReplaced ? 'a newer one is at home' : 'it went home');
  } catch (error) {
    if (!(error instanceof AutosyncError)) throw error;
    report(stray, 'failed', error.message);
  }
}

/**
 * To all of them, bytes and all: where only its metadata is dated anew, Swift deletes it by a deletion that is newer than its bytes. Says '' where
 * one is seen to have it.
 */
async function copyHome({ run, name, at, copy, holders }: Stray): Promise<string> {
  const reasons = await Promise.all(
    holders.map(async (holder) => {
      const to = holder.cluster;
      const wish = { from: [at.cluster], to, looksFirst: false, laterTicks: HOME_LATER_TICKS };
      const why = await copyTo(run.site, name, wish);
      const { said } = await look(holder, name);
      if (why !== '') return `${to}: ${why}`;
      const isThere = typeof said === 'object' && said.ticks > copy.ticks + 1n;
      return isThere ? '' : `${to}: Swift took it, and does not have it`;
    }),
  );
  return reasons.includes('') ? '' : reasons.join('; ');
}

function keep(stray: Stray, detail: string, kind: Kind = 'stray'): void {
  report(stray, stray.run.options.repair === undefined ? 'found' : 'kept', detail, kind);
}

function report(stray: Stray, outcome: Outcome, detail: string, kind: Kind = 'stray'): void {
  stray.run.found({ ...findingOf(kind, stray, [stray.at.cluster], outcome), detail });
}
