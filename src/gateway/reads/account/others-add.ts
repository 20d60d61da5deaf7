// What other clusters add to an account's totals here: containers that only they have, and the objects of containers that are empty here.
// Walks through the listings of all clusters side by side, in constant memory. Knows nothing of the requests that want to know it.
import { AutosyncError } from '../../../lib/errors.js';
import { mergeJoin, type Sorted } from '../../../lib/merge-join.js';
import { ShortMemory } from '../../../lib/short-memory.js';
import { TimeLimit } from '../../../lib/time-limit.js';
import type { Site } from '../../site.js';
import type { AccountAnswer, AccountSource } from './account-source.js';
import { areAllLookedUp } from './deleted-here.js';
import { joinRow, type JoinedRow } from './join-rows.js';
import { pageTarget } from './page-query.js';
import type { Row } from './rows.js';
import { NOTHING, sumOf, type Totals } from './totals.js';

/** An account that is polled costs one walk in so long. */
const FRESH_MS = 5_000;
const MAX_CONTAINERS = 100_000;
/** Rows asked for at once: while they are gone through, the next come. */
const PAGE = 2_000;
/** Names that only others have, looked up together. */
const BATCH = 200;

/** The clusters to hold against each other. */
export interface Sources {
  readonly here: AccountSource;
  readonly others: readonly AccountSource[];
}

export class OthersAdd {
  readonly #site: Site;
  readonly #known = new ShortMemory<Promise<Totals | undefined>>(FRESH_MS);

  constructor(site: Site) {
    this.#site = site;
  }

  /** Undefined where there are too many containers to know it within `fallback_timeout`; that is remembered as well. */
  find(account: string, sources: Sources): Promise<Totals | undefined> {
    const key = [account, ...sources.others.map(({ cluster }) => cluster)].join('/');
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const found = this.#walk(account, sources);
    this.#known.set(key, found);
    return found;
  }

  async #walk(account: string, sources: Sources): Promise<Totals | undefined> {
    const limit = new TimeLimit(this.#site.options.reads.timeoutMs);
    try {
      return await walk(this.#site, account, sources, limit.signal);
    } catch (error) {
      if (error instanceof AutosyncError) return undefined;
      throw error;
    } finally {
      limit.end();
    }
  }
}

/** What these rows add, each of which is not just this cluster's. */
export function addedBy(rows: readonly JoinedRow[]): Totals {
  const added = rows.filter(({ isOthers }) => isOthers);
  return added.reduce(
    (sum, { row, isHere }) =>
      sumOf(sum, {
        containers: isHere ? 0n : 1n,
        objects: BigInt(row.count),
        bytes: BigInt(row.bytes),
      }),
    NOTHING,
  );
}

/** @throws AutosyncError PEER_UNREACHABLE where one of them does not answer before the signal; a retry may help */
async function walk(
  site: Site,
  account: string,
  { here, others }: Sources,
  signal: AbortSignal,
): Promise<Totals | undefined> {
  let sum = NOTHING;
  let onlyThere: JoinedRow[] = [];
  const settle = async (): Promise<boolean> => {
    const deleted = new Map<string, boolean>();
    const names = onlyThere.map(({ row }) => row.name);
    const isKnown = await areAllLookedUp(site, { account, names, deleted, signal });
    sum = sumOf(sum, addedBy(onlyThere.filter(({ row }) => deleted.get(row.name) !== true)));
    onlyThere = [];
    return isKnown;
  };
  let count = 0;
  for await (const { values } of mergeJoin([here, ...others].map((each) => rowsOf(each, account, signal)))) {
    count += 1;
    if (count > MAX_CONTAINERS) return undefined;
    const joined = joinRow(values);
    if (joined?.isOthers !== true) continue;
    if (joined.isHere) sum = sumOf(sum, addedBy([joined]));
    else onlyThere.push(joined);
    if (onlyThere.length >= BATCH && !(await settle())) return undefined;
  }
  return (await settle()) ? sum : undefined;
}

async function* rowsOf(source: AccountSource, account: string, signal: AbortSignal): Sorted<Row> {
  let asked = askPage(source, account, '', signal);
  for (;;) {
    const page = await asked;
    if (page === undefined) throw new AutosyncError('PEER_UNREACHABLE', source.cluster);
    const last = page.rows.at(-1);
    const isLast = last === undefined || page.rows.length < PAGE;
    if (!isLast) asked = askPage(source, account, last.name, signal);
    for (const row of page.rows) yield [row.name, row] as const;
    if (isLast) return;
  }
}

function askPage(
  source: AccountSource,
  account: string,
  marker: string,
  signal: AbortSignal,
): Promise<AccountAnswer | undefined> {
  const parameters = new Map([
    ['limit', String(PAGE)],
    ['marker', marker],
  ]);
  return source.ask('GET', pageTarget({ account, parameters }), signal);
}
