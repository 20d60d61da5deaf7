import { describe, expect, it } from 'vitest';
import { EMPTY, DESIRED, type Record } from '../records/record.js';
import { isOverEverywhere, suspicionOf, type Glance, type Rules } from './suspicion.js';

const OLD_MS = 1_700_000_000_000;
const RULES: Rules = {
  ...{ adoptSinceMs: OLD_MS, oldBeforeMs: OLD_MS + 1000, mayForget: true },
  ...{ lookEvery: 12, turn: 0 },
};
const HERE = new Set(['2026-01-01T00:00:00.000000']);
const TOMBSTONE = new Set([`d-deleted${OLD_MS}`]);
const YOUNG_TOMBSTONE = new Set([`d-deleted${OLD_MS + 2000}`]);

/** A container that all clusters have, and say the same of. */
function glance(change: Partial<Glance<string>> = {}): Glance<string> {
  const marks = change.ours ?? new Set(['m']);
  const theirs = ['two', 'three'].map((peer) => ({ peer, marks }));
  return { container: 'c', wasTroubled: false, listed: HERE, ours: marks, theirs, ...change };
}

const DELETED = { listed: undefined, ours: TOMBSTONE };

/** One for both peers, or one for each. */
function theirs(...[two, ...more]: (ReadonlySet<string> | undefined)[]): Pick<Glance<string>, 'theirs'> {
  const three = more.length === 0 ? two : more[0];
  return { theirs: Object.entries({ two, three }).map(([peer, marks]) => ({ peer, marks })) };
}

describe('a container is looked at', () => {
  it.each<[string, Partial<Glance<string>>, string[]]>([
    ['that is recorded and not here', { listed: undefined }, []],
    ['that is deleted by record and here', { ours: TOMBSTONE }, []],
    ['that was in trouble', { wasTroubled: true }, []],
    ['of which a peer says something else', theirs(new Set(['other']), new Set(['m'])), ['two']],
    ['of which a peer knows nothing', theirs(new Set(['m']), undefined), ['three']],
    ['of which a peer has two accounts', theirs(new Set(['m', 'n']), new Set(['m'])), ['two']],
    ['of which there are two accounts here', { ours: new Set(['m', 'n']) }, ['two', 'three']],
    ['that is in no record, and young', { ours: undefined, ...theirs(undefined) }, ['two', 'three']],
  ])('%s', (_, change, ahead) => {
    expect(suspicionOf(glance(change), { ...RULES, turn: 1 })).toEqual({ kind: 'look', ahead });
  });

  it('in one of so many passes, whatever it looks like', () => {
    const kinds = Array.from({ length: 24 }, (_, turn) => suspicionOf(glance(), { ...RULES, turn }).kind);
    expect(kinds.filter((kind) => kind === 'look')).toHaveLength(2);
    expect(kinds.indexOf('look') + 12).toBe(kinds.lastIndexOf('look'));
    const names = Array.from({ length: 1200 }, (_, i) => `container-${i}`);
    const looked = names.filter((container) => suspicionOf(glance({ container }), RULES).kind === 'look');
    expect(looked.length).toBeGreaterThan(50);
    expect(looked.length).toBeLessThan(150);
  });
});

describe('a container is left alone', () => {
  it('that was there before autosync', () => {
    const old = { ours: undefined, ...theirs(undefined) };
    expect(suspicionOf(glance(old), { ...RULES, adoptSinceMs: Infinity })).toEqual({ kind: 'leave' });
  });

  it('whose tombstone is over here, while others still have it', () => {
    const over = { listed: undefined, ours: undefined, ...theirs(TOMBSTONE) };
    expect(suspicionOf(glance(over), RULES)).toEqual({ kind: 'pass' });
  });
});

describe('a tombstone', () => {
  it('goes when it is old, and every cluster has it or has had it', () => {
    expect(suspicionOf(glance(DELETED), RULES)).toEqual({ kind: 'forget' });
    expect(suspicionOf(glance({ ...DELETED, ...theirs(TOMBSTONE, undefined) }), RULES).kind).toBe('forget');
  });

  it.each<[string, Partial<Glance<string>>, Partial<Rules>]>([
    ['while a cluster cannot be asked', DELETED, { mayForget: false }],
    ['while it is young', { listed: undefined, ours: YOUNG_TOMBSTONE }, {}],
    ['while a cluster has something else', { ...DELETED, ...theirs(new Set(['m'])) }, {}],
    ['while the container is here', { ours: TOMBSTONE }, {}],
  ])('stays %s', (_, change, rules) => {
    expect(suspicionOf(glance(change), { ...RULES, ...rules }).kind).not.toBe('forget');
  });
});

describe('a tombstone that only some writers have', () => {
  const dated = (value: string, ms: number): Record => ({
    ...EMPTY,
    desired: new Map([[DESIRED.life, { value, version: `0${ms}.0000.one.w.0`, before: [] }]]),
  });
  const tombstone = dated('deleted', OLD_MS);

  it('goes when it is old, and is what every cluster has, if anything', () => {
    expect(isOverEverywhere(tombstone, [], RULES)).toBe(true);
    expect(isOverEverywhere(tombstone, [tombstone], RULES)).toBe(true);
  });

  it.each<[string, Record, Record[], Partial<Rules>]>([
    ['while a cluster cannot be asked', tombstone, [], { mayForget: false }],
    ['while it is young', dated('deleted', OLD_MS + 2000), [], {}],
    ['while a cluster has not heard of it', tombstone, [dated('present', OLD_MS - 1)], {}],
    ['where the container is to be there', dated('present', OLD_MS), [], {}],
    ['where nothing is known', EMPTY, [], {}],
  ])('stays %s', (_, ours, others, rules) => {
    expect(isOverEverywhere(ours, others, { ...RULES, ...rules })).toBe(false);
  });
});
