// What several clusters list of one account, put together: each container once, with the numbers of the cluster that holds its objects.
// Pure; knows nothing of how listings look or are asked for.
import { compareNames } from '../../../lib/name-order.js';
import { withNumbersOf, type Row } from './rows.js';

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
 * @param others rows of that name, at least one where `here` is undefined
 */
export function joinRow(here: Row | undefined, others: readonly Row[]): JoinedRow | undefined {
  const fullest = others.reduce<Row | undefined>(
    (best, each) => (best === undefined || isFuller(each, best) ? each : best),
    undefined,
  );
  if (here === undefined) return fullest && { row: fullest, isHere: false, isOthers: true };
  if (!isEmpty(here) || fullest === undefined || isEmpty(fullest))
    return { row: here, isHere: true, isOthers: false };
  return { row: withNumbersOf(here, fullest), isHere: true, isOthers: true };
}

/**
 * The rows up to where every cluster has said what it has.
 *
 * @param listed this cluster's first
 * @returns `behind`: the indices of those that end it, and may have more behind it
 */
export function joinListed(
  [here, ...others]: readonly [Listed, ...Listed[]],
  isReverse: boolean,
): { readonly joined: readonly JoinedRow[]; readonly behind: readonly number[] } {
  const compare = (a: string, b: string): number => (isReverse ? compareNames(b, a) : compareNames(a, b));
  const ends = [here, ...others].map(({ rows, isFull }) => (isFull ? rows.at(-1)?.name : undefined));
  const end = ends.reduce((first, each) =>
    first === undefined || (each !== undefined && compare(each, first) < 0) ? each : first,
  );
  const byName = new Map<string, Row[]>(here.rows.map(({ name }) => [name, []]));
  const count = byName.size;
  for (const row of others.flatMap(({ rows }) => rows)) {
    const same = byName.get(row.name);
    if (same === undefined) byName.set(row.name, [row]);
    else same.push(row);
  }
  const local = new Map(here.rows.map((row) => [row.name, row]));
  const names = [...byName.keys()];
  if (names.length > count) names.sort(compare);
  const joined: JoinedRow[] = [];
  for (const name of names) {
    if (end !== undefined && compare(name, end) > 0) break;
    const row = joinRow(local.get(name), byName.get(name) ?? []);
    if (row !== undefined) joined.push(row);
  }
  const behind = end === undefined ? [] : [...ends.keys()].filter((index) => ends[index] === end);
  return { joined, behind };
}

function isEmpty({ count, bytes }: Row): boolean {
  return count === 0 && bytes === 0;
}

function isFuller(a: Row, b: Row): boolean {
  return a.count > b.count || (a.count === b.count && a.bytes > b.bytes);
}
