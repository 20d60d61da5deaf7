// Promises of nearest().
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { editDistance, nearest } from './nearest.js';

const KNOWN = ['my_cluster', 'accounts', 'peer_auth', 'peer_timeout', 'secret_file', 'key'];

describe('nearest', () => {
  it.each([
    ['peer_timout', 'peer_timeout'],
    ['peer-timeout', 'peer_timeout'],
    ['PEER_AUTH', 'peer_auth'],
    ['acounts', 'accounts'],
    ['secert_file', 'secret_file'],
    ['ky', 'key'],
  ])('%s is taken for %s', (typed, meant) => {
    expect(nearest(typed, KNOWN)).toBe(meant);
  });

  it('nothing is named where nothing is near', () => {
    expect(nearest('reclaim_age', KNOWN)).toBeUndefined();
    expect(nearest('a', [])).toBeUndefined();
  });

  it('two neighbours swapped are one mistake', () => {
    expect(editDistance('rule', 'urle')).toBe(1);
    expect(editDistance('', 'abc')).toBe(3);
  });

  it('the distance is 0 only to itself and the same both ways', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 8 });
    fc.assert(
      fc.property(word, word, (a, b) => {
        expect(editDistance(a, b)).toBe(editDistance(b, a));
        expect(editDistance(a, b) === 0).toBe(a === b);
        expect(editDistance(a, b)).toBeLessThanOrEqual(Math.max(a.length, b.length));
      }),
    );
  });
});
