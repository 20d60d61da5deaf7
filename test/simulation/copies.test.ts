// Random histories of one object on some clusters, and copies of it: late, doubled, out of order, lost, killed half-way, with wrong clocks.
// Whatever happened, once each cluster has copied to each other what it holds, all have what the newest of the clients' changes made.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { copyObject } from '../../src/copy/copy-object.js';
import { ModelObject, NAME, type Broken, type Held } from './model-objects.js';

const CLUSTERS = [0, 1, 2] as const;

const at = fc.constantFrom(...CLUSTERS);
const step = fc.oneof(
  fc.record({ kind: fc.constantFrom('PUT' as const, 'POST' as const, 'DELETE' as const), at }),
  fc.record({ kind: fc.constant('copy' as const), at, to: at, looksFirst: fc.boolean() }),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
/** How far the clock of each cluster is off, in steps. */
const skews = fc.array(fc.integer({ min: -40, max: 40 }), { minLength: 3, maxLength: 3 });

interface Done {
  readonly ticks: bigint;
  readonly kind: 'PUT' | 'POST' | 'DELETE';
  readonly value: string;
  readonly result: Held | undefined;
}

/** A client's change; undefined where Swift does not take it. */
function change(
  here: ModelObject,
  kind: Done['kind'],
  { index, skew }: { readonly index: number; readonly skew: number },
): Done | undefined {
  // No two changes of the same date: Swift has rules for those as well, but clients cannot tell which is the newest.
  const ticks = BigInt(index + skew) * 20_000n + BigInt(index) + 1_000_000n;
  const value = String(index);
  const isTaken =
    kind === 'PUT'
      ? here.put({ body: value, meta: value }, ticks)
      : kind === 'POST'
        ? here.post(value, ticks)
        : here.delete(ticks);
  return isTaken ? { ticks, kind, value, result: here.held } : undefined;
}

function newestOf(taken: readonly Done[]): Done | undefined {
  return taken.reduce<Done | undefined>((a, b) => (a === undefined || b.ticks > a.ticks ? b : a), undefined);
}

/** Every cluster to every other, until nothing changes: what container sync and the audit come to in the end. */
async function settle(clusters: readonly ModelObject[]): Promise<number> {
  const arrive = (): Promise<void> => Promise.resolve();
  for (let round = 1; round <= 10; round += 1) {
    const before = JSON.stringify(clusters.map(({ held }) => held));
    for (const from of clusters)
      for (const to of clusters)
        if (from !== to)
          await copyObject(from.asLocal(arrive), to.asPeer(arrive, from), NAME, 'k', { looksFirst: true });
    if (JSON.stringify(clusters.map(({ held }) => held)) === before) return round;
  }
  return Infinity;
}

/** All at once, and what is sent gets lost. */
function atOnce(broken: Broken) {
  return fc.asyncProperty(
    fc.array(step, { minLength: 1, maxLength: 12 }),
    skews,
    fc.scheduler(),
    fc.array(fc.boolean(), { maxLength: 8 }),
    async (steps, skewOf, scheduler, losses) => {
      const clusters = CLUSTERS.map((each) => new ModelObject(String(each), broken));
      const taken: Done[] = [];
      let lost = 0;
      let index = 0;
      const travel = async (): Promise<void> => {
        await scheduler.schedule(Promise.resolve());
        lost += 1;
        if (losses[lost % Math.max(1, losses.length)] === true) throw new Error('lost');
      };
      const one = async (each: Step): Promise<void> => {
        await scheduler.schedule(Promise.resolve());
        const here = clusters[each.at]!;
        if (each.kind === 'copy') {
          if (each.to === each.at) return;
          const there = clusters[each.to]!.asPeer(travel, here);
          // What is lost on the way to its own Swift ends a copy with an exception; the job is tried again, or forgotten.
          await copyObject(here.asLocal(travel), there, NAME, 'k', each).catch(() => undefined);
          return;
        }
        index += 1;
        const done = change(here, each.kind, { index, skew: skewOf[each.at]! });
        if (done !== undefined) taken.push(done);
      };
      await scheduler.waitFor(Promise.all(steps.map(one)));
      expect(await settle(clusters)).toBeLessThan(10);
      const newest = newestOf(taken);
      for (const { held, date } of clusters) {
        // A POST is newest with whatever bytes it meets; where these are two, the audit settles it (verify/object.ts).
        if (newest?.kind === 'POST') expect([held?.meta, date]).toEqual([newest.value, newest.ticks]);
        else expect(held).toEqual(newest?.result);
      }
    },
  );
}

/** One after the other on two clusters that had the same object, and agree on the time: what one Swift would make of all those PUTs and POSTs. */
function oneByOne(broken: Broken) {
  return fc.asyncProperty(
    fc.array(step, { minLength: 1, maxLength: 12 }),
    fc.array(fc.boolean(), { maxLength: 8 }),
    async (steps, losses) => {
      const clusters = [0, 1].map((each) => new ModelObject(String(each), broken));
      for (const each of clusters) each.put({ body: 'first', meta: 'first' }, 1_000n);
      const taken: Done[] = [
        { ticks: 1_000n, kind: 'PUT', value: 'first', result: { body: 'first', meta: 'first' } },
      ];
      let lost = 0;
      const travel = async (): Promise<void> => {
        await Promise.resolve();
        lost += 1;
        if (losses[lost % Math.max(1, losses.length)] === true) throw new Error('lost');
      };
      for (const [index, each] of steps.entries()) {
        const here = clusters[each.at % 2]!;
        if (each.kind === 'DELETE') continue;
        if (each.kind !== 'copy') {
          const done = change(here, each.kind, { index, skew: 0 });
          if (done !== undefined) taken.push(done);
          continue;
        }
        const there = clusters[(each.at + 1) % 2]!.asPeer(travel, here);
        const how = { looksFirst: true };
        await copyObject(here.asLocal(travel), there, NAME, 'k', how).catch(() => undefined);
      }
      expect(await settle(clusters)).toBeLessThan(10);
      const body = newestOf(taken.filter(({ kind }) => kind === 'PUT'))?.value;
      for (const { held } of clusters) expect(held).toEqual({ body, meta: newestOf(taken)?.value });
    },
  );
}

const RUNS = Number(process.env['COPIES_RUNS'] ?? 1_500);

describe('copies of an object, in any order and with any loss', () => {
  it('end in what the newest change made, on all clusters', { timeout: 600_000 }, async () => {
    await fc.assert(atOnce({}), { numRuns: RUNS });
  });

  it('keep the newest bytes with the newest metadata', { timeout: 600_000 }, async () => {
    await fc.assert(oneByOne({}), { numRuns: RUNS });
  });

  it.each<[string, Broken]>([
    ['objects are dated by their arrival', { isDatedByArrival: true }],
    ['what is not here counts as deleted here', { isProbeBlind: true }],
    ['what came between a look and the probe counts as deleted', { isProbeEnough: true }],
    ['metadata goes to other bytes', { isPostBlind: true }],
  ])('would not, if %s', { timeout: 60_000 }, async (_, broken) => {
    const found = await fc.check(atOnce(broken), { numRuns: 3_000 });
    expect(found.failed).toBe(true);
  });

  it('would not keep the newest bytes, if clusters did not tell whose are newer', async () => {
    const found = await fc.check(oneByOne({ isProbeBlind: true }), { numRuns: 3_000 });
    expect(found.failed).toBe(true);
  });
});
