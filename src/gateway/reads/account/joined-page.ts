// One page of an account's listing as it is of all clusters together: asks those that come to an end too early for more. Knows nothing of
// what the client sees of it.
import type { Site } from '../../site.js';
import type { AccountSource } from './account-source.js';
import { areAllLookedUp } from './deleted-here.js';
import { joinListed, type JoinedRow, type Listed } from './join-rows.js';
import { DEFAULT_LIMIT, pageTarget, type PageQuery } from './page-query.js';
import type { Row } from './rows.js';

/** What a cluster listed when it was asked for the page. */
export interface FirstPage {
  readonly source: AccountSource;
  readonly rows: readonly Row[];
  /** In all of the account there. */
  readonly containers: bigint;
}

export interface JoinedPage {
  readonly rows: readonly JoinedRow[];
  /** All containers of the account are among them. */
  readonly isWhole: boolean;
  /** Clusters that were asked for more, and did not say. */
  readonly unknown: readonly string[];
}

/** Containers that only others list are left out where they are deleted here. */
export async function joinPage(
  site: Site,
  query: PageQuery,
  pages: readonly [FirstPage, ...FirstPage[]],
  signal: AbortSignal,
): Promise<JoinedPage> {
  const { account, isReverse, isUnbounded } = query;
  const asked = query.limit ?? DEFAULT_LIMIT;
  // A cluster whose own limit is higher lists more when none is asked for.
  const limit = query.limit ?? Math.max(asked, pages[0].rows.length);
  const deleted = new Map<string, boolean>();
  const unknown: string[] = [];
  const isFull = ({ rows, containers }: FirstPage): boolean =>
    rows.length >= asked && !(isUnbounded && containers <= rows.length);
  const [first, ...others] = pages.map((page) => ({ rows: page.rows, isFull: isFull(page) }));
  const listed: [Listed, ...Listed[]] = [first as Listed, ...others];
  for (;;) {
    const { joined, behind } = joinListed(listed, isReverse);
    const names = joined.filter(isOnlyThere).map(({ row }) => row.name);
    await areAllLookedUp(site, { account, names, deleted, signal });
    const rows = joined.filter((each) => !isOnlyThere(each) || deleted.get(each.row.name) !== true);
    if (rows.length >= limit || behind.length === 0) {
      const isWhole = isUnbounded && !listed.some((each) => each.isFull);
      return { rows: rows.slice(0, limit), isWhole, unknown };
    }
    const more = async (index: number): Promise<void> => {
      const { source } = pages[index] as FirstPage;
      const { rows: before } = listed[index] as Listed;
      const target = pageTarget(query, before.at(-1)?.name);
      const answer = await source.ask('GET', target, signal);
      if (answer === undefined) unknown.push(source.cluster);
      const next = answer?.rows ?? [];
      listed[index] = { rows: [...before, ...next], isFull: next.length > 0 && next.length >= asked };
    };
    await Promise.all(behind.map(more));
  }
}

/** A subdir has no record. */
function isOnlyThere({ isHere, row }: JoinedRow): boolean {
  return !isHere && !row.isSubdir;
}
