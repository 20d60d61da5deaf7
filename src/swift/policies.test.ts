// Promises of policy_map: what stands for another cluster's storage policy.
import { describe, expect, it } from 'vitest';
import { isSamePolicy, policiesHere, type PolicyMap } from './policies.js';

function map(...pairs: readonly (readonly [string, string])[]): PolicyMap {
  return new Map(pairs);
}

describe('a storage policy of another cluster', () => {
  it('that nothing is said of has the same name here, and no other', () => {
    expect(policiesHere(map(), 'gold')).toEqual(['gold']);
    expect(isSamePolicy(map(), 'gold', 'GOLD')).toBe(true);
    expect(isSamePolicy(map(), 'gold', 'silver')).toBe(false);
  });

  it('has the name that is given, and then no longer its own', () => {
    const gold = map(['gold', 'standard']);
    expect(policiesHere(gold, 'Gold')).toEqual(['standard']);
    expect(isSamePolicy(gold, 'gold', 'standard')).toBe(true);
    expect(isSamePolicy(gold, 'gold', 'gold')).toBe(false);
  });

  it('by "*" may be another, where this cluster does not have it', () => {
    const any = map(['*', 'standard'], ['gold', 'fast']);
    expect(policiesHere(any, 'silver')).toEqual(['silver', 'standard']);
    expect(policiesHere(any, 'gold')).toEqual(['fast']);
    expect(isSamePolicy(any, 'silver', 'silver')).toBe(true);
    expect(isSamePolicy(any, 'silver', 'fast')).toBe(false);
  });

  it('by "default" is whatever this cluster makes containers with', () => {
    expect(policiesHere(map(['*', 'default']), 'silver')).toEqual(['silver', undefined]);
    expect(isSamePolicy(map(['gold', 'default']), 'gold', 'anything')).toBe(true);
  });
});
