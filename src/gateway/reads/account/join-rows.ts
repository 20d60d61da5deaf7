// What several clusters list of one account, put together: each container once, with the numbers of the cluster that holds its objects.
// Pure; knows nothing of how listings look or are asked for.
import { compareNames } from '../../../lib/name-order.js';
import type { Row } from './rows.js';

/** What a row is across the clusters. */
export interface JoinedRow {
  readonly row: Row;
  /** This cluster lists it itself. */
  readonly isHere: boolean;
  /** It is not just what this cluster lists. */
  readonly isOthers: boolean;
}

/** What one cluster has listed so far, in the order of the listing. */
export interface Listed {
  readonly rows: readonly Row[];
  /** There may be more of it. */
  readonly isFull: boolean;
}

/**
 * An account's container as it is to be shown: with this cluster's numbers, unless it is empty here, as it is where its objects are placed
 * elsewhere. Then with those of the cluster that has most of it.
 *
 * @param rows of that name, this cluster's first; undefined where a cluster does not list it
 */
export function joinRow(rows: readonly (Row | undefined)[]): JoinedRow | undefined {
  const [here, ...others] = rows;
  let fullest: Row | undefined;
  for (const each of others)
    if (each !== undefined && (fullest === undefined || isFuller(each, fullest))) fullest = each;
  if (here === undefined) return fullest && { row: fullest, isHere: false, isOthers: true };
  if (!isEmpty(here) || fullest === undefined || isEmpty(fullest))
    return { row: here, isHere: true, isOthers: false };
  const { name, isSubdir, fields } = here;
  const { count, bytes } = fullest;
  return { row: { name, isSubdir, count, bytes, fields }, isHere: true, isOthers: true };
}

/**
 * The rows up to where every cluster has said what it has.
 *
 * @param listed this cluster's first
 * @returns `behind`: the indices of those that end it, and may have more behind it
 */
export function joinListed(
  listed: readonly [Listed, ...Listed[]],
  isReverse: boolean,
): { readonly joined: readonly JoinedRow[]; readonly behind: readonly number[] } {
  const comesFirst = (a: string, b: string): boolean =>
    a !== b && (isReverse ? compareNames(b, a) : compareNames(a, b)) < 0;
  const firstOf = (names: readonly (string | undefined)[]): string | undefined =>
    names.reduce((first, each) =>
      first === undefined || (each !== undefined && comesFirst(each, first)) ? each : first,
    );
  const ends = listed.map(({ rows, isFull }) => (isFull ? rows.at(-1)?.name : undefined));
  const end = firstOf(ends);
  const cursors = listed.map(({ rows }) => ({ rows, at: 0 }));
  const joined: JoinedRow[] = [];
  for (;;) {
    const name = firstOf(cursors.map(({ rows, at }) => rows[at]?.name));
    if (name === undefined || (end !== undefined && comesFirst(end, name))) break;
    const row = joinRow(cursors.map((cursor) => takeNamed(name, cursor)));
    if (row !== undefined) joined.push(row);
  }
  const behind = end === undefined ? [] : [...ends.keys()].filter((index) => ends[index] === end);
  return { joined, behind };
}

function takeNamed(name: string, cursor: { readonly rows: readonly Row[]; at: number }): Row | undefined {
  const row = cursor.rows[cursor.at];
  if (row?.name !== name) return undefined;
  cursor.at += 1;
  return row;
}

function isEmpty({ count, bytes }: Row): boolean {
  return count === 0 && bytes === 0;
}

function isFuller(a: Row, b: Row): boolean {
  return a.count > b.count || (a.count === b.count && a.bytes > b.bytes);
}
