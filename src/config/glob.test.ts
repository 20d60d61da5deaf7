// Promises of the patterns.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { globMatches, isAmong } from './glob.js';

describe('globMatches', () => {
  it.each([
    ['AUTH_*', 'AUTH_test', true],
    ['AUTH_*', 'XAUTH_test', false],
    ['*', '', true],
    ['?', '', false],
    ['?', '😀', true],
    ['a*b*c', 'a-b-b-c', true],
    ['a*b*c', 'a-b-b', false],
    ['a.c', 'abc', false],
    ['[ab]', '[ab]', true],
  ])('%s and %s: %s', (pattern, name, is) => {
    expect(globMatches(pattern, name)).toBe(is);
    expect(isAmong(['none', pattern], name)).toBe(is);
  });

  it.each([
    ['AUTH_bob', true],
    ['AUTH_eve', false],
    ['AUTH_test1', false],
    ['OTHER_bob', false],
  ])('AUTH_*, !AUTH_eve, !*_test? and %s: %s', (name, is) => {
    expect(isAmong(['AUTH_*', '!AUTH_eve', '!*_test?'], name)).toBe(is);
    expect(isAmong(['!AUTH_eve', '!*_test?', 'AUTH_*'], name)).toBe(is);
  });

  it('nothing is among patterns that only take out', () => {
    expect(isAmong(['!*'], 'AUTH_bob')).toBe(false);
    expect(isAmong(['!AUTH_eve'], 'AUTH_bob')).toBe(false);
  });

  it('agrees with the regular expression of the same meaning', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?'), maxLength: 8 });
    fc.assert(
      fc.property(text, text, (pattern, name) => {
        const source = pattern.replaceAll('*', '[^]*').replaceAll('?', '[^]');
        expect(globMatches(pattern, name)).toBe(new RegExp(`^(?:${source})$`).test(name));
      }),
    );
  });

  it('no pattern takes long', () => {
    const started = performance.now();
    expect(globMatches('*a'.repeat(60) + 'b', 'a'.repeat(256))).toBe(false);
    expect(performance.now() - started).toBeLessThan(500);
  });
});
