// Random histories of one object on three clusters, and copies of it: late, doubled, out of order, lost, killed half-way, with wrong clocks.
// Whatever happened, once each cluster has copied to each other what it holds, all have what the newest of the clients' changes made.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { copyObject } from '../../src/copy/copy-object.js';
import { ModelObject, type Broken, type Held } from './model-objects.js';

const CLUSTERS = [0, 1, 2] as const;
const NAME = { account: 'AUTH_a', container: 'c', object: 'o' };
/** Clocks are off by up to this. */
const SKEW = 40;

const at = fc.constantFrom(...CLUSTERS);
const step = fc.oneof(
  fc.record({
    kind: fc.constantFrom('PUT' as const, 'POST' as const, 'DELETE' as const),
    at,
    skew: fc.integer({ min: -SKEW, max: SKEW }),
  }),
  fc.record({ kind: fc.constant('copy' as const), at, to: at, isMetadataOnly: fc.boolean() }),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

interface Done {
  readonly ticks: bigint;
  readonly result: Held | undefined;
}

/** The clients' changes that Swift took, and where it ends. */
async function play(
  steps: readonly Step[],
  scheduler: fc.Scheduler,
  losses: readonly boolean[],
  broken: Broken,
) {
  const clusters = CLUSTERS.map(() => new ModelObject(broken));
  const taken: Done[] = [];
  let lost = 0;
  let calls = 0;
  const travel = async (): Promise<void> => {
    await scheduler.schedule(Promise.resolve());
    lost += 1;
    if (losses[lost % Math.max(1, losses.length)] === true) throw new Error('lost');
  };
  const work = steps.map(async (each, index) => {
    await scheduler.schedule(Promise.resolve());
    const here = clusters[each.at]!;
    if (each.kind === 'copy') {
      if (each.to === each.at) return;
      // What is lost on the way to its own Swift ends a copy with an exception; the job is tried again, or forgotten.
      await copyObject(here.asLocal(travel), clusters[each.to]!.asPeer(travel), NAME, 'k', {
        isMetadataOnly: each.isMetadataOnly,
      }).catch(() => undefined);
      return;
    }
    // No two changes of the same date: Swift has rules for those as well, but clients cannot tell which is the newest.
    calls += 1;
    const ticks = BigInt(calls * 20 + each.skew * 20) * 1_000n + BigInt(index) * 10n + 1_000_000n;
    const value = String(index);
    const isTaken =
      each.kind === 'PUT'
        ? here.put({ body: value, meta: value }, ticks)
        : each.kind === 'POST'
          ? here.post(value, ticks)
          : here.delete(ticks);
    if (isTaken) taken.push({ ticks, result: here.held });
  });
  await scheduler.waitFor(Promise.all(work));
  return { clusters, taken };
}

/** Every cluster to every other, until nothing changes: what container sync and the audit come to in the end. */
async function settle(clusters: readonly ModelObject[]): Promise<number> {
  const arrive = (): Promise<void> => Promise.resolve();
  for (let round = 1; round <= 10; round += 1) {
    const before = JSON.stringify(clusters.map(({ held }) => held));
    for (const from of clusters)
      for (const to of clusters)
        if (from !== to)
          await copyObject(from.asLocal(arrive), to.asPeer(arrive), NAME, 'k', {
            isMetadataOnly: round % 2 === 0,
          });
    if (JSON.stringify(clusters.map(({ held }) => held)) === before) return round;
  }
  return Infinity;
}

function property(broken: Broken) {
  return fc.asyncProperty(
    fc.array(step, { minLength: 1, maxLength: 12 }),
    fc.scheduler(),
    fc.array(fc.boolean(), { maxLength: 8 }),
    async (steps, scheduler, losses) => {
      const { clusters, taken } = await play(steps, scheduler, losses, broken);
      expect(await settle(clusters)).toBeLessThan(10);
      const newest = taken.reduce<Done | undefined>(
        (a, b) => (a === undefined || b.ticks > a.ticks ? b : a),
        undefined,
      );
      for (const { held } of clusters) expect(held).toEqual(newest?.result);
    },
  );
}

describe('copies of an object, in any order and with any loss', () => {
  it('end in what the newest change made, on all clusters', { timeout: 600_000 }, async () => {
    await fc.assert(property({}), { numRuns: Number(process.env['COPIES_RUNS'] ?? 1_500) });
  });

  it.each<[string, Broken]>([
    ['objects are dated by their arrival', { isDatedByArrival: true }],
    ['what is not here counts as deleted here', { isProbeBlind: true }],
    ['what came between a look and the probe counts as deleted', { isProbeEnough: true }],
    ['metadata goes to other bytes', { isPostBlind: true }],
  ])('would not, if %s', { timeout: 60_000 }, async (_, broken) => {
    const found = await fc.check(property(broken), { numRuns: 3_000 });
    expect(found.failed).toBe(true);
  });
});
