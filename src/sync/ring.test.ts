import fc from 'fast-check';
import { expect, it } from 'vitest';
import { nextInRing } from './ring.js';

it('leads from each cluster to the next, and from the last to the first', () => {
  expect(['a', 'b', 'c'].map((cluster) => nextInRing(['a', 'b', 'c'], cluster))).toEqual(['b', 'c', 'a']);
});

it('has nothing to sync for one cluster, for none, or for a cluster that is not placed there', () => {
  expect(nextInRing([], 'a')).toBeUndefined();
  expect(nextInRing(['a'], 'a')).toBeUndefined();
  expect(nextInRing(['a', 'a'], 'a')).toBeUndefined();
  expect(nextInRing(['a', 'b'], 'c')).toBeUndefined();
});

it('reaches every cluster of a placement exactly once, from any start', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'e'), { minLength: 2 }), (placement) => {
      const clusters = new Set(placement);
      fc.pre(clusters.size > 1);
      const visited = new Set<string>();
      let cluster: string = placement[0]!;
      for (let step = 0; step < clusters.size; step++) {
        cluster = nextInRing(placement, cluster)!;
        visited.add(cluster);
      }
      expect(visited).toEqual(clusters);
      expect(cluster).toBe(placement[0]);
    }),
  );
});
