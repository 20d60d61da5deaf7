// Promises of the placement rules: the order of the file decides, and segments follow their large objects.
import { describe, expect, it } from 'vitest';
import { ruleFor } from './rules.js';

const rule = (name: string, container: string) => ({
  ...{ name, account: 'AUTH_*', container, clusters: [name], file: '', line: 1 },
});
const RULES = { rules: [rule('own', 'special_segments'), rule('film', 'film'), rule('rest', 'f*')] };

describe('the rule for a container', () => {
  it.each([
    ['film', 'film'],
    ['film_segments', 'film'],
    ['film+segments', 'film'],
    ['special_segments', 'own'],
    ['flat_segments', 'rest'],
    ['special', undefined],
    ['_segments', undefined],
    ['film_segments_segments', 'rest'],
  ])('%s is %s', (container, name) => {
    expect(ruleFor(RULES, { account: 'AUTH_a', container })?.name).toBe(name);
  });

  it('is for its accounts only', () => {
    expect(ruleFor(RULES, { account: 'KEY_a', container: 'film' })).toBeUndefined();
  });
});
