// Which containers an audit has to look at, from what listings and records show of them at one glance. Pure.
import { deletedMs, DESIRED, lifeOf, type Record } from '../records/record.js';
import type { Marks } from '../records/rows.js';
import { versionMs } from '../records/version.js';

/** One name, as all sides show it. */
export interface Glance<P> {
  readonly container: string;
  /** It was not as it should be when it was last looked at, which may not show. */
  readonly wasTroubled: boolean;
  /** The date of its row in the local Swift's listing. */
  readonly listed: Marks | undefined;
  /** Marks of the records here. */
  readonly ours: Marks | undefined;
  /** Marks of the records of each peer that answers. */
  readonly theirs: readonly { readonly peer: P; readonly marks: Marks | undefined }[];
}

export interface Rules {
  /** Containers in no record that were made before that are left alone; milliseconds since 1970. */
  readonly adoptSinceMs: number;
  /** Tombstones from before that are old. */
  readonly oldBeforeMs: number;
  /** Every peer has been asked, and changes are made. */
  readonly mayForget: boolean;
  /** Every container is looked at once in so many passes; this is pass number `turn`. */
  readonly lookEvery: number;
  readonly turn: number;
}

/** `pass`: nothing to do; `leave`: from before our time; `forget`: its tombstone is over; `look`: peers `ahead` may know more, or less. */
export type Suspicion<P> =
  { readonly kind: 'pass' | 'leave' | 'forget' } | { readonly kind: 'look'; readonly ahead: readonly P[] };

export function suspicionOf<P>(glance: Glance<P>, rules: Rules): Suspicion<P> {
  const { container, wasTroubled, listed, ours, theirs } = glance;
  const isInNoRecord = ours === undefined && theirs.every(({ marks }) => marks === undefined);
  if (isInNoRecord && dateIn(listed) < rules.adoptSinceMs) return { kind: 'leave' };
  const mark = ours?.size === 1 ? [...ours][0] : undefined;
  const isHere = listed !== undefined;
  const deleted = deletedMs(mark ?? '');
  if (!isHere && isForgotten(glance, rules)) return { kind: 'pass' };
  if (!isHere && isOver(mark, glance, rules)) return { kind: 'forget' };
  const ahead = theirs.filter(({ marks }) => !isSameMark(marks, mark)).map(({ peer }) => peer);
  const isWanted = mark !== undefined && deleted === undefined;
  const isPlain = mark !== undefined && isHere === isWanted && ahead.length === 0 && !wasTroubled;
  return isPlain && !isItsTurn(container, rules) ? { kind: 'pass' } : { kind: 'look', ahead };
}

/** The container is to be there, and both say the same of it. */
export function isShared(ours: Marks | undefined, theirs: Marks | undefined): boolean {
  const [mark = ''] = ours ?? [];
  return ours?.size === 1 && deletedMs(mark) === undefined && isSameMark(theirs, mark);
}

/** Peers still have the tombstone of what is forgotten here: it must not come back from there. */
function isForgotten<P>({ ours, theirs }: Glance<P>, rules: Rules): boolean {
  const marks = theirs.flatMap((each) => [...(each.marks ?? [])]);
  return ours === undefined && marks.length > 0 && marks.every((mark) => isOldTombstone(mark, rules));
}

/** All clusters have had this tombstone for so long that nothing can bring the container back. */
function isOver<P>(mark: string | undefined, { theirs }: Glance<P>, rules: Rules): boolean {
  const isEverywhere = theirs.every(({ marks }) => marks === undefined || isSameMark(marks, mark));
  return rules.mayForget && isEverywhere && isOldTombstone(mark ?? '', rules);
}

function isOldTombstone(mark: string, { oldBeforeMs }: Rules): boolean {
  return (deletedMs(mark) ?? Infinity) < oldBeforeMs;
}

/**
 * The same by the records themselves: marks do not tell a tombstone where one writer has it and another has what was before.
 *
 * @param theirs of the peers, as far as they have any
 */
export function isOverEverywhere(
  ours: Record,
  theirs: readonly Record[],
  { oldBeforeMs, mayForget }: Pick<Rules, 'oldBeforeMs' | 'mayForget'>,
): boolean {
  const version = ours.desired.get(DESIRED.life)?.version;
  if (!mayForget || lifeOf(ours) !== 'deleted' || version === undefined) return false;
  const isKnown = (record: Record): boolean => record.desired.get(DESIRED.life)?.version === version;
  return versionMs(version) < oldBeforeMs && theirs.every(isKnown);
}

/** The rotating look at everything: a container POST does not show in any listing. */
function isItsTurn(container: string, { lookEvery, turn }: Rules): boolean {
  let sum = 0;
  for (let i = 0; i < container.length; i += 1) sum = (sum * 31 + container.charCodeAt(i)) >>> 0;
  return sum % lookEvery === turn % lookEvery;
}

function isSameMark(marks: Marks | undefined, mark: string | undefined): boolean {
  return mark !== undefined && marks?.size === 1 && marks.has(mark);
}

/** Of a row of Swift's own listing, in milliseconds since 1970; what is not listed was not made before anything. */
function dateIn(listed: Marks | undefined): number {
  const [date] = listed ?? [];
  return date === undefined ? Infinity : Date.parse(`${date}Z`);
}
