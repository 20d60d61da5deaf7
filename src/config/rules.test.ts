// Promises of the placement rules: the order of the file decides, and segments follow their large objects.
import { describe, expect, it } from 'vitest';
import { parseRule } from './placement.js';
import { objectiveOf, ruleFor } from './rules.js';

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

describe('what stands behind the clusters', () => {
  const OTHERWISE = { share: 0.999, withinSeconds: 60 };
  const more = (text: string) => parseRule(`a/b -> c${text}`);

  it.each([
    ['', {}],
    ['; object_ack = all', { objectAck: 'all' }],
    [
      '; replication_objective = 99 % in 3600 s',
      { replicationObjective: { share: 0.99, withinSeconds: 3600 } },
    ],
    [
      ';replication_objective=99 % in 3600 s;object_ack=local',
      { objectAck: 'local', replicationObjective: { share: 0.99, withinSeconds: 3600 } },
    ],
  ])('%j says %j', (text, said) => {
    expect(more(text)).toEqual({ value: { account: 'a', container: 'b', clusters: ['c'], ...said } });
  });

  it.each([
    '; object_ack = some',
    '; ',
    '; replication_objective = soon',
    '; object_ack = all; object_ack = all',
  ])('%j is a mistake', (text) => {
    expect(more(text)).toHaveProperty('wrong');
  });

  it('is the objective of that rule’s containers only', () => {
    const archive = { ...rule('archive', 'old'), replicationObjective: { share: 0.99, withinSeconds: 3600 } };
    const objective = objectiveOf({ rules: [archive, rule('rest', '*')] }, OTHERWISE);
    expect(objective({ account: 'AUTH_a', container: 'old' })).toEqual({
      ...archive.replicationObjective,
      rule: 'archive',
    });
    expect(objective({ account: 'AUTH_a', container: 'new' })).toEqual({ ...OTHERWISE, rule: '' });
  });
});
