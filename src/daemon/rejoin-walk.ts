// Every object that is not on both sides, a cluster that was away and the others, and what is to become of it. Listings only say where
// to look; by name it is asked what is there, and what was deleted.
import { dateOf, listObjects, type Member, type ObjectName } from '../converge/object-member.js';
import { eachOf } from '../lib/each-of.js';
import { AutosyncError } from '../lib/errors.js';
import { mergeJoin } from '../lib/merge-join.js';
import type { ContainerName } from '../site/site.js';
import { timestampMs } from '../swift/timestamp.js';

/** What there is to say of an object, and what is done about it. */
export const CASES = {
  'written-there': 'written on it while it was away: comes to the others',
  'ambiguous': 'only on it, and older than that: deleted elsewhere meanwhile, or never arrived there',
  'deleted-elsewhere': 'only on it, and deleted elsewhere: is deleted there',
  'written-elsewhere': 'written elsewhere meanwhile: comes to it',
  'comes-back': 'missing on it, and older than that: deleted there meanwhile, or never arrived; comes to it',
  'deleted-there': 'deleted on it: is deleted elsewhere',
  'unclear': 'a cluster did not say: nothing is done, and the fence stays',
} as const;

export type Case = keyof typeof CASES;

export interface Found extends ObjectName {
  readonly case: Case;
  /** Its X-Timestamp, as a time; undefined where it could not be asked for. */
  readonly date: string | undefined;
  readonly detail?: string;
}

export interface Walk {
  /** The cluster that was away. */
  readonly away: Member;
  /** Those it is held against. */
  readonly others: readonly Member[];
  /** Of objects up to this date (milliseconds since 1970) it is not known whether they were deleted (Fence.doubtfulUntilMs). */
  readonly untilMs: number;
  /** undefined: nothing is deleted, it is only looked. */
  readonly apply: { readonly ambiguous: 'keep' | 'drop' } | undefined;
  readonly onFound: (found: Found) => void;
  /** Objects listed by both sides. */
  readonly onSame: () => void;
}

/** Rows looked into at once. */
const CONCURRENCY = 8;

/** @throws AutosyncError what the members throw when they list; safe to begin anew */
export async function walkContainer(walk: Walk, container: ContainerName): Promise<void> {
  await eachOf(differing(walk, container), CONCURRENCY, async ({ object, isThere, holders }) => {
    const name = { ...container, object };
    const found = await guarded(name, () =>
      isThere ? settleOnlyThere(walk, name) : settleOnlyElsewhere(walk, name, holders),
    );
    if (found !== undefined) walk.onFound(found);
  });
}

/** A row that only one side has. */
interface Differing {
  readonly object: string;
  readonly isThere: boolean;
  readonly holders: readonly Member[];
}

async function* differing(walk: Walk, container: ContainerName): AsyncGenerator<Differing> {
  const { away, others } = walk;
  const streams = [away, ...others].map((member) => listObjects(member, container));
  for await (const { key: object, values } of mergeJoin(streams)) {
    const [there, ...elsewhere] = values;
    const holders = others.filter((_, i) => elsewhere[i] !== undefined);
    if (there !== undefined && holders.length > 0) walk.onSame();
    else yield { object, isThere: there !== undefined, holders };
  }
}

async function guarded(name: ObjectName, work: () => Promise<Found | undefined>): Promise<Found | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof AutosyncError)) throw error;
    return { ...name, case: 'unclear', date: undefined, detail: error.message };
  }
}

async function settleOnlyThere(walk: Walk, name: ObjectName): Promise<Found | undefined> {
  const { away, others, apply } = walk;
  const ticks = await dateOf(away, name);
  const elsewhere = await Promise.all(others.map((other) => dateOf(other, name)));
  if (ticks === undefined || elsewhere.some((each) => each !== undefined)) return undefined;
  const answers = await Promise.all(others.map((other) => other.probe(name, ticks)));
  const isDeleted = answers.includes('newer-here');
  const isOwn = timestampMs(ticks) > walk.untilMs;
  const found = isDeleted ? 'deleted-elsewhere' : isOwn ? 'written-there' : 'ambiguous';
  const isDropped = isDeleted || (found === 'ambiguous' && apply?.ambiguous === 'drop');
  // One tick later than this very copy: what is newer stays.
  if (apply !== undefined && isDropped) await away.deleteAsOf(name, ticks + 1n);
  return foundAs(found, name, ticks);
}

async function settleOnlyElsewhere(
  walk: Walk,
  name: ObjectName,
  holders: readonly Member[],
): Promise<Found | undefined> {
  const { away, apply } = walk;
  const dates = await Promise.all(holders.map((holder) => dateOf(holder, name)));
  const held = dates.filter((each) => each !== undefined);
  if (held.length === 0 || (await dateOf(away, name)) !== undefined) return undefined;
  const ticks = held.reduce((a, b) => (b > a ? b : a));
  const isDeleted = (await away.probe(name, ticks)) === 'newer-here';
  if (isDeleted && apply !== undefined)
    await Promise.all(holders.map((holder) => holder.deleteAsOf(name, ticks + 1n)));
  const isNew = timestampMs(ticks) > walk.untilMs;
  return foundAs(isDeleted ? 'deleted-there' : isNew ? 'written-elsewhere' : 'comes-back', name, ticks);
}

function foundAs(found: Case, name: ObjectName, ticks: bigint): Found {
  return { ...name, case: found, date: new Date(timestampMs(ticks)).toISOString() };
}
