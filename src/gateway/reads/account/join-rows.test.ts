// Promises of how the listings of several clusters are put together, against a plain model of an account.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareNames } from '../../../lib/name-order.js';
import { joinListed, joinRow, type JoinedRow, type Listed } from './join-rows.js';
import type { Row } from './rows.js';

function row(name: string, count: number, bytes: number, date = ''): Row {
  return {
    ...{ name, isSubdir: false, count, bytes },
    fields: { name, count, bytes, last_modified: date },
  };
}

/** What a cluster has: names in listing order. */
type Cluster = readonly Row[];

const name = fc.string({
  unit: fc.constantFrom('a', 'b', '-', '%', 'é', '\n', '\uffff', '😀'),
  minLength: 1,
  maxLength: 3,
});
const container = fc.tuple(name, fc.nat(2), fc.nat(2));
const cluster = fc
  .uniqueArray(container, { selector: ([each]) => each, maxLength: 20 })
  .map((all): Cluster => all.map(([each, count, bytes]) => row(each, count, bytes)));

const asking = fc.record({
  clusters: fc.tuple(cluster, fc.array(cluster, { maxLength: 3 })).map(([first, more]) => [first, ...more]),
  limit: fc.integer({ min: 1, max: 12 }),
  isReverse: fc.boolean(),
  deleted: fc.uniqueArray(name, { maxLength: 10 }).map((names) => new Set(names)),
});

function sorted(rows: Cluster, isReverse: boolean): Cluster {
  const order = [...rows].sort((a, b) => compareNames(a.name, b.name));
  return isReverse ? order.reverse() : order;
}

/** As Swift lists it. */
function page(rows: Cluster, limit: number, after?: string): Listed {
  const start = after === undefined ? 0 : rows.findIndex((each) => each.name === after) + 1;
  const listed = rows.slice(start, start + limit);
  return { rows: listed, isFull: listed.length === limit };
}

function isShown({ isHere, row: { name: each } }: JoinedRow, deleted: ReadonlySet<string>): boolean {
  return isHere || !deleted.has(each);
}

describe('pages of several clusters, put together', () => {
  it('are the page of all that the clusters have, however much of it is deleted here', () => {
    fc.assert(
      fc.property(asking, ({ clusters, limit, isReverse, deleted }) => {
        const all = clusters.map((each) => sorted(each, isReverse));
        const whole = joinListed(
          all.map((rows) => ({ rows, isFull: false })) as [Listed, ...Listed[]],
          isReverse,
        ).joined.filter((each) => isShown(each, deleted));
        const listed = all.map((rows) => page(rows, limit)) as [Listed, ...Listed[]];
        let joined: readonly JoinedRow[];
        for (;;) {
          const { joined: found, behind } = joinListed(listed, isReverse);
          joined = found.filter((each) => isShown(each, deleted));
          if (joined.length >= limit || behind.length === 0) break;
          for (const index of behind) {
            const { rows } = listed[index]!;
            const next = page(all[index]!, limit, rows.at(-1)?.name);
            listed[index] = { rows: [...rows, ...next.rows], isFull: next.isFull };
          }
        }
        expect(joined.slice(0, limit)).toEqual(whole.slice(0, limit));
      }),
      { numRuns: 500 },
    );
  });

  it('have each container once, in order', () => {
    fc.assert(
      fc.property(asking, ({ clusters, isReverse }) => {
        const all = clusters.map((each) => ({ rows: sorted(each, isReverse), isFull: false }));
        const { joined } = joinListed(all as unknown as [Listed, ...Listed[]], isReverse);
        const names = [...new Set(clusters.flat().map((each) => each.name))].sort(compareNames);
        expect(joined.map((each) => each.row.name)).toEqual(isReverse ? names.reverse() : names);
      }),
    );
  });
});

describe('a container', () => {
  it('has the numbers of this cluster, unless it is empty here', () => {
    const here = row('c', 1, 0, 'here');
    expect(joinRow([here, row('c', 9, 9)])).toEqual({ row: here, isHere: true, isOthers: false });
  });

  it('that is empty here has those of the cluster with most of it, and the date of here', () => {
    const joined = joinRow([row('c', 0, 0, 'here'), row('c', 1, 9), row('c', 2, 5, 'there'), row('c', 2, 4)]);
    const { fields } = row('c', 0, 0, 'here');
    expect(joined).toEqual({ row: { ...row('c', 2, 5), fields }, isHere: true, isOthers: true });
  });

  it('that is empty everywhere is this cluster’s', () => {
    const here = row('c', 0, 0, 'here');
    expect(joinRow([here, row('c', 0, 0)])).toEqual({ row: here, isHere: true, isOthers: false });
  });

  it('that only others have is theirs', () => {
    expect(joinRow([undefined, row('c', 0, 0, 'there')])).toEqual({
      row: row('c', 0, 0, 'there'),
      isHere: false,
      isOthers: true,
    });
  });
});
