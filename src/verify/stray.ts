// Objects on clusters where their container is not placed: they go home. By date the newest wins, and what was deleted at home since stays deleted.
// Nothing is deleted before a cluster of the placement is seen to have something newer, nor while one of them cannot be asked.
import { listObjects, type Member, type ObjectName } from '../converge/object-member.js';
import { eachOf } from '../lib/each-of.js';
import { AutosyncError } from '../lib/errors.js';
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

interface Homes {
  /** Where the container is placed. */
  readonly holders: readonly Member[];
  /** That are to hold it as well, and cannot be asked. */
  readonly absent: readonly string[];
}

interface Stray extends Case, Homes {
  readonly at: Member;
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
      await eachOf(namesIn(run, listed), CONCURRENCY, (object) =>
        settleStray(run, { ...name, object }, at, homes),
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

async function settleStray(run: Run, name: ObjectName, at: Member, homes: Homes): Promise<void> {
  run.count.asked += 1;
  const members = [at, ...homes.holders];
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
  await goHome({ ...homes, run, name, members, said, compared, at, copy });
}

async function goHome(stray: Stray): Promise<void> {
  const { run, at, copy, holders, said, absent } = stray;
  const { repair } = run.options;
  const atHome = holders.flatMap(({ cluster }) => {
    const what = said.get(cluster);
    return what === undefined || typeof what === 'string' ? [] : [what];
  });
  const isReplaced = atHome.some(({ ticks }) => ticks > copy.ticks);
  const isOtherOfThatDate = ({ ticks, etag, length }: Copy): boolean =>
    ticks === copy.ticks && (etag !== copy.etag || length !== copy.length);
  if (atHome.some(isOtherOfThatDate)) {
    const detail = 'dated as at home, with other bytes: nobody can say which is right; upload it again';
    report(stray, repair === undefined ? 'found' : 'kept', detail, 'different-bytes');
    return;
  }
  if (!isReplaced) {
    const deletion = await deletedAfter(stray);
    if (deletion === 'young') run.onItsWay(stray.name);
    else if (deletion === 'deleted') reportOrphan(stray);
    if (deletion !== 'no') return;
  }
  if (repair === undefined || repair.isDryRun) {
    const outcome = repair === undefined ? 'found' : 'planned';
    report(stray, outcome, isReplaced ? 'a newer one is at home' : 'it is to go home');
    return;
  }
  if (absent.length > 0 || holders.length === 0) {
    report(stray, 'kept', `nothing is deleted while ${absent.join(', ')} cannot be asked`);
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
      const wish = { from: [at.cluster], to, isMetadataOnly: false, laterTicks: HOME_LATER_TICKS };
      const why = await copyTo(run.site, name, wish);
      const { said } = await look(holder, name);
      if (typeof said === 'object' && said.ticks > copy.ticks) return '';
      return `${to}: ${why === '' ? 'Swift took it, and does not have it' : why}`;
    }),
  );
  return reasons.includes('') ? '' : reasons.join('; ');
}

function report(stray: Stray, outcome: Outcome, detail: string, kind: Kind = 'stray'): void {
  stray.run.found({ ...findingOf(kind, stray, [stray.at.cluster], outcome), detail });
}
